//! Steps that end at the stream, and the softmax.

use anyhow::{Result, ensure};
use qrtl_golden::operators::SoftmaxParameters;
use qrtl_hdl::blocks::engine::instruction::{Instruction, Kind};

use super::Lowering;
use super::windows::with_run;
use crate::engine::layout::Place;

impl Lowering<'_> {
    pub(super) fn softmax(&mut self, parameters: &SoftmaxParameters, input: &Place, output: &Place) -> Result<()> {
        ensure!(self.config.softmax, "needs a softmax, and the engine has none");
        let table: Vec<i32> = (0..=255).map(|below| parameters.exponential(below)).collect();
        self.load_table(&table, true)?;
        let (lanes, values) = (self.config.lanes, input.layout.positions.len());
        for row in 0..input.layout.pixels() {
            // A pixel is a word, whose values the softmax takes one a clock.
            let words = values.div_ceil(lanes) as i64;
            let i = Instruction {
                kind: Kind::Softmax as i64,
                address: (input.offset + row * input.layout.pitch) as i64,
                row_bytes: words * lanes as i64,
                height: 1,
                x_step: lanes as i64,
                out_width_1: words - 1,
                pixels_1: words - 1,
                run_bytes: lanes as i64,
                idle: lanes as i64 - 1,
                last_bytes: last_bytes(values, lanes),
                out: ((output.offset + row * output.layout.pitch) / lanes) as i64,
                ..Instruction::default()
            };
            self.emit(i, &[input.buffer], Some(output.buffer))?;
        }
        Ok(())
    }

    /// The elements of a tensor without gaps, to the stream.
    pub(super) fn output(&mut self, input: &Place) -> Result<()> {
        let layout = &input.layout;
        self.stream(input, layout.positions.len())
    }

    /// The clocks since the last report, to the stream.
    pub(in crate::engine) fn report(&mut self) -> Result<()> {
        self.emit(Instruction { kind: Kind::Report as i64, ..Instruction::default() }, &[], None)
    }

    /// The first `run` bytes of each pixel to the stream.
    pub(in crate::engine) fn stream(&mut self, input: &Place, run: usize) -> Result<()> {
        let layout = &input.layout;
        let bytes = layout.pixels() * run;
        let row = layout.width * layout.pitch;
        let of_pixel = [run, layout.pitch];
        // The fewest runs: of the whole tensor, or of its rows, or of pixels, as rows of their own or in their rows.
        let ([rows, runs], [run, run_step], row_step) = if run == layout.pitch && layout.bytes() < self.config.row_bytes
        {
            ([1, 1], [layout.bytes(); 2], row)
        } else if layout.pixels() < self.config.heights {
            ([layout.pixels(), 1], of_pixel, layout.pitch)
        } else if run == layout.pitch {
            ([layout.height, 1], [row; 2], row)
        } else {
            ([layout.height, layout.width], of_pixel, row)
        };
        let i = Instruction {
            kind: Kind::Output as i64,
            address: input.offset as i64,
            row_bytes: (run + (runs - 1) * run_step) as i64,
            height: 1,
            taps_y_1: rows as i64 - 1,
            tap_row_step: row_step as i64,
            taps_x_1: runs as i64 - 1,
            tap_step: run_step as i64,
            last_bytes: last_bytes(bytes, self.config.lanes),
            ..Instruction::default()
        };
        let mut i = with_run(i, run, bytes, self.config.lanes);
        i.tap_y_step = 0;
        // The only item leaves no idle clocks if its last byte completes a word.
        i.idle = i64::from(!bytes.is_multiple_of(self.config.lanes));
        self.emit(i, &[input.buffer], None)?;
        Ok(())
    }
}

/// Bytes in the last of the words that hold this many bytes.
fn last_bytes(bytes: usize, lanes: usize) -> i64 {
    ((bytes - 1) % lanes + 1) as i64
}
