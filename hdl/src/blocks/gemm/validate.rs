//! Which configurations of the GEMM block there are.

use super::config::{Channels, Dimension, GemmConfig, MAX_MEMORY, ZeroPointStrategy};
use crate::blocks::requantizer::Source;
use crate::targets::Target;
use crate::targets::ice40::SbMac16Products;

impl GemmConfig {
    /// Checks what the types do not say.
    ///
    /// # Errors
    /// A sentence that names the parameter, the limit and what it got.
    pub fn validate(&self) -> Result<(), String> {
        let at_least_one =
            [("rows", self.rows), ("cols", self.cols), ("requantizers", self.requantizers), ("m", self.m.max())];
        for (name, v) in at_least_one.into_iter().chain([("n", self.n.max()), ("k", self.k.max())]) {
            if v == 0 || v > 1 << 24 {
                return Err(format!("{name}: {v} is outside 1..={}", 1 << 24));
            }
        }
        if self.channels == Channels::Memory && self.n.max() > MAX_MEMORY {
            return Err(format!("n: {} is more than {MAX_MEMORY}, the channels of a memory", self.n.max()));
        }
        if !self.cols.is_multiple_of(self.requantizers) {
            return Err(format!("requantizers: {} does not divide the {} columns", self.requantizers, self.cols));
        }
        if let Channels::Table(table) = &self.channels
            && self.n != Dimension::Fixed(table.len())
        {
            return Err(format!("channels: a table of {} entries for {:?} columns", table.len(), self.n));
        }
        for (name, side) in [("a", &self.a), ("b", &self.b)] {
            if side.range.width() > 16 || side.range.singleton().is_some() {
                return Err(format!("{name}: {} is no range of 1 to 16 bits", side.range));
            }
            if !side.range.covers(side.zero_point_range()) && side.zero_point.is_some() {
                let got = side.zero_point_range();
                let got = got.singleton().map_or(got.to_string(), |v| v.to_string());
                return Err(format!("{name}_zero_point: {got} is outside {}", side.range));
            }
        }
        let limit = self.sum_limit();
        if !limit.covers(self.acc()) {
            let k = self.k.max();
            return Err(format!(
                "k: {k} products sum up to {}, beyond {limit}, the accumulator of {}",
                self.acc(),
                self.rule
            ));
        }
        for (name, source) in [("zero_point", &self.zero_point), ("min", &self.min), ("max", &self.max)] {
            if matches!(source, Source::Table(_)) {
                return Err(format!("{name}: a table; one value serves all channels"));
            }
        }
        self.validate_cells()?;
        self.validate_channels()?;
        self.requantizer().validate()
    }

    /// With cells of iCE40 synthesis infers no multiplier: every product must be made by one, or in LUTs by the block.
    fn validate_cells(&self) -> Result<(), String> {
        if self.target != Target::Ice40 {
            return Ok(());
        }
        for (name, side) in [("a", &self.a), ("b", &self.b)] {
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

    fn validate_channels(&self) -> Result<(), String> {
        let Channels::Table(table) = &self.channels else { return Ok(()) };
        let of = self.requantizer();
        for (i, c) in table.iter().enumerate() {
            for (name, v) in [("bias", c.bias), ("multiplier", c.multiplier), ("shift", c.shift)] {
                let limit = of.port_range(name);
                if !limit.contains(v.into()) {
                    return Err(format!("channel {i}: {name}: {v} is outside {limit}"));
                }
            }
        }
        Ok(())
    }
}
