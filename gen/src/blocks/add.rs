//! The addition. Its vectors are corners and random operands, for the scales of one sum after the other.

use anyhow::{Error, Result};
use qrtl_golden::operators::{AddParameters, Array, add_by_tables};
use qrtl_golden::{Bounds, FixedMultiplier, MultiplierWidth, Requantization, Rule};
use qrtl_hdl::blocks::add::{Add, AddConfig};
use qrtl_hdl::interface::{Built, Streamed};
use qrtl_hdl::parameter::Source;
use qrtl_hdl::targets::Target;
use qrtl_random::Random;

use super::{Block, Subject, Summary, WITH_DSP};
use crate::formal::Formal;
use crate::script::Script;

/// Number of vectors of each configuration.
const VECTORS: usize = 20_000;

/// Number of sums of the same scales.
const SUMS: usize = 400;

impl Block for AddConfig {
    fn hardware(&self) -> Result<Box<dyn Streamed>, String> {
        Ok(Box::new(Add::new(self)?))
    }

    fn summary(&self) -> Summary {
        let (word, loaded) = (if self.subtract { "a - b" } else { "a + b" }, self.a_table == Source::Port);
        let kind = if loaded { "loaded" } else { "constant" };
        Summary {
            parameters: format!("{word}, int8 -> int8, {kind}"),
            latency: self.latency(),
            throughput: "1 result/clock".to_owned(),
        }
    }

    fn vectors(&self, script: &mut Script, random: &mut Random, count: usize) -> Result<()> {
        let constant = self.terms().map_err(Error::msg)?;
        while script.vectors < count {
            let sum = Sum::draw(random)?;
            let mut terms = [[0; 256]; 2];
            for (at, (terms, constant)) in terms.iter_mut().zip(constant).enumerate() {
                match constant {
                    Some(constant) => *terms = std::array::from_fn(|i| constant[i] as i32),
                    None => {
                        *terms = sum.terms(at)?;
                        load(script, ["a_table", "b_table"][at], terms);
                    }
                }
            }
            let output = output(self, random, &sum)?;
            let mut draw =
                |name| Array::new(name, vec![SUMS], (0..SUMS).map(|_| random.corner(-128, 127) as i32).collect());
            let [a, b] = [draw("a")?, draw("b")?];
            let ys = add_by_tables([&a, &b], [&terms[0], &terms[1]], &output, self.subtract)?;
            let ports = ports(self, &output);
            for ((&a, &b), &y) in a.data().iter().zip(b.data()).zip(ys.data()) {
                script.beat(&[&[a.into(), b.into()], &ports[..]].concat());
                script.expect(&[Some(y.into())]);
                // A reset keeps the tables.
                if random.one_in(500) {
                    script.reset();
                }
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

    fn suite() -> Vec<(AddConfig, usize)> {
        let base = AddConfig::default();
        let subtract = AddConfig { subtract: true, ..base.clone() };
        let bounds = AddConfig { min: Source::Port, max: Source::Port, ..base.clone() };
        let on = |target, pipeline| AddConfig { target, pipeline, ..base.clone() };
        let all = [
            base.clone(),
            subtract.clone(),
            bounds,
            constant(&base),
            constant(&subtract),
            on(Target::Generic, 0),
            on(Target::Ecp5, 12),
            on(Target::Ice40, 11),
        ];
        all.map(|config| (config, VECTORS)).into()
    }

    fn subjects() -> Vec<Subject<AddConfig>> {
        let loaded = AddConfig::default();
        let about = "int8 + int8 -> int8, all constant";
        let constant = Subject::alone("add_constant", about, constant(&loaded)).on(WITH_DSP);
        vec![constant, Subject::alone("add", "int8 + int8 -> int8, tables loaded", loaded).on(WITH_DSP)]
    }

    fn catalogue() -> Vec<(&'static str, AddConfig)> {
        vec![("add", AddConfig::default())]
    }
}

/// The scales and zero points of a sum: of a, of b, and of the output.
struct Sum {
    zeros: [i32; 2],
    parameters: AddParameters,
}

impl Sum {
    /// Two scales are of one magnitude, or far apart.
    fn draw(random: &mut Random) -> Result<Sum> {
        let mut scale = || random.within(1, 1000) as f32 / 1000.0 / f32::from(1u16 << random.within(0, 10));
        let [a, b] = [scale(), scale()];
        // The output is no finer than the reference allows.
        let output = a.max(b) * random.within(2, 2000) as f32 / 1000.0;
        let mut zero = || random.corner(-128, 127);
        let (zeros, zero_point) = ([zero() as i32, zero() as i32], zero() as i64);
        let left = AddParameters::LEFT_SHIFT_8;
        Ok(Sum { zeros, parameters: AddParameters::new(left, [a, b, output], zero_point, Bounds::INT8)? })
    }

    /// The terms of all values of one operand.
    fn terms(&self, of: usize) -> Result<[i32; 256]> {
        let mut terms = [0; 256];
        for (x, term) in (-128..=127i64).zip(&mut terms) {
            *term = self.parameters.scaled([x - i64::from(self.zeros[of]); 2])?[of];
        }
        Ok(terms)
    }
}

/// The requantization of a sum. Bounds that are ports are drawn; other ports have the values of the sum.
fn output(config: &AddConfig, random: &mut Random, sum: &Sum) -> Result<Requantization> {
    let of_sum = sum.parameters.output();
    let value = |source: &Source, drawn: i64| source.value(0).unwrap_or(drawn);
    let multiplier = value(&config.multiplier, of_sum.factor().multiplier());
    let shift = value(&config.shift, of_sum.factor().shift().into());
    let factor = FixedMultiplier::new(MultiplierWidth::W32, multiplier, shift)?;
    let zero_point = value(&config.zero_point, of_sum.zero_point());
    let min = value(&config.min, random.corner(-128, 127) as i64);
    let max = value(&config.max, random.corner(-128, 127) as i64);
    let bounds = match (&config.min, &config.max) {
        (Source::Port, _) => Bounds::new(min.min(max), max),
        _ => Bounds::new(min, max.max(min)),
    };
    Ok(Requantization::new(Rule::TfliteDouble, factor, zero_point, bounds?)?)
}

/// The parameters that are ports, in their order.
fn ports(config: &AddConfig, output: &Requantization) -> Vec<i128> {
    let (factor, bounds) = (output.factor(), output.output());
    let parameters = [
        (&config.multiplier, factor.multiplier()),
        (&config.shift, factor.shift().into()),
        (&config.zero_point, output.zero_point()),
        (&config.min, bounds.min()),
        (&config.max, bounds.max()),
    ];
    let ports = parameters.into_iter().filter(|(source, _)| **source == Source::Port);
    ports.map(|(_, value)| value.into()).collect()
}
/// Loads terms. What stands at the port when nothing is written is another value.
fn load(script: &mut Script, table: &str, terms: &[i32; 256]) {
    script.set(&format!("{table}_write"), &[1]);
    for (x, &term) in (-128..=127).zip(terms) {
        script.set(&format!("{table}_x"), &[x]);
        script.set(&format!("{table}_y"), &[term.into()]);
        script.idle(1);
    }
    script.set(&format!("{table}_write"), &[0]);
    script.set(&format!("{table}_y"), &[i128::from(!terms[255])]);
}

/// The same configuration with all parameters of a sum as constants.
fn constant(config: &AddConfig) -> AddConfig {
    let sum = Sum::draw(&mut Random::new(1)).expect("the scales are within their limits");
    let terms = |of: usize| {
        let terms = sum.terms(of).expect("an int8 has a term");
        Source::Table(terms.into_iter().map(i64::from).collect())
    };
    let (factor, zero_point) = (sum.parameters.output().factor(), sum.parameters.output().zero_point());
    AddConfig {
        a_table: terms(0),
        b_table: terms(1),
        multiplier: Source::Constant(factor.multiplier()),
        shift: Source::Constant(factor.shift().into()),
        zero_point: Source::Constant(zero_point),
        ..config.clone()
    }
}
