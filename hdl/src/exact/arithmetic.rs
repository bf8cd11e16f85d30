//! Operators on exact integers. An operation whose result is constant is folded. The ranges decide it, so that every
//! mode of a description folds the same operations.

use std::ops::{Add, BitAnd, BitOr, BitXor, Mul, Neg, Not, Shl, Shr, Sub};

use super::int::Int;
use super::node::Op;
use super::range::{BIT, Range};

macro_rules! arithmetic {
    ($trait:ident, $method:ident, |$a:ident, $b:ident| $fold:expr, $op:ident, $range:ident, $what:literal) => {
        impl<'k> $trait<Int<'k>> for Int<'k> {
            type Output = Int<'k>;
            #[track_caller]
            fn $method(self, b: Int<'k>) -> Int<'k> {
                let ($a, $b) = (self, b);
                let fold: Option<Int<'k>> = $fold;
                // A closure would hide the caller's place from a problem's report.
                match fold {
                    Some(folded) => folded,
                    None => self.make(Op::$op(self.id, b.id), self.range.$range(b.range), $what),
                }
            }
        }
        impl<'k> $trait<i128> for Int<'k> {
            type Output = Int<'k>;
            #[track_caller]
            fn $method(self, b: i128) -> Int<'k> {
                $trait::$method(self, self.kernel.lit(b))
            }
        }
        impl<'k> $trait<Int<'k>> for i128 {
            type Output = Int<'k>;
            #[track_caller]
            fn $method(self, b: Int<'k>) -> Int<'k> {
                $trait::$method(b.kernel.lit(self), b)
            }
        }
    };
}

arithmetic!(
    Add,
    add,
    |a, b| match (a.constant(), b.constant()) {
        (Some(0), _) => Some(b),
        (_, Some(0)) => Some(a),
        _ => None,
    },
    Add,
    checked_add,
    "a sum"
);
arithmetic!(
    Sub,
    sub,
    |a, b| match b.constant() {
        Some(0) => Some(a),
        // Lints evaluate `x - x`, and then complain of comparisons with it.
        _ if a.id == b.id => Some(a.kernel.lit(0)),
        _ => None,
    },
    Sub,
    checked_sub,
    "a difference"
);
arithmetic!(
    Mul,
    mul,
    |a, b| match (a.constant(), b.constant()) {
        (Some(c), _) => b.times(c),
        (_, Some(c)) => a.times(c),
        _ => None,
    },
    Mul,
    checked_mul,
    "a product"
);

impl<'k> Int<'k> {
    /// A product by a power of two is wiring.
    #[track_caller]
    fn times(self, c: i128) -> Option<Int<'k>> {
        if c > 0 && c.count_ones() == 1 { Some(self << c.trailing_zeros()) } else { None }
    }
}

impl Neg for Int<'_> {
    type Output = Self;
    #[track_caller]
    fn neg(self) -> Self {
        0 - self
    }
}

impl Shl<u32> for Int<'_> {
    type Output = Self;
    #[track_caller]
    fn shl(self, k: u32) -> Self {
        if k == 0 {
            return self;
        }
        let range = self.range.checked_shl(Range::constant(i128::from(k)));
        self.make(Op::Shl(self.id, k), range, "a left shift")
    }
}

impl Shr<u32> for Int<'_> {
    type Output = Self;
    /// `floor(self / 2^k)`
    #[track_caller]
    fn shr(self, k: u32) -> Self {
        if k == 0 {
            return self;
        }
        let range = self.range.checked_shr(Range::constant(i128::from(k)));
        self.make(Op::Shr(self.id, k), range, "a right shift")
    }
}

impl<'k> Shl<Int<'k>> for Int<'k> {
    type Output = Int<'k>;
    #[track_caller]
    fn shl(self, n: Int<'k>) -> Int<'k> {
        match n.constant() {
            Some(k @ 0..=127) => self << k as u32,
            _ => self.make(Op::ShlBy(self.id, n.id), self.range.checked_shl(n.range), "a left shift"),
        }
    }
}

impl<'k> Shr<Int<'k>> for Int<'k> {
    type Output = Int<'k>;
    /// `floor(self / 2^n)`
    #[track_caller]
    fn shr(self, n: Int<'k>) -> Int<'k> {
        match n.constant() {
            Some(k @ 0..=127) => self >> k as u32,
            _ => self.make(Op::ShrBy(self.id, n.id), self.range.checked_shr(n.range), "a right shift"),
        }
    }
}

macro_rules! bitwise {
    ($trait:ident, $method:ident, $op:ident, $neutral:literal, |$x:ident, $y:ident| $range:expr) => {
        impl<'k> $trait for Int<'k> {
            type Output = Int<'k>;
            /// Bitwise, of unsigned values.
            #[track_caller]
            fn $method(self, b: Int<'k>) -> Int<'k> {
                let ($x, $y) = (self.range, b.range);
                assert!(!$x.is_signed() && !$y.is_signed(), "bitwise operation on a signed value");
                if let (Some(a), Some(b)) = (self.constant(), b.constant()) {
                    return self.kernel.lit($trait::$method(a, b));
                }
                if self.id == b.id {
                    return if $trait::$method(1, 1) == 0 { self.kernel.lit(0) } else { self };
                }
                let neutral =
                    |v: Int<'k>, of: Range| v.constant() == Some($neutral) && ($neutral == 0 || BIT.covers(of));
                if neutral(self, $y) {
                    b
                } else if neutral(b, $x) {
                    self
                } else {
                    self.make(Op::$op(self.id.min(b.id), self.id.max(b.id)), Some($range), stringify!($op))
                }
            }
        }
    };
}

bitwise!(BitAnd, bitand, And, 1, |x, y| {
    let top = x.hi().min(y.hi());
    if x.singleton() == Some(0) || y.singleton() == Some(0) { Range::constant(0) } else { Range::new(0, top) }
});
bitwise!(BitOr, bitor, Or, 0, |x, y| Range::new(x.lo().max(y.lo()), Range::unsigned(x.width().max(y.width())).hi()));
bitwise!(BitXor, bitxor, Xor, 0, |x, y| Range::unsigned(x.width().max(y.width())));

impl<'k> Not for Int<'k> {
    type Output = Int<'k>;
    /// `1 - self` of one bit.
    #[track_caller]
    fn not(self) -> Int<'k> {
        assert!(BIT.covers(self.range), "not of a value of range {}", self.range);
        match self.constant() {
            Some(v) => self.kernel.lit(1 - v),
            None => self.make(Op::Not(self.id), Some(BIT), "not"),
        }
    }
}
