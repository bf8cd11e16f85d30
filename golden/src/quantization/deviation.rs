//! What a narrow multiplier costs: how far its results are from the results of a multiplier of 32 bits.

use crate::numerics::requantizer::requantize;
use crate::{Bounds, Error, MultiplierWidth, Requantization, Rule};

use super::normalization::normalize;

/// The greatest difference between two requantizers, and an accumulator that has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deviation {
    /// steps of the output, at least 0
    pub steps: i64,
    /// the accumulator nearest to 0 for which they differ that much; 0 if they never differ
    pub acc: i64,
}

/// The greatest difference between results with a multiplier of `width` bits and of 32 bits, for the real factor
/// `real`. It covers every accumulator for which `rule` is defined with both multipliers, and every zero point and
/// clamp within `output`. The figure is exact.
///
/// With one rounding the difference is at most `ceil((w + 1/2) * 2^-(B-1))`, where `w` is `max - min` of the output
/// type: the relative error of a normalized multiplier is at most `2^-(B-1)`, and no result beyond `w` changes a
/// clamped one. For an output of 8 bits the limit is 1 with 16 bits and 2 with 8 bits. A second rounding adds 1 at
/// most.
///
/// # Errors
/// The errors of [`normalize`]; and if `rule` has no multiplier of this width.
pub fn deviation(real: f64, width: MultiplierWidth, rule: Rule, output: Bounds) -> Result<Deviation, Error> {
    // Zero point, least and greatest output lie within the type, so a clamped result moves no more than this one.
    let reach = output.max() - output.min();
    let window = Bounds::new(-reach, reach)?;
    let of = |width| Requantization::new(rule, normalize(real, width)?.factor, 0, window);
    let [narrow, wide] = [of(width)?, of(MultiplierWidth::W32)?];
    let (a, b) = (narrow.accumulator(), wide.accumulator());
    let domain = Bounds::new(a.min().max(b.min()), a.max().min(b.max()))?;

    let mut worst = Deviation { steps: 0, acc: 0 };
    // A requantizer is farthest ahead of the other where it reaches its next value.
    for value in window.min() + 1..=window.max() {
        for r in [&narrow, &wide] {
            let Some(acc) = first_at(r, domain, value)? else { continue };
            let steps = (requantize(acc, &narrow)? - requantize(acc, &wide)?).abs();
            let nearer = steps == worst.steps && acc.abs() < worst.acc.abs();
            if steps > worst.steps || nearer {
                worst = Deviation { steps, acc };
            }
        }
    }
    Ok(worst)
}

/// The first accumulator of `domain` whose result is at least `value`: results never fall as accumulators rise.
fn first_at(r: &Requantization, domain: Bounds, value: i64) -> Result<Option<i64>, Error> {
    if requantize(domain.max(), r)? < value {
        return Ok(None);
    }
    let (mut low, mut high) = (domain.min(), domain.max());
    while low < high {
        let middle = low + (high - low) / 2;
        if requantize(middle, r)? >= value { high = middle } else { low = middle + 1 }
    }
    Ok(Some(low))
}
