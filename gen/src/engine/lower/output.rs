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
            self.emit(i, &[input.buffer], Some(output.buffer));
        }
        Ok(())
    }

    /// The elements of a tensor without gaps, to the stream.
    pub(super) fn output(&mut self, input: &Place) -> Result<()> {
        let layout = &input.layout;
        self.stream(input, layout.positions.len())
    }

    /// The clocks since the last report, to the stream.
    pub(in crate::engine) fn report(&mut self) {
        self.emit(Instruction { kind: Kind::Report as i64, ..Instruction::default() }, &[], None);
    }

    /// The first `run` bytes of each pixel to the stream.
    pub(in crate::engine) fn stream(&mut self, input: &Place, run: usize) -> Result<()> {
        let layout = &input.layout;
        let whole = run == layout.pitch && layout.bytes() < 1 << 16;
        let (runs, run) = if whole { (1, layout.bytes()) } else { (layout.pixels(), run) };
        let i = Instruction {
            kind: Kind::Output as i64,
            address: input.offset as i64,
            row_bytes: run as i64,
            height: 1,
            taps_y_1: runs as i64 - 1,
            tap_row_step: layout.pitch as i64,
            last_bytes: last_bytes(runs * run, self.config.lanes),
            ..Instruction::default()
        };
        let mut i = with_run(i, run, runs * run, self.config.lanes);
        i.tap_y_step = 0;
        // The only item leaves no idle clocks if its last byte completes a word.
        i.idle = i64::from(!(runs * run).is_multiple_of(self.config.lanes));
        self.emit(i, &[input.buffer], None);
        Ok(())
    }
}

/// Bytes in the last of the words that hold this many bytes.
fn last_bytes(bytes: usize, lanes: usize) -> i64 {
    ((bytes - 1) % lanes + 1) as i64
}
