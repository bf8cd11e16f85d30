//! The sequencer: it walks the steps of the program.

use rust_hdl::prelude::*;

use super::EngineConfig;
use super::instruction::{KIND, Kind, WORDS};
use super::memory;
use crate::describe_logic;
use crate::exact::{BIT, Bus, Clk, Describe, Header, Int, Kernel, Maybe, Port, Range, Reg};

/// For each step it reads the instruction, shows it to all units word after word, starts the step, and waits until
/// the unit that works last says that the step is done. A program begins when the input is complete, and stands at its end
/// until the next.
///
/// Where the program is not resident, what a step needs stands in front of its instruction: blocks of words for a memory, each
/// behind a word that says which memory and how many words ([`block_word`]). The last word of a block is for address 0, so that
/// one counter serves as the number of the words that are left and as the address.
///
/// The sequencer reads on until an instruction is complete. It knows then how many words it has read too many.
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
    /// the word that is shown is none of an instruction, but is for a memory: one bit for each [`Part`]
    pub loads: Maybe<Bus<Out>>,
    /// its address
    pub load_address: Maybe<Port<Out>>,
    /// a report is given
    pub report: Port<Out>,
    /// clocks of the report
    pub clocks: Port<Out>,
    reading: Reg,
    at: Reg,
    coming: Vec<Reg>,
    shown_at: Reg,
    shows_first: Maybe<Reg>,
    shows_last: Reg,
    shown: Reg,
    part: Maybe<Reg>,
    left: Maybe<Reg>,
    loading: Maybe<Reg>,
    loads_now: Vec<Reg>,
    loaded_at: Maybe<Reg>,
    takes_kind: Reg,
    kind: Reg,
    complete: Reg,
    starting: Reg,
    stands: Reg,
    reports: Reg,
    count: Reg,
}

/// A memory that is filled before a step, where the program is not resident.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// weights and tables of the lanes
    LaneWeights = 0,
    /// parameters of the array's requantizers
    Parameters = 1,
    /// parameters of the lanes' requantizers
    LaneParameters = 2,
}

/// All memories that are filled before a step.
pub const PARTS: [Part; 3] = [Part::LaneWeights, Part::Parameters, Part::LaneParameters];

/// The bit that tells the first word of a block from the first word of an instruction.
const BLOCK: u32 = 31;

/// The lowest of the two bits of a block's first word that say which memory the block is for.
const PART: u32 = 29;

/// The first word of a block of `words` words for a memory.
pub fn block_word(part: Part, words: usize) -> u32 {
    1 << BLOCK | (part as u32) << PART | (words - 1) as u32
}

/// The memory and the number of words of a block that begins with this word. `None` if it begins an instruction.
pub fn block_of(word: u32) -> Option<(Part, usize)> {
    let part = PARTS.get((word >> PART & 3) as usize)?;
    (word >> BLOCK == 1).then_some((*part, (word & 0xffff) as usize + 1))
}

/// Clock edges from the clock in which a step is done, or the input is complete, to the clock in which the next step begins, if
/// nothing is loaded for it; with each word in front of its instruction it is one more.
pub const STEP_LATENCY: usize = WORDS + memory::LATENCY + 2;

impl EngineConfig {
    /// Words of the parts of a step, where the program is not resident.
    pub(super) fn loaded_words(&self) -> Range {
        let words = [self.lane_weight_words(), 2 * self.channels, 2 * self.lane_channels];
        Range::addresses(words.into_iter().max().unwrap_or(0))
    }
}

impl Sequencer {
    /// The sequencer of an engine.
    pub fn new(config: &EngineConfig) -> Sequencer {
        let flag = || Reg::control(BIT, 0);
        let address = config.program_range();
        let loaded = config.loaded_words();
        let when = |range: Range| Maybe::when(!config.resident, || Reg::new(range));
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
            loads: Maybe::when(!config.resident, || Bus::new(PARTS.len(), BIT, "the word is for a memory")),
            load_address: Maybe::when(!config.resident, || Port::new(loaded, "its address")),
            report: Port::bit("a report is given"),
            clocks: Port::new(word, "clocks of the report"),
            reading: flag(),
            at: Reg::new(address),
            coming: (0..memory::LATENCY).map(|_| flag()).collect(),
            shown_at: Reg::control(index, 0),
            shows_first: Maybe::when(!config.resident, || Reg::control(BIT, 1)),
            shows_last: flag(),
            shown: Reg::new(word),
            part: when(Range::unsigned(2)),
            left: when(loaded),
            loading: Maybe::when(!config.resident, flag),
            loads_now: PARTS.iter().filter(|_| !config.resident).map(|_| flag()).collect(),
            loaded_at: when(loaded),
            takes_kind: flag(),
            kind: Reg::new(KIND.range()),
            complete: flag(),
            starting: flag(),
            stands: flag(),
            reports: flag(),
            count: Reg::new(word),
        }
    }

    /// Reads from `next` on, a word in each clock, until an instruction is `complete`. As many words as are on their way then
    /// are read again: the address goes back at once, because `next` comes late in a clock.
    fn read_words<'k>(&self, k: &'k Kernel, go: Int<'k>, next: Int<'k>, complete: Int<'k>) {
        let begin = (go | next).named("begin");
        let (reading, at) = (k.read(&self.reading), k.read(&self.at));
        k.register(&self.reading, begin | (reading & !complete));
        let back = k.read(&self.complete);
        let step = back.mux(-(self.coming.len() as i128), 1);
        k.register_when(&self.at, go | reading | back, go.mux(0, (at + step).wrap(at.range())));
        k.drive(&self.read, reading);
        k.drive(&self.address, at);
    }

    /// Announces the words as they come, shows them a clock later, and keeps the kind of the step. Says when the last word of an
    /// instruction comes.
    fn show_words<'k>(&'k self, k: &'k Kernel) -> Int<'k> {
        let (at, word) = (k.read(&self.shown_at), k.read(&self.word));
        k.register(&self.shown, word);
        let comes = k.read(&self.coming[self.coming.len() - 1]);
        let showing = (comes & !self.load_parts(k, comes, word)).named("showing");
        // Nothing is counted and compared in the same clock.
        let last = k.read(&self.shows_last);
        k.register_when(&self.shows_last, showing, at.equals(WORDS as i128 - 2));
        if let Some(first) = self.shows_first.get() {
            k.register_when(first, showing, last);
        }
        let complete = (showing & last).named("complete");
        let next = last.mux(0, (at + 1).bounded(at.range(), "another word is shown"));
        k.register_when(&self.shown_at, showing, next);
        let shown = k.read(&self.shown);
        k.register(&self.takes_kind, showing & at.equals(KIND.word as i128));
        k.register_when(&self.kind, k.read(&self.takes_kind), shown.bits(KIND.low, KIND.bits));
        let mut comes = k.read(&self.reading);
        for reg in &self.coming {
            k.register(reg, comes & !complete);
            comes = k.read(reg);
        }
        k.drive(&self.show, showing);
        k.drive(&self.show_at, at);
        k.drive(&self.show_word, shown);
        complete
    }

    /// Takes the blocks in front of an instruction, whose words are shown a clock later too. Says whether a word is one of
    /// theirs.
    fn load_parts<'k>(&self, k: &'k Kernel, comes: Int<'k>, word: Int<'k>) -> Int<'k> {
        let registers = (self.loading.get(), self.part.get(), self.left.get().zip(self.loaded_at.get()));
        let others = (self.loads.get(), self.load_address.get(), self.shows_first.get());
        let ((Some(loading), Some(part), Some((left, loaded_at))), (Some(loads), Some(address), Some(first))) =
            (registers, others)
        else {
            return k.lit(0);
        };
        let (is_loading, to, at) = (k.read(loading), k.read(part), k.read(left));
        let begins = (!is_loading & word.bit(BLOCK) & k.read(first)).named("block_begins");
        k.register(loading, (comes & begins) | (is_loading & !(comes & at.equals(0))));
        k.register_when(part, comes & begins, word.bits(PART, 2));
        let width = at.range().width();
        k.register_when(left, comes, begins.mux(word.bits(0, width), (at - 1).wrap(at.range())));
        for (part, now) in PARTS.iter().zip(&self.loads_now) {
            k.register(now, comes & is_loading & to.equals(*part as i128));
            k.drive_lane(loads, *part as usize, k.read(now));
        }
        k.register(loaded_at, at);
        k.drive(address, k.read(loaded_at));
        begins | is_loading
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
        let complete = self.show_words(k);
        k.register(&self.complete, complete);
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
        self.read_words(k, go, k.read(&self.done) | k.read(&self.reports), complete);

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
