//! Packs the bytes of an item into words without gaps.

use rust_hdl::prelude::*;

use super::EngineConfig;
use super::instruction::{IDLE, InstructionPorts};
use crate::describe_logic;
use crate::exact::{BIT, Bus, Clk, Describe, Header, Int, Kernel, Port, Range, Reg, Stage};

/// Runs of bytes, which begin and end anywhere in their words, become words in which each byte of the item follows the
/// one before.
///
/// A word leaves when its last byte has come. In a step whose items have no idle clocks behind them, the last tap of an item
/// completes its last word. Else the last word of an item leaves in the first of the idle clocks, if need be once more.
/// `fill_end` says with the last word of a block that it is the last.
#[derive(LogicBlock)]
pub struct Aligner {
    /// clock
    pub clk: Clk,
    /// reset to empty
    pub rst_n: Port<In>,
    /// the instruction
    pub instruction: InstructionPorts,
    /// a tap comes
    pub valid: Port<In>,
    /// bytes of the tap
    pub tap: Bus<In>,
    /// bytes that belong to the run
    pub run: Bus<In>,
    /// places by which they must move up
    pub rotation: Port<In>,
    /// last tap of an item
    pub last: Port<In>,
    /// last tap of a block
    pub block_end: Port<In>,
    /// row of the array
    pub row: Port<In>,
    /// half of the block buffer
    pub half: Port<In>,
    /// a word leaves
    pub fill: Port<Out>,
    /// half of the block buffer for the word
    pub fill_half: Port<Out>,
    /// row of the block buffer for the word
    pub fill_row: Port<Out>,
    /// number of the word in its item
    pub fill_at: Port<Out>,
    /// the word
    pub fill_word: Port<Out>,
    /// it is the last word of a block
    pub fill_end: Port<Out>,
    idle_comes: Reg,
    has_idle: Reg,
    rotated: Stage,
    place: Stage,
    comes: Reg,
    flush: Reg,
    flush_end: Reg,
    pending: Reg,
    bytes: Vec<Reg>,
    at: Reg,
    resets: Reg,
    filling: Reg,
    ending: Reg,
    filled: Stage,
}

/// Clock edges from the last tap of an item to its last word, if its step has no idle clocks; with idle clocks one more.
pub const LATENCY: usize = 2;

impl Aligner {
    /// The aligner of an engine.
    pub fn new(config: &EngineConfig) -> Aligner {
        let byte = Range::signed(8);
        let row = Range::new(0, config.rows as i128 - 1);
        let at = Range::new(0, config.buffer_words() as i128 - 1);
        let flag = || Reg::control(BIT, 0);
        Aligner {
            clk: Clk::new(),
            rst_n: Port::bit("synchronous reset, active low"),
            instruction: InstructionPorts::default(),
            valid: Port::bit("a tap comes"),
            tap: Bus::new(config.lanes, byte, "its bytes"),
            run: Bus::new(config.lanes, BIT, "bytes that belong to the run"),
            rotation: Port::new(0..=config.lanes as i128 - 1, "places by which they must move up"),
            last: Port::bit("last tap of an item"),
            block_end: Port::bit("last tap of a block"),
            row: Port::new(row, "row of the array"),
            half: Port::bit("half of the block buffer"),
            fill: Port::bit("a word leaves"),
            fill_half: Port::bit("its half of the block buffer"),
            fill_row: Port::new(row, "its row of the block buffer"),
            fill_at: Port::new(at, "its number in the item"),
            fill_word: Port::new(config.word(), "the word"),
            fill_end: Port::bit("it is the last word of a block"),
            idle_comes: Reg::new(BIT),
            has_idle: Reg::new(BIT),
            rotated: Stage::new(true),
            place: Stage::new(true),
            comes: flag(),
            flush: flag(),
            flush_end: Reg::new(BIT),
            pending: flag(),
            bytes: (0..config.lanes).map(|_| Reg::new(byte)).collect(),
            at: Reg::new(at),
            resets: Reg::new(BIT),
            filling: flag(),
            ending: flag(),
            filled: Stage::new(true),
        }
    }
}

/// Moves lane l to lane l + `places`, around the end.
fn rotate<'k>(lanes: Vec<Int<'k>>, places: Int<'k>) -> Vec<Int<'k>> {
    let n = lanes.len();
    (0..n.ilog2()).fold(lanes, |v, bit| {
        let moved = |l: usize| v[(l + n - (1 << bit)) % n];
        (0..n).map(|l| places.bit(bit).mux(moved(l), v[l])).collect()
    })
}

fn any<'k>(k: &'k Kernel, bits: impl Iterator<Item = Int<'k>>) -> Int<'k> {
    bits.reduce(|a, b| a | b).unwrap_or(k.lit(0))
}

describe_logic!(Aligner);

impl Describe for Aligner {
    fn header(&self) -> Header {
        let lanes = self.tap.lanes();
        Header::new(format!("aligner_{lanes}"), "Packs the bytes of an item into words without gaps.")
            .fact("latency", format!("{LATENCY} cycles from a tap to the word that it completes"))
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        k.reset(&self.rst_n);
        let idle = k.read(&self.instruction.word).bits(IDLE.low, IDLE.bits);
        k.register(&self.idle_comes, self.instruction.comes(k, IDLE.word));
        k.register_when(&self.has_idle, k.read(&self.idle_comes), !idle.equals(0));
        let n = self.tap.lanes();
        let rank = k.stage(&self.rotated, 1);
        let places = k.read(&self.rotation);
        let tap = rotate((0..n).map(|l| k.lane(&self.tap, l)).collect(), places);
        let run = rotate((0..n).map(|l| k.lane(&self.run, l)).collect(), places);
        // Bytes that come out below the rotation have gone around the end: they follow those above it. They belong to the
        // next word if these complete a word, and else to the same.
        let early: Vec<_> = (0..n).map(|p| !k.lit(p as i128).lt(places)).collect();
        let valid = k.read(&self.valid);
        let full = rank.pass("full", valid & run[n - 1] & early[n - 1]);
        let now = (0..n).map(|p| rank.pass(&format!("now_{p}"), run[p] & early[p]));
        let now: Vec<_> = now.collect();
        let next = rank.pass("next", any(k, (0..n).map(|p| run[p] & !early[p])));
        let run: Vec<_> = (0..n).map(|p| rank.pass(&format!("run_{p}"), run[p])).collect();
        let tap: Vec<_> = (0..n).map(|p| rank.pass(&format!("tap_{p}"), tap[p])).collect();
        let item_end = rank.pass("item_end", valid & k.read(&self.last));
        let block_end = rank.pass("block_end", k.read(&self.block_end));
        // They hold until the flush.
        let place = k.stage(&self.place, valid);
        let (row, half) = (place.pass("row", k.read(&self.row)), place.pass("half", k.read(&self.half)));
        k.register(&self.comes, valid);

        let (comes, flush, pending) = (k.read(&self.comes), k.read(&self.flush), k.read(&self.pending));
        let some = any(k, now.iter().copied());
        // A word that is held back holds bytes of the item.
        let holds = full.mux(next, pending | some | next).named("holds");
        let complete = (full & !next & !k.read(&self.has_idle)).named("complete");
        k.register(&self.pending, comes.mux(holds, pending & !flush));
        k.register(&self.flush, item_end & !complete);
        k.register_when(&self.flush_end, item_end, block_end);

        let mut word = Vec::new();
        for (p, reg) in self.bytes.iter().enumerate() {
            let held = k.read(reg);
            word.push((comes & now[p]).mux(tap[p], held));
            k.register_when(reg, comes & (full | run[p]), tap[p]);
        }
        // The flush gives what is pending; if nothing is, it gives the word before again, in its place.
        let fill = (full | (flush & pending)).named("fills");
        let at = k.read(&self.at);
        let after = (at + fill).wrap(at.range());
        // The first item comes long after a reset, which may come from afar.
        let resets = k.read(&self.resets);
        k.register(&self.resets, !k.read(&self.rst_n));
        k.register(&self.at, ((item_end & complete) | flush | resets).mux(0, after));
        k.register(&self.filling, full | flush);
        k.register(&self.ending, (item_end & complete & block_end) | (flush & k.read(&self.flush_end)));
        let rank = k.stage(&self.filled, fill);
        let word = word.into_iter().rev().map(|byte| byte.bits(0, 8)).reduce(|high, low| high.concat(low, 8));
        let word = word.expect("a word has bytes");
        k.drive(&self.fill_word, rank.pass("word", word));
        k.drive(&self.fill_at, rank.pass("at", at));
        k.drive(&self.fill_row, rank.pass("row", row));
        k.drive(&self.fill_half, rank.pass("half", half));
        k.drive(&self.fill, k.read(&self.filling));
        k.drive(&self.fill_end, k.read(&self.ending));
    }
}
