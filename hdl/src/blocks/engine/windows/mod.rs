//! The windows: they read the taps of a step from the activation memory, and put the zero point where a tap lies outside
//! the tensor.

mod bounds;
mod further;
mod level;
mod loops;
mod outputs;
mod rings;

use rust_hdl::prelude::*;

use bounds::{cut, from};
use further::Further;
pub use loops::Loops;
use rings::Rings;

use super::EngineConfig;
use super::instruction::{self, InstructionPorts, Kept};
use super::memory;
use crate::blocks::delay::through;
use crate::blocks::ring;
use crate::describe_logic;
use crate::exact::{BIT, Bus, Clk, Describe, Header, Kernel, Maybe, Port, Range, Reg, Stage};

/// A word of a run in each clock, from the activation memory, in the order of [`Loops`].
///
/// A run may begin at any byte of a word. `run` says which bytes of `tap` belong to the run, and `rotation` by how many
/// places they must move up so that the bytes of an item follow each other without gaps. A byte outside the tensor is
/// replaced by the padding. Beside a tap comes the word of the lanes' weights, or an entry of a table.
#[derive(LogicBlock)]
pub struct Windows {
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
    /// a word of the activation memory is read
    pub read: Port<Out>,
    /// its address
    pub address: Port<Out>,
    /// the word, [`memory::LATENCY`] clocks later
    pub word: Port<In>,
    /// a word of the lanes' weights is read
    pub weights_read: Port<Out>,
    /// its address
    pub weights_address: Port<Out>,
    /// the word, [`memory::LATENCY`] clocks later
    pub weights: Port<In>,
    /// a tap for the lanes
    pub to_lanes: Port<Out>,
    /// a tap for the aligner
    pub to_aligner: Port<Out>,
    /// a tap for the softmax
    pub to_softmax: Maybe<Port<Out>>,
    /// an entry for a table
    pub to_tables: Port<Out>,
    /// the entry
    pub entry: Port<Out>,
    /// all entries have been given
    pub tables_done: Port<Out>,
    /// bytes of the tap
    pub tap: Bus<Out>,
    /// bytes that belong to the run
    pub run: Bus<Out>,
    /// places by which the bytes must move up
    pub rotation: Port<Out>,
    /// first word of an item
    pub first: Port<Out>,
    /// last word of an item
    pub last: Port<Out>,
    /// last word of a pixel
    pub pixel_end: Port<Out>,
    /// last word of a block
    pub block_end: Port<Out>,
    /// last word of the step
    pub step_end: Port<Out>,
    /// row of the array
    pub row: Port<Out>,
    /// half of the block buffer
    pub half: Port<Out>,
    /// what comes with the further taps of a clock
    pub further: Maybe<Further>,
    kept: Kept,
    loops: Loops,
    valid: Vec<Reg>,
    ranks: Vec<Stage>,
    rings: Maybe<Rings>,
}

/// Clock edges from a word of the loops to the clock in which it is read from the activation memory.
pub const ADDRESS_RANKS: usize = 4;

/// Clock edges from a word of the loops to its tap.
pub const LATENCY: usize = ADDRESS_RANKS + memory::LATENCY + 1;

impl Windows {
    /// The windows of an engine.
    pub fn new(config: &EngineConfig) -> Windows {
        use instruction as i;
        let loops = Loops::new(config);
        let lanes = config.lanes;
        let weights = Range::addresses(config.lane_weight_words());
        let full = |field: instruction::Field| (field, config.values(field));
        Windows {
            clk: Clk::new(),
            rst_n: Port::bit("synchronous reset, active low"),
            instruction: InstructionPorts::default(),
            start: Port::bit("the instruction has been shown"),
            released: Port::bit("a half of the block buffer has been read"),
            room: Port::bit("the outlet has room"),
            read: Port::bit("a word of the activation memory is read"),
            address: Port::new(config.activation_address(), "its address"),
            word: Port::new(config.word(), "the word"),
            weights_read: Port::bit("a word of the lanes' weights is read"),
            weights_address: Port::new(weights, "its address"),
            weights: Port::new(config.word(), "the word"),
            to_lanes: Port::bit("a tap for the lanes"),
            to_aligner: Port::bit("a tap for the aligner"),
            to_softmax: Maybe::when(config.softmax, || Port::bit("a tap for the softmax")),
            to_tables: Port::bit("an entry for a table"),
            entry: Port::new(Range::signed(32), "the entry"),
            tables_done: Port::bit("all entries have been given"),
            tap: Bus::new(lanes, Range::signed(8), "bytes of the tap"),
            run: Bus::new(lanes, BIT, "bytes that belong to the run"),
            rotation: Port::new(0..=lanes as i128 - 1, "places by which they must move up"),
            first: Port::bit("first word of an item"),
            last: Port::bit("last word of an item"),
            pixel_end: Port::bit("last word of a pixel"),
            block_end: Port::bit("last word of a block"),
            step_end: Port::bit("last word of the step"),
            row: Port::new(loops.row.range(), "row of the array"),
            half: Port::bit("half of the block buffer"),
            further: Maybe::when(config.taps > 1, || Further::new(config)),
            kept: Kept::new(
                config.target,
                &[full(i::KIND), full(i::HEIGHT), full(i::ROW_BYTES), full(i::RUN_BYTES), full(i::PADDING)],
            ),
            loops,
            valid: (0..LATENCY).map(|_| Reg::control(BIT, 0)).collect(),
            ranks: (0..LATENCY).map(|_| Stage::new(true)).collect(),
            rings: Maybe::when(config.target.traits().rings, Rings::default),
        }
    }

    fn connect_loops(&self, k: &Kernel) {
        k.pass_clock(&self.clk, &self.loops.clk);
        self.loops.instruction.drive(k, self.instruction.read(k));
        for (to, from) in [
            (&self.loops.rst_n, &self.rst_n),
            (&self.loops.start, &self.start),
            (&self.loops.released, &self.released),
            (&self.loops.room, &self.room),
        ] {
            k.drive(to, k.read(from));
        }
    }
}

describe_logic!(Windows);

impl Describe for Windows {
    fn header(&self) -> Header {
        Header::new("windows", "The taps of a step, in the order of its loops, with the padding around the tensor.")
            .fact("latency", format!("{LATENCY} cycles from the loops to a tap"))
    }

    fn describe(&self, k: &Kernel) {
        use instruction as i;
        k.clock(&self.clk);
        k.reset(&self.rst_n);
        self.kept.describe(k, &self.instruction);
        self.connect_loops(k);
        let field = |field| self.kept.read(k, field);
        let l = &self.loops;
        let lanes = self.tap.lanes();
        let word_bits = lanes.ilog2();
        let address = l.pixel.range();
        let ranks: Vec<_> = self.ranks.iter().map(|stage| k.stage(stage, 1)).collect();
        let read = |port: &Port<Out>| k.read(port);

        let mut valid = read(&l.valid);
        for reg in &self.valid {
            k.register(reg, valid);
            valid = k.read(reg);
        }

        // The address of the word, in ranks of one addition each. Some offsets come a clock later, at the second rank.
        let run = ranks[0].pass("run", (read(&l.tap) + read(&l.tap_row)).wrap(address));
        let [x, tap_y] = [("x", &l.x), ("tap_y", &l.tap_y)].map(|(name, port)| ranks[0].pass(name, read(port)));
        let rings = self.rings.get();
        let pixel = ranks[1].pass("pixel", read(&l.pixel));
        let run = ranks[1].pass("run", (run + read(&l.group)).wrap(address));
        let x = ranks[1].pass("x", (x + read(&l.column)).bounded(l.x.range(), "a place in a row, or in its padding"));
        let y = ranks[1].pass("y", read(&l.y) + tap_y);
        let start = ranks[2].pass("start", (pixel + run).wrap(address));
        let in_height = ranks[2].pass("in_height", !y.lt(0) & y.lt(field(i::HEIGHT)));
        let [offset] = ring::pass(k, rings.map(|r| &r.offset), &ranks[..3], [("offset", read(&l.word))]);
        let place = x;
        let [position, x] = match rings {
            Some(rings) => rings.place.pass(k, [read(&l.position), x]),
            None => [through(&ranks[1..3], "position", read(&l.position)), through(&ranks[2..4], "x", x)],
        };
        let within = start.bits(0, word_bits);
        let words = (start.bits(word_bits, address.width())
            + offset.bits(word_bits, l.word.range().width() - word_bits))
        .wrap(self.address.range());
        k.drive(&self.address, ranks[3].pass("address", words));
        k.drive(&self.read, k.read(&self.valid[ADDRESS_RANKS - 1]));
        let begin = ranks[3].pass("begin", within - offset);
        let rotation = ranks[3].pass("rotation", (position - within).wrap(self.rotation.range()));

        // While the memory reads, the bytes that belong to the run, and those of them that lie in the tensor.
        let end = ranks[4].pass("end", begin + field(i::RUN_BYTES));
        let edge = ranks[4].pass("edge", begin - x);
        let begin = ranks[4].pass("begin", cut(begin, word_bits));
        let behind = ranks[5].pass("behind", edge + field(i::ROW_BYTES));
        let [begin, end, edge] = [("begin", begin), ("end", cut(end, word_bits)), ("edge", cut(edge, word_bits))]
            .map(|(name, v)| ranks[5].pass(name, v));
        let behind = ranks[6].pass("behind", cut(behind, word_bits));
        let in_run: Vec<_> =
            (0..lanes).map(|l| ranks[6].pass(&format!("in_run_{l}"), from(begin, l) & !from(end, l))).collect();
        let edge = ranks[6].pass("edge", edge);
        let (weight, rotated) = (read(&l.weight), ranks[4].pass("rotation", rotation));
        let [in_height, rotation, weight] = match rings {
            Some(rings) => rings.later.pass(k, [in_height, rotated, weight]),
            None => [
                through(&ranks[3..7], "in_height", in_height),
                through(&ranks[5..], "rotation", rotated),
                through(&ranks[1..=ADDRESS_RANKS], "weight", weight),
            ],
        };
        let real: Vec<_> = (0..lanes)
            .map(|l| ranks[7].pass(&format!("real_{l}"), in_height & from(edge, l) & !from(behind, l)))
            .collect();

        if let Some(further) = self.further.get() {
            let last_run = l.last_run.get().map_or(k.lit(0), read);
            further.describe(k, &ranks, &self.instruction, [place, in_height, last_run], field(i::PADDING));
        }
        let word = k.read(&self.word);
        for (l, (in_run, real)) in in_run.into_iter().zip(real).enumerate() {
            let byte = word.bits(8 * l as u32, 8).as_signed();
            k.drive_lane(&self.tap, l, ranks[8].pass(&format!("tap_{l}"), real.mux(byte, field(i::PADDING))));
            k.drive_lane(&self.run, l, through(&ranks[7..], &format!("in_run_{l}"), in_run));
        }
        k.drive(&self.rotation, rotation);
        self.marks(k, &ranks);
        self.weights(k, &ranks, weight);
        self.destinations(k, valid);
    }
}
