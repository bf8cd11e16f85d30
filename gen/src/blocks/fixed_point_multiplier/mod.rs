//! The fixed-point multiplier. Its vectors are corners, ties and random values.

mod formal;

use anyhow::{Result, anyhow};
use qrtl_golden::Rule;
use qrtl_golden::numerics::fixed_point_multiplier::{signed, unsigned};
use qrtl_hdl::blocks::fixed_point_multiplier::{FixedPointMultiplier, FixedPointMultiplierConfig};
use qrtl_hdl::exact::Range;
use qrtl_hdl::interface::{Built, Streamed};
use qrtl_random::Random;

use super::{Block, Subject, Summary, WITH_DSP};
use crate::formal::Formal;
use crate::script::Script;

/// Number of vectors of each configuration.
const VECTORS: usize = 200_000;

impl Block for FixedPointMultiplierConfig {
    fn hardware(&self) -> Result<Box<dyn Streamed>, String> {
        Ok(Box::new(FixedPointMultiplier::new(self.clone())?))
    }

    fn summary(&self) -> Summary {
        let f = self.width - 1;
        let parameters = match self.signed {
            true => format!("{} bits x Q0.{f}, {}", self.acc_width, self.rounding),
            false => format!("Q1.{f} x Q1.{f}"),
        };
        Summary { parameters, latency: 0, throughput: "1 result/clock".to_owned() }
    }

    fn vectors(&self, script: &mut Script, random: &mut Random, count: usize) -> Result<()> {
        let width = self.multiplier_width().map_err(|e| anyhow!(e))?;
        for _ in 0..count {
            let (a, b, y) = if self.signed {
                let acc = Range::signed(self.acc_width);
                // Half of the multipliers are powers of two, with which odd accumulators are ties.
                let power = 1i128 << random.within(0, i128::from(width.bits()) - 2);
                let m = if random.one_in(2) { power } else { random.corner(0, width.max().into()) };
                let acc = random.corner(acc.lo(), acc.hi());
                (acc, m, i128::from(signed(acc as i64, m as i64, width, self.rounding)?))
            } else {
                let hi = Range::unsigned(width.bits()).hi();
                let (a, b) = (random.corner(0, hi), random.corner(0, hi));
                (a, b, i128::from(unsigned(a as u64, b as u64, width)?))
            };
            script.beat(&[a, b]);
            script.expect(&[Some(y)]);
        }
        script.flush();
        Ok(())
    }

    fn formal(&self, built: &Built) -> Formal {
        formal::proofs(self, built)
    }

    fn suite() -> Vec<(FixedPointMultiplierConfig, usize)> {
        let signed =
            |width, acc_width, rounding| FixedPointMultiplierConfig { width, signed: true, acc_width, rounding };
        let unsigned = |width| FixedPointMultiplierConfig { width, ..FixedPointMultiplierConfig::default() };
        let all = [
            unsigned(16),
            unsigned(32),
            signed(16, 32, Rule::Truncate),
            signed(16, 32, Rule::Single),
            signed(32, 32, Rule::Truncate),
            signed(32, 32, Rule::Single),
            signed(32, 20, Rule::Single),
        ];
        all.map(|config| (config, VECTORS)).into()
    }

    fn subjects() -> Vec<Subject<FixedPointMultiplierConfig>> {
        let config = FixedPointMultiplierConfig::default();
        let (hand, about) = ("fixed_point_multiplier_by_hand", "Q1.31 x Q1.31, low bits dropped");
        let all = [
            Subject::by_hand(hand, &[], about, config.clone()),
            Subject::compared("fixed_point_multiplier", about, hand, config),
        ];
        all.map(|subject| subject.on(WITH_DSP).in_gates()).into()
    }

    fn catalogue() -> Vec<(&'static str, FixedPointMultiplierConfig)> {
        vec![("fixed_point_multiplier", FixedPointMultiplierConfig::default())]
    }
}
