//! Properties that follow from the configuration of a GEMM block: its operands, its channels, and the ranges of its
//! sums.

use super::config::{Channel, Channels, GemmConfig, Operand, TYPICAL_TERMS};
use crate::exact::Range;
use crate::parameter::{Dimension, Source};

impl GemmConfig {
    /// The left operand: A, M x K.
    pub fn left(&self) -> Operand {
        Operand::new(self.a, self.a_zero_point, self.a_strategy)
    }

    /// The right operand: B, K x N.
    pub fn right(&self) -> Operand {
        Operand::new(self.b, self.b_zero_point, self.b_strategy)
    }

    /// Number of requantizers: as many as the configuration says, or else the fewest with which the array never waits
    /// for the drain. Where K is a port, they are the fewest for a K of [`TYPICAL_TERMS`] and more. There is at most
    /// one for each column.
    pub fn requantizers(&self) -> usize {
        let fewest = || {
            let terms = match self.k {
                Dimension::Fixed(k) => k,
                Dimension::UpTo(max) => max.min(TYPICAL_TERMS),
            };
            let with = |n| GemmConfig { requantizers: Some(n), ..self.clone() };
            let mut divisors = (1..self.cols).filter(|n| self.cols.is_multiple_of(*n));
            divisors.find(|n| with(*n).least_terms() <= terms).unwrap_or(self.cols)
        };
        self.requantizers.unwrap_or_else(fewest)
    }

    /// The same configuration with the number of requantizers filled in.
    pub(super) fn decided(self) -> GemmConfig {
        GemmConfig { requantizers: Some(self.requantizers()), ..self }
    }

    /// The parameters of the channels, with their names.
    pub(super) fn channel_sources(&self) -> Vec<(&'static str, &Source)> {
        let mut sources = vec![("bias", &self.bias), ("multiplier", &self.multiplier)];
        if self.has_shift() {
            sources.push(("shift", &self.shift));
        }
        sources
    }

    /// The source of the channels' parameters.
    pub fn channels(&self) -> Channels {
        let sources = self.channel_sources();
        let any = |of: fn(&Source) -> bool| sources.iter().any(|(_, source)| of(source));
        if any(|source| *source == Source::Port) {
            Channels::Memory
        } else if any(|source| source.entries().is_some()) {
            Channels::Table
        } else {
            Channels::Same
        }
    }

    /// Entries of the tables of channels; 0 where there are none.
    pub fn table_entries(&self) -> usize {
        self.channel_sources().into_iter().filter_map(|(_, source)| source.entries()).max().unwrap_or(0)
    }

    /// The parameters of channel `n`. They are 0 if they are ports, or if the tables end before `n`.
    pub fn channel(&self, n: usize) -> Channel {
        let of = |source: &Source| source.value(n).unwrap_or(0);
        let shift = if self.has_shift() { of(&self.shift) } else { 0 };
        Channel { bias: of(&self.bias), multiplier: of(&self.multiplier), shift }
    }

    /// Sums of up to K products of two ranges.
    fn sums(&self, a: Range, b: Range) -> Range {
        let products = a * b;
        let terms = Range::new(1, self.k.max() as i128);
        (products * terms).union(Range::constant(0))
    }

    /// Values of an accumulator in the array.
    pub(super) fn raw_acc(&self) -> Range {
        self.sums(self.left().in_array(), self.right().in_array())
    }

    /// Values of `sum_k (A - za)(B - zb)`.
    pub fn acc(&self) -> Range {
        self.sums(self.left().centred(), self.right().centred())
    }

    /// Groups of columns, one of which is requantized at a time.
    pub fn groups(&self) -> usize {
        self.cols / self.requantizers()
    }

    /// Values of the number of columns of C in a group.
    pub(super) fn kept(&self) -> Range {
        Range::new(1, self.requantizers() as i128)
    }

    /// Values of a sum with its bias that a reference defines.
    pub(super) fn sum_limit(&self) -> Range {
        self.rule.accumulator().into()
    }

    /// Values of the channels' biases.
    pub(super) fn bias_range(&self) -> Range {
        let range = self.bias.range(Range::signed(32));
        // Columns beyond the last have entries, too, which are 0.
        if self.channels() == Channels::Table { range.union(Range::constant(0)) } else { range }
    }

    /// Values of a sum with its bias.
    pub(super) fn biased(&self) -> Range {
        self.acc() + self.bias_range()
    }

    /// Entries of the parameter memory of one requantizer.
    pub(super) fn entries(&self) -> usize {
        let channels = if self.channels() == Channels::Table { self.table_entries() } else { self.n.max() };
        // The entries fill whole tiles, so that an address never leaves the memory. There are at least two, because
        // synthesis warns of a memory of one word.
        (channels.div_ceil(self.cols) * self.groups()).max(2)
    }
}
