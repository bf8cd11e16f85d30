//! Exact integers: `Copy` handles into a kernel that carry their range. Nothing wraps unless [`Int::wrap`] says so.

use std::sync::Arc;

use super::kernel::Kernel;
use super::node::{AtomId, NodeId, Op};
use super::range::{BIT, Range};

/// A value of a description: an integer of known range.
#[derive(Debug, Clone, Copy)]
pub struct Int<'k> {
    pub(super) kernel: &'k Kernel,
    pub(super) id: NodeId,
    pub(super) range: Range,
}

/// An [`Int`], or an integer literal.
pub trait Operand<'k> {
    /// The value as a node of the kernel.
    fn into_int(self, k: &'k Kernel) -> Int<'k>;
}

impl<'k> Operand<'k> for Int<'k> {
    fn into_int(self, _: &'k Kernel) -> Int<'k> {
        self
    }
}

impl<'k> Operand<'k> for i128 {
    fn into_int(self, k: &'k Kernel) -> Int<'k> {
        k.lit(self)
    }
}

impl<'k> Int<'k> {
    pub(super) fn new(kernel: &'k Kernel, id: NodeId, range: Range) -> Int<'k> {
        Int { kernel, id, range }
    }

    pub(super) fn id(self) -> NodeId {
        self.id
    }

    pub(super) fn kernel(self) -> &'k Kernel {
        self.kernel
    }

    pub(super) fn value(self) -> i128 {
        self.kernel.value(self.id)
    }

    /// A constant of the same description.
    pub fn lit(self, v: i128) -> Int<'k> {
        self.kernel.lit(v)
    }

    /// Every value that it can have.
    pub fn range(self) -> Range {
        self.range
    }

    /// Gives the net that holds this value a name in the Verilog.
    pub fn named(self, name: impl AsRef<str>) -> Int<'k> {
        self.kernel.set_name(self.id, name.as_ref());
        self
    }

    pub(super) fn constant(self) -> Option<i128> {
        self.range.singleton()
    }

    #[track_caller]
    pub(super) fn make(self, op: Op<AtomId>, range: Option<Range>, what: &str) -> Int<'k> {
        // A closure would hide the caller's place from the problem's report.
        if range.is_none() {
            self.kernel.problem(None, format!("{what} needs more than 120 bits, or shifts by less than 0"));
        }
        let range = range.unwrap_or(self.range);
        let (operands, _) = op.operands();
        let width = self.kernel.width_of(operands[0]);
        let eval = op.clone();
        let value = |values: &[i128]| eval.evaluate(operands.map(|o| values.get(o).copied().unwrap_or(0)), width);
        Int::new(self.kernel, self.kernel.node(op, range, value), range)
    }

    /// `floor(self / 2^k)` of the bits: bit `lo` and the `len - 1` above it, unsigned. Bits above the value's own are
    /// copies of its sign.
    #[track_caller]
    pub fn bits(self, lo: u32, len: u32) -> Int<'k> {
        if let Some(v) = self.constant() {
            return self.kernel.lit(Range::unsigned(len).truncate(v >> lo.min(127)));
        }
        if !self.range.is_signed() && lo >= self.range.width() {
            return self.kernel.lit(0);
        }
        // The window of an unsigned value cannot exceed what lies above `lo`.
        let above = self.range.hi() >> lo.min(127);
        let full = Range::unsigned(len);
        let range = if self.range.is_signed() || above > full.hi() { full } else { Range::new(0, above) };
        let len = if range == full { len } else { range.width() };
        self.make(Op::Bits { of: self.id, lo, len }, Some(range), "a window")
    }

    /// Bit `i`.
    #[track_caller]
    pub fn bit(self, i: u32) -> Int<'k> {
        self.bits(i, 1)
    }

    /// The sign bit: `self < 0`.
    pub fn is_negative(self) -> Int<'k> {
        self.lt(0)
    }

    /// The bits of an unsigned value, read as two's complement of the same width.
    ///
    /// # Panics
    /// If the value can be negative.
    #[track_caller]
    pub fn as_signed(self) -> Int<'k> {
        assert!(!self.range.is_signed(), "as_signed of a signed value");
        let range = Range::signed(self.range.width());
        if let Some(v) = self.constant() {
            return self.kernel.lit(range.truncate(v));
        }
        self.make(Op::AsSigned(self.id), Some(range), "as_signed")
    }

    /// `self * 2^width + low`.
    ///
    /// # Panics
    /// If `low` does not fit `width` unsigned bits.
    #[track_caller]
    pub fn concat(self, low: Int<'k>, width: u32) -> Int<'k> {
        assert!(Range::unsigned(width).covers(low.range), "the lower part {} exceeds {width} bits", low.range);
        let shift = Range::constant(i128::from(width));
        let range = self.range.checked_shl(shift).and_then(|r| r.checked_add(Range::unsigned(width)));
        match (self.constant(), low.constant()) {
            (Some(h), Some(l)) => self.kernel.lit((h << width) + l),
            (Some(0), None) => low,
            _ => self.make(Op::Cat { hi: self.id, lo: low.id, width }, range, "a concatenation"),
        }
    }

    /// Keeps the low bits: the value modulo `2^w`, in `range`, which must be all that its `w` bits hold.
    ///
    /// # Panics
    /// If the range is not full.
    #[track_caller]
    pub fn wrap(self, range: impl Into<Range>) -> Int<'k> {
        let range = range.into();
        assert!(range == range.filled(), "wrap to {range}, which is not all that its bits hold");
        match self.constant() {
            _ if range.covers(self.range) => self,
            Some(v) => self.kernel.lit(range.truncate(v)),
            None => self.make(Op::Wrap(self.id, range), Some(range), "wrap"),
        }
    }

    /// Claims that the value lies in `range` wherever it is taken. `reason` says why, as ranges alone cannot prove it.
    /// The claim costs no hardware, and every simulation checks it.
    #[track_caller]
    pub fn bounded(self, range: impl Into<Range>, reason: &str) -> Int<'k> {
        let range = range.into();
        if range.covers(self.range) {
            return self;
        }
        self.make(Op::Bounded(self.id, range, reason.into()), Some(range), "bounded")
    }

    /// `min(max(self, lo), hi)`: saturation, visible in the source. Only the side that can happen costs hardware.
    #[track_caller]
    pub fn clamp(self, bounds: impl Into<Range>) -> Int<'k> {
        let bounds = bounds.into();
        self.clamp_to(self.kernel.lit(bounds.lo()), self.kernel.lit(bounds.hi()))
    }

    /// [`Int::clamp`] with bounds that are values themselves. Where `lo > hi` the result is one of the two.
    #[track_caller]
    pub fn clamp_to(self, lo: Int<'k>, hi: Int<'k>) -> Int<'k> {
        let below = self.lt(lo);
        let above = hi.lt(self);
        below.mux(lo, above.mux(hi, self.within(lo.range.union(hi.range))))
    }

    /// The low bits of the value, as many as hold it wherever it lies in `bounds`. Outside `bounds` these bits have no
    /// meaning, and the description has to select something else, as [`Int::clamp_to`] does.
    #[track_caller]
    pub fn within(self, bounds: Range) -> Int<'k> {
        let range = self.range.clamp(bounds);
        if range == self.range { self } else { self.make(Op::Wrap(self.id, range), Some(range), "clamp") }
    }

    /// 1 where `self < b`.
    #[track_caller]
    pub fn lt(self, b: impl Operand<'k>) -> Int<'k> {
        let b = b.into_int(self.kernel);
        if self.range.hi() < b.range.lo() {
            self.kernel.lit(1)
        } else if self.range.lo() >= b.range.hi() || self.id == b.id {
            self.kernel.lit(0)
        } else {
            self.make(Op::Lt(self.id, b.id), Some(BIT), "a comparison")
        }
    }

    /// 1 where `self < b`, for values of one width with a sign. The signs change places, and then the bits are compared
    /// without a sign: synthesis takes one chain of carries for that, and two in a row for [`Int::lt`].
    ///
    /// # Panics
    /// If a value has no sign, or the widths differ.
    #[track_caller]
    pub fn lt_in_one_chain(self, b: Int<'k>) -> Int<'k> {
        let width = self.range.width();
        assert!(self.range.is_signed() && b.range.is_signed() && b.range.width() == width, "not two of one width");
        let rest = width - 1;
        let with_sign = |v: Int<'k>, other: Int<'k>| other.bit(rest).concat(v.bits(0, rest), rest);
        with_sign(self, b).lt(with_sign(b, self))
    }

    /// 1 where `self >= b`.
    #[track_caller]
    pub fn ge(self, b: impl Operand<'k>) -> Int<'k> {
        !self.lt(b)
    }

    /// 1 where `self == b`.
    #[track_caller]
    pub fn equals(self, b: impl Operand<'k>) -> Int<'k> {
        let b = b.into_int(self.kernel);
        if self.id == b.id {
            self.kernel.lit(1)
        } else if self.range.hi() < b.range.lo() || b.range.hi() < self.range.lo() {
            self.kernel.lit(0)
        } else {
            self.make(Op::Eq(self.id.min(b.id), self.id.max(b.id)), Some(BIT), "a comparison")
        }
    }

    /// `yes` where this bit is 1, else `no`.
    ///
    /// # Panics
    /// If this is not one bit.
    #[track_caller]
    pub fn mux(self, yes: impl Operand<'k>, no: impl Operand<'k>) -> Int<'k> {
        assert!(BIT.covers(self.range), "a condition of range {}", self.range);
        let (yes, no) = (yes.into_int(self.kernel), no.into_int(self.kernel));
        match self.constant() {
            Some(1) => yes,
            Some(_) => no,
            None if yes.id == no.id => yes,
            None => self.make(Op::Mux(self.id, yes.id, no.id), Some(yes.range.union(no.range)), "a selection"),
        }
    }
}

impl Kernel {
    /// `table[address]`: a read-only memory. The range of `address` must lie in the table.
    #[track_caller]
    pub fn rom<'k>(&'k self, table: &[i128], address: Int<'k>) -> Int<'k> {
        let in_table = |r: Range| r.lo() >= 0 && r.hi() < table.len() as i128;
        if !in_table(address.range()) {
            self.problem(None, format!("address {} of a table of {} entries", address.range(), table.len()));
            return self.lit(0);
        }
        let reachable = &table[address.range().lo() as usize..=address.range().hi() as usize];
        let lo = reachable.iter().copied().min().unwrap_or(0);
        let hi = reachable.iter().copied().max().unwrap_or(0);
        let range = Some(Range::new(lo, hi));
        address.make(Op::Rom(Arc::from(table), address.id), range, "a table")
    }
}
