//! A factor of the engine that gives, for every sum that can occur, what another rule gives.
//!
//! A rule `D` is a step function that never falls. Let `T(n)` be the least sum with `D >= n`. Where sums are positive, the
//! zero point is left out and a product is rounded once, a factor `f` gives the same function for all sums if and only if
//!
//! ```text
//! (n - 1/2) / T(n)  <=  f  <  (n - 1/2) / (T(n) - 1)        for every n that D reaches, and then not
//! ```
//!
//! so at most 256 comparisons decide it, of either sign. The engine's own rules round more than once, or in float32. So
//! nothing is divided here: the engine's result for a sum above 0 never falls as the factor grows, and below 0 it never
//! rises. Each pair `T(n) - 1`, `T(n)` cuts an interval of factors, by golden's own function for the engine. If one is
//! left, the engine equals `D` at both sides of each step, and so everywhere in between: that is a proof. If none is left,
//! there is none.
//!
//! `tflite_double` rounds once where the shift is not to the right. A right shift rounds the product to an integer before,
//! and is right by chance alone if there are many steps. So a multiplier has `31 + log2(f)` bits there, and 31 by the rule
//! `single`. A float32 has 24.

use anyhow::{Context, Result, bail};
use qrtl_golden::numerics::requantizer::Requantize;
use qrtl_golden::{Bounds, FixedMultiplier, MultiplierWidth, RealRequantization, RealRule, Requantization, Rule};
use qrtl_hdl::blocks::engine::EngineRule;

use super::scale::Factor;

/// What the results of a step have in common: the rule of the engine, zero point and bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) struct Ends {
    pub(in crate::engine) rule: EngineRule,
    pub(in crate::engine) zero_point: i64,
    pub(in crate::engine) bounds: Bounds,
}

/// A sum, and the result that is wanted for it.
type Point = (i64, i64);

/// The factor with which an engine gives the wanted results for all sums in `least..=greatest`.
///
/// # Errors
/// If there is none: the sum that stands in the way. If the wanted rule is not defined for a sum.
pub(super) fn factor(wanted: &impl Requantize, ends: Ends, sums @ [least, greatest]: [i64; 2]) -> Result<Factor> {
    let rule = ends.rule;
    let mut points = steps(wanted, sums)?;
    points.sort_by_key(|(sum, _)| sum.abs());
    let (mut longest, mut way) = (0, least);
    for form in forms(rule) {
        match narrowed(&points, form, ends) {
            Ok(code) => {
                let factor = form.factor(code);
                let wrong = points.iter().find(|&&(sum, y)| form.result(code, ends, sum) != Some(y));
                return match wrong {
                    None => Ok(factor),
                    Some((sum, _)) => bail!("{factor:?} was found, and is wrong for sum {sum}"),
                };
            }
            Err(point) if point >= longest => (longest, way) = (point, points[point].0),
            Err(_) => {}
        }
    }
    bail!(
        "no factor of {rule} rounds all of its sums {least}..={greatest} as the runtime does: sum {way} stands in the way"
    )
}

/// The sums at both sides of each step, and both ends, in their order.
fn steps(wanted: &impl Requantize, [least, greatest]: [i64; 2]) -> Result<Vec<Point>> {
    let result = |sum: i64| wanted.requantize_sum(sum.into()).map(i64::from).context("a sum that can occur");
    let last = result(greatest)?;
    let mut points = vec![(least, result(least)?)];
    while let Some(&(from, y)) = points.last()
        && y < last
    {
        let [mut below, mut above] = [from, greatest];
        while above - below > 1 {
            let middle = below + (above - below) / 2;
            if result(middle)? > y { above = middle } else { below = middle }
        }
        points.extend([(below, y), (above, result(above)?)]);
    }
    points.push((greatest, last));
    points.dedup();
    Ok(points)
}

/// Factors that grow with a number: multipliers of one shift, or floats by their bits.
#[derive(Debug, Clone, Copy)]
enum Form {
    Multiplier { shift: i64 },
    Float,
}

/// The forms of a rule, the best first.
fn forms(rule: EngineRule) -> Vec<Form> {
    match rule {
        EngineRule::F32Even => vec![Form::Float],
        // The longest multiplier.
        EngineRule::Single => Rule::Single.shift_range().map(|s| Form::Multiplier { shift: s.into() }).collect(),
        EngineRule::TfliteDouble => {
            let shifts = Rule::TfliteDouble.shift_range();
            (0..=*shifts.end())
                .chain((*shifts.start()..0).rev())
                .map(|s| Form::Multiplier { shift: s.into() })
                .collect()
        }
    }
}

impl Form {
    /// The numbers of the least and the greatest factor.
    fn ends(self) -> [i64; 2] {
        match self {
            Form::Multiplier { .. } => [0, MultiplierWidth::W32.max()],
            Form::Float => [1, f32::MAX.to_bits().into()],
        }
    }

    fn factor(self, code: i64) -> Factor {
        match self {
            Form::Multiplier { shift } => Factor::Fixed { multiplier: code, shift },
            Form::Float => Factor::Float(code as u32),
        }
    }

    /// What the engine makes of a sum; `None` if its rule is not defined for it.
    fn result(self, code: i64, ends: Ends, sum: i64) -> Option<i64> {
        self.factor(code).requantize(ends, sum).ok()
    }
}

/// A factor of this form that gives all points; or else the index of a point that no factor gives which gives the points
/// before it.
fn narrowed(points: &[Point], form: Form, ends: Ends) -> Result<i64, usize> {
    let [mut least, mut greatest] = form.ends();
    for (index, &(sum, wanted)) in points.iter().enumerate() {
        // Seen from a sum above 0, results grow with the factor.
        let sign = if sum < 0 { -1 } else { 1 };
        let wanted = sign * wanted;
        let result = |code| form.result(code, ends, sum).map(|y| sign * y);
        if result(least).is_none() {
            return Err(index);
        }
        let enough = |code| result(code).is_none_or(|y| y >= wanted);
        let too_much = |code| result(code).is_none_or(|y| y > wanted);
        least = first(least, greatest, enough).ok_or(index)?;
        greatest = first(least, greatest, too_much).unwrap_or(greatest + 1) - 1;
        if least > greatest {
            return Err(index);
        }
    }
    Ok(least + (greatest - least) / 2)
}

/// The first number in `least..=greatest` for which this holds, if it holds for all behind it.
pub(super) fn first(least: i64, greatest: i64, holds: impl Fn(i64) -> bool) -> Option<i64> {
    if !holds(greatest) {
        return None;
    }
    if holds(least) {
        return Some(least);
    }
    let [mut below, mut at] = [least, greatest];
    while at - below > 1 {
        let middle = below + (at - below) / 2;
        if holds(middle) { at = middle } else { below = middle }
    }
    Some(at)
}

impl Factor {
    /// What an engine makes of a sum by this factor.
    ///
    /// # Errors
    /// If the engine's rule is not defined for it.
    pub(in crate::engine) fn requantize(self, ends: Ends, sum: i64) -> Result<i64, qrtl_golden::Error> {
        let Ends { rule, zero_point, bounds } = ends;
        let result = match self {
            Factor::Fixed { multiplier, shift } => {
                let factor = FixedMultiplier::new(MultiplierWidth::W32, multiplier, shift)?;
                let rule = rule.fixed().unwrap_or(Rule::TfliteDouble);
                Requantization::new(rule, factor, zero_point, bounds)?.requantize_sum(sum.into())?
            }
            Factor::Float(0) => return Ok(zero_point.clamp(bounds.min(), bounds.max())),
            Factor::Float(bits) => {
                let factor = f32::from_bits(bits).into();
                RealRequantization::new(RealRule::F32Even, factor, zero_point, bounds)?.requantize_sum(sum.into())?
            }
        };
        Ok(result.into())
    }
}

#[cfg(test)]
mod tests {
    use qrtl_random::Random;

    use super::*;

    const RULES: [EngineRule; 3] = [EngineRule::TfliteDouble, EngineRule::Single, EngineRule::F32Even];

    fn ends(rule: EngineRule, zero_point: i64) -> Ends {
        Ends { rule, zero_point, bounds: Bounds::INT8 }
    }

    /// Whether two functions agree for every sum.
    fn agree(wanted: &impl Requantize, found: Factor, ends: Ends, [least, greatest]: [i64; 2]) -> bool {
        let same = |sum: i64| wanted.requantize_sum(sum.into()).ok().map(i64::from) == found.requantize(ends, sum).ok();
        (least..=greatest).all(same)
    }

    /// Random factors, zero points and ranges: every sum, not the steps alone. A factor is found where there is one.
    #[test]
    fn a_factor_that_is_found_is_right_for_every_sum() {
        let mut random = Random::new(7);
        let mut found = [[0; 2]; 3];
        for n in 0..400 {
            let wanted_rule = [RealRule::F64Away, RealRule::F32Even][n % 2];
            let bits = random.within(4, 14) as u32;
            let zero_point = random.corner(-128, 127) as i64;
            let (a, b) = (random.within(-(1 << bits), 1 << bits) as i64, random.within(-(1 << bits), 1 << bits) as i64);
            let sums = [a.min(b), a.max(b)];
            let factor_of = random.real(0.2, 2.0) * 256.0 / f64::from(1 << bits);
            let wanted = RealRequantization::new(wanted_rule, factor_of, zero_point, Bounds::INT8).unwrap();
            for (rule, found) in RULES.into_iter().zip(&mut found) {
                let ends = ends(rule, zero_point);
                if let Ok(factor) = factor(&wanted, ends, sums) {
                    assert!(agree(&wanted, factor, ends, sums), "{wanted:?} for {sums:?} as {factor:?}");
                    found[n % 2] += 1;
                }
            }
        }
        println!("found: {found:?} of 200 each");
        assert!(found.iter().flatten().all(|&found| found > 190), "{found:?}");
    }

    /// If there is none, then really none: all multipliers of a shift are tried.
    #[test]
    fn no_factor_is_missed() {
        let double = ends(EngineRule::TfliteDouble, 3);
        // Ties of both parities need both directions.
        let factor_of = |shift| FixedMultiplier::new(MultiplierWidth::W32, 1 << 30, shift).unwrap();
        let wanted = Requantization::new(Rule::HalfEven, factor_of(-1), 3, Bounds::INT8).unwrap();
        let error = factor(&wanted, double, [-30, 30]).unwrap_err().to_string();
        assert!(error.ends_with("stands in the way"), "{error}");
        for shift in -31..=0 {
            for multiplier in (0..1i64 << 31).step_by(1 << 14) {
                assert!(
                    !agree(&wanted, Factor::Fixed { multiplier, shift }, double, [-30, 30]),
                    "{multiplier}, {shift}"
                );
            }
        }
        // A float rounds ties to even.
        let float = ends(EngineRule::F32Even, 3);
        let found = factor(&wanted, float, [-30, 30]).unwrap();
        assert!(agree(&wanted, found, float, [-30, 30]));
    }

    /// A rule that rounds down: no factor makes it, because its steps are not half-way.
    #[test]
    fn a_rule_of_other_steps_has_no_factor() {
        let factor_of = FixedMultiplier::new(MultiplierWidth::W32, 1 << 30, -3).unwrap();
        let wanted = Requantization::new(Rule::Truncate, factor_of, 0, Bounds::INT8).unwrap();
        for rule in RULES {
            let error = factor(&wanted, ends(rule, 0), [-1000, 1000]).unwrap_err().to_string();
            let expected = format!("no factor of {rule} rounds all of its sums -1000..=1000 as the runtime does: sum ");
            assert!(error.starts_with(&expected), "{error}");
        }
    }

    /// The mean under a window, whose ties are rounded away from 0.
    #[test]
    fn means_of_any_count_have_a_factor() {
        for count in [1, 2, 3, 4, 7, 16, 25, 49, 125, 128, 1000, 1024] {
            let mean = qrtl_golden::operators::average_factor(count).unwrap();
            let mean = Requantization::new(Rule::TfliteDouble, mean, 0, Bounds::INT8).unwrap();
            let sums = [-128 * count as i64, 127 * count as i64];
            for rule in RULES {
                let found = factor(&mean, ends(rule, 0), sums).unwrap_or_else(|e| panic!("{count}, {rule}: {e:#}"));
                assert!(agree(&mean, found, ends(rule, 0), sums), "{count}: {found:?} by {rule}");
            }
        }
    }
}
