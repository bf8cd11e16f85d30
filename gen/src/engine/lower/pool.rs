//! Pools, and values around a map.

use anyhow::{Context, Result, ensure};
use qrtl_golden::numerics::AnyRequantization;
use qrtl_golden::operators::{Axis, Window, average_factor};
use qrtl_golden::{Bounds, Requantization, Rule};
use qrtl_hdl::blocks::engine::EngineRule;
use qrtl_hdl::blocks::engine::config::LANE_TERMS;
use qrtl_hdl::blocks::engine::instruction::{self, Instruction, Kind};

use super::Lowering;
use super::kernel::Kernel;
use super::lanes::LaneScale;
use super::product::Product;
use super::scale::{Channel, Factor, Scale, Sums};
use super::windows::{EACH_PIXEL, Scan};
use crate::engine::layout::{Layout, Place};

impl Lowering<'_> {
    /// Emits a step of the lanes with one scale for all channels, for all pixels of the output.
    pub(super) fn on_all(&mut self, scan: &Scan<'_>, more: Instruction, scale: &Scale, output: &Place) -> Result<()> {
        let lanes = self.config.lanes;
        let i = self.on_lanes(scan, &LaneScale { scale, each: false });
        let i = Instruction { kind: Kind::Lanes as i64, ..i };
        let pixel = scan.from[0] * output.layout.width + scan.from[1];
        // A column of the output has a pitch of a row.
        let column = scan.size[1] == 1 && scan.size[0] > 1;
        let pitch = output.layout.pitch * if column { output.layout.width } else { 1 };
        let i = Instruction {
            padding: more.padding,
            maximum: more.maximum,
            lane_weights: more.lane_weights,
            out: ((output.offset + pixel * output.layout.pitch) / lanes) as i64,
            out_pitch: (pitch / lanes) as i64,
            ..i
        };
        self.emit(i, &[scan.input.buffer], Some(output.buffer))
    }

    /// The weights of a sum: all are 1.
    pub(super) fn ones(&mut self) -> i64 {
        self.memories.put_lane_weights(&vec![1; self.config.lanes * self.config.taps])
    }

    pub(super) fn max_pool(
        &mut self,
        filter: [usize; 2],
        window: &Window,
        bounds: Bounds,
        input: &Place,
        output: &Place,
    ) -> Result<()> {
        let size = [output.layout.height, output.layout.width];
        let scan = Scan { input, window, filter, from: [0, 0], size };
        let more = Instruction { maximum: 1, padding: -128, ..Instruction::default() };
        self.on_all(&scan, more, &Scale::identity(1, bounds, self.config.rule), output)
    }

    /// The mean of the elements under a window that covers whole rows, columns or both.
    pub(super) fn mean(
        &mut self,
        filter: [usize; 2],
        zero_point: i32,
        requantization: &AnyRequantization,
        input: &Place,
        output: &Place,
    ) -> Result<()> {
        let count = filter[0] * filter[1];
        check_terms(count)?;
        let sums = Sums::new(std::iter::repeat_n(1, count), 0, zero_point.into());
        let scale = Scale::new(&[sums], std::slice::from_ref(requantization), self.config.rule)?;
        let [height, width] = [input.layout.height / filter[0], input.layout.width / filter[1]];
        // The pixels of a whole map are one column as well, of which a window takes more than of a row.
        let column = Layout { height: count, width: 1, ..input.layout.clone() };
        let column = Place { layout: column, ..input.clone() };
        let is_long = height * width == 1 && filter[1] as i128 > instruction::TAPS_X_1.range().hi() + 1;
        let (input, filter) = if is_long { (&column, [count, 1]) } else { (input, filter) };
        let scan = Scan { input, window: &EACH_PIXEL, filter, from: [0, 0], size: [height, width] };
        // The shape of the output may lack the dimensions.
        let output = Place { layout: Layout { height, width, ..output.layout.clone() }, ..output.clone() };
        let more = Instruction { lane_weights: self.ones(), ..Instruction::default() };
        self.on_all(&scan, more, &scale, &output)
    }

    /// A map with a value around it is the maximum of one tap, which may lie outside. Channels before and behind are
    /// outputs without weights, of which the value is the bias.
    pub(super) fn pad(
        &mut self,
        [rows, cols, channels]: [[usize; 2]; 3],
        value: i32,
        input: &Place,
        output: &Place,
    ) -> Result<()> {
        let axis = |[before, after]: [usize; 2]| Axis { before, after, ..Axis::valid(1, 1) };
        let window = Window { rows: axis(rows), cols: axis(cols) };
        let size = [output.layout.height, output.layout.width];
        if channels == [0, 0] {
            let scan = Scan { input, window: &window, filter: [1, 1], from: [0, 0], size };
            let more = Instruction { maximum: 1, padding: value.into(), ..Instruction::default() };
            self.on_all(&scan, more, &Scale::identity(1, Bounds::INT8, self.config.rule), output)?;
            return Ok(());
        }
        let inner: Vec<usize> = (channels[0]..).take(input.layout.positions.len()).collect();
        let outputs = inner.len() + channels[0] + channels[1];
        let bias = |output: usize| if inner.contains(&output) { 0 } else { value.into() };
        let rule = self.config.rule;
        let of_output = (0..outputs).map(|output| Channel { bias: bias(output), factor: Factor::one(rule) });
        self.product(Product {
            input: input.clone(),
            kernel: Kernel::choice(&inner, outputs),
            window,
            size,
            scale: Scale { channels: of_output.collect(), ..Scale::identity(0, Bounds::INT8, rule) },
            padding: value.into(),
            buffer: output.buffer,
            out: output.offset,
            out_pitch: output.layout.pitch,
        })
    }

    /// At the rims of the map fewer elements are under the window, and the divisor is another one. The step for the largest
    /// part of the output computes all pixels, and steps for the other parts replace theirs.
    pub(super) fn average_pool(
        &mut self,
        filter: [usize; 2],
        window: &Window,
        bounds: Bounds,
        input: &Place,
        output: &Place,
    ) -> Result<()> {
        let scan = Scan { input, window, filter, from: [0, 0], size: [output.layout.height, output.layout.width] };
        let rule = self.config.rule;
        self.by_parts(&scan, |count| mean_of(count, bounds, rule), output)
    }

    /// The sums under a window, by a scale for each number of places that lie within the map. The others add 0.
    pub(super) fn by_parts(
        &mut self,
        whole: &Scan<'_>,
        scale: impl Fn(usize) -> Result<Scale>,
        output: &Place,
    ) -> Result<()> {
        let Scan { input, window, filter, size, .. } = *whole;
        let scale = |count: usize| {
            check_terms(count)?;
            scale(count)
        };
        let rows = parts(&window.rows, size[0], input.layout.height, filter[0]);
        let cols = parts(&window.cols, size[1], input.layout.width, filter[1]);
        let regions = rows.iter().flat_map(|row| cols.iter().map(move |col| (*row, *col)));
        let largest = regions.clone().max_by_key(|(row, col)| row.size * col.size).context("has no output")?;
        let more = Instruction { lane_weights: self.ones(), ..Instruction::default() };
        let count = largest.0.taps * largest.1.taps;
        self.on_all(whole, more.clone(), &scale(count)?, output)?;
        for (row, col) in regions.filter(|(row, col)| row.taps * col.taps != count) {
            let scale = scale(row.taps * col.taps)?;
            let scan = |from, size| Scan { from, size, ..*whole };
            // A step writes a row or a column of pixels.
            if row.size < col.size {
                for y in 0..row.size {
                    let part = scan([row.first + y, col.first], [1, col.size]);
                    self.on_all(&part, more.clone(), &scale, output)?;
                }
            } else {
                for x in 0..col.size {
                    let part = scan([row.first, col.first + x], [row.size, 1]);
                    self.on_all(&part, more.clone(), &scale, output)?;
                }
            }
        }
        Ok(())
    }
}

/// The mean of `count` elements. The factor in place of the division rounds as golden's pool does.
fn mean_of(count: usize, bounds: Bounds, rule: EngineRule) -> Result<Scale> {
    let mean = Requantization::new(Rule::TfliteDouble, average_factor(count)?, 0, bounds)?;
    let sums = Sums::new(std::iter::repeat_n(1, count), 0, 0);
    Scale::new(&[sums], &[AnyRequantization::Fixed(mean)], rule)
}

fn check_terms(count: usize) -> Result<()> {
    ensure!((1..=LANE_TERMS).contains(&count), "sums {count} elements: at most {LANE_TERMS} are supported");
    Ok(())
}

/// Outputs along an axis that follow each other and have the same number of taps within the input.
#[derive(Debug, Clone, Copy)]
struct Part {
    first: usize,
    size: usize,
    taps: usize,
}

fn parts(axis: &Axis, outputs: usize, size: usize, filter: usize) -> Vec<Part> {
    let taps = |output: usize| {
        let places =
            (0..filter).filter_map(|tap| (output * axis.stride + tap * axis.dilation).checked_sub(axis.before));
        places.filter(|&place| place < size).count()
    };
    let mut parts: Vec<Part> = Vec::new();
    for output in 0..outputs {
        match parts.last_mut() {
            Some(part) if part.taps == taps(output) => part.size += 1,
            _ => parts.push(Part { first: output, size: 1, taps: taps(output) }),
        }
    }
    parts
}
