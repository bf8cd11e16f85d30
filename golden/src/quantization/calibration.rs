//! Which range a scale has to cover. A wide range clips nothing and has coarse steps. A narrow range clips outliers.

use std::fmt;

use super::affine::{dequantize, quantize_number};
use super::float_matrix::all_finite;
use super::{Format, Parameters, Rounding, Symmetry};
use crate::Error;

/// How a range is chosen from the values that were seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Calibration {
    /// from the least to the greatest: clips nothing
    MinMax,
    /// from the `100 - p`th to the `p`th percentile, `p` in `50..=100`; symmetric: the `p`th of the magnitudes.
    /// Between two values it is interpolated (NumPy's default)
    Percentile(f64),
    /// min-max, shrunk to k/100 with the `k` in `1..=100` that makes the mean squared error of the values least
    MeanSquaredError,
    /// TensorRT's method: the magnitude at which to clip so that the distribution loses the least information
    /// (Kullback-Leibler divergence between 2048-bin histograms; Migacz, GTC 2017). Meant for thousands of values
    Entropy,
}

impl fmt::Display for Calibration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Calibration::MinMax => f.pad("min_max"),
            Calibration::Percentile(p) => f.pad(&format!("percentile_{p}")),
            Calibration::MeanSquaredError => f.pad("mean_squared_error"),
            Calibration::Entropy => f.pad("entropy"),
        }
    }
}

/// The parameters for `values`, which are all values of a tensor that were seen.
///
/// # Errors
/// If there are no values, a value is not finite, or a percentile is not in `50..=100`; and the errors of
/// [`Parameters::from_range`].
pub fn calibrate(values: &[f32], calibration: Calibration, format: Format) -> Result<Parameters, Error> {
    if values.is_empty() {
        return Err(Error::Shape { what: "values", got: vec![0], expected: "at least one".to_owned() });
    }
    all_finite("values", values)?;
    let (min, max) = min_max(values);
    let (min, max) = match calibration {
        Calibration::MinMax => (min, max),
        Calibration::Percentile(p) => percentile_range(values, p, format.symmetry)?,
        Calibration::MeanSquaredError => return least_squares(values, min, max, format),
        Calibration::Entropy => {
            let threshold = entropy_threshold(values, levels_of_magnitude(min, max, format));
            (min.max(-threshold), max.min(threshold))
        }
    };
    Parameters::from_range(min, max, format)
}

fn min_max(values: &[f32]) -> (f32, f32) {
    values.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(min, max), v| (min.min(*v), max.max(*v)))
}

fn percentile_range(values: &[f32], p: f64, symmetry: Symmetry) -> Result<(f32, f32), Error> {
    if !(50.0..=100.0).contains(&p) {
        return Err(Error::Float { what: "percentile", limit: "in 50..=100".to_owned(), got: p });
    }
    if symmetry == Symmetry::Asymmetric {
        return Ok((percentile(values, 100.0 - p), percentile(values, p)));
    }
    let magnitudes: Vec<f32> = values.iter().map(|v| v.abs()).collect();
    let bound = percentile(&magnitudes, p);
    Ok((-bound, bound))
}

/// The value below which `p` percent of the values lie, interpolated between two of them.
fn percentile(values: &[f32], p: f64) -> f32 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f32::total_cmp);
    let rank = p / 100.0 * (sorted.len() - 1) as f64;
    let (below, above) = (f64::from(sorted[rank.floor() as usize]), f64::from(sorted[rank.ceil() as usize]));
    (below + (above - below) * rank.fract()) as f32
}

/// Mean of `(x - dequantize(quantize(x)))^2`, with ties to even. 0 for no values.
pub fn mean_squared_error(values: &[f32], parameters: &Parameters) -> f64 {
    let error = |x: f32| {
        let y = dequantize(quantize_number(x, parameters, Rounding::HalfEven), parameters);
        f64::from(x) - f64::from(y)
    };
    values.iter().map(|x| error(*x).powi(2)).sum::<f64>() / values.len().max(1) as f64
}

/// Of ranges with equal errors, the widest is taken, because it clips least.
fn least_squares(values: &[f32], min: f32, max: f32, format: Format) -> Result<Parameters, Error> {
    let mut best = Parameters::from_range(min, max, format)?;
    let mut least = mean_squared_error(values, &best);
    for k in (1..100u8).rev() {
        let part = f32::from(k) / 100.0;
        let candidate = Parameters::from_range(min * part, max * part, format)?;
        let error = mean_squared_error(values, &candidate);
        if error < least {
            (best, least) = (candidate, error);
        }
    }
    Ok(best)
}

/// Bins of the histogram.
const BINS: usize = 2048;

/// Number of integers that magnitudes are spread over: all integers for a one-sided range, else half of them, as 128
/// for int8.
fn levels_of_magnitude(min: f32, max: f32, format: Format) -> usize {
    let count = i128::from(format.integers.max()) - i128::from(format.integers.min()) + 1;
    let one_sided = format.symmetry == Symmetry::Asymmetric && (min >= 0.0 || max <= 0.0);
    let levels = if one_sided { count } else { count / 2 };
    usize::try_from(levels).unwrap_or(BINS).clamp(1, BINS)
}

/// The magnitude at which to clip. At least `levels` bins are kept, so with as many levels as bins nothing is clipped.
/// Of magnitudes with equal divergences, the greatest is taken.
fn entropy_threshold(values: &[f32], levels: usize) -> f32 {
    let top = values.iter().fold(0.0f32, |top, v| top.max(v.abs()));
    let width = f64::from(top) / BINS as f64;
    if width == 0.0 {
        return top;
    }
    let mut counts = vec![0.0f64; BINS];
    for v in values {
        // The greatest magnitude would fall into a bin beyond the last.
        let bin = (f64::from(v.abs()) / width) as usize;
        counts[bin.min(BINS - 1)] += 1.0;
    }
    let (mut kept, mut least) = (BINS, divergence(&counts, BINS, levels));
    for candidate in (levels..BINS).rev() {
        let lost = divergence(&counts, candidate, levels);
        if lost < least {
            (kept, least) = (candidate, lost);
        }
    }
    // If all bins are kept, the threshold lies beyond the greatest magnitude.
    ((kept as f64 + 0.5) * width) as f32
}

/// The share of `q` in a last level that holds nothing but outliers of `p`. MXNet's implementation has the same value.
const UNSEEN: f64 = 1e-4;

/// `sum p ln(p / q)` over the first `kept` bins, both normalized. The last bin of `p` includes the values beyond it.
/// `q` is without these values, and the count of each level is spread evenly over the bins of the level that are not
/// empty in `p`.
fn divergence(counts: &[f64], kept: usize, levels: usize) -> f64 {
    let (inside, beyond) = counts.split_at(kept);
    let (inside_total, outliers) = (inside.iter().sum::<f64>(), beyond.iter().sum::<f64>());
    let mut p = inside.to_vec();
    p[kept - 1] += outliers;
    let bins_of = |level: usize| level * kept / levels..(level + 1) * kept / levels;
    let last_is_empty = inside[bins_of(levels - 1)].iter().all(|n| *n == 0.0);
    let unseen = if outliers > 0.0 && last_is_empty { UNSEEN } else { 0.0 };
    let mut sum = 0.0;
    for level in 0..levels {
        let count = inside[bins_of(level)].iter().sum::<f64>();
        let filled = p[bins_of(level)].iter().filter(|n| **n > 0.0).count() as f64;
        // The share of `q` in each filled bin of the level. Only the last level can be without a count.
        let q = if count > 0.0 { count / filled / inside_total * (1.0 - unseen) } else { unseen };
        for here in p[bins_of(level)].iter().filter(|n| **n > 0.0) {
            let p = here / (inside_total + outliers);
            sum += p * (p / q).ln();
        }
    }
    sum
}
