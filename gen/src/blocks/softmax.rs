//! The softmax. Its vectors are rows of all kinds of lengths, for one table of exponentials after the other.

use anyhow::{Error, Result};
use qrtl_golden::operators::{Array, SoftmaxParameters, softmax, softmax_by_table};
use qrtl_hdl::blocks::softmax::{Softmax, SoftmaxConfig};
use qrtl_hdl::interface::{Built, Streamed};
use qrtl_hdl::parameter::Source;
use qrtl_hdl::targets::{Device, Target};
use qrtl_random::Random;

use super::{Block, Subject, Summary, WITH_DSP};
use crate::formal::Formal;
use crate::script::Script;

/// Number of results of each configuration.
const VECTORS: usize = 20_000;

/// Number of rows with the same exponentials.
const ROWS: usize = 8;

impl Block for SoftmaxConfig {
    fn hardware(&self) -> Result<Box<dyn Streamed>, String> {
        Ok(Box::new(Softmax::new(self)?))
    }

    fn summary(&self) -> Summary {
        let kind = if self.table == Source::Port { "loaded" } else { "constant" };
        let (one, two) = (self.clocks(1), self.clocks(2));
        Summary {
            parameters: format!("rows up to {}, {kind}", self.max_length),
            latency: one - 1,
            throughput: format!("1 row of n/{} n + {} clocks", two - one, 2 * one - two),
        }
    }

    fn vectors(&self, script: &mut Script, random: &mut Random, count: usize) -> Result<()> {
        let constant = self.exponentials().map_err(Error::msg)?;
        let entries: Option<[i32; 256]> = constant.map(|entries| std::array::from_fn(|below| entries[below] as i32));
        while script.vectors < count {
            match entries {
                Some(entries) => {
                    interrupted(self, script, random);
                    let length = length(self, random);
                    let xs = Array::new("x", vec![length], row(random, length))?;
                    run(self, script, random, &xs, &softmax_by_table(&xs, &entries)?);
                }
                None if random.one_in(5) => network(self, script, random)?,
                None => edge(self, script, random)?,
            }
        }
        script.flush();
        Ok(())
    }

    fn target(&self) -> Target {
        self.target
    }

    fn formal(&self, _: &Built) -> Formal {
        Formal::none("its results", "the proof is not written yet", "the shipped vectors")
    }

    fn suite() -> Vec<(SoftmaxConfig, usize)> {
        let base = SoftmaxConfig::default();
        let of = |max_length, bits| SoftmaxConfig { max_length, bits, ..base.clone() };
        let constant = |config: SoftmaxConfig| SoftmaxConfig { table: constant(), ..config };
        let on = |target, config: SoftmaxConfig| SoftmaxConfig { target, ..config };
        let ecp5 = [on(Target::Ecp5, base.clone()), on(Target::Ecp5, constant(of(10, 2)))];
        let all = [base.clone(), of(256, 1), of(37, 2), of(2, 4), of(511, 4), constant(of(16, 4)), constant(of(10, 1))];
        all.into_iter().chain(ecp5).map(|config| (config, VECTORS)).collect()
    }

    fn subjects() -> Vec<Subject<SoftmaxConfig>> {
        let base = SoftmaxConfig::default();
        let one_bit = SoftmaxConfig { bits: 1, ..base.clone() };
        let ecp5 = SoftmaxConfig { target: Target::Ecp5, ..base.clone() };
        vec![
            Subject::alone("softmax", "rows up to 256, loaded, 4 bits a clock", base).on(WITH_DSP),
            Subject::alone("softmax_1_bit", "rows up to 256, loaded, 1 bit a clock", one_bit).on(WITH_DSP),
            Subject::alone("softmax_ecp5", "rows up to 256, loaded, 4 bits a clock", ecp5).on(&[Device::Ecp5Small]),
        ]
    }

    fn catalogue() -> Vec<(&'static str, SoftmaxConfig)> {
        vec![("softmax", SoftmaxConfig::default())]
    }
}

/// The exponentials of inputs with a scale of 1/10.
fn constant() -> Source {
    let parameters = SoftmaxParameters::new(1.0, 0.1).expect("the factor is above 1");
    Source::Table((0..=u8::MAX).map(|below| parameters.exponential(below).into()).collect())
}

/// Scales from so small that all exponentials are near 1, to so great that only the exponential of 0 counts.
fn parameters(random: &mut Random) -> Result<SoftmaxParameters> {
    let scale = random.within(1 << 10, 1 << 11) as f32 / (1u64 << random.within(7, 21)) as f32;
    Ok(SoftmaxParameters::new(1.0, scale)?)
}

/// Loads exponentials. What stands at the port when nothing is written is another value.
fn load(script: &mut Script, entries: impl IntoIterator<Item = (u8, i32)>) {
    script.set("table_write", &[1]);
    for (below, exponential) in entries {
        script.set("table_x", &[below.into()]);
        script.set("table_y", &[exponential.into()]);
        script.idle(1);
    }
    script.set("table_write", &[0]);
    script.set("table_x", &[0]);
    script.set("table_y", &[0]);
}

/// The exponentials of TFLM in any order, and rows with them.
fn network(config: &SoftmaxConfig, script: &mut Script, random: &mut Random) -> Result<()> {
    let parameters = parameters(random)?;
    let first = random.bits() as u8;
    let order = (0..=u8::MAX).map(|i| first.wrapping_add(i.wrapping_mul(77)));
    load(script, order.map(|below| (below, parameters.exponential(below))));
    for _ in 0..ROWS {
        interrupted(config, script, random);
        let length = length(config, random);
        let xs = Array::new("x", vec![length], row(random, length))?;
        run(config, script, random, &xs, &softmax(&xs, &parameters)?);
        if random.one_in(20) {
            script.idle(random.within(0, config.clocks(length) as i128) as u64);
            script.reset();
        }
    }
    script.flush();
    Ok(())
}

/// A row of two values whose exponential is at the edge between two results: the last bit of a product decides.
fn edge(config: &SoftmaxConfig, script: &mut Script, random: &mut Random) -> Result<()> {
    let (greatest, below) = (random.within(-127, 127), random.within(1, 255));
    let least = (greatest - below).max(-128);
    let below = (greatest - least) as u8;
    let mut xs: Vec<i32> = (0..length(config, random).max(2)).map(|_| random.pick(&[greatest, least]) as i32).collect();
    (xs[0], xs[1]) = (least as i32, greatest as i32);
    let xs = Array::new("x", vec![xs.len()], xs)?;
    let results = |exponential: i32| {
        let mut entries = [0; 256];
        (entries[0], entries[usize::from(below)]) = (i32::MAX, exponential);
        softmax_by_table(&xs, &entries)
    };
    // The results at both ends differ, and so do the results of two neighbours between them.
    let (mut low, mut high) = (random.within(0, 1 << 30) as i32, i32::MAX);
    let first = results(low)?.data()[0];
    while i64::from(high) - i64::from(low) > 1 {
        let middle = low + (high - low) / 2;
        if results(middle)?.data()[0] == first { low = middle } else { high = middle }
    }
    for exponential in [low, high] {
        load(script, [(0, i32::MAX), (below, exponential)]);
        run(config, script, random, &xs, &results(exponential)?);
        script.flush();
    }
    Ok(())
}

/// A length: most rows of networks are short.
fn length(config: &SoftmaxConfig, random: &mut Random) -> usize {
    let longest = i128::from(config.max_length);
    let most = random.pick(&[2, 4, 20, longest]).min(longest);
    if random.one_in(10) { longest as usize } else { random.within(1, most) as usize }
}

/// Sends a row, and expects its results.
fn run(config: &SoftmaxConfig, script: &mut Script, random: &mut Random, xs: &Array, ys: &Array) {
    // A row of the greatest length ends without being told.
    let told = xs.data().len() < config.max_length as usize || random.one_in(2);
    for (i, (&x, &y)) in xs.data().iter().zip(ys.data()).enumerate() {
        let last = i + 1 == xs.data().len();
        script.beat(&[x.into(), (last && told).into()]);
        script.expect(&[Some(y.into()), Some(last.into())]);
    }
}

/// Sometimes a row that has begun, and that a reset drops. The reset keeps the table.
fn interrupted(config: &SoftmaxConfig, script: &mut Script, random: &mut Random) {
    if random.one_in(20) {
        script.flush();
        let begun = random.within(1, i128::from(config.max_length) - 1) as usize;
        row(random, begun).iter().for_each(|&x| script.beat(&[x.into(), 0]));
        script.reset();
    }
}

/// Values anywhere, all the same, in few steps below the greatest, or one of them far above the others.
fn row(random: &mut Random, length: usize) -> Vec<i32> {
    let greatest = random.corner(-128, 127);
    let spread = random.pick(&[0, 1, 5, 40, 255]);
    let least = (greatest - spread).max(-128);
    let mut xs: Vec<i32> = (0..length).map(|_| random.within(least, greatest) as i32).collect();
    if random.one_in(4) {
        xs[random.within(0, length as i128 - 1) as usize] = random.corner(greatest, 127) as i32;
    }
    xs
}
