//! Who shares a scale: the whole tensor, an output channel, or a group of a channel's inputs.

use std::fmt;
use std::num::NonZeroUsize;

use super::affine::{dequantize, quantize_number};
use super::calibration::calibrate;
use super::{Calibration, FloatMatrix, Format, Parameters, Rounding};
use crate::Error;
use crate::gemm::Matrix;

/// The weights that have a scale and a zero point in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Granularity {
    /// all weights
    PerTensor,
    /// the weights of an output channel: a row of the weight matrix
    PerChannel,
    /// this number of neighbours along the inputs of a channel; the last group of a row may be shorter
    PerGroup(NonZeroUsize),
}

impl Granularity {
    /// Number of neighbours in a row of `cols` weights that have their parameters in common.
    pub fn run(self, cols: usize) -> usize {
        match self {
            Granularity::PerTensor | Granularity::PerChannel => cols,
            Granularity::PerGroup(size) => size.get().min(cols),
        }
    }

    /// Number of pairs of scale and zero point of a matrix of `rows x cols`, with at least one column.
    pub fn count(self, rows: usize, cols: usize) -> usize {
        match self {
            Granularity::PerTensor => 1,
            Granularity::PerChannel => rows,
            Granularity::PerGroup(size) => rows * cols.div_ceil(size.get()),
        }
    }

    /// The pair that belongs to the weight in row `r` and column `c` of a matrix with `cols` columns.
    fn index(self, r: usize, c: usize, cols: usize) -> usize {
        match self {
            Granularity::PerTensor => 0,
            Granularity::PerChannel => r,
            Granularity::PerGroup(size) => r * cols.div_ceil(size.get()) + c / size.get(),
        }
    }
}

impl fmt::Display for Granularity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Granularity::PerTensor => f.pad("per_tensor"),
            Granularity::PerChannel => f.pad("per_channel"),
            Granularity::PerGroup(size) => f.pad(&format!("per_group_{size}")),
        }
    }
}

/// How weights are quantized.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WeightQuantization {
    /// integers and symmetry
    pub format: Format,
    /// who shares a scale
    pub granularity: Granularity,
    /// which range a scale covers
    pub calibration: Calibration,
    /// how a weight becomes an integer
    pub rounding: Rounding,
}

/// Weights as integers, with their parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct QuantizedWeights {
    matrix: Matrix,
    granularity: Granularity,
    parameters: Vec<Parameters>,
}

impl QuantizedWeights {
    /// Calibrates and quantizes `weights` (a row for each output channel). Each part that shares a scale is calibrated
    /// by itself.
    ///
    /// # Errors
    /// The errors of [`calibrate`].
    pub fn new(weights: &FloatMatrix, how: &WeightQuantization) -> Result<QuantizedWeights, Error> {
        let WeightQuantization { format, granularity, calibration, rounding } = *how;
        let (rows, cols) = (weights.rows(), weights.cols());
        let parts: Vec<&[f32]> = match granularity {
            Granularity::PerTensor => vec![weights.data()],
            _ => (0..rows).flat_map(|r| weights.row(r).chunks(granularity.run(cols))).collect(),
        };
        let parameters =
            parts.iter().map(|part| calibrate(part, calibration, format)).collect::<Result<Vec<_>, _>>()?;
        // The parts lie one after another, as the weights do.
        let quantized = parts.iter().zip(&parameters).flat_map(|(part, p)| part.iter().map(move |w| (w, p)));
        let data = quantized.map(|(w, p)| quantize_number(*w, p, rounding)).collect();
        Ok(QuantizedWeights { matrix: Matrix::new("weights", rows, cols, data)?, granularity, parameters })
    }

    /// The integers.
    pub fn matrix(&self) -> &Matrix {
        &self.matrix
    }

    /// Who shares a scale.
    pub fn granularity(&self) -> Granularity {
        self.granularity
    }

    /// The parameters of each part: row by row, and within a row group by group.
    pub fn parameters(&self) -> &[Parameters] {
        &self.parameters
    }

    /// The parameters of the weight in row `r` and column `c`.
    ///
    /// # Panics
    /// If there is no such weight.
    pub fn parameters_at(&self, r: usize, c: usize) -> &Parameters {
        &self.parameters[self.granularity.index(r, c, self.matrix.cols())]
    }

    /// The real numbers that the integers stand for.
    ///
    /// # Errors
    /// If a number is beyond float32, which can happen for a range that reaches to float32's very end.
    pub fn dequantized(&self) -> Result<FloatMatrix, Error> {
        let (rows, cols) = (self.matrix.rows(), self.matrix.cols());
        let real = |(i, q): (usize, &i32)| dequantize(*q, self.parameters_at(i / cols, i % cols));
        FloatMatrix::new("weights", rows, cols, self.matrix.data().iter().enumerate().map(real).collect())
    }
}
