//! Fixed-point products: the lab's Figure 4, and the form that a requantizer needs.
//!
//! **Unsigned** (Figure 4), `B` = 16 or 32: `a` and `b` are `Q1.(B-1)`, one integer bit and `B-1` fraction bits. Their
//! product has 2 integer and `2(B-1)` fraction bits; `y` keeps the lowest integer bit and the upper `B-1` fraction bits:
//! `y = floor(a * b / 2^(B-1)) mod 2^B`.
//!
//! **Signed**: `y = round(acc * m / 2^(B-1))` of a signed accumulator and a multiplier `0 <= m < 2^(B-1)`, which
//! represents `m / 2^(B-1)` in `[0, 1)`. The rounding is `truncate` (floor: the low bits are dropped) or `single` (half
//! up).
//!
//! ```text
//!                 +------------------------+
//!   a or acc ---->|                        |
//!                 | fixed_point_multiplier |----> y
//!   b or m  ----->|                        |
//!                 +------------------------+
//! ```
//!
//! The block is combinational. Overflow is impossible: `y` has every bit of the formula's result.

use clap::Args;
use qrtl_golden::{MultiplierWidth, Rule};
use rust_hdl::prelude::*;
use serde::{Deserialize, Serialize};

use crate::exact::{Describe, Header, Int, Kernel, Port, Range};
use crate::interface::{StreamPorts, Streamed, Streams};
use crate::parameter::within;
use crate::{default_from_flags, describe_logic, ports};

/// Parameters of a fixed-point multiplier.
#[derive(Debug, Clone, PartialEq, Eq, Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FixedPointMultiplierConfig {
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

default_from_flags!(FixedPointMultiplierConfig);

impl FixedPointMultiplierConfig {
    /// Width of the multiplier.
    ///
    /// # Errors
    /// If it is neither 16 nor 32.
    pub fn multiplier_width(&self) -> Result<MultiplierWidth, String> {
        match self.width {
            16 => Ok(MultiplierWidth::W16),
            32 => Ok(MultiplierWidth::W32),
            other => Err(format!("width: {other} is neither 16 nor 32")),
        }
    }

    /// Checks the limits that the types do not express.
    ///
    /// # Errors
    /// A sentence that names the parameter, the limit and what it got.
    pub fn validate(&self) -> Result<(), String> {
        self.multiplier_width()?;
        within("acc_width", self.acc_width, 2, 32)?;
        let default = FixedPointMultiplierConfig::default();
        if !self.signed && (self.acc_width, self.rounding) != (default.acc_width, default.rounding) {
            return Err("acc_width, rounding: only the signed form has them".to_owned());
        }
        match self.half() {
            Some(_) => Ok(()),
            None => Err(format!("rounding: {} is neither truncate nor single", self.rounding)),
        }
    }

    /// The number that is added before the low `width - 1` bits are dropped; none for a rule that adds more than one.
    fn half(&self) -> Option<i128> {
        match self.rounding {
            Rule::Truncate => Some(0),
            Rule::Single => Some(1 << (self.width - 2)),
            Rule::TfliteDouble | Rule::HalfUpTwice | Rule::Reduced16 | Rule::ShiftAway | Rule::HalfEven => None,
        }
    }
}

/// See the [module](self).
#[derive(LogicBlock)]
pub struct FixedPointMultiplier {
    /// `a` or the accumulator
    pub a: Port<In>,
    /// `b` or the multiplier
    pub b: Port<In>,
    /// the product
    pub y: Port<Out>,
    _config: FixedPointMultiplierConfig,
}

impl FixedPointMultiplier {
    /// A multiplier.
    ///
    /// # Errors
    /// The errors of [`FixedPointMultiplierConfig::validate`].
    pub fn new(config: FixedPointMultiplierConfig) -> Result<FixedPointMultiplier, String> {
        config.validate()?;
        let bits = config.width;
        let (a, b, y, docs) = if config.signed {
            let (acc, m) = (Range::signed(config.acc_width), Range::unsigned(bits - 1));
            let half = Range::constant(config.half().unwrap_or(0));
            let y = (acc * m + half) >> Range::constant(i128::from(bits - 1));
            (acc, m, y, ["accumulator", "multiplier", "scaled accumulator"])
        } else {
            let full = Range::unsigned(bits);
            (full, full, full, ["Q1 number", "Q1 number", "product, Q1 number"])
        };
        Ok(FixedPointMultiplier {
            a: Port::new(a, docs[0]),
            b: Port::new(b, docs[1]),
            y: Port::new(y, docs[2]),
            _config: config,
        })
    }
}

impl Streamed for FixedPointMultiplier {
    fn streams(&self) -> Streams<'_> {
        let (input, output) = (StreamPorts::plain(ports![&self.a, &self.b]), StreamPorts::plain(ports![&self.y]));
        Streams { input, output, interval: 1 }
    }
}

describe_logic!(FixedPointMultiplier);

impl Describe for FixedPointMultiplier {
    fn header(&self) -> Header {
        let FixedPointMultiplierConfig { width: bits, signed, acc_width, rounding } = self._config;
        let f = bits - 1;
        if signed {
            let name = format!("fixed_point_multiplier_acc{acc_width}_m{bits}_{rounding}");
            let half = if self._config.half() == Some(0) { String::new() } else { format!(" + 2^{}", f - 1) };
            Header::new(name, format!("y = floor((a * b{half}) / 2^{f}).")).fact("rounding", rounding)
        } else {
            let name = format!("fixed_point_multiplier_q1_{f}");
            Header::new(name, format!("y = floor(a * b / 2^{f}) mod 2^{bits}."))
                .line(format!("Operands and result are unsigned Q1.{f}: the lowest integer bit and the upper {f}"))
                .line("fraction bits of the product are kept.")
        }
        .fact("latency", "combinational")
    }

    fn describe(&self, k: &Kernel) {
        let FixedPointMultiplierConfig { width: bits, signed, .. } = self._config;
        let product = (k.read(&self.a) * k.read(&self.b)).named("product");
        let half = self._config.half().unwrap_or(0);
        let y: Int<'_> = if signed { (product + half) >> (bits - 1) } else { product.bits(bits - 1, bits) };
        k.drive(&self.y, y);
    }
}
