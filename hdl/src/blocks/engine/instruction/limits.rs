//! The values that the fields of an instruction can have in an engine, where its parameters limit them.

use super::{Field, Instruction};
use crate::blocks::engine::EngineConfig;
use crate::exact::Range;

impl EngineConfig {
    /// Bits of a distance within a row of a tensor, in bytes.
    fn row_bits(&self) -> u32 {
        self.row_bytes.ilog2()
    }

    /// Bits of a number of rows of a tensor.
    fn height_bits(&self) -> u32 {
        self.heights.ilog2()
    }

    /// Values of a distance within a row of a tensor, in bytes.
    pub(in crate::blocks::engine) fn distance(&self) -> Range {
        Range::unsigned(self.row_bits())
    }

    /// Values of a place in a row of a tensor: in the padding, in the row, or behind it.
    pub(in crate::blocks::engine) fn place(&self) -> Range {
        Range::signed(self.row_bits() + 2)
    }

    /// Values of the row of a tensor for the first row of taps, in the padding, in the tensor, or below it, and rows from there
    /// to a row of taps.
    pub(in crate::blocks::engine) fn row_numbers(&self) -> [Range; 2] {
        [Range::signed(self.height_bits() + 1), Range::unsigned(self.height_bits())]
    }

    /// The values that a field can have in this engine. The units keep as many bits of it.
    pub fn values(&self, field: Field) -> Range {
        let (row, height, lanes) = (self.row_bits(), self.height_bits(), self.lanes.ilog2());
        let limited = match field {
            super::X0 => Range::signed(row + 1),
            super::ROW_BYTES | super::X_STEP | super::TAP_STEP | super::RUN_BYTES => self.distance(),
            super::RUN_WORDS_1 | super::OUT_WIDTH_1 | super::GROUPS_1 => Range::unsigned(row - lanes),
            super::Y0 => Range::signed(height + 1),
            super::HEIGHT | super::TAPS_Y_1 => Range::unsigned(height),
            _ => field.range(),
        };
        if field.range().covers(limited) { limited } else { field.range() }
    }
}

impl Instruction {
    /// Checks that each field has one of the values that it can have in an engine.
    ///
    /// # Errors
    /// The field, the values that it can have, and its value.
    pub fn check(&self, config: &EngineConfig) -> Result<(), String> {
        for (field, value) in super::FIELDS.iter().zip(self.values()) {
            let range = config.values(*field);
            if !range.contains(value.into()) {
                return Err(format!("{}: {value} is outside {range}", field.name));
            }
        }
        Ok(())
    }
}
