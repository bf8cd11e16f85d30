//! ONNX Runtime's mean under a window: a sum of floats, of which each addition is rounded.
//!
//! The engine sums integers. It computes the same if the mean depends on the sum of the elements alone. An addition of
//! floats never falls as one of its terms grows. So of all elements that have a sum, the least float for `k` of them comes
//! from the least float for `k - 1` of them, and so does the greatest:
//!
//! ```text
//! least(k, sum) = min over x of f32(least(k - 1, sum - x) + term(x))
//! ```
//!
//! What makes an integer of the float never falls either. If it makes the same of both, all elements of this sum have one
//! mean; if not, there are elements with one and others with the other. So nothing is estimated: either every sum has one
//! mean, or the error names a sum that has two. A factor for these means is found as for another rule ([`super::exact`]).
//!
//! Where the scales of input and output are the same, half-way cases are many, and the rounding of the terms decides them.

use anyhow::{Context, Result, ensure};
use qrtl_golden::graph::Step;
use qrtl_golden::numerics::requantizer::Requantize;
use qrtl_golden::operators::{OrtAveragePool, Window};
use qrtl_golden::{Bounds, Error};
use qrtl_hdl::blocks::engine::EngineRule;

use super::Lowering;
use super::exact::{self, Ends};
use super::scale::{Channel, Scale};
use super::windows::Scan;
use crate::engine::layout::Place;
use crate::engine::plan::Plan;

/// Most elements of a sum: the search for its floats takes their square.
const MOST_ELEMENTS: usize = 256;

/// The mean of the elements under a window, whose zero points are subtracted.
struct Mean<'a> {
    pool: &'a OrtAveragePool,
    zero_points: [i32; 2],
    /// places of the window
    window: usize,
    rule: EngineRule,
}

impl Lowering<'_> {
    pub(super) fn float_average_pool(
        &mut self,
        plan: &Plan<'_>,
        step: &Step,
        (filter, window): ([usize; 2], &Window),
        (zero_point, pool): (i32, &OrtAveragePool),
        [input, output]: [&Place; 2],
    ) -> Result<()> {
        let to = plan.graph.tensors[step.output].quantization.context("has a tensor without a scale")?;
        let mean = Mean {
            pool,
            zero_points: [zero_point, to.zero_point],
            window: filter[0] * filter[1],
            rule: self.config.rule,
        };
        let scan = Scan { input, window, filter, from: [0, 0], size: [output.layout.height, output.layout.width] };
        self.by_parts(&scan, |count| mean.scale(count), output)
    }
}

impl Mean<'_> {
    /// The parameters for windows of which `count` places lie within the map. The others add 0, and not the zero point.
    fn scale(&self, count: usize) -> Result<Scale> {
        ensure!(count <= MOST_ELEMENTS, "has the mean of {count} elements: at most {MOST_ELEMENTS} are supported");
        let [from, to] = self.zero_points.map(i64::from);
        let means = self.means(count)?;
        let ends = |zero_point| Ends { rule: self.rule, zero_point, bounds: means.bounds };
        let last = means.least + means.of_sums.len() as i64 - 1;
        let bias = -from * count as i64;
        let scale = |zero_point, more: i64| -> Result<Scale> {
            let means = Means { least: means.least + more, ..means.clone() };
            let factor = exact::factor(&means, ends(zero_point), [means.least, last + more])?;
            let channels = vec![Channel { bias: bias + more, factor }];
            Ok(Scale { channels, zero_point, bounds: means.bounds })
        };
        // The zero point is added before the last rounding. With equal scales it may be a part of the sum.
        let within = to * self.pool.divisor(count, self.window) as i64;
        scale(to, 0).or_else(|why| scale(0, within).map_err(|_| why))
    }

    /// The mean of each sum of `count` elements.
    fn means(&self, count: usize) -> Result<Means> {
        let elements = [-128, 127].map(|x| x - self.zero_points[0]);
        let terms: Vec<f32> = (elements[0]..=elements[1]).map(|x| self.pool.term(x)).collect();
        let least = i64::from(elements[0]) * count as i64;
        let floats = [sums(&terms, count, f32::INFINITY, f32::min), sums(&terms, count, f32::NEG_INFINITY, f32::max)];
        ensure!(floats.iter().flatten().all(|sum| sum.is_finite()), "has sums that are no finite floats");
        let divisor = self.pool.divisor(count, self.window);
        let [of_sums, others] =
            floats.map(|sums| sums.iter().map(|&x| self.pool.of_sum(x, divisor)).collect::<Vec<_>>());
        if let Some(n) = (0..of_sums.len()).find(|&n| of_sums[n] != others[n]) {
            let (sum, a, b) = (least + n as i64, of_sums[n], others[n]);
            anyhow::bail!(
                "rounds floats as it sums: elements whose sum is {sum}, zero points subtracted, have the mean {a} or {b}, and the \
                 engine sums integers"
            );
        }
        let [low, high] = [of_sums.first(), of_sums.last()].map(|y| y.map_or(0, |&y| y.into()));
        Ok(Means { least, of_sums, bounds: Bounds::new(low, high)? })
    }
}

/// The least or the greatest float sum of `count` terms for each sum of their numbers, from 0 on.
fn sums(terms: &[f32], count: usize, none: f32, better: impl Fn(f32, f32) -> f32) -> Vec<f32> {
    (1..count).fold(terms.to_vec(), |sums, _| {
        let mut more = vec![none; sums.len() + terms.len() - 1];
        for (n, term) in terms.iter().enumerate() {
            more[n..].iter_mut().zip(&sums).for_each(|(best, sum)| *best = better(*best, sum + term));
        }
        more
    })
}

/// The mean of each integer sum, which never falls.
#[derive(Debug, Clone)]
struct Means {
    least: i64,
    of_sums: Vec<i32>,
    bounds: Bounds,
}

impl Requantize for Means {
    fn requantize_sum(&self, acc: i128) -> Result<i32, Error> {
        let last = self.of_sums.len() as i128 - 1;
        Ok(self.of_sums[(acc - i128::from(self.least)).clamp(0, last) as usize])
    }
}

#[cfg(test)]
mod tests {
    use qrtl_random::Random;

    use super::*;

    fn pool(scales: [f32; 2], zero_point: i32, count_padding: bool) -> OrtAveragePool {
        OrtAveragePool::new(scales, zero_point, Bounds::INT8, count_padding).unwrap()
    }

    /// All pairs and triples of elements within few integers: as the sums are found, and one by one.
    #[test]
    fn the_ends_of_all_sums_are_found() {
        let mut random = Random::new(3);
        for count in [2, 3, 4] {
            let scale = random.real(0.01, 3.0) as f32;
            let least = -(random.within(0, 20) as i32);
            let terms: Vec<f32> = (least..least + 24).map(|x| scale * x as f32).collect();
            let mut ends = vec![[f32::INFINITY, f32::NEG_INFINITY]; 23 * count + 1];
            for n in 0..24usize.pow(count as u32) {
                let digits = (0..count as u32).map(|d| n / 24usize.pow(d) % 24);
                let (at, sum) = digits.fold((0, 0.0), |(at, sum), x| (at + x, sum + terms[x]));
                ends[at] = [ends[at][0].min(sum), ends[at][1].max(sum)];
            }
            let found =
                [sums(&terms, count, f32::INFINITY, f32::min), sums(&terms, count, f32::NEG_INFINITY, f32::max)];
            for (n, [low, high]) in ends.into_iter().enumerate() {
                assert_eq!([found[0][n], found[1][n]], [low, high], "{count} {scale} {n}");
            }
        }
    }

    /// A mean is refused where two orders of the same elements have two means, and not where one is enough.
    #[test]
    fn a_mean_that_is_none_of_the_sum_is_refused() {
        let mean = |pool, zero_point, rule| {
            let zero_points = [-128, zero_point];
            Mean { pool: &pool, zero_points, window: 4, rule }.scale(4).map_err(|e| format!("{e:#}"))
        };
        // The scale of the digits network, whose QDQ form has it at both ends.
        let scale = f32::from_bits(0x3e2d_0317);
        let same = pool([scale, scale], -128, false);
        let error = mean(same, -128, EngineRule::F32Even).unwrap_err();
        let expected = "rounds floats as it sums: elements whose sum is ";
        assert!(error.starts_with(expected), "{error}");
        // The sum that it names, and its two means.
        let numbers: Vec<i32> =
            error.split(|c: char| !c.is_ascii_digit() && c != '-').filter_map(|n| n.parse().ok()).collect();
        let [sum, a, b] = numbers[..] else { panic!("{error}") };
        let mut means = std::collections::BTreeSet::new();
        for x in 0..=255i32.min(sum) {
            for y in 0..=255.min(sum - x) {
                for z in (sum - x - y - 255).max(0)..=255.min(sum - x - y) {
                    let floats = [x, y, z, sum - x - y - z].iter().fold(0.0, |sum: f32, &x| sum + same.term(x));
                    means.insert(same.of_sum(floats, 4));
                }
            }
        }
        assert_eq!(means.into_iter().collect::<Vec<_>>(), [a, b]);
        for rule in [EngineRule::F32Even, EngineRule::Single, EngineRule::TfliteDouble] {
            mean(pool([scale, 0.089_265_49], -128, false), -128, rule).unwrap();
        }
        // All sums are exact, and ties are even with the zero point.
        for zero_point in [-128, -3, 0, 5] {
            mean(pool([0.25, 0.25], zero_point, false), zero_point, EngineRule::F32Even).unwrap();
        }
    }

    /// Random scales, zero points and counts: what the engine makes of a sum is golden's mean of any elements.
    #[test]
    fn factors_give_the_means_of_elements() {
        let mut random = Random::new(11);
        let mut found = 0;
        for n in 0..60 {
            let window = random.size(1, 9);
            let count = random.size(1, window);
            let [any, ratio] = [random.real(0.01, 2.0), random.real(0.2, 2.0)].map(|x| x as f32);
            let input = random.pick(&[0.5, 0.125, any]);
            let output = random.pick(&[input, ratio * input]);
            let zero_points = [0; 2].map(|_| random.corner(-128, 127) as i32);
            let pool = pool([input, output], zero_points[1], n % 2 == 0);
            let mean = Mean { pool: &pool, zero_points, window, rule: EngineRule::F32Even };
            let Ok(scale) = mean.scale(count) else { continue };
            found += 1;
            let Channel { bias, factor } = scale.channels[0];
            let ends = Ends { rule: mean.rule, zero_point: scale.zero_point, bounds: scale.bounds };
            for _ in 0..500 {
                let elements: Vec<i32> = (0..count).map(|_| random.corner(-128, 127) as i32).collect();
                let floats = elements.iter().fold(0.0, |sum: f32, &x| sum + pool.term(x - zero_points[0]));
                let sum = elements.iter().map(|&x| i64::from(x)).sum::<i64>() + bias;
                let expected = pool.of_sum(floats, pool.divisor(count, window));
                assert_eq!(
                    factor.requantize(ends, sum),
                    Ok(expected.into()),
                    "{input} {output} {zero_points:?} {elements:?}"
                );
            }
        }
        println!("{found} of 60 are means of the sum");
        assert!(found > 20, "{found}");
    }
}
