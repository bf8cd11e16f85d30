//! Bytes of a model at any bit width and granularity. Only parameters are counted. The structure of a file comes on
//! top.

use super::Granularity;
use crate::Error;
use crate::numerics::types::within;

/// Bytes of `parameters` numbers (up to 2^56) of `bits` bits (1..=64), packed: `ceil(parameters * bits / 8)`.
///
/// # Errors
/// If `parameters` or `bits` is out of range.
pub fn bytes(parameters: u64, bits: u32) -> Result<u64, Error> {
    within("bits", bits.into(), 1..=64)?;
    within("parameters", i64::try_from(parameters).unwrap_or(i64::MAX), 0..=1 << 56)?;
    Ok((parameters * u64::from(bits)).div_ceil(8))
}

/// How many numbers of `bits` bits (1..=64) there are in `bytes`: 50 MB of FP32 are 12.5 M parameters.
///
/// # Errors
/// If `bits` is out of range.
pub fn parameters(bytes: u64, bits: u32) -> Result<u64, Error> {
    within("bits", bits.into(), 1..=64)?;
    // No more than 8 numbers in a byte.
    Ok(u64::try_from(u128::from(bytes) * 8 / u128::from(bits)).unwrap_or(u64::MAX))
}

/// How weights are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// as floats, 4 bytes each
    Float32,
    /// as integers
    Quantized {
        /// bits of a weight, 1..=64; a zero point has as many
        bits: u32,
        /// who shares a scale
        granularity: Granularity,
        /// zero points are not kept, as all are 0
        symmetric: bool,
    },
}

/// A layer's parameters, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerShape {
    /// output channels
    pub channels: usize,
    /// weights of a channel, at least 1
    pub inputs: usize,
    /// biases: none, or one for each channel
    pub biases: usize,
}

/// Bytes, by what they are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ModelSize {
    /// weights, packed
    pub weights: u64,
    /// scales, float32
    pub scales: u64,
    /// zero points, of as many bits as a weight
    pub zero_points: u64,
    /// biases, 4 bytes each: int32 or float32
    pub biases: u64,
}

impl ModelSize {
    /// The sum of all.
    pub fn total(&self) -> u64 {
        self.weights + self.scales + self.zero_points + self.biases
    }
}

/// Bytes of `layers`, each packed by itself.
///
/// # Errors
/// If the bit width, or the number of weights of a layer, is out of range.
pub fn size(layers: &[LayerShape], storage: Storage) -> Result<ModelSize, Error> {
    let mut all = ModelSize::default();
    for &LayerShape { channels, inputs, biases } in layers {
        all.biases += 4 * biases as u64;
        let weights = channels as u64 * inputs as u64;
        match storage {
            Storage::Float32 => all.weights += 4 * weights,
            Storage::Quantized { bits, granularity, symmetric } => {
                let pairs = if weights == 0 { 0 } else { granularity.count(channels, inputs) as u64 };
                all.weights += bytes(weights, bits)?;
                all.scales += 4 * pairs;
                all.zero_points += if symmetric { 0 } else { bytes(pairs, bits)? };
            }
        }
    }
    Ok(all)
}
