//! The part of an instruction that says what is read.

use qrtl_golden::operators::{Axis, Window};
use qrtl_hdl::blocks::engine::EngineConfig;
use qrtl_hdl::blocks::engine::instruction::{self, Instruction};

use crate::engine::layout::Place;

/// The window of an operator that has none: it moves from pixel to pixel.
pub(super) const EACH_PIXEL: Window = Window { rows: Axis::valid(1, 1), cols: Axis::valid(1, 1) };

/// A window that moves over a tensor, and the outputs that are computed: `size` of them, rows and columns, from `from` on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scan<'a> {
    pub(super) input: &'a Place,
    pub(super) window: &'a Window,
    /// rows and columns of taps
    pub(super) filter: [usize; 2],
    pub(super) from: [usize; 2],
    pub(super) size: [usize; 2],
}

impl Scan<'_> {
    /// An instruction whose runs begin `first` bytes behind the beginning of a pixel. Each tap is a run.
    pub(super) fn instruction(&self, first: usize) -> Instruction {
        let Scan { input, window: &Window { rows, cols }, filter, from, size } = *self;
        let layout = &input.layout;
        let (pitch, row_pitch) = (layout.pitch as i64, (layout.width * layout.pitch) as i64);
        let [stride_y, dilation_y] = [rows.stride, rows.dilation].map(|v| v as i64);
        let [stride_x, dilation_x] = [cols.stride, cols.dilation].map(|v| v as i64);
        let y0 = (from[0] * rows.stride) as i64 - rows.before as i64;
        let x0 = ((from[1] * cols.stride) as i64 - cols.before as i64) * pitch + first as i64;
        Instruction {
            address: input.offset as i64 + y0 * row_pitch + x0,
            x0,
            row_bytes: row_pitch,
            y0,
            height: layout.height as i64,
            x_step: stride_x * pitch,
            out_width_1: size[1] as i64 - 1,
            row_step: stride_y * row_pitch,
            pixels_1: (size[0] * size[1]) as i64 - 1,
            y_step: stride_y,
            tap_row_step: dilation_y * row_pitch,
            taps_y_1: filter[0] as i64 - 1,
            taps_x_1: filter[1] as i64 - 1,
            tap_y_step: dilation_y,
            tap_step: dilation_x * pitch,
            ..Instruction::default()
        }
    }
}

impl Scan<'_> {
    /// Whether the lanes can take several neighbouring taps of a row in a clock: they have to be an odd number of words apart.
    fn in_rounds(&self, config: &EngineConfig) -> bool {
        let distance = self.window.cols.dilation * self.input.layout.pitch;
        let (words, longest) = (distance / config.lanes, instruction::TAP_STEP.range().hi() as usize);
        config.taps > 1 && self.filter[1] > 1 && words % 2 == 1 && config.taps * distance <= longest
    }

    /// Places for the taps of a row: one for each, or rounds of as many as the lanes take in a clock.
    pub(super) fn tap_places(&self, config: &EngineConfig) -> usize {
        if self.in_rounds(config) { self.filter[1].next_multiple_of(config.taps) } else { self.filter[1] }
    }

    /// An instruction whose runs are the words of the pixels.
    pub(super) fn words(&self, config: &EngineConfig) -> Instruction {
        let mut i = self.instruction(0);
        if self.in_rounds(config) {
            let places = self.tap_places(config);
            i.triple = 1;
            i.absent = (places - self.filter[1]) as i64;
            i.taps_x_1 = (places / config.taps) as i64 - 1;
            i.tap_distance = i.tap_step;
            i.tap_step *= config.taps as i64;
        }
        without_unused_steps(i)
    }
}

/// Removes the steps of loops that run once, so that they do not have to fit their fields.
pub(super) fn without_unused_steps(mut i: Instruction) -> Instruction {
    if i.out_width_1 == 0 {
        i.x_step = 0;
    }
    if i.pixels_1 == i.out_width_1 {
        i.row_step = 0;
        i.y_step = 0;
    }
    if i.taps_y_1 == 0 {
        i.tap_row_step = 0;
        i.tap_y_step = 0;
    }
    if i.taps_x_1 == 0 {
        i.tap_step = 0;
    }
    i
}

/// The greatest number of bytes from the beginning of a word of `lanes` bytes to a run in it.
fn misalignment(i: &Instruction, lanes: i64) -> i64 {
    let steps = [
        (i.x_step, i.out_width_1),
        (i.row_step, i.pixels_1 - i.out_width_1),
        (i.tap_row_step, i.taps_y_1),
        (i.tap_step, i.taps_x_1),
    ];
    // The lanes are a power of two, and so is the greatest common divisor with them.
    let used = steps.into_iter().filter(|(_, times)| *times > 0).map(|(step, _)| step);
    let grain = used.fold(lanes, |grain, step| grain.min(1 << step.trailing_zeros().min(16)));
    i.address.rem_euclid(grain) + lanes - grain
}

/// Says how long a run is, and how many words are read for it. `idle` clocks flush the last word of an item of `terms`
/// bytes if it is not full, or bytes come from two words.
pub(super) fn with_run(mut i: Instruction, run: usize, terms: usize, lanes: usize) -> Instruction {
    i = without_unused_steps(i);
    let before = misalignment(&i, lanes as i64);
    i.run_bytes = run as i64;
    i.run_words_1 = (before as usize + run).div_ceil(lanes) as i64 - 1;
    i.idle = i64::from(before > 0 || !terms.is_multiple_of(lanes) || !run.is_multiple_of(lanes));
    i
}
