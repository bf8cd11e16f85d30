//! A product for a GEMM block, and its results.

use anyhow::Result;
use qrtl_golden::gemm::{Matrix, Operand, gemm};
use qrtl_golden::numerics::AnyRequantization;
use qrtl_golden::{Bounds, FixedMultiplier, RealRequantization, RealRule, Requantization};
use qrtl_hdl::blocks::gemm::{Channel, GemmConfig};
use qrtl_hdl::parameter::HardwareRule;

/// One product with everything that it needs.
#[derive(Debug, Clone)]
pub struct Layer {
    /// M x K
    pub a: Matrix,
    /// K x N
    pub b: Matrix,
    /// zero point of A
    pub a_zero_point: i32,
    /// zero point of B
    pub b_zero_point: i32,
    /// a channel for each column, or one for all columns
    pub channels: Vec<Channel>,
    /// the parameters that all channels share
    pub output: Output,
}

/// The output of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Output {
    /// added to the scaled value
    pub zero_point: i64,
    /// least result
    pub min: i64,
    /// greatest result
    pub max: i64,
}

impl Layer {
    /// The results of golden.
    ///
    /// # Errors
    /// If a sum leaves the accumulator.
    pub fn golden(&self, config: &GemmConfig) -> Result<Matrix> {
        let channel = |n: usize| self.channels[n.min(self.channels.len() - 1)];
        let n = self.b.cols();
        let bias: Vec<i32> = (0..n).map(|c| channel(c).bias as i32).collect();
        let requantizations = (0..n).map(|c| self.requantization(config, channel(c))).collect::<Result<Vec<_>>>()?;
        let operand = |matrix, zero_point| Operand { matrix, zero_point };
        let (a, b) = (operand(&self.a, self.a_zero_point), operand(&self.b, self.b_zero_point));
        Ok(gemm(a, b, &bias, &requantizations)?)
    }

    fn requantization(&self, config: &GemmConfig, c: Channel) -> Result<AnyRequantization> {
        let Output { zero_point, min, max } = self.output;
        let bounds = Bounds::new(min, max)?;
        Ok(match config.rule {
            HardwareRule::Fixed(rule) => {
                let factor = FixedMultiplier::new(config.multiplier_width, c.multiplier, c.shift)?;
                AnyRequantization::Fixed(Requantization::new(rule, factor, zero_point, bounds)?)
            }
            HardwareRule::F32Even => {
                let factor = f64::from(f32::from_bits(c.multiplier as u32));
                AnyRequantization::Real(RealRequantization::new(RealRule::F32Even, factor, zero_point, bounds)?)
            }
        })
    }
}
