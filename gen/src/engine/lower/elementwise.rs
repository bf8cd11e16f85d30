//! Functions of one element or of two, whatever channels they belong to.

use anyhow::Result;
use qrtl_golden::Bounds;
use qrtl_golden::numerics::AnyRequantization;
use qrtl_golden::operators::{AddParameters, Table};
use qrtl_hdl::blocks::engine::EngineConfig;
use qrtl_hdl::blocks::engine::instruction::{Instruction, Kind};

use super::Lowering;
use super::scale::{Scale, Sums};
use super::windows::{EACH_PIXEL, Scan, without_unused_steps};
use crate::engine::layout::{Layout, Place};

/// Words of a row into which bytes without gaps are cut.
const ROW: usize = 4_096;

impl Lowering<'_> {
    pub(super) fn requantize(
        &mut self,
        zero_point: i32,
        requantization: &AnyRequantization,
        input: &Place,
        output: &Place,
    ) -> Result<()> {
        let sums = Sums::new([1].into_iter(), 0, zero_point.into());
        let scale = Scale::new(&[sums], std::slice::from_ref(requantization), self.config.rule)?;
        let more = Instruction { lane_weights: self.ones(), ..Instruction::default() };
        self.each_word(&[input], more, &scale, output)
    }

    /// A function by a table; one that only clamps needs none.
    pub(super) fn table(&mut self, entries: &Table, input: &Place, output: &Place) -> Result<()> {
        let bounds = Bounds::new(entries[0].into(), entries[255].into());
        if let Ok(bounds) = bounds
            && (-128..=127).zip(entries).all(|(x, &y)| i64::clamp(x, bounds.min(), bounds.max()) == i64::from(y))
        {
            let more = Instruction { lane_weights: self.ones(), ..Instruction::default() };
            return self.each_word(&[input], more, &Scale::identity(1, bounds, self.config.rule), output);
        }
        self.load_table(&entries.map(i32::from), false)?;
        let more = Instruction { table: 1, ..Instruction::default() };
        self.each_word(&[input], more, &Scale::identity(1, Bounds::INT8, self.config.rule), output)
    }

    /// The sum of the first input and `sign` times the second one, by tables of their terms, for an engine that rounds as TFLM
    /// does.
    pub(super) fn sum(
        &mut self,
        zero_points: [i32; 2],
        parameters: &AddParameters,
        sign: i32,
        inputs: [&Place; 2],
        output: &Place,
    ) -> Result<()> {
        let terms = |x: i64| parameters.scaled(zero_points.map(|zero_point| x - i64::from(zero_point)));
        let both = (-128..=127).map(terms).collect::<Result<Vec<_>, _>>()?;
        let table: Vec<i32> = both.iter().map(|[a, _]| *a).chain(both.iter().map(|[_, b]| sign * b)).collect();
        self.load_table(&table, false)?;
        let sums = Sums::new(std::iter::empty(), 0, 0);
        let scale = Scale::new(&[sums], &[AnyRequantization::Fixed(parameters.output())], self.config.rule)?;
        self.each_word(&inputs, Instruction { table: 1, ..Instruction::default() }, &scale, output)
    }

    /// Fills the tables of the lanes, or the table of the softmax, if they do not hold these entries already.
    pub(super) fn load_table(&mut self, table: &[i32], softmax: bool) -> Result<()> {
        let there = if softmax { self.config.softmax } else { self.config.tables };
        anyhow::ensure!(there, "needs a table, and the engine has none");
        let loaded = &mut self.loaded[usize::from(softmax)];
        if loaded.as_deref().is_some_and(|loaded| loaded.starts_with(table)) {
            return Ok(());
        }
        // A shorter table leaves the entries behind it as they are.
        let rest = loaded.iter().flatten().skip(table.len());
        *loaded = Some(table.iter().chain(rest).copied().collect());
        let i = Instruction {
            kind: Kind::Tables as i64,
            softmax_table: i64::from(softmax),
            taps_y_1: table.len() as i64 - 1,
            run_bytes: self.config.lanes as i64,
            lane_weights: self.memories.put_table(table),
            ..Instruction::default()
        };
        self.emit(i, &[], None)?;
        Ok(())
    }

    /// Emits a step of the lanes over all words of the inputs, which have the same layout.
    pub(super) fn each_word(
        &mut self,
        inputs: &[&Place],
        more: Instruction,
        scale: &Scale,
        output: &Place,
    ) -> Result<()> {
        let lanes = self.config.lanes;
        let (flat, pitch, pixels) = flattened(inputs[0], output, self.config);
        let size = [flat.layout.height, flat.layout.width];
        let scan = Scan { input: &flat, window: &EACH_PIXEL, filter: [inputs.len(), 1], from: [0, 0], size };
        let i = self.on_lanes(&scan, &super::lanes::LaneScale { scale, each: false });
        let second = inputs.get(1).map_or(0, |second| second.offset as i64 - flat.offset as i64);
        let i = without_unused_steps(Instruction {
            kind: Kind::Lanes as i64,
            table: more.table,
            pixels_1: pixels as i64 - 1,
            lane_weights: more.lane_weights,
            // Whatever row it is, it lies within.
            height: 1,
            y_step: 0,
            tap_y_step: 0,
            tap_row_step: second,
            out: (output.offset / lanes) as i64,
            out_pitch: (pitch / lanes) as i64,
            ..i
        });
        let reads: Vec<usize> = inputs.iter().map(|place| place.buffer).collect();
        self.emit(i, &reads, Some(output.buffer))?;
        Ok(())
    }
}

/// The input as pixels of words, the bytes from a pixel of the output to the next, and the number of pixels. Pixels that
/// do not begin at words have no gaps between them, and their bytes are cut into words.
fn flattened(input: &Place, output: &Place, config: &EngineConfig) -> (Place, usize, usize) {
    let lanes = config.lanes;
    if input.is_in_words(lanes) {
        return (input.clone(), output.layout.pitch, input.layout.pixels());
    }
    let words = input.layout.bytes().div_ceil(lanes);
    let width = words.min(ROW).min(config.row_bytes / lanes / 2);
    // The last row may be a part of one.
    let positions = (0..lanes).collect();
    let height = words.div_ceil(width);
    let layout = Layout { height, width, pitch: lanes, positions };
    (Place { layout, ..input.clone() }, lanes, words)
}
