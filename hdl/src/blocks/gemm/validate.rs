//! The limits of a configuration of the GEMM block.

use super::config::{Channels, GemmConfig, MAX_MEMORY, ZeroPointStrategy};
use super::requantizer::ChannelRanges;
use crate::exact::Range;
use crate::parameter::{Dimension, IntType, Source, ZeroPoint};
use crate::targets::Multiplier;
use crate::targets::ice40::SbMac16Products;

/// Greatest number of rows or columns of processing elements. Elaboration visits every element, and beyond this limit
/// it would take minutes, then all memory.
const MAX_SIDE: usize = 256;

/// Greatest dimension of a product.
const MAX_DIMENSION: usize = 1 << 24;

/// Types that operands can have.
const OPERANDS: [IntType; 4] = [IntType::Int4, IntType::Int8, IntType::Uint8, IntType::Int16];

impl GemmConfig {
    /// Checks the limits that the types do not express.
    ///
    /// # Errors
    /// A sentence that names the parameter, the limit and what it got.
    pub fn validate(&self) -> Result<(), String> {
        let side = |(name, n)| (name, n, MAX_SIDE);
        let dimension = |(name, d): (_, Dimension)| (name, d.max(), MAX_DIMENSION);
        let sides = [("rows", self.rows), ("cols", self.cols)].map(side);
        let dimensions = [("m", self.m), ("n", self.n), ("k", self.k)].map(dimension);
        for (name, v, most) in sides.into_iter().chain(dimensions) {
            if !(1..=most).contains(&v) {
                return Err(format!("{name}: {v} is outside 1..={most}"));
            }
        }
        self.validate_operands()?;
        self.validate_channels()?;
        if let Some(n) = self.requantizers.filter(|n| *n == 0 || !self.cols.is_multiple_of(*n)) {
            return Err(format!("requantizers: {n} does not divide the {} columns", self.cols));
        }
        let limit = self.sum_limit();
        if !limit.covers(self.acc()) {
            let (k, acc) = (self.k.max(), self.acc());
            return Err(format!("k: {k} products sum up to {acc}, beyond {limit}, the accumulator of {}", self.rule));
        }
        for (name, source) in [("zero_point", &self.zero_point), ("min", &self.min), ("max", &self.max)] {
            if matches!(source, Source::Table(_)) {
                return Err(format!("{name}: a table; one value serves all channels"));
            }
        }
        self.validate_cells()?;
        self.validate_requantizer()
    }

    /// Checks that zero points are values of their operands, and that a strategy has a zero point to act on.
    fn validate_operands(&self) -> Result<(), String> {
        let sides = [("a", self.a, self.a_zero_point, self.left()), ("b", self.b, self.b_zero_point, self.right())];
        for (name, of, given, side) in sides {
            of.among(name, &OPERANDS)?;
            if given == ZeroPoint::None && side.strategy != ZeroPointStrategy::Subtract {
                return Err(format!("{name}_strategy: without {name}_zero_point it has no effect"));
            }
            if let ZeroPoint::Constant(v) = given
                && !side.range.contains(v.into())
            {
                return Err(format!("{name}_zero_point: {v} is outside {}", side.range));
            }
        }
        Ok(())
    }

    /// With cells of iCE40, synthesis infers no multiplier. So every product must be made by a cell, or in LUTs by the
    /// block.
    fn validate_cells(&self) -> Result<(), String> {
        match self.target.traits().multiplier {
            Multiplier::SbMac16 => {}
            Multiplier::Inferred | Multiplier::Mult18x18d => return Ok(()),
        }
        for (name, side) in [("a", self.left()), ("b", self.right())] {
            if side.uses(ZeroPointStrategy::Correct) {
                return Err(format!("{name}_strategy: correct takes multipliers beside the array, not there on ice40"));
            }
            let width = side.in_array().width();
            if SbMac16Products::products_of([side.in_array(); 2]) == 0 {
                return Err(format!("{name}: {width} bits enter the array; a multiplier of ice40 takes 16"));
            }
        }
        Ok(())
    }

    /// Checks that the parameters of channels are all ports or none, and that tables are equally long and have an entry
    /// for each column.
    fn validate_channels(&self) -> Result<(), String> {
        let all = self.channel_sources();
        match self.channels() {
            Channels::Same => Ok(()),
            Channels::Memory => {
                let not_port: Vec<&str> =
                    all.iter().filter(|(_, s)| **s != Source::Port).map(|(name, _)| *name).collect();
                if !not_port.is_empty() {
                    let (names, not_port) =
                        (all.iter().map(|(name, _)| *name).collect::<Vec<_>>(), not_port.join(", "));
                    return Err(format!(
                        "{}: all are port (the default), or none; not port: {not_port}",
                        names.join(", ")
                    ));
                }
                if self.n.max() > MAX_MEMORY {
                    return Err(format!("n: {} is more than {MAX_MEMORY}, the channels of a memory", self.n.max()));
                }
                Ok(())
            }
            Channels::Table => self.validate_tables(),
        }
    }

    fn validate_tables(&self) -> Result<(), String> {
        let entries = self.table_entries();
        for (name, source) in self.channel_sources() {
            if let Some(own) = source.entries().filter(|own| *own != entries) {
                return Err(format!("{name}: {own} entries beside a table of {entries}"));
            }
        }
        if self.n != Dimension::Fixed(entries) {
            return Err(format!("channels: a table of {entries} entries for {} columns", self.n));
        }
        let ChannelRanges { multiplier, shift, .. } = self.channel_ranges();
        let shift = shift.unwrap_or(Range::constant(0));
        for i in 0..entries {
            let c = self.channel(i);
            for (name, v, limit) in [
                ("bias", c.bias, Range::signed(32)),
                ("multiplier", c.multiplier, multiplier),
                ("shift", c.shift, shift),
            ] {
                if !limit.contains(v.into()) {
                    return Err(format!("channel {i}: {name}: {v} is outside {limit}"));
                }
            }
        }
        Ok(())
    }
}
