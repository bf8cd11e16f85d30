//! Configuration of the softmax, and its clocks.

use clap::Args;
use serde::{Deserialize, Serialize};

use super::product::ROWS;
use crate::default_from_flags;
use crate::exact::Range;
use crate::parameter::{Source, within};
use crate::table;
use crate::targets::Target;

/// Parameters of a softmax.
#[derive(Debug, Clone, PartialEq, Eq, Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SoftmaxConfig {
    /// greatest number of values of a row, 2..=511; a row of so many needs no last bit
    #[arg(long, default_value_t = 256)]
    pub max_length: u32,
    /// bits of a factor that the multiplier takes in a clock: 1, 2 or 4
    #[arg(long, default_value_t = 4)]
    pub bits: u32,
    /// port, to be loaded at run time, or 256 numbers: exp of the difference 0, -1, ... -255 as a multiple of 2^-31
    #[arg(long, default_value_t = Source::Port)]
    pub table: Source,
    /// device whose memories the block instantiates
    #[arg(long, value_enum, default_value_t = Target::Generic)]
    pub target: Target,
}

/// Greatest length of a row: 512 equal values have a sum that TFLM refuses.
const LONGEST: u32 = 511;

/// Values of an exponential, in 2^-31. The greatest stands for 1.
pub(super) const EXPONENTIAL: Range = Range::unsigned(31);

default_from_flags!(SoftmaxConfig);

impl SoftmaxConfig {
    /// The constant exponentials; `None` if they are loaded at run time.
    ///
    /// # Errors
    /// A sentence that names the parameter, the limit and what it got.
    pub fn exponentials(&self) -> Result<Option<&[i64]>, String> {
        within("max_length", self.max_length, 2, LONGEST)?;
        if ![1, 2, 4].contains(&self.bits) {
            return Err(format!("bits: {} is none of 1, 2, 4", self.bits));
        }
        let entries = table::entries("table", &self.table, EXPONENTIAL)?;
        match entries.map(|entries| i128::from(entries[0])) {
            Some(one) if one != EXPONENTIAL.hi() => {
                Err(format!("table: entry 0 is {one}, not {}, the exponential of 0", EXPONENTIAL.hi()))
            }
            _ => Ok(entries),
        }
    }

    /// Clocks of a row of `length` values, from the clock in which its first value is taken to the clock in which its
    /// last result is taken, if no value and no result waits for the other side. The next row begins in the clock after
    /// it.
    pub const fn clocks(&self, length: usize) -> usize {
        let rows = (ROWS / self.bits) as usize;
        length * (rows + 4) + 7 * rows + 47
    }
}
