//! The sequencer: it walks the steps of the program.

use rust_hdl::prelude::*;

use super::EngineConfig;
use super::instruction::{KIND, Kind, WORDS};
use super::memory;
use crate::describe_logic;
use crate::exact::{BIT, Clk, Describe, Header, Int, Kernel, Port, Range, Reg};

/// For each step it reads the instruction, shows it to all units word after word, starts the step, and waits until
/// the unit that works last says that the step is done. A program begins when the input is complete, and stands at its end
/// until the next.
///
/// A report gives the clocks up to its own start, from the time when the report before was given or, if there is none, from
/// the begin of the program. So the clocks between two reports do not depend on how fast results are taken.
#[derive(LogicBlock)]
pub struct Sequencer {
    /// clock
    pub clk: Clk,
    /// reset to the end of a program
    pub rst_n: Port<In>,
    /// the input is complete
    pub go: Port<In>,
    /// a step is done
    pub done: Port<In>,
    /// the outlet has room
    pub room: Port<In>,
    /// a word of the program is read
    pub read: Port<Out>,
    /// its address
    pub address: Port<Out>,
    /// the word, [`memory::LATENCY`] clocks later
    pub word: Port<In>,
    /// a word of an instruction is shown in the next clock
    pub show: Port<Out>,
    /// its index
    pub show_at: Port<Out>,
    /// the word, a clock later
    pub show_word: Port<Out>,
    /// the step begins
    pub start: Port<Out>,
    /// the program is at its end
    pub ends: Port<Out>,
    /// a report is given
    pub report: Port<Out>,
    /// clocks of the report
    pub clocks: Port<Out>,
    reading: Reg,
    at: Reg,
    left: Reg,
    last: Reg,
    coming: Vec<Reg>,
    shown_at: Reg,
    shown: Reg,
    takes_kind: Reg,
    kind: Reg,
    complete: Reg,
    starting: Reg,
    stands: Reg,
    reports: Reg,
    count: Reg,
}

/// Clock edges from the clock in which a step is done, or the input is complete, to the clock in which the next step
/// begins.
pub const STEP_LATENCY: usize = WORDS + memory::LATENCY + 2;

impl Sequencer {
    /// The sequencer of an engine.
    pub fn new(config: &EngineConfig) -> Sequencer {
        let flag = || Reg::control(BIT, 0);
        let address = Range::addresses(config.program_words);
        let index = Range::new(0, WORDS as i128 - 1);
        let word = Range::unsigned(32);
        Sequencer {
            clk: Clk::new(),
            rst_n: Port::bit("synchronous reset, active low"),
            go: Port::bit("the input is complete"),
            done: Port::bit("a step is done"),
            room: Port::bit("the outlet has room"),
            read: Port::bit("a word of the program is read"),
            address: Port::new(address, "its address"),
            word: Port::new(word, "the word"),
            show: Port::bit("a word of an instruction is shown in the next clock"),
            show_at: Port::new(index, "its index"),
            show_word: Port::new(word, "the word, a clock later"),
            start: Port::bit("the step begins"),
            ends: Port::bit("the program is at its end"),
            report: Port::bit("a report is given"),
            clocks: Port::new(word, "clocks of the report"),
            reading: flag(),
            at: Reg::new(address),
            left: Reg::new(index),
            last: Reg::new(BIT),
            coming: (0..memory::LATENCY).map(|_| flag()).collect(),
            shown_at: Reg::control(index, 0),
            shown: Reg::new(word),
            takes_kind: flag(),
            kind: Reg::new(KIND.range()),
            complete: flag(),
            starting: flag(),
            stands: flag(),
            reports: flag(),
            count: Reg::new(word),
        }
    }

    /// Reads an instruction from `next` on. A word is read in each clock.
    fn read_instruction<'k>(&self, k: &'k Kernel, go: Int<'k>, next: Int<'k>) {
        let begin = (go | next).named("begin");
        let (reading, left) = (k.read(&self.reading), k.read(&self.left));
        k.register(&self.reading, begin | (reading & !k.read(&self.last)));
        let fewer = (left - 1).bounded(left.range(), "the last word has not been read");
        k.register(&self.left, reading.mux(left.equals(0).mux(left, fewer), WORDS as i128 - 1));
        k.register(&self.last, reading & left.equals(1));
        let at = k.read(&self.at);
        k.register_when(&self.at, go | reading, go.mux(0, (at + 1).wrap(at.range())));
        k.drive(&self.read, reading);
        k.drive(&self.address, at);
    }

    /// Shows the words as they come, and keeps the kind of the step.
    fn show_instruction(&self, k: &Kernel) {
        let mut comes = k.read(&self.reading);
        for reg in &self.coming {
            k.register(reg, comes);
            comes = k.read(reg);
        }
        let at = k.read(&self.shown_at);
        k.register(&self.shown, k.read(&self.word));
        let last = at.equals(WORDS as i128 - 1);
        let next = last.mux(0, (at + 1).bounded(at.range(), "another word is shown"));
        k.register_when(&self.shown_at, comes, next);
        k.register(&self.complete, comes & last);
        let word = k.read(&self.shown);
        k.register(&self.takes_kind, comes & at.equals(KIND.word as i128));
        k.register_when(&self.kind, k.read(&self.takes_kind), word.bits(KIND.low, KIND.bits));
        k.drive(&self.show, comes);
        k.drive(&self.show_at, at);
        k.drive(&self.show_word, word);
    }
}

describe_logic!(Sequencer);

impl Describe for Sequencer {
    fn header(&self) -> Header {
        Header::new("sequencer", "Walks the steps of the program.")
            .fact("words of an instruction", WORDS)
            .fact("latency", format!("{STEP_LATENCY} cycles from the end of a step to the start of the next"))
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        k.reset(&self.rst_n);
        let go = k.read(&self.go);
        self.show_instruction(k);
        k.register(&self.starting, k.read(&self.complete));
        let kind = k.read(&self.kind);
        let starting = k.read(&self.starting);
        let ends = (starting & kind.equals(Kind::End as i128)).named("ends");
        // A report waits for room, and is a step that is done at once.
        let stands = k.read(&self.stands);
        let counts = (starting & kind.equals(Kind::Report as i128)).named("counts");
        let reports = (stands & k.read(&self.room)).named("reports_now");
        k.register(&self.stands, counts | (stands & !reports));
        k.register(&self.reports, reports);
        self.read_instruction(k, go, k.read(&self.done) | k.read(&self.reports));

        let count = k.read(&self.count);
        // A report that waits holds the count.
        k.register_when(
            &self.count,
            !(counts | stands),
            (go | k.read(&self.reports)).mux(1, (count + 1).wrap(count.range())),
        );
        k.drive(&self.start, starting);
        k.drive(&self.ends, ends);
        k.drive(&self.report, k.read(&self.reports));
        k.drive(&self.clocks, count);
    }
}
