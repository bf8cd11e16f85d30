//! The way out of the engine: a FIFO for words of tensors, statuses and reports.

use rust_hdl::prelude::*;

use super::EngineConfig;
use crate::describe_logic;
use crate::exact::{BIT, Clk, Describe, Header, Kernel, Port, Ram, Range, Reg, Stage};

/// A FIFO that says early that it has no more room, because words are on their way when it says so.
///
/// A word passes a rank before it is written, because it comes from one of several units. The word that is offered stands in
/// registers until it is taken.
#[derive(LogicBlock)]
pub struct Outlet {
    /// clock
    pub clk: Clk,
    /// reset to empty
    pub rst_n: Port<In>,
    /// there is room for as many words as can be on their way
    pub room: Port<Out>,
    /// a word comes
    pub put: Port<In>,
    /// the word
    pub put_word: Port<In>,
    /// bytes of the word that belong to the packet, less 1
    pub put_bytes_1: Port<In>,
    /// it is the last word of the packet
    pub put_last: Port<In>,
    /// status of the packet
    pub put_status: Port<In>,
    /// a word is offered
    pub out_valid: Port<Out>,
    /// the offered word is taken
    pub out_ready: Port<In>,
    /// the offered word
    pub word: Port<Out>,
    /// bytes of it that belong to the packet, less 1
    pub bytes_1: Port<Out>,
    /// it is the last word of the packet
    pub last: Port<Out>,
    /// status of the packet
    pub status: Port<Out>,
    comes: Reg,
    coming: Stage,
    words: Ram,
    marks: Ram,
    put_at: Reg,
    take_at: Reg,
    level: Reg,
    filled: Reg,
    taken: Reg,
    offered: Reg,
    has_room: Reg,
}

/// Words that the FIFO holds.
const DEPTH: i128 = 64;

/// Words for which there is room when the outlet says that there is: more than clocks from a loop of the windows to the
/// outlet.
const RESERVE: i128 = 24;

/// Values of a status.
pub const STATUS: Range = Range::unsigned(3);

impl Outlet {
    /// The outlet of an engine.
    pub fn new(config: &EngineConfig) -> Outlet {
        let bytes_1 = Range::new(0, config.lanes as i128 - 1);
        let address = || Reg::control(0..=DEPTH - 1, 0);
        let flag = || Reg::control(BIT, 0);
        let memory = |range: Range| {
            let depth = DEPTH as usize;
            Ram::new(depth, range).in_luts(config.target.in_luts(depth * range.width() as usize)).apart()
        };
        let mark = Range::unsigned(bytes_1.width() + STATUS.width() + 1);
        Outlet {
            clk: Clk::new(),
            rst_n: Port::bit("synchronous reset, active low"),
            room: Port::bit("there is room for what can be on its way"),
            put: Port::bit("a word comes"),
            put_word: Port::new(config.word(), "the word"),
            put_bytes_1: Port::new(bytes_1, "its bytes, less 1"),
            put_last: Port::bit("it is the last of the packet"),
            put_status: Port::new(STATUS, "status of the packet"),
            out_valid: Port::bit("a word is offered"),
            out_ready: Port::bit("it is taken"),
            word: Port::new(config.word(), "the word"),
            bytes_1: Port::new(bytes_1, "its bytes, less 1"),
            last: Port::bit("it is the last of the packet"),
            status: Port::new(STATUS, "status of the packet"),
            comes: flag(),
            coming: Stage::new(true),
            words: memory(config.word()),
            marks: memory(mark),
            put_at: address(),
            take_at: address(),
            level: Reg::control(0..=DEPTH, 0),
            filled: flag(),
            taken: flag(),
            offered: flag(),
            has_room: flag(),
        }
    }
}

describe_logic!(Outlet);

impl Describe for Outlet {
    fn header(&self) -> Header {
        Header::new("outlet", "A FIFO for words of tensors, statuses and reports.").fact("words", DEPTH)
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        k.reset(&self.rst_n);
        k.register(&self.comes, k.read(&self.put));
        let (put, filled, offered) = (k.read(&self.comes), k.read(&self.filled), k.read(&self.offered));
        let free = (k.read(&self.out_ready) | !offered).named("free");
        let take = (filled & free).named("take");
        k.register_when(&self.offered, free, filled);
        for (at, moves) in [(&self.put_at, put), (&self.take_at, take)] {
            k.register_when(at, moves, (k.read(at) + 1).wrap(at.range()));
        }
        let level = k.read(&self.level);
        // Whether a word goes is known late in a clock, so the level learns it a clock later.
        let taken = k.read(&self.taken);
        k.register(&self.taken, take);
        let next = (level + put.mux(1, -1)).bounded(self.level.range(), "words come only where there is room");
        k.register_when(&self.level, put ^ taken, next);
        let more_than_one = level.ge(3) | (level.equals(2) & !taken);
        k.register(&self.filled, put | more_than_one | (filled & !take));
        k.register(&self.has_room, level.lt(DEPTH - RESERVE));
        k.drive(&self.room, k.read(&self.has_room));

        let (put_at, take_at) = (k.read(&self.put_at), k.read(&self.take_at));
        let bits = self.bytes_1.range().width();
        let coming = k.stage(&self.coming, 1);
        let put_word = coming.pass("word", k.read(&self.put_word));
        let mark = k.read(&self.put_status).concat(k.read(&self.put_last), 1).concat(k.read(&self.put_bytes_1), bits);
        let mark = coming.pass("mark", mark);
        let word = k.ram(&self.words, (put, put_at, put_word), (take, take_at));
        let mark = k.ram(&self.marks, (put, put_at, mark), (take, take_at));
        k.drive(&self.word, word);
        k.drive(&self.bytes_1, mark.bits(0, bits));
        k.drive(&self.last, mark.bit(bits));
        k.drive(&self.status, mark.bits(bits + 1, STATUS.width()));
        k.drive(&self.out_valid, offered);
    }
}
