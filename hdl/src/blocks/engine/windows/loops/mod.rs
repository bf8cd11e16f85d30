//! The loop nest of the windows: which word of which run of which tap of which pixel is read in a clock.

mod late;
mod rounds;

use late::Late;
use rust_hdl::prelude::*;

use super::level::Level;
use crate::blocks::engine::EngineConfig;
use crate::blocks::engine::instruction::{self, Field, InstructionPorts, Kept};
use crate::describe_logic;
use crate::exact::{BIT, Clk, Describe, Header, Kernel, Maybe, Port, Range, Reg};

/// A step as a loop nest, from the outside inwards: pixels in the order of rows, groups of a pixel, rows of taps, runs of
/// a row of taps, words of a run. In each clock with `valid` it is at one word, and shows its offsets. An item is a group of
/// a pixel; after it the loops rest for `idle` clocks. Where the array takes the results, the pixels are counted in blocks, as
/// many as the array has rows, and the loops wait before a block until one half of the block buffer is free.
///
/// The offsets of the outer levels come a clock later than `valid`, each by a command that is a register.
#[derive(LogicBlock)]
pub struct Loops {
    /// clock
    pub clk: Clk,
    /// reset to idle
    pub rst_n: Port<In>,
    /// the instruction
    pub instruction: InstructionPorts,
    /// the instruction has been shown
    pub start: Port<In>,
    /// the array has read a half of the block buffer
    pub released: Port<In>,
    /// the outlet has room
    pub room: Port<In>,
    /// a word is read
    pub valid: Port<Out>,
    /// byte address of the pixel's first run, a clock later
    pub pixel: Port<Out>,
    /// bytes from there to the row of taps
    pub tap_row: Port<Out>,
    /// bytes from there to the run
    pub tap: Port<Out>,
    /// bytes from there to the group, a clock later
    pub group: Port<Out>,
    /// bytes from the start of the row to the run, for the first column of pixels
    pub x: Port<Out>,
    /// bytes from there to the run of the pixel, a clock later
    pub column: Port<Out>,
    /// row of the tensor for the pixel's first row of taps, a clock later
    pub y: Port<Out>,
    /// rows from there to the row of taps
    pub tap_y: Port<Out>,
    /// bytes from the start of the run to this word
    pub word: Port<Out>,
    /// bytes of the item before the run, modulo the bytes of a word, a clock later
    pub position: Port<Out>,
    /// entry of the memory of the lanes' weights, a clock later
    pub weight: Port<Out>,
    /// first word of an item
    pub first: Port<Out>,
    /// last word of an item
    pub last: Port<Out>,
    /// last run of a row of taps
    pub last_run: Maybe<Port<Out>>,
    /// last item of a pixel
    pub pixel_end: Port<Out>,
    /// last pixel of a block
    pub block_end: Port<Out>,
    /// last pixel of the step
    pub step_end: Port<Out>,
    /// row of the array for the pixel
    pub row: Port<Out>,
    /// half of the block buffer for the block
    pub half: Port<Out>,
    kept: Kept,
    active: Reg,
    waiting: Reg,
    resting: Reg,
    rest: Reg,
    rest_ends: Reg,
    issues: Reg,
    blocks: Reg,
    idles: Reg,
    in_flight: Reg,
    words: Level,
    runs: Level,
    tap_rows: Level,
    groups: Level,
    columns: Level,
    pixels: Level,
    begins: Reg,
    late_place: Late,
    late_group: Late,
    late_column: Late,
    late_row: Late,
    late_entry: Late,
    word_offset: Reg,
    run_offset: Reg,
    tap_row_offset: Reg,
    tap_row_y: Reg,
    group_offset: Reg,
    column_offset: Reg,
    row_offset: Reg,
    row_y: Reg,
    place: Reg,
    weight_entry: Reg,
    row_of_block: Reg,
    half_of_buffer: Reg,
    _lanes: i128,
}

/// Values of a byte address, which wraps.
fn addresses(config: &EngineConfig) -> Range {
    Range::addresses(config.activation_bytes)
}

impl Loops {
    /// The loops of an engine.
    pub fn new(config: &EngineConfig) -> Loops {
        use instruction as i;
        let address = addresses(config);
        let weights = Range::addresses(config.lane_weight_bytes / 4);
        let full = |field: Field| (field, config.values(field));
        let narrower = |field: Field, range: Range| {
            (field, if range.covers(config.values(field)) { config.values(field) } else { range })
        };
        let in_memory = |field: Field| (field, if field.signed { Range::signed(address.width()) } else { address });
        // A pixel or a group of the output takes a word at least.
        let words = config.activation_address();
        let mut fields = vec![
            full(i::KIND),
            full(i::WEIGHTS_ADVANCE),
            in_memory(i::ADDRESS),
            full(i::X0),
            full(i::Y0),
            full(i::X_STEP),
            narrower(i::OUT_WIDTH_1, words),
            in_memory(i::ROW_STEP),
            (i::PIXELS_1, words),
            full(i::Y_STEP),
            in_memory(i::TAP_ROW_STEP),
            full(i::TAPS_Y_1),
            full(i::TAPS_X_1),
            full(i::TAP_Y_STEP),
            full(i::TAP_STEP),
            full(i::RUN_BYTES),
            full(i::RUN_WORDS_1),
            narrower(i::GROUPS_1, words),
            full(i::IDLE),
        ];
        // Where a step brings the weights of the lanes, they begin at 0.
        fields.extend(config.resident.then_some((i::LANE_WEIGHTS, weights)));
        fields.extend((config.taps > 1).then(|| full(i::TRIPLE)));
        let kept = Kept::new(config.target, &fields);
        let (distance, [row_y, tap_y]) = (config.distance(), config.row_numbers());
        let flag = || Reg::control(BIT, 0);
        let row = Range::new(0, config.rows as i128 - 1);
        let within_word = Range::new(0, config.lanes as i128 - 1);
        Loops {
            clk: Clk::new(),
            rst_n: Port::bit("synchronous reset, active low"),
            instruction: InstructionPorts::default(),
            start: Port::bit("the instruction has been shown"),
            released: Port::bit("a half of the block buffer has been read"),
            room: Port::bit("the outlet has room"),
            valid: Port::bit("a word is read"),
            pixel: Port::new(address, "byte address of the pixel's row and column, a clock later"),
            tap_row: Port::new(address, "bytes to the row of taps"),
            tap: Port::new(distance, "bytes to the run"),
            group: Port::new(address, "bytes to the group, a clock later"),
            x: Port::new(config.place(), "bytes from the start of the row, in the first column of pixels"),
            column: Port::new(distance, "bytes to the pixel's column, a clock later"),
            y: Port::new(row_y, "row of the tensor for the first row of taps, a clock later"),
            tap_y: Port::new(tap_y, "rows to the row of taps"),
            word: Port::new(distance, "bytes from the start of the run"),
            position: Port::new(within_word, "bytes of the item before the run, a clock later"),
            weight: Port::new(weights, "entry of the lanes' weights, a clock later"),
            first: Port::bit("first word of an item"),
            last: Port::bit("last word of an item"),
            last_run: Maybe::when(config.taps > 1, || Port::bit("last run of a row of taps")),
            pixel_end: Port::bit("last item of a pixel"),
            block_end: Port::bit("last pixel of a block"),
            step_end: Port::bit("last pixel of the step"),
            row: Port::new(row, "row of the array"),
            half: Port::bit("half of the block buffer"),
            active: flag(),
            waiting: flag(),
            resting: flag(),
            rest: Reg::new(kept.range(i::IDLE)),
            rest_ends: Reg::new(BIT),
            issues: flag(),
            blocks: Reg::new(BIT),
            idles: Reg::new(BIT),
            in_flight: Reg::control(0..=2, 0),
            words: Level::new(kept.range(i::RUN_WORDS_1)),
            runs: Level::new(kept.range(i::TAPS_X_1)),
            tap_rows: Level::new(kept.range(i::TAPS_Y_1)),
            groups: Level::new(kept.range(i::GROUPS_1)),
            columns: Level::new(kept.range(i::OUT_WIDTH_1)),
            pixels: Level::new(kept.range(i::PIXELS_1)),
            kept,
            begins: Reg::new(BIT),
            late_place: Late::default(),
            late_group: Late::default(),
            late_column: Late::default(),
            late_row: Late::default(),
            late_entry: Late::default(),
            word_offset: Reg::new(distance),
            run_offset: Reg::new(distance),
            tap_row_offset: Reg::new(address),
            tap_row_y: Reg::new(tap_y),
            group_offset: Reg::new(address),
            column_offset: Reg::new(distance),
            row_offset: Reg::new(address),
            row_y: Reg::new(row_y),
            place: Reg::new(within_word),
            weight_entry: Reg::new(weights),
            row_of_block: Reg::new(row),
            half_of_buffer: Reg::new(BIT),
            _lanes: config.lanes as i128,
        }
    }
}

describe_logic!(Loops);

impl Describe for Loops {
    fn header(&self) -> Header {
        Header::new("loops", "The loop nest of a step: pixels, groups, rows of taps, runs, words.")
            .fact("throughput", "a word a clock")
    }

    fn describe(&self, k: &Kernel) {
        use instruction as i;
        k.clock(&self.clk);
        k.reset(&self.rst_n);
        self.kept.describe(k, &self.instruction);
        let field = |field| self.kept.read(k, field);
        let start = k.read(&self.start);
        let issue = k.read(&self.issues);
        let ends = self.ends(k, issue);
        self.control(k, start, &ends);
        for (level, step, count_1) in [
            (&self.words, ends.word, i::RUN_WORDS_1),
            (&self.runs, ends.run, i::TAPS_X_1),
            (&self.tap_rows, ends.tap_row, i::TAPS_Y_1),
            (&self.groups, ends.item, i::GROUPS_1),
            (&self.columns, ends.pixel, i::OUT_WIDTH_1),
            (&self.pixels, ends.pixel, i::PIXELS_1),
        ] {
            level.describe(k, start, step, field(count_1));
        }
        self.offsets(k, start, &ends);

        let column = k.read(&self.column_offset);
        k.drive(&self.valid, issue);
        k.drive(&self.pixel, (k.read(&self.row_offset) + column).wrap(self.pixel.range()));
        k.drive(&self.tap_row, k.read(&self.tap_row_offset));
        k.drive(&self.tap, k.read(&self.run_offset));
        k.drive(&self.group, k.read(&self.group_offset));
        k.drive(&self.x, field(i::X0) + k.read(&self.run_offset));
        k.drive(&self.column, column);
        k.drive(&self.y, k.read(&self.row_y));
        k.drive(&self.tap_y, k.read(&self.tap_row_y));
        k.drive(&self.word, k.read(&self.word_offset));
        k.drive(&self.position, k.read(&self.place));
        k.drive(&self.weight, k.read(&self.weight_entry));
        k.drive(&self.first, k.read(&self.begins));
        k.drive(&self.last, ends.item);
        if let Some(to) = self.last_run.get() {
            k.drive(to, self.runs.last(k));
        }
        k.drive(&self.pixel_end, self.groups.last(k));
        k.drive(&self.block_end, ends.block);
        k.drive(&self.step_end, ends.step);
        k.drive(&self.row, k.read(&self.row_of_block));
        k.drive(&self.half, k.read(&self.half_of_buffer));
    }
}
