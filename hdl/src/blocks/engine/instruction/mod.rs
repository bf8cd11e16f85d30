//! The instructions of the engine: what a step of a network is, field by field. The compiler writes them, and each unit
//! of the engine keeps the fields that it needs.
//!
//! A program is a sequence of instructions. An instruction is [`WORDS`] words of 32 bits. The sequencer reads them one
//! after the other and shows each to all units, so that no unit needs a port for every field.

mod kept;
mod limits;

pub use kept::{InstructionPorts, Kept};

use crate::exact::Range;

/// The kind of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Kind {
    /// the inference is complete; the program begins again with the next input
    #[default]
    End = 0,
    /// windows, array, activation memory
    Matrix = 1,
    /// windows, lanes, activation memory
    Lanes = 2,
    /// windows, lanes, array, activation memory
    Fused = 3,
    /// a softmax of one row
    Softmax = 4,
    /// a tensor goes to the output stream
    Output = 5,
    /// tables are filled from the memory of the lanes' weights
    Tables = 6,
    /// the clocks since the last report go to the output stream
    Report = 7,
}

/// The place of a field in an instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// its name
    pub name: &'static str,
    /// the word that holds it
    pub word: usize,
    /// its lowest bit
    pub low: u32,
    /// its width
    pub bits: u32,
    /// whether it is two's complement
    pub signed: bool,
}

impl Field {
    /// The values that it can have.
    pub const fn range(&self) -> Range {
        if self.signed { Range::signed(self.bits) } else { Range::unsigned(self.bits) }
    }
}

/// Makes [`Instruction`] and the places of its fields.
macro_rules! fields {
    ($($(#[$about:meta])* $name:ident $FIELD:ident: $word:literal [$high:literal : $low:literal] $sign:ident;)*) => {
        /// An instruction, with a value for each field.
        #[derive(Debug, Clone, PartialEq, Eq, Default)]
        pub struct Instruction {
            $($(#[$about])* pub $name: i64,)*
        }

        $($(#[$about])* pub const $FIELD: Field = Field {
            name: stringify!($name),
            word: $word,
            low: $low,
            bits: $high - $low + 1,
            signed: fields!(@$sign),
        };)*

        /// All fields.
        pub const FIELDS: &[Field] = &[$($FIELD),*];

        impl Instruction {
            fn values(&self) -> Vec<i64> {
                vec![$(self.$name),*]
            }

            /// The instruction of these words.
            pub fn from_words(words: &[u32; WORDS]) -> Instruction {
                Instruction { $($name: $FIELD.of(words),)* }
            }
        }
    };
    (@signed) => { true };
    (@unsigned) => { false };
}

/// Words of an instruction.
pub const WORDS: usize = 22;

fields! {
    /// kind of the step
    kind KIND: 0 [2:0] unsigned;
    /// matrix: each row sums its own share of the terms
    split SPLIT: 0 [3:3] unsigned;
    /// lanes: the greatest of the taps instead of their sum
    maximum MAXIMUM: 0 [4:4] unsigned;
    /// lanes: a tap is looked up in a table instead of multiplied
    table TABLE: 0 [5:5] unsigned;
    /// lanes: each tap of a pixel has a weight of its own
    weights_advance WEIGHTS_ADVANCE: 0 [6:6] unsigned;
    /// lanes: each group of a pixel has parameters of its own
    parameters_advance PARAMETERS_ADVANCE: 0 [7:7] unsigned;
    /// tables: the entries are for softmax
    softmax_table SOFTMAX_TABLE: 0 [8:8] unsigned;
    /// lanes: three taps of a row are taken in a clock, in an engine of three taps a clock
    triple TRIPLE: 0 [9:9] unsigned;
    /// with `triple`, taps of the last round of a row that are none: they read as the padding
    absent ABSENT: 0 [11:10] unsigned;
    /// what is read outside the tensor
    padding PADDING: 0 [23:16] signed;
    /// byte address of the first run, padding included
    address ADDRESS: 1 [31:0] signed;
    /// bytes from a pixel's run in its row to the start of the row; negative in the padding
    x0 X0: 2 [15:0] signed;
    /// bytes of a row
    row_bytes ROW_BYTES: 2 [31:16] unsigned;
    /// row of the first tap; negative in the padding
    y0 Y0: 3 [15:0] signed;
    /// rows of the tensor
    height HEIGHT: 3 [31:16] unsigned;
    /// bytes from a pixel's run to the run of the next pixel
    x_step X_STEP: 4 [15:0] unsigned;
    /// pixels of a row of the output, less 1
    out_width_1 OUT_WIDTH_1: 4 [31:16] unsigned;
    /// bytes from a row of pixels to the next
    row_step ROW_STEP: 5 [31:0] signed;
    /// pixels of the output, less 1
    pixels_1 PIXELS_1: 6 [23:0] unsigned;
    /// rows of the tensor from a row of pixels to the next
    y_step Y_STEP: 6 [31:24] unsigned;
    /// bytes from a row of taps to the next
    tap_row_step TAP_ROW_STEP: 7 [31:0] signed;
    /// rows of taps, less 1
    taps_y_1 TAPS_Y_1: 8 [15:0] unsigned;
    /// runs in a row of taps, less 1; with `triple`, rounds of three taps
    taps_x_1 TAPS_X_1: 8 [23:16] unsigned;
    /// rows of the tensor from a row of taps to the next
    tap_y_step TAP_Y_STEP: 8 [31:24] unsigned;
    /// bytes from a run to the next in a row of taps; with `triple`, from a round to the next
    tap_step TAP_STEP: 9 [15:0] unsigned;
    /// bytes of a run
    run_bytes RUN_BYTES: 9 [31:16] unsigned;
    /// words read for a run, less 1
    run_words_1 RUN_WORDS_1: 10 [15:0] unsigned;
    /// groups of a pixel, less 1
    groups_1 GROUPS_1: 10 [31:16] unsigned;
    /// idle clocks after each item
    idle IDLE: 11 [15:0] unsigned;
    /// bytes of a tensor for the output, or values for softmax, in the last word: 1..=lanes
    last_bytes LAST_BYTES: 11 [19:16] unsigned;
    /// entry of 32 bits in the memory of the lanes' weights at which they begin
    lane_weights LANE_WEIGHTS: 12 [31:0] unsigned;
    /// entry of the lanes' parameters at which they begin
    lane_parameters LANE_PARAMETERS: 13 [15:0] unsigned;
    /// zero point of the lanes' results
    lane_zero_point LANE_ZERO_POINT: 14 [7:0] signed;
    /// least result of the lanes
    lane_min LANE_MIN: 14 [15:8] signed;
    /// greatest result of the lanes
    lane_max LANE_MAX: 14 [23:16] signed;
    /// beats of a tile, less 1
    terms_1 TERMS_1: 15 [15:0] unsigned;
    /// idle clocks after each tile
    tile_idle TILE_IDLE: 15 [31:16] unsigned;
    /// tiles of a block, less 1
    tiles_1 TILES_1: 16 [15:0] unsigned;
    /// output words of a pixel in the last tile
    last_words LAST_WORDS: 16 [19:16] unsigned;
    /// rows with a pixel in the last block
    last_rows LAST_ROWS: 16 [23:20] unsigned;
    /// word of weights at which they begin, a word for each beat
    weights WEIGHTS: 17 [31:0] unsigned;
    /// entry of the array's parameters at which they begin
    parameters PARAMETERS: 18 [15:0] unsigned;
    /// zero point of the array's results
    zero_point ZERO_POINT: 19 [7:0] signed;
    /// least result of the array
    min MIN: 19 [15:8] signed;
    /// greatest result of the array
    max MAX: 19 [23:16] signed;
    /// word address of the output
    out OUT: 20 [31:0] unsigned;
    /// words from a pixel of the output to the next
    out_pitch OUT_PITCH: 21 [15:0] unsigned;
    /// with `triple`, bytes from a tap to the next in a row: an odd number of words
    tap_distance TAP_DISTANCE: 21 [31:16] unsigned;
}

impl Field {
    /// Its value in an instruction.
    fn of(&self, words: &[u32; WORDS]) -> i64 {
        self.range().truncate(i128::from(words[self.word] >> self.low)) as i64
    }
}

impl Instruction {
    /// The words of the instruction.
    ///
    /// # Errors
    /// If a value does not fit its field: the field, its range and the value.
    pub fn words(&self) -> Result<[u32; WORDS], String> {
        let mut words = [0; WORDS];
        for (field, value) in FIELDS.iter().zip(self.values()) {
            if !field.range().contains(value.into()) {
                return Err(format!("{}: {value} is outside {}", field.name, field.range()));
            }
            words[field.word] |= Range::unsigned(field.bits).truncate(value.into()) as u32 * (1 << field.low);
        }
        Ok(words)
    }
}
