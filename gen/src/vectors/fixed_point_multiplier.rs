//! Vectors of the fixed-point multiplier: corners, ties and random values.

use anyhow::Result;
use qrtl_golden::fixed_point_multiplier::{signed, unsigned};
use qrtl_hdl::exact::Range;
use qrtl_hdl::interface::Interface;
use qrtl_random::Random;

use super::Script;
use crate::spec::FixedPointMultiplierSpec;

pub(super) fn script(
    spec: &FixedPointMultiplierSpec,
    interface: &Interface,
    random: &mut Random,
    count: usize,
) -> Result<Script> {
    let width = spec.multiplier_width()?;
    let mut script = Script::new(interface);
    for _ in 0..count {
        let (a, b, y) = if spec.signed {
            let acc = Range::signed(spec.acc_width);
            // Half of the multipliers are powers of two, by which odd accumulators are ties.
            let power = 1i128 << random.within(0, i128::from(width.bits()) - 2);
            let m = if random.one_in(2) { power } else { random.corner(0, width.max().into()) };
            let acc = random.corner(acc.lo(), acc.hi());
            (acc, m, i128::from(signed(acc as i64, m as i64, width, spec.rounding)?))
        } else {
            let hi = Range::unsigned(width.bits()).hi();
            let [a, b] = [0; 2].map(|_| random.corner(0, hi));
            (a, b, i128::from(unsigned(a as u64, b as u64, width)?))
        };
        script.beat(&[a, b]);
        script.expect(&[Some(y)]);
    }
    script.flush();
    Ok(script)
}
