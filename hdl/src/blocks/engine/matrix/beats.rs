//! Decides what happens in each clock of the array: which beat it has, of which tile and block.

use rust_hdl::prelude::*;

use crate::blocks::engine::EngineConfig;
use crate::blocks::engine::instruction::{self, InstructionPorts, Kept, Kind};
use crate::describe_logic;
use crate::exact::{Clk, Describe, Header, Int, Kernel, Maybe, Port, Range, Reg, Stage};

/// A block begins when its half of the block buffer is full and the last clock of the previous block is over. It has
/// `tiles` tiles, and a tile has `terms` beats and `tile_idle` clocks without a beat, at least two clocks in all. A beat
/// reads a word of weights. The first beat of a tile, and each beat after `lanes` others, reads a word of each row of the
/// block buffer.
///
/// Every counter has a register beside it that says whether the count is the last, so that no comparison stands before
/// the next count.
#[derive(LogicBlock)]
pub struct Beats {
    /// clock
    pub clk: Clk,
    /// reset: no step is under way
    pub rst_n: Port<In>,
    /// the instruction
    pub instruction: InstructionPorts,
    /// the instruction has been shown
    pub start: Port<In>,
    /// each row reads a bank of its own
    pub split: Maybe<Port<In>>,
    /// a half is full with this clock's write
    pub fill_end: Port<In>,
    /// which half
    pub fill_half: Port<In>,
    /// there is a beat: a word of weights is read
    pub beat: Port<Out>,
    /// row of a bank that is read
    pub weights_address: Port<Out>,
    /// bank whose word is wanted
    pub bank: Maybe<Port<Out>>,
    /// a word of each row is read
    pub fetch: Port<Out>,
    /// address of this word in the block buffer
    pub fetch_address: Port<Out>,
    /// the beat is the first of its tile
    pub first: Port<Out>,
    /// the beat is the last of its tile
    pub last: Port<Out>,
    /// the tile is the last of its block
    pub last_tile: Port<Out>,
    /// the block is the last of the step
    pub last_block: Port<Out>,
    kept: Kept,
    prepared: Stage,
    armed: Reg,
    full: [Reg; 2],
    half: Reg,
    begin: Reg,
    running: Reg,
    left: Reg,
    pre_end: Reg,
    end: Reg,
    has_beat: Reg,
    is_first: Reg,
    is_last: Reg,
    tiles_left: Reg,
    in_last_tile: Reg,
    blocks_left: Reg,
    no_block_left: Reg,
    in_last_block: Reg,
    row: Reg,
    of_bank: Maybe<Reg>,
    reading: Reg,
    word: Reg,
    byte: Reg,
    first_byte: Reg,
    last_byte: Reg,
    _rows: usize,
}

/// What happens in a clock.
struct Events<'k> {
    /// a block begins with the next clock
    begin: Int<'k>,
    /// a tile begins with the next clock
    load: Int<'k>,
}

impl Beats {
    /// The control of beats of the engine that `config` describes.
    pub fn new(config: &EngineConfig) -> Beats {
        let idle = Range::new(0, config.matrix_tile(config.cols / config.lanes) as i128);
        let terms = Range::new(0, config.terms as i128 - 1);
        let tiles = Range::new(0, (config.channels / config.cols).max(2) as i128 - 1);
        let pixels = Range::new(0, config.activation_words() as i128 - 1);
        let words = config.weight_words();
        let kept = [
            (instruction::KIND, instruction::KIND.range()),
            (instruction::TERMS_1, terms),
            (instruction::TILE_IDLE, idle),
            (instruction::TILES_1, tiles),
            (instruction::PIXELS_1, pixels),
            (instruction::WEIGHTS, words),
        ];
        let kept = Kept::new(config.target, &kept);
        let flag = || Reg::control(0..=1, 0);
        let period = Range::unsigned((terms + Range::unsigned(idle.width())).width());
        let row = Range::addresses(config.bank_words());
        let bank = Range::new(0, config.banks() as i128 - 1);
        let word = Range::new(0, config.buffer_words() as i128 - 1);
        let blocks = Range::unsigned(pixels.width().saturating_sub(config.rows.ilog2()).max(1));
        Beats {
            clk: Clk::new(),
            rst_n: Port::bit("synchronous reset, active low"),
            instruction: InstructionPorts::default(),
            start: Port::bit("the instruction has been shown"),
            split: Maybe::when(config.banks() > 1, || Port::bit("each row reads a bank of its own")),
            fill_end: Port::bit("a half is full"),
            fill_half: Port::bit("which half"),
            beat: Port::bit("there is a beat"),
            weights_address: Port::new(row, "row of a bank"),
            bank: Maybe::when(config.banks() > 1, || Port::new(bank, "bank whose word is wanted")),
            fetch: Port::bit("a word of each row is read"),
            fetch_address: Port::new(config.buffer_address(), "address of this word"),
            first: Port::bit("the beat is the first of its tile"),
            last: Port::bit("the beat is the last of its tile"),
            last_tile: Port::bit("the tile is the last of its block"),
            last_block: Port::bit("the block is the last of the step"),
            kept,
            prepared: Stage::new(true),
            armed: flag(),
            full: [flag(), flag()],
            half: flag(),
            begin: flag(),
            running: flag(),
            left: Reg::new(period),
            pre_end: flag(),
            end: flag(),
            has_beat: flag(),
            is_first: flag(),
            is_last: flag(),
            tiles_left: Reg::new(Range::unsigned(tiles.width())),
            in_last_tile: Reg::new(0..=1),
            blocks_left: Reg::new(blocks),
            no_block_left: Reg::new(0..=1),
            in_last_block: Reg::new(0..=1),
            row: Reg::new(row),
            of_bank: Maybe::when(config.banks() > 1, || Reg::new(bank)),
            reading: Reg::new(0..=1),
            word: Reg::new(word),
            byte: Reg::new(Range::new(0, config.lanes as i128 - 1)),
            first_byte: Reg::new(0..=1),
            last_byte: Reg::new(0..=1),
            _rows: config.rows,
        }
    }

    /// The halves that are full, and whether a block begins.
    fn blocks<'k>(&self, k: &'k Kernel) -> Events<'k> {
        let start = k.read(&self.start);
        let [begin, running, end, last_tile] =
            [&self.begin, &self.running, &self.end, &self.in_last_tile].map(|r| k.read(r));
        let (armed, half, filled) = (k.read(&self.armed), k.read(&self.half), k.read(&self.fill_half));
        let full = self.full.each_ref().map(|reg| k.read(reg));
        for (reg, this) in self.full.iter().zip([0, 1]) {
            let (fills, taken) = (k.read(&self.fill_end) & filled.equals(this), begin & half.equals(this));
            k.register(reg, fills | (k.read(reg) & !taken));
        }
        let free = !running | (last_tile & (k.read(&self.pre_end) | end));
        k.register(&self.begin, armed & half.mux(full[1], full[0]) & free & !begin);
        k.register(&self.half, !start & (half ^ begin));
        k.register_when(&self.reading, begin, half);

        let kind = self.kept.read(k, instruction::KIND);
        let of_kind = kind.equals(Kind::Matrix as i128) | kind.equals(Kind::Fused as i128);
        let none_left = k.read(&self.no_block_left);
        k.register(&self.armed, start.mux(of_kind, armed & !(begin & none_left)));
        let left = k.read(&self.blocks_left);
        let blocks_1 = self.kept.read(k, instruction::PIXELS_1).bits(self._rows.ilog2(), left.range().width());
        k.register_when(&self.blocks_left, start | begin, start.mux(blocks_1, (left - 1).wrap(left.range())));
        k.register(&self.no_block_left, left.equals(0));
        k.register_when(&self.in_last_block, begin, none_left);
        Events { begin, load: (begin | (end & !last_tile)).named("load") }
    }

    /// The clocks of a tile, counted down to 0, and the tiles of a block.
    fn tiles(&self, k: &Kernel, Events { begin, load }: &Events<'_>) {
        let [terms_1, idle, tiles_1] =
            [instruction::TERMS_1, instruction::TILE_IDLE, instruction::TILES_1].map(|field| self.kept.read(k, field));
        let prepared = k.stage(&self.prepared, 1);
        let period_1 = prepared.pass("period_1", terms_1 + idle);
        let before_last = prepared.pass("before_last", idle + 1);
        let one_beat = prepared.pass("one_beat", terms_1.equals(0));
        let two_clocks = prepared.pass("two_clocks", (terms_1 + idle).equals(1));
        let one_tile = prepared.pass("one_tile", tiles_1.equals(0));

        let [running, end, beat] = [&self.running, &self.end, &self.has_beat].map(|r| k.read(r));
        let left = k.read(&self.left);
        k.register_when(&self.left, *load | running, load.mux(period_1, (left - 1).wrap(left.range())));
        k.register(&self.pre_end, load.mux(two_clocks, running & left.equals(2)));
        k.register(&self.end, running & k.read(&self.pre_end));
        k.register(&self.running, *load | (running & !end));
        k.register(&self.has_beat, *load | (beat & !k.read(&self.is_last)));
        k.register(&self.is_first, *load);
        k.register(&self.is_last, load.mux(one_beat, beat & left.equals(before_last)));

        let tiles_left = k.read(&self.tiles_left);
        let fewer = (tiles_left - 1).wrap(tiles_left.range());
        k.register_when(&self.tiles_left, *load, begin.mux(tiles_1, fewer));
        k.register_when(&self.in_last_tile, *load, begin.mux(one_tile, tiles_left.equals(1)));
    }

    /// The addresses of weights, which go on from tile to tile of a block. In a split step all banks move on with each
    /// beat, else one bank after the other.
    fn weights(&self, k: &Kernel, Events { begin, .. }: &Events<'_>) {
        let beat = k.read(&self.has_beat);
        let (row, start) = (k.read(&self.row), self.kept.read(k, instruction::WEIGHTS));
        let bits = self.of_bank.get().map_or(0, |bank| bank.range().width());
        let banks = (self.of_bank.get(), self.bank.get(), self.split.get());
        let mut moves = beat;
        if let (Some(reg), Some(port), Some(split)) = banks {
            let bank = k.read(reg);
            let next = (bank + 1).wrap(bank.range());
            k.register_when(reg, *begin | beat, begin.mux(start.bits(0, bits), next));
            k.drive(port, bank);
            moves = beat & (k.read(split) | bank.equals(bank.range().hi()));
        }
        let next = (row + 1).wrap(row.range());
        k.register_when(&self.row, *begin | moves, begin.mux(start >> bits, next));
        k.drive(&self.weights_address, row);
    }

    /// The words of the block buffer, which begin anew with each tile.
    fn words(&self, k: &Kernel, load: Int<'_>) {
        let (beat, byte, word) = (k.read(&self.has_beat), k.read(&self.byte), k.read(&self.word));
        let next_byte = (byte + 1).wrap(byte.range());
        let (first, last) = (k.read(&self.first_byte), k.read(&self.last_byte));
        k.register_when(&self.byte, load | beat, load.mux(0, next_byte));
        k.register_when(&self.first_byte, load | beat, load | last);
        k.register_when(&self.last_byte, load | beat, !load & byte.equals(byte.range().hi() - 1));
        k.register_when(&self.word, load | (beat & last), load.mux(0, (word + 1).wrap(word.range())));
        k.drive(&self.fetch, beat & first);
        k.drive(&self.fetch_address, k.read(&self.reading).concat(word, word.range().width()));
    }
}

describe_logic!(Beats);

impl Describe for Beats {
    fn header(&self) -> Header {
        Header::new("matrix_beats", "The beats of the array: blocks of tiles of beats, and their addresses.")
            .fact("first beat", format!("{} cycles after the half is full", super::FIRST_BEAT))
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        k.reset(&self.rst_n);
        self.kept.describe(k, &self.instruction);
        let events = self.blocks(k);
        self.tiles(k, &events);
        self.weights(k, &events);
        self.words(k, events.load);
        k.drive(&self.beat, k.read(&self.has_beat));
        k.drive(&self.first, k.read(&self.is_first));
        k.drive(&self.last, k.read(&self.is_last));
        k.drive(&self.last_tile, k.read(&self.in_last_tile));
        k.drive(&self.last_block, k.read(&self.in_last_block));
    }
}
