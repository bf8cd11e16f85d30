//! The saturator. Its vectors are all inputs if there are at most 2^20, else corners and random values.

mod formal;

use anyhow::Result;
use qrtl_golden::Bounds;
use qrtl_golden::numerics::saturator::saturate;
use qrtl_hdl::blocks::saturator::{Saturator, SaturatorConfig, SaturatorForm};
use qrtl_hdl::interface::{Built, Streamed};
use qrtl_random::Random;

use super::{Block, EVERYWHERE, Subject, Summary};
use crate::formal::Formal;
use crate::script::Script;

/// Greatest number of inputs that are all tried.
const EXHAUSTIVE: i128 = 1 << 20;

/// Number of vectors of a configuration whose inputs are not all tried.
const VECTORS: usize = 50_000;

impl Block for SaturatorConfig {
    fn hardware(&self) -> Result<Box<dyn Streamed>, String> {
        Ok(Box::new(Saturator::new(self.clone())?))
    }

    fn summary(&self) -> Summary {
        let bounds = match self.run_time_bounds {
            true => "bounds are ports".to_owned(),
            false => format!("{}..={}", self.min, self.max),
        };
        Summary {
            parameters: format!("{} -> {} bits, {bounds}", self.in_width, self.out_width),
            latency: self.latency(),
            throughput: "1 result/clock".to_owned(),
        }
    }

    fn vectors(&self, script: &mut Script, random: &mut Random, count: usize) -> Result<()> {
        if self.run_time_bounds {
            return run_time_bounds(self, script, random, count);
        }
        let (input, bounds) = (self.input(), Bounds::new(self.min, self.max)?);
        let mut vector = |x: i128| {
            script.beat(&[x]);
            script.expect(&[Some(golden(x, bounds))]);
        };
        if input.hi() - input.lo() < EXHAUSTIVE {
            (input.lo()..=input.hi()).for_each(&mut vector);
        } else {
            for bound in [self.min, self.max] {
                (-2..=2).map(|d| input.nearest(i128::from(bound) + d)).for_each(&mut vector);
            }
            (0..count).map(|_| random.corner(input.lo(), input.hi())).for_each(&mut vector);
        }
        script.flush();
        Ok(())
    }

    fn formal(&self, built: &Built) -> Formal {
        formal::proofs(self, built)
    }

    fn suite() -> Vec<(SaturatorConfig, usize)> {
        let base = SaturatorConfig::default();
        let bounds = |min, max| SaturatorConfig { min, max, ..base.clone() };
        let all = [
            base.clone(),
            SaturatorConfig { form: SaturatorForm::Compare, ..base.clone() },
            bounds(-128, 127),
            SaturatorConfig { form: SaturatorForm::Compare, ..bounds(-128, 127) },
            // Every input of 8 to 20 bits is tried.
            SaturatorConfig { in_width: 8, out_width: 4, ..bounds(0, 15) },
            SaturatorConfig { in_width: 8, out_width: 4, ..bounds(-8, 7) },
            SaturatorConfig { in_width: 8, ..bounds(-100, 90) },
            SaturatorConfig { in_width: 8, in_unsigned: true, ..bounds(3, 200) },
            SaturatorConfig { in_width: 20, ..base.clone() },
            SaturatorConfig { in_width: 20, form: SaturatorForm::Compare, ..bounds(-128, 127) },
            SaturatorConfig { in_width: 16, registered: true, ..bounds(-128, 127) },
            SaturatorConfig { in_width: 40, out_width: 33, run_time_bounds: true, ..base.clone() },
            SaturatorConfig { in_width: 64, out_width: 64, ..bounds(i64::MIN, i64::MAX) },
            SaturatorConfig { in_width: 64, out_width: 63, ..bounds(-5, 1 << 40) },
            SaturatorConfig { in_width: 64, in_unsigned: true, out_width: 64, ..bounds(1, i64::MAX) },
        ];
        all.map(|config| (config, VECTORS)).into()
    }

    fn subjects() -> Vec<Subject<SaturatorConfig>> {
        let form = |form| SaturatorConfig { form, ..SaturatorConfig::default() };
        let ports = SaturatorConfig { run_time_bounds: true, ..SaturatorConfig::default() };
        let (fixed, run_time) = ("saturator_by_hand", "saturator_ports_by_hand");
        let (about, about_ports) = ("32 -> 8 bits, 0..=255", "32 -> 8 bits, bounds are ports");
        let upper = "32 -> 8 bits, 0..=255, from the upper bits";
        let compare = "32 -> 8 bits, 0..=255, by comparators";
        let all = [
            Subject::by_hand(fixed, &[], about, form(SaturatorForm::Auto)),
            Subject::compared("saturator_upper_bits", upper, fixed, form(SaturatorForm::UpperBits)),
            Subject::compared("saturator_compare", compare, fixed, form(SaturatorForm::Compare)),
            Subject::by_hand(run_time, &[], about_ports, ports.clone()),
            Subject::compared("saturator_ports", about_ports, run_time, ports),
        ];
        all.map(|subject| subject.on(EVERYWHERE).in_gates()).into()
    }

    fn catalogue() -> Vec<(&'static str, SaturatorConfig)> {
        vec![("saturator", SaturatorConfig::default())]
    }
}

/// Golden's result for an input. An input of 64 unsigned bits may exceed `i64`, and then saturates as the greatest
/// `i64` does.
fn golden(x: i128, bounds: Bounds) -> i128 {
    saturate(i64::try_from(x).unwrap_or(i64::MAX), bounds).into()
}

fn run_time_bounds(config: &SaturatorConfig, script: &mut Script, random: &mut Random, count: usize) -> Result<()> {
    let (input, output) = (config.input(), config.output());
    for _ in 0..count {
        let mut bound = || random.corner(output.lo(), output.hi()) as i64;
        let (p, q) = (bound(), bound());
        let (min, max) = (p.min(q), p.max(q));
        let near = random.corner(-3, 3) + i128::from(if random.one_in(2) { min } else { max });
        let x = if random.one_in(2) { input.nearest(near) } else { random.corner(input.lo(), input.hi()) };
        script.beat(&[x, min.into(), max.into()]);
        script.expect(&[Some(golden(x, Bounds::new(min, max)?))]);
    }
    script.flush();
    Ok(())
}
