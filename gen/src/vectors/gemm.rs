//! Vectors of the GEMM block: products of many shapes, most with partial tiles, with every parameter that is a port drawn
//! anew for each product.

use anyhow::Result;
use qrtl_golden::gemm::{Matrix, Operand, gemm};
use qrtl_golden::{Bounds, Requantization, Scale};
use qrtl_hdl::blocks::gemm::{Channel, Channels, Dimension, GemmConfig, OperandConfig};
use qrtl_hdl::blocks::requantizer::Source;
use qrtl_hdl::exact::Range;
use qrtl_hdl::interface::Interface;
use qrtl_random::Random;

use super::Script;
use crate::spec::GemmSpec;

/// One product with everything that it needs.
#[derive(Debug, Clone)]
pub struct Layer {
    /// M x K
    pub a: Matrix,
    /// K x N
    pub b: Matrix,
    /// zero points of A and B
    pub zero_points: [i32; 2],
    /// one for each column, or one for all
    pub channels: Vec<Channel>,
    /// output zero point, least and greatest result
    pub output: [i64; 3],
}

pub(super) fn script(spec: &GemmSpec, interface: &Interface, random: &mut Random, count: usize) -> Result<Script> {
    let config = spec.config()?;
    let mut script = Script::new(interface);
    let (mut whole, mut refused) = (0, 0);
    while whole < count {
        let layer = draw(&config, random, (count / 10).max(64));
        match layer.golden(&config) {
            Ok(c) => {
                // A few products are begun, and cut off by a reset; mostly some cycles after the end of a tile.
                for _ in 0..random.within(0, 2) {
                    let k = layer.a.cols() as i128;
                    let beats = k * random.within(1, 6) + random.within(0, 5.min(k));
                    cut_layer(&mut script, &config, &layer, &c, beats as usize);
                }
                let before = script.vectors;
                gemm_layer(&mut script, &config, &layer, Some(&c));
                whole += script.vectors - before;
            }
            // A sum beyond 32 bits: outside the contract.
            Err(error) if refused > 1000 => return Err(error),
            Err(_) => refused += 1,
        }
    }
    Ok(script)
}

impl Layer {
    /// What golden makes of it.
    ///
    /// # Errors
    /// If a sum leaves the accumulator.
    pub fn golden(&self, config: &GemmConfig) -> Result<Matrix> {
        let channel = |n: usize| self.channels[n.min(self.channels.len() - 1)];
        let n = self.b.cols();
        let bias: Vec<i32> = (0..n).map(|c| channel(c).bias as i32).collect();
        let [zero_point, min, max] = self.output;
        let scale = |c: Channel| {
            let scale = Scale::new(config.multiplier_width, c.multiplier, c.shift)?;
            Requantization::new(config.rule, scale, zero_point, Bounds::new(min, max)?)
        };
        let scales = (0..n).map(|c| scale(channel(c))).collect::<Result<Vec<_>, _>>()?;
        let operand = |matrix, zero_point| Operand { matrix, zero_point };
        let [za, zb] = self.zero_points;
        Ok(gemm(operand(&self.a, za), operand(&self.b, zb), &bias, &scales)?)
    }
}

fn draw(config: &GemmConfig, random: &mut Random, results: usize) -> Layer {
    // One product in six has all elements at one end, zero points at the other: many terms then fill the accumulator.
    let extreme = random.one_in(6);
    let [m, n, k] = sizes(config, random, results, extreme);
    let mut matrix = |rows: usize, cols: usize, range: Range| {
        let corners = random.one_in(8);
        let end = if random.one_in(2) { range.lo() } else { range.hi() };
        let mut element = || match () {
            () if extreme => end,
            () if corners => random.corner(range.lo(), range.hi()),
            () => random.within(range.lo(), range.hi()),
        };
        Matrix::new("matrix", rows, cols, (0..rows * cols).map(|_| element() as i32).collect())
    };
    let a = matrix(m, k, config.a.range);
    let b = matrix(k, n, config.b.range);
    let mut zero_point = |o: OperandConfig, matrix: &Result<Matrix, qrtl_golden::Error>| {
        let range = o.zero_point_range();
        let low = matrix.as_ref().is_ok_and(|m| i128::from(m.at(0, 0)) == o.range.lo());
        let far = if low { range.hi() } else { range.lo() };
        (if extreme { far } else { random.corner(range.lo(), range.hi()) }) as i32
    };
    let zero_points = [zero_point(config.a, &a), zero_point(config.b, &b)];
    // Factors that bring sums of this size near the range of the output.
    let acc = config.a.range.width() + config.b.range.width() + (usize::BITS - k.leading_zeros()) / 2;
    let middle = i128::from(config.output.range().width()) - i128::from(acc);
    let mut channel = |_| Channel {
        bias: random.corner(-(1 << 20), (1 << 20) - 1) as i64,
        multiplier: random.within(config.multiplier_width.max() as i128 / 2 + 1, config.multiplier_width.max().into())
            as i64,
        shift: random.within(middle - 3, middle + 3).clamp(-31, 0) as i64,
    };
    let channels = match &config.channels {
        Channels::Same(c) => vec![*c],
        Channels::Table(table) => table.clone(),
        Channels::Memory => (0..n).map(&mut channel).collect(),
    };
    let output = config.output.range();
    let mut shared = |source: &Source, free: i128| match source {
        Source::Constant(v) => *v,
        _ => {
            if random.one_in(2) {
                free as i64
            } else {
                random.corner(output.lo(), output.hi()) as i64
            }
        }
    };
    let mut bounds = [shared(&config.min, output.lo()), shared(&config.max, output.hi())];
    bounds.sort_unstable();
    let zero_point = shared(&config.zero_point, 0);
    let [a, b] = [a, b].map(|m| m.expect("sizes are at least 1"));
    Layer { a, b, zero_points, channels, output: [zero_point, bounds[0], bounds[1]] }
}

/// M, N and K: small, so that many shapes are tried; now and then one of them is the greatest that the block takes, or
/// that gives about `results` results.
fn sizes(config: &GemmConfig, random: &mut Random, results: usize, extreme: bool) -> [usize; 3] {
    let greatest = if extreme && random.one_in(2) { 2 } else { random.within(0, 11) };
    let typical = [3 * config.rows, 3 * config.cols, 40];
    let mut small = |i: usize, d: Dimension| match d {
        Dimension::Fixed(n) => n,
        Dimension::UpTo(max) if greatest < 3 => random.within(1, 4.min(max as i128)) as usize,
        Dimension::UpTo(max) => random.corner(1, typical[i].min(max) as i128) as usize,
    };
    let [m, n, k] = [small(0, config.m), small(1, config.n), small(2, config.k)];
    let upmost =
        |d: Dimension, limit: usize| if let Dimension::UpTo(max) = d { max.min(limit.max(1)) } else { d.max() };
    match greatest {
        0 => [upmost(config.m, results / n), n, k],
        1 if matches!(config.m, Dimension::UpTo(_)) => [1, upmost(config.n, results), k],
        1 => [m, upmost(config.n, results / m), k],
        2 => [m, n, config.k.max()],
        _ => [m, n, k],
    }
}

/// Sends a product; `expected` is what must come back.
pub fn gemm_layer(script: &mut Script, config: &GemmConfig, layer: &Layer, expected: Option<&Matrix>) {
    let (m, n) = (layer.a.rows(), layer.b.cols());
    set_parameters(script, config, layer);
    operands(config, layer).for_each(|lanes| script.beat_of(config, lanes));
    match expected {
        Some(c) => tiles(config, m, n).for_each(|(row, col)| expect_tile(script, config, c, row, col)),
        None => script.await_results(places(config, m, n).len()),
    }
    script.flush();
}

/// Sends the first `beats` beats of a product and resets the block: what `expected` holds of whole tiles may come.
fn cut_layer(script: &mut Script, config: &GemmConfig, layer: &Layer, expected: &Matrix, beats: usize) {
    set_parameters(script, config, layer);
    operands(config, layer).take(beats).for_each(|lanes| script.beat_of(config, lanes));
    let whole = tiles(config, layer.a.rows(), layer.b.cols()).take(beats / layer.a.cols());
    whole.for_each(|(row, col)| expect_tile(script, config, expected, row, col));
    script.reset();
}

/// Settings and channel parameters of a product.
fn set_parameters(script: &mut Script, config: &GemmConfig, layer: &Layer) {
    for (name, v) in [("m", layer.a.rows()), ("n", layer.b.cols()), ("k", layer.a.cols())] {
        script.set(name, &[v as i128]);
    }
    for (name, v) in ["a_zero_point", "b_zero_point"].into_iter().zip(layer.zero_points) {
        script.set(name, &[v.into()]);
    }
    for (name, v) in ["zero_point", "min", "max"].into_iter().zip(layer.output) {
        script.set(name, &[v.into()]);
    }
    if config.channels == Channels::Memory {
        load_channels(script, &layer.channels);
    }
}

/// The operands of each beat, tile after tile: a column of A and a row of B.
fn operands<'a>(config: &'a GemmConfig, layer: &'a Layer) -> impl Iterator<Item = [Vec<i128>; 2]> + 'a {
    let (m, n, k) = (layer.a.rows(), layer.b.cols(), layer.a.cols());
    // Lanes beyond the edge of C do not matter: what stands there is no zero.
    let a = move |row: usize, t| (row..row + config.rows).map(move |r| if r < m { layer.a.at(r, t).into() } else { 1 });
    let b = move |col: usize, t| (col..col + config.cols).map(move |c| if c < n { layer.b.at(t, c).into() } else { 1 });
    tiles(config, m, n).flat_map(move |(row, col)| (0..k).map(move |t| [a(row, t).collect(), b(col, t).collect()]))
}

/// Row and first column of each beat of results, in order.
fn places(config: &GemmConfig, m: usize, n: usize) -> Vec<(usize, usize)> {
    let in_tile = |(row, col): (usize, usize)| {
        let groups = move || (col..(col + config.cols).min(n)).step_by(config.requantizers);
        (row..(row + config.rows).min(m)).flat_map(move |r| groups().map(move |g| (r, g)))
    };
    tiles(config, m, n).flat_map(in_tile).collect()
}

/// C from the beats of results of a block with plain ports.
///
/// # Errors
/// If there are not as many beats as C has, or `last` is not where it should be.
pub fn collect_results(config: &GemmConfig, m: usize, n: usize, beats: &[Vec<i128>]) -> Result<Matrix> {
    let places = places(config, m, n);
    anyhow::ensure!(places.len() == beats.len(), "{} beats of results, expected {}", beats.len(), places.len());
    let lanes = config.requantizers;
    let mut data = vec![0; m * n];
    for (i, (&(row, col), beat)) in places.iter().zip(beats).enumerate() {
        let last = i128::from(i + 1 == places.len());
        anyhow::ensure!(beat.len() == 2 * lanes + 1 && beat[2 * lanes] == last, "beat {i}: last is wrong: {beat:?}");
        for lane in 0..lanes {
            let kept = col + lane < n;
            anyhow::ensure!(beat[lanes + lane] == i128::from(kept), "beat {i}: keep is wrong: {beat:?}");
            if kept {
                data[row * n + col + lane] = beat[lane] as i32;
            }
        }
    }
    Ok(Matrix::new("results", m, n, data)?)
}

/// First row and column of each tile, in order.
fn tiles(config: &GemmConfig, m: usize, n: usize) -> impl Iterator<Item = (usize, usize)> + use<> {
    let (rows, cols) = (config.rows, config.cols);
    (0..m).step_by(rows).flat_map(move |r| (0..n).step_by(cols).map(move |c| (r, c)))
}

/// Bytes of an element on AXI4-Stream.
fn bytes(range: Range) -> usize {
    range.width().div_ceil(8) as usize
}

/// The element's bytes, lowest first.
fn to_bytes(v: i128, range: Range) -> impl Iterator<Item = i128> {
    (0..bytes(range)).map(move |i| v >> (8 * i) & 0xff)
}

impl Script {
    /// Offers a beat of operands, as elements on plain ports and as bytes on AXI4-Stream.
    fn beat_of(&mut self, config: &GemmConfig, [a, b]: [Vec<i128>; 2]) {
        if self.interface.input.payload.len() == 2 {
            return self.beat(&[a, b].concat());
        }
        let a = a.into_iter().flat_map(|v| to_bytes(v, config.a.range));
        let b = b.into_iter().flat_map(|v| to_bytes(v, config.b.range));
        self.beat(&a.chain(b).collect::<Vec<_>>());
    }
}

fn expect_tile(script: &mut Script, config: &GemmConfig, c: &Matrix, row: usize, col: usize) {
    let axis = script.interface.input.payload.len() == 1;
    let output = config.output.range();
    for r in row..(row + config.rows).min(c.rows()) {
        for group in (col..(col + config.cols).min(c.cols())).step_by(config.requantizers) {
            let end = (group + config.requantizers).min(col + config.cols);
            let lanes = (group..end).map(|n| (n < c.cols()).then(|| i128::from(c.at(r, n))));
            let last = r + 1 == c.rows() && group + config.requantizers >= c.cols();
            let mut beat: Vec<Option<i128>> = Vec::new();
            let mut keep = Vec::new();
            for y in lanes {
                let kept = Some(i128::from(y.is_some()));
                if axis {
                    beat.extend(to_bytes(y.unwrap_or(0), output).map(|b| y.map(|_| b)));
                    keep.extend(vec![kept; bytes(output)]);
                } else {
                    beat.push(y);
                    keep.push(kept);
                }
            }
            beat.extend(keep);
            beat.push(Some(last.into()));
            script.expect(&beat);
        }
    }
}

/// The parameters of the channels, one a clock.
fn load_channels(script: &mut Script, channels: &[Channel]) {
    for (i, c) in channels.iter().enumerate() {
        script.set("cfg_first", &[i128::from(i == 0)]);
        script.set("cfg_bias", &[c.bias.into()]);
        script.set("cfg_multiplier", &[c.multiplier.into()]);
        script.set("cfg_shift", &[c.shift.into()]);
        script.set("cfg_valid", &[1]);
        script.idle(1);
        script.set("cfg_valid", &[0]);
    }
}
