//! Vectors of the saturator: every input where there are at most 2^20, else corners and random values.

use anyhow::Result;
use qrtl_golden::Bounds;
use qrtl_golden::saturator::saturate;
use qrtl_hdl::exact::Range;
use qrtl_hdl::interface::Interface;
use qrtl_random::Random;

use super::Script;
use crate::spec::SaturatorSpec;

/// Inputs up to this many are all tried.
const EXHAUSTIVE: i128 = 1 << 20;

pub(super) fn script(spec: &SaturatorSpec, interface: &Interface, random: &mut Random, count: usize) -> Result<Script> {
    let (input, bounds) = (spec.input(), Bounds::new(spec.min, spec.max)?);
    let mut script = Script::new(interface);
    if spec.run_time_bounds {
        return run_time_bounds(spec, script, random, count);
    }
    let mut vector = |x: i128| {
        // An input of 64 unsigned bits exceeds i64: it saturates as the greatest i64 does.
        let y = saturate(i64::try_from(x).unwrap_or(i64::MAX), bounds);
        script.beat(&[x]);
        script.expect(&[Some(y.into())]);
    };
    if input.hi() - input.lo() < EXHAUSTIVE {
        (input.lo()..=input.hi()).for_each(&mut vector);
    } else {
        for bound in [spec.min, spec.max] {
            (-2..=2).map(|d| input.nearest(i128::from(bound) + d)).for_each(&mut vector);
        }
        (0..count).map(|_| random.corner(input.lo(), input.hi())).for_each(&mut vector);
    }
    script.flush();
    Ok(script)
}

fn run_time_bounds(spec: &SaturatorSpec, mut script: Script, random: &mut Random, count: usize) -> Result<Script> {
    let (input, output) = (spec.input(), Range::signed(spec.out_width));
    for _ in 0..count {
        let [p, q] = [0; 2].map(|_| random.corner(output.lo(), output.hi()) as i64);
        let (min, max) = (p.min(q), p.max(q));
        let near = random.corner(-3, 3) + i128::from(if random.one_in(2) { min } else { max });
        let x = if random.one_in(2) { input.nearest(near) } else { random.corner(input.lo(), input.hi()) };
        script.beat(&[x, min.into(), max.into()]);
        script.expect(&[Some(saturate(i64::try_from(x).unwrap_or(i64::MAX), Bounds::new(min, max)?).into())]);
    }
    script.flush();
    Ok(script)
}
