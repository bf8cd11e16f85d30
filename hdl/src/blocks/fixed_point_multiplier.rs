//! Fixed-point products: the lab's Figure 4, and the form that a requantizer needs.
//!
//! **Unsigned** (Figure 4), `B` = 16 or 32: `a` and `b` are `Q1.(B-1)`, one integer bit and `B-1` fraction bits. Their
//! product has 2 integer and `2(B-1)` fraction bits; `y` keeps the lowest integer bit and the upper `B-1` fraction bits:
//! `y = floor(a * b / 2^(B-1)) mod 2^B`.
//!
//! **Signed**: `y = round(acc * m / 2^(B-1))` of a signed accumulator and a multiplier `0 <= m < 2^(B-1)`, which stands
//! for `m / 2^(B-1)` in `[0, 1)`. Rounding is `truncate` (floor: the bits dropped) or `single` (half up).
//!
//! ```text
//!                 +------------------------+
//!   a or acc ---->|                        |
//!                 | fixed_point_multiplier |----> y
//!   b or m  ----->|                        |
//!                 +------------------------+
//! ```
//!
//! Combinational. Overflow is impossible: `y` has every bit that the formula gives.

use qrtl_golden::{MultiplierWidth, Rule};
use rust_hdl::prelude::*;

use crate::describe_logic;
use crate::exact::{Describe, Header, Int, Kernel, Port, Range};

/// Which product a [`FixedPointMultiplier`] computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Product {
    /// Figure 4: unsigned `Q1.(B-1)` operands
    Unsigned,
    /// a signed accumulator by a multiplier below 1
    Signed {
        /// bits of the accumulator
        acc_width: u32,
        /// `Truncate` or `Single`
        rounding: Rule,
    },
}

/// Configuration of a [`FixedPointMultiplier`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FixedPointMultiplierConfig {
    /// `B`
    pub width: MultiplierWidth,
    /// which product
    pub product: Product,
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
    /// # Panics
    /// If the rounding of the signed form is neither `Truncate` nor `Single`.
    pub fn new(config: FixedPointMultiplierConfig) -> FixedPointMultiplier {
        let bits = config.width.bits();
        let (a, b, y, docs) = match config.product {
            Product::Unsigned => {
                let full = Range::unsigned(bits);
                (full, full, full, ["Q1 number", "Q1 number", "product, Q1 number"])
            }
            Product::Signed { acc_width, rounding } => {
                assert!(matches!(rounding, Rule::Truncate | Rule::Single), "{rounding} is no rounding of a product");
                let (acc, m) = (Range::signed(acc_width), Range::unsigned(bits - 1));
                let y = (acc * m + Range::constant(half(rounding, bits))) >> Range::constant(i128::from(bits - 1));
                (acc, m, y, ["accumulator", "multiplier", "scaled accumulator"])
            }
        };
        FixedPointMultiplier {
            a: Port::new(a, docs[0]),
            b: Port::new(b, docs[1]),
            y: Port::new(y, docs[2]),
            _config: config,
        }
    }
}

/// What is added before the low `bits - 1` bits are dropped.
fn half(rounding: Rule, bits: u32) -> i128 {
    if rounding == Rule::Single { 1 << (bits - 2) } else { 0 }
}

describe_logic!(FixedPointMultiplier);

impl Describe for FixedPointMultiplier {
    fn header(&self) -> Header {
        let bits = self._config.width.bits();
        let f = bits - 1;
        match self._config.product {
            Product::Unsigned => {
                let name = format!("fixed_point_multiplier_q1_{f}");
                Header::new(name, format!("y = floor(a * b / 2^{f}) mod 2^{bits}."))
                    .line(format!("Operands and result are unsigned Q1.{f}: the lowest integer bit and the upper {f}"))
                    .line("fraction bits of the product are kept.")
            }
            Product::Signed { acc_width, rounding } => {
                let name = format!("fixed_point_multiplier_acc{acc_width}_m{bits}_{rounding}");
                let half = if rounding == Rule::Single { format!(" + 2^{}", f - 1) } else { String::new() };
                Header::new(name, format!("y = floor((a * b{half}) / 2^{f}).")).fact("rounding", rounding)
            }
        }
        .fact("latency", "combinational")
    }

    fn describe(&self, k: &Kernel) {
        let bits = self._config.width.bits();
        let product = (k.read(&self.a) * k.read(&self.b)).named("product");
        let y: Int<'_> = match self._config.product {
            Product::Unsigned => product.bits(bits - 1, bits),
            Product::Signed { rounding, .. } => (product + half(rounding, bits)) >> (bits - 1),
        };
        k.drive(&self.y, y);
    }
}
