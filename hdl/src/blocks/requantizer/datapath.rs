//! The arithmetic of the requantizer behind the shifter.

use crate::exact::{Int, Range, Rank};

/// Bits that the magnitude of a scaled value needs, so that nothing beyond them changes the clamped result.
///
/// Zero point, min and max are values of the output type of `width` bits. So every value at or beyond `+-2^width` ends
/// at the same bound.
pub(super) const fn kept_bits(output: Range) -> u32 {
    output.width()
}

/// `k = 31 - s` for `s` in -32..=31, as 6 bits. It needs no subtractor: its low 5 bits are the low 5 bits of `s`
/// inverted.
pub(super) fn places(s: Int<'_>) -> Int<'_> {
    if s.range().singleton().is_some() { 31 - s } else { s.bits(0, 6) ^ s.lit(31) }
}

/// The parameters that enter with the accumulator and are needed at the end of the pipeline.
#[derive(Debug, Clone, Copy)]
pub(in crate::blocks) struct Output<'k> {
    /// output zero point
    pub zero_point: Int<'k>,
    /// no value of them changes while results are on their way
    pub steady: bool,
    pub bounds: Bounds<'k>,
}

/// Least and greatest result.
#[derive(Debug, Clone, Copy)]
pub(in crate::blocks) struct Bounds<'k> {
    pub min: Int<'k>,
    pub max: Int<'k>,
    /// as of [`Output`]
    pub steady: bool,
}

impl<'k> Output<'k> {
    /// The values behind a rank.
    pub(in crate::blocks) fn pass(self, rank: Rank<'k>) -> Output<'k> {
        if self.steady {
            return self;
        }
        Output { zero_point: rank.pass("zero_point", self.zero_point), bounds: self.bounds.pass(rank), ..self }
    }
}

impl<'k> Bounds<'k> {
    /// The values behind a rank.
    pub(in crate::blocks) fn pass(self, rank: Rank<'k>) -> Bounds<'k> {
        if self.steady {
            return self;
        }
        Bounds { min: rank.pass("min", self.min), max: rank.pass("max", self.max), ..self }
    }
}

/// The side of the bounds on which a value lies.
#[derive(Debug, Clone, Copy)]
pub(in crate::blocks) struct OutOfBounds<'k> {
    below: Int<'k>,
    above: Int<'k>,
}

impl<'k> OutOfBounds<'k> {
    /// `beyond` and the sign decide before the comparators do. The comparators are subtractors, because their sign is
    /// ready sooner than the carry out of a comparison.
    pub(in crate::blocks) fn new(
        beyond: Int<'k>,
        negative: Int<'k>,
        z: Int<'k>,
        bounds: Bounds<'k>,
    ) -> OutOfBounds<'k> {
        OutOfBounds {
            below: beyond.mux(negative, (z - bounds.min).is_negative()).named("below"),
            above: beyond.mux(!negative, (bounds.max - z).is_negative()).named("above"),
        }
    }

    pub(in crate::blocks) fn pass(self, rank: Rank<'k>) -> OutOfBounds<'k> {
        OutOfBounds { below: rank.pass("below", self.below), above: rank.pass("above", self.above) }
    }

    /// The value after the clamp.
    pub(in crate::blocks) fn clamped(self, z: Int<'k>, bounds: Bounds<'k>, range: Range) -> Int<'k> {
        self.below.mux(bounds.min, self.above.mux(bounds.max, z.within(range)))
    }
}
