//! Words that wait until the port of a memory is free.

use rust_hdl::prelude::*;

use crate::describe_logic;
use crate::exact::{BIT, Clk, Describe, Header, Kernel, Port, Range, Reg};

/// A word that comes is written in the first clock that reads nothing, at the earliest in the next clock. Words are written
/// in the order in which they come. At most [`WAITING`] words may wait.
///
/// The queue needs no reset: it writes what it holds at power-up before any word comes.
#[derive(LogicBlock)]
pub struct WriteQueue {
    /// clock
    pub clk: Clk,
    /// a word comes
    pub put: Port<In>,
    /// its address
    pub put_address: Port<In>,
    /// the word
    pub put_word: Port<In>,
    /// the port is taken
    pub taken: Port<In>,
    /// a word is written
    pub write: Port<Out>,
    /// its address
    pub write_address: Port<Out>,
    /// the word
    pub write_word: Port<Out>,
    waits: Vec<Reg>,
    addresses: Vec<Reg>,
    words: Vec<Reg>,
}

/// Greatest number of words that wait.
pub const WAITING: usize = 2;

impl WriteQueue {
    /// A queue for a memory with these addresses and words.
    pub fn new(address: Range, word: Range) -> WriteQueue {
        let regs = |range: Range| (0..WAITING).map(|_| Reg::new(range)).collect();
        WriteQueue {
            clk: Clk::new(),
            put: Port::bit("a word comes"),
            put_address: Port::new(address, "its address"),
            put_word: Port::new(word, "the word"),
            taken: Port::bit("the port is taken"),
            write: Port::bit("a word is written"),
            write_address: Port::new(address, "its address"),
            write_word: Port::new(word, "the word"),
            waits: regs(BIT),
            addresses: regs(address),
            words: regs(word),
        }
    }
}

describe_logic!(WriteQueue);

impl Describe for WriteQueue {
    fn header(&self) -> Header {
        Header::new("write_queue", "Words that wait until the port of a memory is free.")
            .fact("words that wait", format!("{WAITING} at most"))
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        let all = |regs: &[Reg]| -> Vec<_> { regs.iter().map(|reg| k.read(reg)).collect() };
        let (waits, addresses, words) = (all(&self.waits), all(&self.addresses), all(&self.words));
        let (put, taken) = (k.read(&self.put), k.read(&self.taken));
        // A place before which none is in use moves on too, so that no word stays behind a free place.
        let moves = (!taken | !waits[0]).named("moves");
        let mut before = k.lit(1);
        for i in 0..WAITING {
            let next = waits.get(i + 1).copied().unwrap_or(k.lit(0));
            let stays = moves.mux(next, waits[i]).named(format!("stays_{i}"));
            // The word that comes takes the first free place.
            let takes = put & before;
            let last = i + 1 == WAITING;
            let enough = || (stays + takes).bounded(BIT, "steps leave clocks for their writes");
            k.register(&self.waits[i], if last { enough() } else { stays | takes });
            for (reg, values, new) in
                [(&self.addresses[i], &addresses, &self.put_address), (&self.words[i], &words, &self.put_word)]
            {
                let new = k.read(new);
                let value = values.get(i + 1).map_or(new, |&value| next.mux(value, new));
                k.register_when(reg, moves | !waits[i], value);
            }
            before = stays;
        }
        k.drive(&self.write, waits[0] & !taken);
        k.drive(&self.write_address, addresses[0]);
        k.drive(&self.write_word, words[0]);
    }
}
