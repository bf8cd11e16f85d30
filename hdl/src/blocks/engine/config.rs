//! Configuration of the engine.

use clap::Args;
use serde::{Deserialize, Serialize};

use super::banks::READS;
use super::crc::crc32;
use super::devices;
use super::rule::EngineRule;
use crate::default_from_flags;
use crate::exact::Range;
use crate::targets::Target;

/// Parameters of an engine. The sizes of memories are powers of two, or multiples of [`GRANULE`]; all other sizes are powers
/// of two.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[command(arg(devices::flag()), mut_args(devices::with_defaults))]
pub struct EngineConfig {
    /// rows of the array: pixels at once
    #[arg(long, default_value_t = 4)]
    pub rows: usize,
    /// columns of the array: output channels at once; a multiple of `lanes`
    #[arg(long, default_value_t = 16)]
    pub cols: usize,
    /// lanes, which are the bytes of an activation word: 4 or 8
    #[arg(long, default_value_t = 8)]
    pub lanes: usize,
    /// taps that each lane takes in a clock where the tensor allows it: 1 or 3
    #[arg(long, default_value_t = 1)]
    pub taps: usize,
    /// requantizers of the array, at most as many as `lanes`
    #[arg(long, default_value_t = 4)]
    pub requantizers: usize,
    /// requantizers of the lanes, at most as many as `lanes`
    #[arg(long, default_value_t = 4)]
    pub lane_requantizers: usize,
    /// bytes of the activation memory
    #[arg(long, default_value_t = 65_536)]
    pub activation_bytes: usize,
    /// bytes of the memory of the array's weights
    #[arg(long, default_value_t = 524_288)]
    pub weight_bytes: usize,
    /// bytes of the memory of the lanes' weights, which holds the tables too
    #[arg(long, default_value_t = 16_384)]
    pub lane_weight_bytes: usize,
    /// channels whose parameters the array's requantizers hold, of the network, or of a step if it brings them
    #[arg(long, default_value_t = 4_096)]
    pub channels: usize,
    /// channels whose parameters the lanes' requantizers hold, of the network, or of a step if it brings them
    #[arg(long, default_value_t = 2_048)]
    pub lane_channels: usize,
    /// program, parameters and weights of the lanes lie in memories with room for the whole network; else the program lies in
    /// the memory of the array's weights, with what a step needs in front of its instruction
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set)]
    pub resident: bool,
    /// words of 32 bits of the program, if it has a memory of its own
    #[arg(long, default_value_t = 2_048)]
    pub program_words: usize,
    /// greatest number of terms that a row of the array sums
    #[arg(long, default_value_t = 2_048)]
    pub terms: usize,
    /// bytes that each row of a tensor is shorter than
    #[arg(long, default_value_t = LIMIT)]
    pub row_bytes: usize,
    /// rows that each tensor has less than
    #[arg(long, default_value_t = LIMIT)]
    pub heights: usize,
    /// each row of the array can have weights of its own, and sum a share of the terms of a fully connected layer
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set)]
    pub split: bool,
    /// lanes have tables: ADD, SUB, and functions of one value
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set)]
    pub tables: bool,
    /// there is a softmax
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set)]
    pub softmax: bool,
    /// how the requantizers round: by a multiplier and a shift, twice as TFLM does or once, or in float32 as ONNX Runtime and
    /// XNNPACK do
    #[arg(long, value_enum, default_value_t = EngineRule::TfliteDouble)]
    #[serde(skip_serializing_if = "EngineRule::is_default")]
    pub rule: EngineRule,
    /// register ranks of the requantizers
    #[arg(long, default_value_t = crate::blocks::requantizer::DEFAULT_PIPELINE)]
    pub pipeline: usize,
    /// passes of the requantizers: 1, 2 or 4
    #[arg(long, default_value_t = 1)]
    pub passes: usize,
    /// number of elements of the array whose product is made by a multiplier of the device, row by row from the first; the
    /// others make it in LUTs; all if left out
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dsp_elements: Option<usize>,
    /// device whose cells the engine instantiates
    #[arg(long, value_enum, default_value_t = Target::Generic)]
    pub target: Target,
}

default_from_flags!(EngineConfig);

/// Bits of the bias of a channel.
pub const BIAS: Range = Range::signed(27);

/// The first word of an image: "qrtl".
pub const MAGIC: u32 = u32::from_le_bytes(*b"qrtl");

/// Values of an entry of a table: TensorFlow Lite's ADD shifts what it adds by 20 bits to the left.
pub const TABLE_VALUE: Range = Range::new(-255 * (1 << 20), 255 * (1 << 20));

/// The size of a memory is a power of two, or a multiple of this: then the banks of each memory have whole words.
pub const GRANULE: usize = 1_024;

/// Bytes of a row, and rows of a tensor, are less than this in any engine.
const LIMIT: usize = 1 << 16;

/// Greatest number of taps that a lane sums.
pub const LANE_TERMS: usize = 1_024;

impl EngineConfig {
    /// Bits of an activation word, and of a beat of the streams.
    pub fn word_bits(&self) -> u32 {
        8 * self.lanes as u32
    }

    /// Any activation word.
    pub fn word(&self) -> Range {
        Range::unsigned(self.word_bits())
    }

    /// Words of the activation memory.
    pub fn activation_words(&self) -> usize {
        self.activation_bytes / self.lanes
    }

    /// Addresses of the activation memory.
    pub fn activation_address(&self) -> Range {
        Range::addresses(self.activation_words())
    }

    /// Banks of the weights: one for each row that has weights of its own.
    pub fn banks(&self) -> usize {
        if self.split { self.rows } else { 1 }
    }

    /// Words of a bank of weights. A word holds a weight for each column.
    pub fn bank_words(&self) -> usize {
        self.weight_bytes / self.cols / self.banks()
    }

    /// Bits of a word of a bank of weights.
    fn weight_word_bits(&self) -> usize {
        8 * self.cols
    }

    /// Words of the memory in which the program lies.
    pub(super) fn program_range(&self) -> Range {
        Range::addresses(if self.resident { self.program_words } else { self.bank_words() })
    }

    /// Words of the memory of the lanes' weights.
    pub fn lane_weight_words(&self) -> usize {
        self.lane_weight_bytes / self.lanes
    }

    /// Multipliers of the array and of the lanes.
    pub fn multipliers(&self) -> usize {
        self.rows * self.cols + self.lanes * self.taps
    }

    /// Words of a half of a row of the block buffer.
    pub fn buffer_words(&self) -> usize {
        self.terms / self.lanes
    }

    /// Values of a sum of the array, before the bias. Of a split step it is the sum of all rows.
    pub fn sum(&self) -> Range {
        let greatest = (self.terms * self.banks()) as i128 * 128 * 128;
        Range::signed(Range::new(-greatest, greatest).width())
    }

    /// Values of a sum of a lane, before the bias.
    pub fn lane_sum(&self) -> Range {
        let greatest = LANE_TERMS as i128 * 128 * 128;
        let products = Range::new(-greatest, greatest);
        if self.tables { products.union(TABLE_VALUE + TABLE_VALUE) } else { products }
    }

    /// A number by which the engine knows the images that were made for it: CRC-32 of everything in the configuration that
    /// an image depends on.
    pub fn fingerprint(&self) -> u32 {
        let EngineConfig { rows, cols, lanes, requantizers, lane_requantizers, .. } = *self;
        let EngineConfig { activation_bytes, weight_bytes, lane_weight_bytes, channels, lane_channels, .. } = *self;
        let EngineConfig { program_words, terms, split, tables, softmax, passes, .. } = *self;
        let array = [rows, cols, lanes, requantizers, lane_requantizers, passes];
        let sizes = [activation_bytes, weight_bytes, lane_weight_bytes, channels, lane_channels, program_words, terms];
        let parts = [split, tables, softmax].map(usize::from);
        // An engine of one tap a clock has the number that it had before there were others.
        let taps = Some(self.taps).filter(|&taps| taps > 1);
        // The same holds for an engine whose memories hold the whole network, and for one that does not limit tensors.
        let resident = Some(0).filter(|_| !self.resident);
        let limits = [self.row_bytes, self.heights];
        let limits = limits.into_iter().filter(|_| limits != [LIMIT; 2]);
        // And for one that rounds as all did. No other number that may stand here is 1 or 2.
        let rule = match self.rule {
            EngineRule::TfliteDouble => None,
            EngineRule::F32Even => Some(1),
            EngineRule::Single => Some(2),
        };
        let all = array.into_iter().chain(sizes).chain(parts).chain(taps).chain(resident).chain(limits).chain(rule);
        let bytes: Vec<u8> = all.flat_map(|value| (value as u32).to_le_bytes()).collect();
        crc32(&bytes)
    }

    /// Checks the limits that the types do not express.
    ///
    /// # Errors
    /// A sentence that names the parameter, the limit and what it got.
    pub fn validate(&self) -> Result<(), String> {
        let sizes = [
            ("rows", self.rows, 2, 16),
            ("cols", self.cols, self.lanes, 64),
            ("lanes", self.lanes, 4, 8),
            ("requantizers", self.requantizers, 1, self.lanes),
            ("lane_requantizers", self.lane_requantizers, 1, self.lanes),
            ("terms", self.terms, 4 * self.lanes, 1 << 14),
            ("row_bytes", self.row_bytes, 64, LIMIT),
            ("heights", self.heights, 64, LIMIT),
        ];
        for (name, got, least, most) in sizes {
            if !got.is_power_of_two() || !(least..=most).contains(&got) {
                return Err(format!("{name}: {got} is no power of two in {least}..={most}"));
            }
        }
        let memories = [
            ("activation_bytes", self.activation_bytes, 256, 1 << 24),
            ("weight_bytes", self.weight_bytes, 4 * self.cols * self.banks(), 1 << 24),
            ("lane_weight_bytes", self.lane_weight_bytes, 256, 1 << 20),
            ("channels", self.channels, 2 * self.requantizers, 1 << 15),
            ("lane_channels", self.lane_channels, 2 * self.lane_requantizers, 1 << 15),
            ("program_words", self.program_words, 32, 1 << 16),
        ];
        for (name, got, least, most) in memories {
            if !(got.is_power_of_two() || got.is_multiple_of(GRANULE)) || !(least..=most).contains(&got) {
                let wanted = format!("a power of two or a multiple of {GRANULE}");
                return Err(format!("{name}: {got} is not {wanted} in {least}..={most}"));
            }
        }
        if ![1, READS].contains(&self.taps) {
            return Err(format!("taps: {} is neither 1 nor {READS}", self.taps));
        }
        if !self.resident && (self.weight_word_bits() != 32 || self.banks() > 1) {
            return Err(
                "resident: the program lies in the memory of the weights only if their words have 32 bits".to_owned()
            );
        }
        let elements = self.rows * self.cols;
        if let Some(got) = self.dsp_elements
            && got > elements
        {
            return Err(format!("dsp_elements: {got} is more than {elements}, the elements of the array"));
        }
        [self.sum(), self.lane_sum()].into_iter().try_for_each(|sum| self.validate_requantizer(sum))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_have_a_power_of_two_or_a_multiple_of_the_granule() {
        let of = |activation_bytes| EngineConfig { activation_bytes, ..EngineConfig::default() }.validate();
        assert_eq!(of(512), Ok(()));
        assert_eq!(of(7 * GRANULE), Ok(()));
        let message = "activation_bytes: 1536 is not a power of two or a multiple of 1024 in 256..=16777216";
        assert_eq!(of(1_536), Err(message.to_owned()));
        let terms = EngineConfig { terms: 3 * GRANULE, ..EngineConfig::default() };
        assert_eq!(terms.validate(), Err("terms: 3072 is no power of two in 32..=16384".to_owned()));
    }
}
