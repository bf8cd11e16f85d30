//! Ranges and who shares them: percentiles by hand, least errors by exhaustion, entropy from its definition.

use qrtl_golden::quantization::calibration::{calibrate, mean_squared_error};
use qrtl_golden::quantization::parameters::signed;
use qrtl_golden::quantization::{
    Calibration, FloatMatrix, Format, Granularity, Parameters, QuantizedWeights, Rounding, Symmetry,
    WeightQuantization, dequantize, quantize,
};
use qrtl_golden::{Bounds, Error};
use qrtl_random::Random;

use crate::seeded::seeded;

const INT4: Format = Format { integers: Bounds::INT4, symmetry: Symmetry::SymmetricNarrow };

#[track_caller]
fn says<T: std::fmt::Debug>(result: Result<T, Error>, text: &str) {
    assert_eq!(result.unwrap_err().to_string(), text);
}

fn group(size: usize) -> Granularity {
    Granularity::PerGroup(size.try_into().unwrap())
}

/// Roughly normal: 12 uniform numbers less 6.
fn normal(random: &mut Random) -> f32 {
    (0..12).map(|_| random.between(0, 1 << 20) as f32 / (1 << 20) as f32).sum::<f32>() - 6.0
}

#[test]
fn percentiles_by_hand() {
    let of = |values: &[f32], p, format| calibrate(values, Calibration::Percentile(p), format).unwrap();
    let range = |min, max, format| Parameters::from_range(min, max, format).unwrap();
    let values: Vec<f32> = (0..=100).rev().map(|v| v as f32 - 40.0).collect();
    assert_eq!(of(&values, 99.0, Format::INT8_ACTIVATION), range(-39.0, 59.0, Format::INT8_ACTIVATION));
    assert_eq!(of(&values, 100.0, Format::INT8_ACTIVATION), range(-40.0, 60.0, Format::INT8_ACTIVATION));
    // Magnitudes: 0, 1, 1, ..., 40, 40, 41, ..., 60; a hundredth of them is beyond 59.
    assert_eq!(of(&values, 99.0, Format::INT8_WEIGHT), range(-59.0, 59.0, Format::INT8_WEIGHT));
    // A quarter of the way from -2 to 2, and back.
    assert_eq!(of(&[2.0, -2.0], 75.0, Format::INT8_ACTIVATION), range(-1.0, 1.0, Format::INT8_ACTIVATION));
    assert_eq!(of(&[7.0], 50.0, Format::INT8_ACTIVATION), range(7.0, 7.0, Format::INT8_ACTIVATION));
}

/// The least error of all shares, each computed here; and an outlier, which is worth clipping at 4 bits.
#[test]
fn least_squares() {
    let mut random = seeded(2026);
    for format in [INT4, Format { symmetry: Symmetry::Asymmetric, ..INT4 }, Format::INT8_WEIGHT] {
        let mut values: Vec<f32> = (0..500).map(|_| normal(&mut random)).collect();
        values.push(12.0);
        let (min, max) = values.iter().fold((0f32, 0f32), |(a, b), v| (a.min(*v), b.max(*v)));
        let error = |p: &Parameters| -> f64 {
            let back = |x: f32| dequantize(quantize(x, p, Rounding::HalfEven).unwrap(), p);
            values.iter().map(|x| (f64::from(*x) - f64::from(back(*x))).powi(2)).sum::<f64>() / values.len() as f64
        };
        let share = |k: u8| f32::from(k) / 100.0;
        let all: Vec<f64> = (1..=100)
            .map(|k| error(&Parameters::from_range(min * share(k), max * share(k), format).unwrap()))
            .collect();
        let least = all.iter().copied().fold(f64::INFINITY, f64::min);
        let chosen = calibrate(&values, Calibration::MeanSquaredError, format).unwrap();
        assert_eq!((error(&chosen), mean_squared_error(&values, &chosen)), (least, least), "{format:?}");
        if format.integers == Bounds::INT4 {
            assert!(least < all[99] * 0.9, "{format:?}: {least} against {} of min-max", all[99]);
        }
    }
    // Of equal errors the widest range: at the least scale that there is, half a step becomes 0 with either zero
    // point, and only all of the range has the zero point 1.
    let uint4 = Format { integers: Bounds::new(0, 15).unwrap(), symmetry: Symmetry::Asymmetric };
    let half_a_step = [-f32::MIN_POSITIVE / 2.0];
    assert_eq!(calibrate(&half_a_step, Calibration::MeanSquaredError, uint4).unwrap().zero_point(), 1);
    // Nothing to gain.
    let lattice: Vec<f32> = (-7..=7).map(|v| v as f32).collect();
    let min_max = calibrate(&lattice, Calibration::MinMax, INT4).unwrap();
    assert_eq!(calibrate(&lattice, Calibration::MeanSquaredError, INT4).unwrap(), min_max);
    assert_eq!((min_max.scale(), mean_squared_error(&lattice, &min_max)), (1.0, 0.0));
    assert_eq!(mean_squared_error(&[], &min_max), 0.0);
}

/// Kullback-Leibler divergence of two distributions that need not be normalized.
fn divergence(p: &[f64], q: &[f64]) -> f64 {
    let (all_p, all_q): (f64, f64) = (p.iter().sum(), q.iter().sum());
    let term = |(p, q): (&f64, &f64)| if *p == 0.0 { 0.0 } else { p / all_p * ((p / all_p) / (q / all_q)).ln() };
    p.iter().zip(q).map(term).sum()
}

/// The histogram with what lies beyond `kept` in its last bin, and the same made of `levels` numbers; to an outlier
/// where there are no others that gives 1e-4 of all.
fn distributions(counts: &[f64], kept: usize, levels: usize) -> (Vec<f64>, Vec<f64>) {
    let mut p = counts[..kept].to_vec();
    *p.last_mut().unwrap() += counts[kept..].iter().sum::<f64>();
    let mut q = vec![0.0; kept];
    for level in 0..levels {
        let bins = level * kept / levels..(level + 1) * kept / levels;
        let filled: Vec<usize> = bins.clone().filter(|b| p[*b] > 0.0).collect();
        let total: f64 = counts[bins].iter().sum();
        filled.iter().for_each(|b| q[*b] = total / filled.len() as f64);
    }
    let seen: f64 = q.iter().sum();
    if p[kept - 1] > 0.0 && q[kept - 1] == 0.0 {
        q[kept - 1] = seen * 1e-4 / (1.0 - 1e-4);
    }
    (p, q)
}

/// The threshold has the least divergence, which is computed here from its definition, up to float64's rounding.
#[test]
fn entropy() {
    let mut random = seeded(2026);
    let mut values: Vec<f32> = (0..20_000).map(|_| normal(&mut random)).collect();
    values.extend([-40.0, 39.0]);
    let width = 40.0 / 2048.0;
    let mut counts = vec![0.0; 2048];
    values.iter().for_each(|v| counts[((f64::from(v.abs()) / width) as usize).min(2047)] += 1.0);
    let of = |kept| {
        let (p, q) = distributions(&counts, kept, 128);
        divergence(&p, &q)
    };
    let least = (128..=2048).map(of).fold(f64::INFINITY, f64::min);
    let chosen = calibrate(&values, Calibration::Entropy, Format::INT8_WEIGHT).unwrap();
    let threshold = f64::from(chosen.scale()) * 127.0;
    let kept = (threshold / width - 0.5).round() as usize;
    assert!((threshold / width - 0.5 - kept as f64).abs() < 1e-3, "{threshold} is between two bins");
    assert!(of(kept) - least < 1e-12, "{} at {threshold}, least {least}", of(kept));
    assert!((2.5..10.0).contains(&threshold), "{threshold} of numbers that are within 4, and two outliers");
}

/// Nothing is clipped where nothing is gained, or where there are as many integers as bins; a one-sided range stays so.
#[test]
fn entropy_keeps() {
    let of = |values: &[f32], format| calibrate(values, Calibration::Entropy, format).unwrap();
    let min_max = |values: &[f32], format| calibrate(values, Calibration::MinMax, format).unwrap();
    let even: Vec<f32> = (0..2048).map(|v| v as f32 + 0.5).collect();
    assert_eq!(of(&even, Format::INT8_ACTIVATION), min_max(&even, Format::INT8_ACTIVATION));
    let int16 = Format { integers: Bounds::INT16, ..Format::INT8_WEIGHT };
    let mut random = seeded(2026);
    let mut values: Vec<f32> = (0..5000).map(|_| normal(&mut random).abs()).collect();
    values.push(60.0);
    assert_eq!(of(&values, int16), min_max(&values, int16));
    let clipped = of(&values, Format::INT8_ACTIVATION);
    assert_eq!(clipped.zero_point(), -128);
    assert!(clipped.scale() * 255.0 < 20.0, "{clipped:?}");
    assert_eq!(of(&[0.0; 9], Format::INT8_WEIGHT).scale(), 1.0);
}

#[test]
fn words() {
    let of = |values: &[f32], calibration| calibrate(values, calibration, INT4);
    says(of(&[], Calibration::MinMax), "values: shape [0], expected at least one");
    says(of(&[1.0, f32::NAN], Calibration::MinMax), "values: element 1 is NaN, not finite");
    says(of(&[f32::INFINITY], Calibration::Entropy), "values: element 0 is inf, not finite");
    says(of(&[1.0], Calibration::Percentile(49.9)), "percentile: 49.9 is not in 50..=100");
    says(of(&[1.0], Calibration::Percentile(100.5)), "percentile: 100.5 is not in 50..=100");
    says(of(&[1.0], Calibration::Percentile(f64::NAN)), "percentile: NaN is not in 50..=100");
    let names =
        [Calibration::MinMax, Calibration::Percentile(99.9), Calibration::MeanSquaredError, Calibration::Entropy];
    assert_eq!(names.map(|c| c.to_string()), ["min_max", "percentile_99.9", "mean_squared_error", "entropy"]);
    let names = [Granularity::PerTensor, Granularity::PerChannel, group(32)];
    assert_eq!(names.map(|g| g.to_string()), ["per_tensor", "per_channel", "per_group_32"]);
}

/// Two rows of five. Per tensor 70 is 7; per channel a row each; by threes, the last group of a row is of two.
#[test]
fn granularity_by_hand() {
    let rows = vec![7.0, 3.0, -1.0, 0.0, 14.0, 70.0, -35.0, 0.0, 21.0, 3.0];
    let weights = FloatMatrix::new("w", 2, 5, rows).unwrap();
    let of = |granularity| {
        let how = WeightQuantization {
            format: INT4,
            granularity,
            calibration: Calibration::MinMax,
            rounding: Rounding::HalfAway,
        };
        let w = QuantizedWeights::new(&weights, &how).unwrap();
        let scales: Vec<f32> = w.parameters().iter().map(Parameters::scale).collect();
        assert_eq!((scales.len(), w.granularity()), (granularity.count(2, 5), granularity));
        let dequantized = w.dequantized().unwrap();
        for i in 0..10 {
            let p = w.parameters_at(i / 5, i % 5);
            assert_eq!(dequantized.data()[i], dequantize(w.matrix().at(i / 5, i % 5), p));
            assert!((dequantized.data()[i] - weights.data()[i]).abs() <= p.scale() / 2.0);
        }
        (w.matrix().data().to_vec(), scales)
    };
    assert_eq!(of(Granularity::PerTensor), (vec![1, 0, 0, 0, 1, 7, -4, 0, 2, 0], vec![10.0]));
    assert_eq!(of(Granularity::PerChannel), (vec![4, 2, -1, 0, 7, 7, -4, 0, 2, 0], vec![2.0, 10.0]));
    assert_eq!(of(group(3)), (vec![7, 3, -1, 0, 7, 7, -4, 0, 7, 1], vec![1.0, 2.0, 10.0, 3.0]));
    assert_eq!(of(group(9)), of(Granularity::PerChannel));
    assert_eq!(of(group(1)).1, [1.0, 3.0 / 7.0, 1.0 / 7.0, 1.0, 2.0, 10.0, 5.0, 1.0, 3.0, 3.0 / 7.0]);
    assert_eq!((group(3).run(5), group(9).run(5), Granularity::PerTensor.run(5)), (3, 5, 5));
}

/// At every width, finer granularity and one bit more lose no accuracy on weights whose channels differ.
#[test]
fn finer_is_better() {
    let mut random = seeded(2026);
    let data = (0..16 * 64).map(|i| normal(&mut random) * 1.5f32.powi(i / 64)).collect();
    let weights = FloatMatrix::new("w", 16, 64, data).unwrap();
    let loss = |bits, granularity| {
        let format = Format { integers: signed(bits).unwrap(), symmetry: Symmetry::SymmetricNarrow };
        let (calibration, rounding) = (Calibration::MinMax, Rounding::HalfEven);
        let how = WeightQuantization { format, granularity, calibration, rounding };
        let back = QuantizedWeights::new(&weights, &how).unwrap().dequantized().unwrap();
        back.data().iter().zip(weights.data()).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>()
    };
    for bits in 2..=16 {
        let [tensor, channel, groups] =
            [Granularity::PerTensor, Granularity::PerChannel, group(16)].map(|g| loss(bits, g));
        assert!(groups < channel && channel < tensor, "{bits} bits: {groups}, {channel}, {tensor}");
        assert!(bits == 2 || channel < loss(bits - 1, Granularity::PerChannel), "{bits} bits");
    }
}
