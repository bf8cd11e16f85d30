//! The fixed-point multiplier as users describe it.

use anyhow::{Result, anyhow, ensure};
use clap::Args;
use qrtl_golden::{MultiplierWidth, Rule};
use qrtl_hdl::blocks::fixed_point_multiplier::{FixedPointMultiplier, FixedPointMultiplierConfig, Product};
use serde::{Deserialize, Serialize};

use super::{Built, StreamPorts, Summary, built, check};

/// Parameters of a fixed-point multiplier.
#[derive(Debug, Clone, PartialEq, Eq, Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FixedPointMultiplierSpec {
    /// bits of the multiplier: 16 (Q1.15) or 32 (Q1.31)
    #[arg(long, default_value_t = 32)]
    pub width: u32,
    /// signed accumulator by multiplier below 1, instead of two unsigned Q1 numbers
    #[arg(long)]
    pub signed: bool,
    /// bits of the accumulator of the signed form, 2..=32
    #[arg(long, default_value_t = 32)]
    pub acc_width: u32,
    /// rounding of the signed form: truncate or single
    #[arg(long, default_value_t = Rule::Single)]
    pub rounding: Rule,
}

impl Default for FixedPointMultiplierSpec {
    fn default() -> FixedPointMultiplierSpec {
        FixedPointMultiplierSpec { width: 32, signed: false, acc_width: 32, rounding: Rule::Single }
    }
}

impl FixedPointMultiplierSpec {
    /// Width of the multiplier.
    ///
    /// # Errors
    /// If it is neither 16 nor 32.
    pub fn multiplier_width(&self) -> Result<MultiplierWidth> {
        ensure!(matches!(self.width, 16 | 32), "width: {} is neither 16 nor 32", self.width);
        MultiplierWidth::try_from(self.width).map_err(|e| anyhow!(e))
    }

    pub(super) fn build(&self, name: &str) -> Result<Built> {
        let width = self.multiplier_width()?;
        check("acc_width", self.acc_width.into(), 2, 32)?;
        let default = FixedPointMultiplierSpec::default();
        let unused = !self.signed && (self.acc_width, self.rounding) != (default.acc_width, default.rounding);
        ensure!(!unused, "acc_width, rounding: only the signed form has them");
        let known = matches!(self.rounding, Rule::Truncate | Rule::Single);
        ensure!(known, "rounding: {} is neither truncate nor single", self.rounding);
        let signed = Product::Signed { acc_width: self.acc_width, rounding: self.rounding };
        let product = if self.signed { signed } else { Product::Unsigned };
        let block = FixedPointMultiplier::new(FixedPointMultiplierConfig { width, product });
        let stream = |payload| StreamPorts { valid: None, ready: None, payload };
        built(&block, name, stream(vec!["a", "b"]), stream(vec!["y"]))
    }

    pub(super) fn summary(&self) -> Summary {
        let f = self.width - 1;
        let parameters = if self.signed {
            format!("{} bits x Q0.{f}, {}", self.acc_width, self.rounding)
        } else {
            format!("Q1.{f} x Q1.{f}")
        };
        Summary { parameters, latency: "0".to_owned(), throughput: "1 result/clock".to_owned() }
    }
}
