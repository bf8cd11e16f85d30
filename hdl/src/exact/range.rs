//! The exact set of values that a net can hold; its width and its signedness follow from it.

use std::fmt;
use std::ops::{Add, Mul, Neg, RangeInclusive, Shl, Shr, Sub};

/// Values never leave `-2^MAX_BITS ..= 2^MAX_BITS - 1`, so that `i128` holds every intermediate result.
pub const MAX_BITS: u32 = 120;

/// A non-empty interval of integers, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Range {
    lo: i128,
    hi: i128,
}

/// One bit: `0..=1`.
pub const BIT: Range = Range { lo: 0, hi: 1 };

impl Range {
    /// The values `lo..=hi`.
    ///
    /// # Panics
    /// If `lo > hi`, or a bound needs more than [`MAX_BITS`] bits: configurations are validated before they get here.
    #[track_caller]
    pub const fn new(lo: i128, hi: i128) -> Range {
        assert!(lo <= hi, "an empty range has no values");
        assert!(lo >= -(1 << MAX_BITS) && hi < (1 << MAX_BITS), "a range of more than 120 bits");
        Range { lo, hi }
    }

    /// The one value `v`.
    #[track_caller]
    pub const fn constant(v: i128) -> Range {
        Range::new(v, v)
    }

    /// Everything that `bits` bits of two's complement can hold.
    #[track_caller]
    pub const fn signed(bits: u32) -> Range {
        assert!(bits >= 1, "a signed number has at least one bit");
        Range::new(-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
    }

    /// Everything that `bits` bits can hold without a sign.
    #[track_caller]
    pub const fn unsigned(bits: u32) -> Range {
        Range::new(0, (1 << bits) - 1)
    }

    /// The least value.
    pub const fn lo(self) -> i128 {
        self.lo
    }

    /// The greatest value.
    pub const fn hi(self) -> i128 {
        self.hi
    }

    /// The addresses of a memory of `words` words: all values of the bits that they need.
    pub fn addresses(words: usize) -> Range {
        Range::new(0, words.next_power_of_two() as i128 - 1)
    }

    /// The value, where there is only one.
    pub fn singleton(self) -> Option<i128> {
        (self.lo == self.hi).then_some(self.lo)
    }

    /// A net of this range is two's complement.
    pub const fn is_signed(self) -> bool {
        self.lo < 0
    }

    /// Bits of a net of this range; at least one.
    pub const fn width(self) -> u32 {
        if self.lo < 0 {
            let below = 128 - (!self.lo).leading_zeros();
            let above = if self.hi < 0 { 128 - (!self.hi).leading_zeros() } else { 128 - self.hi.leading_zeros() };
            1 + if below > above { below } else { above }
        } else if self.hi == 0 {
            1
        } else {
            128 - self.hi.leading_zeros()
        }
    }

    /// Everything that a net of this range's width and signedness could hold.
    pub fn filled(self) -> Range {
        if self.is_signed() { Range::signed(self.width()) } else { Range::unsigned(self.width()) }
    }

    /// `v` is one of the values.
    pub const fn contains(self, v: i128) -> bool {
        self.lo <= v && v <= self.hi
    }

    /// Every value of `other` is one of the values.
    pub const fn covers(self, other: Range) -> bool {
        self.lo <= other.lo && other.hi <= self.hi
    }

    /// The smallest range that covers both.
    pub fn union(self, other: Range) -> Range {
        Range { lo: self.lo.min(other.lo), hi: self.hi.max(other.hi) }
    }

    /// The value of this range that is nearest to `v`.
    pub fn nearest(self, v: i128) -> i128 {
        v.clamp(self.lo, self.hi)
    }

    /// The low bits of `v` at this range's width, read with this range's sign.
    pub fn truncate(self, v: i128) -> i128 {
        let unused = 128 - self.width();
        if self.is_signed() { (v << unused) >> unused } else { ((v << unused) as u128 >> unused) as i128 }
    }

    /// The values of `x.clamp(bounds)` for `x` in this range.
    pub fn clamp(self, bounds: Range) -> Range {
        Range { lo: bounds.nearest(self.lo), hi: bounds.nearest(self.hi) }
    }

    fn checked(lo: Option<i128>, hi: Option<i128>) -> Option<Range> {
        let (lo, hi) = (lo?, hi?);
        (lo >= -(1 << MAX_BITS) && hi < (1 << MAX_BITS)).then_some(Range { lo, hi })
    }

    /// Range of `a + b`; `None` if it needs more than [`MAX_BITS`].
    pub fn checked_add(self, b: Range) -> Option<Range> {
        Range::checked(self.lo.checked_add(b.lo), self.hi.checked_add(b.hi))
    }

    /// Range of `a - b`; `None` if it needs more than [`MAX_BITS`].
    pub fn checked_sub(self, b: Range) -> Option<Range> {
        Range::checked(self.lo.checked_sub(b.hi), self.hi.checked_sub(b.lo))
    }

    /// Range of `a * b`; `None` if it needs more than [`MAX_BITS`].
    pub fn checked_mul(self, b: Range) -> Option<Range> {
        let mut products = [0; 4];
        for (i, (x, y)) in [(self.lo, b.lo), (self.lo, b.hi), (self.hi, b.lo), (self.hi, b.hi)].into_iter().enumerate()
        {
            products[i] = x.checked_mul(y)?;
        }
        Range::checked(products.into_iter().min(), products.into_iter().max())
    }

    /// Range of `a * 2^n`; `None` if it needs more than [`MAX_BITS`], or `n` can be negative.
    pub fn checked_shl(self, n: Range) -> Option<Range> {
        if n.lo < 0 || n.hi > i128::from(MAX_BITS) {
            return None;
        }
        self.checked_mul(Range { lo: 1 << n.lo, hi: 1 << n.hi })
    }

    /// Range of `floor(a / 2^n)`; `None` if `n` can be negative.
    pub fn checked_shr(self, n: Range) -> Option<Range> {
        if n.lo < 0 {
            return None;
        }
        let (least, most) = (n.lo.min(127) as u32, n.hi.min(127) as u32);
        let lo = self.lo >> if self.lo < 0 { least } else { most };
        let hi = self.hi >> if self.hi < 0 { most } else { least };
        Some(Range { lo, hi })
    }
}

impl From<RangeInclusive<i128>> for Range {
    #[track_caller]
    fn from(r: RangeInclusive<i128>) -> Range {
        Range::new(*r.start(), *r.end())
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..={}", self.lo, self.hi)
    }
}

/// The operators that constructors use to size a port before its description exists: `Range op Range` is the range of
/// the expression `x op y`. They panic where a description would report a value of more than [`MAX_BITS`] bits.
macro_rules! operator {
    ($trait:ident, $method:ident, $checked:ident) => {
        impl $trait for Range {
            type Output = Range;
            #[track_caller]
            fn $method(self, b: Range) -> Range {
                self.$checked(b).expect("the configuration keeps every value within 120 bits")
            }
        }
    };
}
operator!(Add, add, checked_add);
operator!(Sub, sub, checked_sub);
operator!(Mul, mul, checked_mul);
operator!(Shl, shl, checked_shl);
operator!(Shr, shr, checked_shr);

impl Neg for Range {
    type Output = Range;
    #[track_caller]
    fn neg(self) -> Range {
        Range::constant(0) - self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn width_and_sign_follow_from_the_values() {
        for (lo, hi, width) in
            [(0, 0, 1), (0, 1, 1), (0, 255, 8), (0, 256, 9), (-1, 0, 1), (-128, 127, 8), (-129, 0, 9)]
        {
            assert_eq!(Range::new(lo, hi).width(), width, "{lo}..={hi}");
        }
        assert_eq!(Range::new(-5, -3).width(), 4);
        assert_eq!(Range::new(3, 5).filled(), Range::unsigned(3));
    }

    #[test]
    fn every_operator_gives_exactly_the_values_that_occur() {
        let spans: Vec<Range> = (-5..=5).flat_map(|lo| (lo..=5).map(move |hi| Range::new(lo, hi))).collect();
        for &a in &spans {
            for &b in &spans {
                let brute = |f: &dyn Fn(i128, i128) -> i128| {
                    let all = (a.lo..=a.hi).flat_map(|x| (b.lo..=b.hi).map(move |y| (x, y)));
                    let values: Vec<i128> = all.map(|(x, y)| f(x, y)).collect();
                    Range::new(*values.iter().min().unwrap(), *values.iter().max().unwrap())
                };
                assert_eq!(a + b, brute(&|x, y| x + y));
                assert_eq!(a - b, brute(&|x, y| x - y));
                assert_eq!(a * b, brute(&|x, y| x * y));
                assert_eq!(a.clamp(b), brute(&|x, _| x.clamp(b.lo, b.hi)));
                if b.lo >= 0 {
                    assert_eq!(a << b, brute(&|x, y| x << y));
                    assert_eq!(a >> b, brute(&|x, y| x >> y));
                }
            }
        }
    }

    #[test]
    fn truncate_keeps_the_low_bits() {
        assert_eq!(Range::signed(8).truncate(200), -56);
        assert_eq!(Range::unsigned(8).truncate(-1), 255);
        assert_eq!(Range::signed(1).truncate(1), -1);
    }
}
