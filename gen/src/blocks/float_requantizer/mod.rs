//! The float requantizer. Random accumulators hardly ever come near a tie, and the three roundings differ from one only
//! there. So most vectors aim at a half: beside it, or within the last place of a float.

mod formal;

use anyhow::Result;
use qrtl_golden::numerics::requantizer::Requantize;
use qrtl_golden::{Bounds, RealRequantization, RealRule};
use qrtl_hdl::blocks::float_requantizer::{FloatRequantizer, FloatRequantizerConfig, SCALE};
use qrtl_hdl::interface::{Built, Streamed};
use qrtl_hdl::parameter::IntType;
use qrtl_hdl::targets::{Device, Target};
use qrtl_random::Random;

use super::{Block, Subject, Summary};
use crate::formal::Formal;
use crate::script::Script;

/// Number of vectors of the widest accumulator.
const VECTORS: usize = 1_000_000;

/// Number of vectors of a configuration that differs in a detail.
const DETAIL: usize = 50_000;

impl Block for FloatRequantizerConfig {
    fn hardware(&self) -> Result<Box<dyn Streamed>, String> {
        Ok(Box::new(FloatRequantizer::new(self.clone())?))
    }

    fn summary(&self) -> Summary {
        Summary {
            parameters: format!("f32_even, {} bits -> {}", self.acc_width, self.output),
            latency: self.latency(),
            throughput: "1 result/clock".to_owned(),
        }
    }

    fn vectors(&self, script: &mut Script, random: &mut Random, count: usize) -> Result<()> {
        let (acc, output) = (self.acc(), self.output.range());
        while script.vectors < count {
            let scale = scale(random);
            let mut value = || random.corner(output.lo(), output.hi());
            let (zero_point, p, q) = (value(), value(), value());
            let (min, max) = if random.one_in(2) { (output.lo(), output.hi()) } else { (p.min(q), p.max(q)) };
            let x = accumulator(scale, output.width(), random).clamp(acc.lo(), acc.hi());
            let bounds = Bounds::new(min as i64, max as i64)?;
            let factor = f64::from(f32::from_bits(scale));
            let rule = RealRequantization::new(RealRule::F32Even, factor, zero_point as i64, bounds)?;
            script.beat(&[x, scale.into(), zero_point, min, max]);
            script.expect(&[Some(rule.requantize_sum(x)?.into())]);
            if random.one_in(500) {
                script.reset();
            }
        }
        script.flush();
        Ok(())
    }

    fn target(&self) -> Target {
        self.target
    }

    fn formal(&self, built: &Built) -> Formal {
        formal::proofs(self, built)
    }

    fn proved() -> Vec<(String, FloatRequantizerConfig)> {
        formal::proved()
    }

    fn suite() -> Vec<(FloatRequantizerConfig, usize)> {
        let base = FloatRequantizerConfig::default();
        let on = |target, acc_width| FloatRequantizerConfig { target, acc_width, ..base.clone() };
        let mut all = vec![(base.clone(), VECTORS)];
        for (target, acc_width) in [(Target::Generic, 32), (Target::Ecp5, 32), (Target::Ecp5, 24), (Target::Ice40, 32)]
        {
            let config = on(target, acc_width);
            let depths = config.pipelines().filter(|&pipeline| config != base || pipeline != base.pipeline);
            all.extend(depths.map(|pipeline| (FloatRequantizerConfig { pipeline, ..config.clone() }, DETAIL)));
        }
        // Each is a way to round, to cut a product or to shift.
        let widths = [4, 5, 8, 9, 16, 17, 18, 24, 25, 26, 27, 31].map(|width| on(Target::Generic, width));
        let cells = [16, 18, 25, 26].into_iter().flat_map(|width| [on(Target::Ecp5, width), on(Target::Ice40, width)]);
        let outputs = [IntType::Uint8, IntType::Int16]
            .into_iter()
            .flat_map(|output| [24, 32].map(|acc_width| FloatRequantizerConfig { output, acc_width, ..base.clone() }));
        all.extend(widths.into_iter().chain(cells).chain(outputs).map(|config| (config, DETAIL)));
        // An accumulator that is not cut leaves its sign to the low product.
        let deepest = [Target::Generic, Target::Ecp5, Target::Ice40].map(|target| {
            let config = on(target, 16);
            (FloatRequantizerConfig { pipeline: *config.pipelines().end(), ..config }, DETAIL)
        });
        all.extend(deepest);
        let free = |config| FloatRequantizerConfig { no_backpressure: true, ..config };
        all.extend(
            [on(Target::Generic, 32), on(Target::Ecp5, 24), on(Target::Ice40, 24)].map(free).map(|c| (c, DETAIL)),
        );
        all
    }

    fn subjects() -> Vec<Subject<FloatRequantizerConfig>> {
        let free = |target, acc_width, pipeline| FloatRequantizerConfig {
            target,
            acc_width,
            pipeline,
            no_backpressure: true,
            ..Default::default()
        };
        let (ecp5, up5k) = (&[Device::Ecp5Small][..], &[Device::Up5k][..]);
        let all = [
            ("float_requantizer_acc24", "24 bits by float32, 12 ranks, no ready", free(Target::Generic, 24, 12), ecp5),
            (
                "float_requantizer_acc24_ecp5",
                "24 bits by float32, 13 ranks, no ready",
                free(Target::Ecp5, 24, 13),
                ecp5,
            ),
            (
                "float_requantizer_acc32_ecp5",
                "32 bits by float32, 14 ranks, no ready",
                free(Target::Ecp5, 32, 14),
                ecp5,
            ),
            (
                "float_requantizer_acc24_ice40",
                "24 bits by float32, 14 ranks, no ready",
                free(Target::Ice40, 24, 14),
                up5k,
            ),
        ];
        all.map(|(name, about, config, devices)| Subject::alone(name, about, config).on(devices)).into()
    }

    fn catalogue() -> Vec<(&'static str, FloatRequantizerConfig)> {
        vec![("float_requantizer", FloatRequantizerConfig::default())]
    }
}

/// A positive scale: of a usual layer, with a short significand, which makes ties, or any.
fn scale(random: &mut Random) -> u32 {
    let (fraction_bits, usual) = (23, random.one_in(8));
    let exponent = match random.within(0, 7) {
        0 => random.within(0, 254),
        _ if usual => random.within(127 - 40, 127 + 9),
        _ => random.within(127 - 24, 127 + 1),
    };
    let fraction = match random.within(0, 2) {
        0 => random.within(0, (1 << fraction_bits) - 1),
        // Few bits at the upper end.
        1 => random.within(0, 15) << (fraction_bits - 4),
        _ => (random.within(0, (1 << fraction_bits) - 1) >> random.within(0, 22)) << random.within(0, 22) & 0x7f_ffff,
    };
    let scale = exponent << fraction_bits | fraction;
    scale.clamp(1, SCALE.hi()) as u32
}

/// An accumulator whose product is near a half of the results of `width` bits; one near a power of two, where floats
/// begin to round; a corner, or any.
fn accumulator(scale: u32, width: u32, random: &mut Random) -> i128 {
    let real = f64::from(f32::from_bits(scale));
    let beside = match random.within(0, 2) {
        0 => random.within(-2, 2),
        1 => random.within(-100, 100),
        _ => 0,
    };
    match random.within(0, 5) {
        0..=2 => {
            let whole = random.within(-(1 << width), 1 << width) >> random.within(0, i128::from(width));
            // The quotient is wanted to the nearest integer, and is one, however far, as the greatest i64.
            ((whole as f64 + 0.5) / real).round() as i64 as i128 + beside
        }
        3 => {
            let power = 1i128 << random.within(20, 31);
            (if random.one_in(2) { power } else { -power }) + beside
        }
        4 => random.corner(-(1 << 31), (1 << 31) - 1),
        _ => random.within(-(1 << 31), (1 << 31) - 1) >> random.within(0, 30),
    }
}
