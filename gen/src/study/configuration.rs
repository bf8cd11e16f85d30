//! The configurations that the study tries, and what is measured of each.

use std::num::NonZeroUsize;

use qrtl_golden::quantization::{Calibration, Granularity, Symmetry};

use crate::digits::Architecture;
use crate::quantize::{percent, symmetry_name};

/// Bits of a weight that are tried.
pub const BITS: std::ops::RangeInclusive<u32> = 2..=8;

/// Granularities that are tried.
pub const GRANULARITIES: [Granularity; 3] =
    [Granularity::PerTensor, Granularity::PerChannel, Granularity::PerGroup(NonZeroUsize::MIN.saturating_add(15))];

/// Calibrations of weights and activations that are tried. Entropy calibrates activations only.
pub const CALIBRATIONS: [Calibration; 4] =
    [Calibration::MinMax, Calibration::Percentile(99.9), Calibration::MeanSquaredError, Calibration::Entropy];

/// Pairs of symmetries that are tried, of weights and activations. The first pair is TFLite's.
pub const SYMMETRIES: [[Symmetry; 2]; 4] = [
    [Symmetry::SymmetricNarrow, Symmetry::Asymmetric],
    [Symmetry::SymmetricNarrow, Symmetry::SymmetricNarrow],
    [Symmetry::Asymmetric, Symmetry::Asymmetric],
    [Symmetry::Asymmetric, Symmetry::SymmetricNarrow],
];

/// One way to quantize one network.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Configuration {
    pub architecture: Architecture,
    pub bits: u32,
    pub granularity: Granularity,
    pub calibration: Calibration,
    /// symmetries of weights and activations
    pub symmetries: [Symmetry; 2],
}

/// All configurations, architecture by architecture.
pub fn configurations() -> Vec<Configuration> {
    let mut all = Vec::new();
    for architecture in Architecture::ALL {
        for bits in BITS {
            for granularity in GRANULARITIES {
                for calibration in CALIBRATIONS {
                    for symmetries in SYMMETRIES {
                        all.push(Configuration { architecture, bits, granularity, calibration, symmetries });
                    }
                }
            }
        }
    }
    all
}

/// The name of a pair of symmetries: `weights/activations`.
pub fn symmetries_name([weights, activations]: [Symmetry; 2]) -> String {
    format!("{}/{}", symmetry_name(weights), symmetry_name(activations))
}

/// The result of a configuration.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    pub configuration: Configuration,
    /// computed in integers
    pub integer: bool,
    /// test images recognized in floats and quantized
    pub recognized: [usize; 2],
    /// bytes of weights, biases, scales and zero points
    pub bytes: u64,
}

impl Row {
    /// Accuracy that was lost, in points; negative where quantization helped.
    pub fn loss(&self) -> f64 {
        percent(self.recognized[0]) - percent(self.recognized[1])
    }
}
