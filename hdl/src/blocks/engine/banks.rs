//! A memory of the engine from which three words are read in a clock.

use rust_hdl::prelude::*;

use super::memory::{LATENCY, Memory};
use crate::blocks::delay::{open, through};
use crate::describe_logic;
use crate::exact::{Bus, Clk, Describe, Header, Kernel, Maybe, Port, Range, Stage};
use crate::memory::WritePorts;
use crate::targets::Target;

/// Words that are read in a clock.
pub const READS: usize = 3;

/// Number of banks: the least power of two that is not less than [`READS`].
const BANKS: usize = 4;

/// A memory in four banks: the low two bits of an address are the bank. The words at `address`, `address + distance` and
/// `address + 2 distance` appear in `word` [`LATENCY`] clock edges after a clock with `read`, as in a [`Memory`]. They lie
/// in three banks where the distance is odd; else only the first of them is defined. Addresses wrap.
#[derive(LogicBlock)]
pub struct Banks {
    /// clock
    pub clk: Clk,
    /// how a word is written, unless the memory is [only read](Banks::holding)
    pub write: Maybe<WritePorts>,
    /// words are read
    pub read: Port<In>,
    /// the address of the first
    pub address: Port<In>,
    /// words from the first to the second, and from the second to the third
    pub distance: Port<In>,
    /// the words that are read
    pub word: Bus<Out>,
    bank: Vec<Memory>,
    ranks: Vec<Stage>,
    _words: usize,
}

impl Banks {
    /// A memory of `words` words, at least 16 and a multiple of 4, of `width` bits, in cells of `target`.
    pub fn new(target: Target, words: usize, width: u32) -> Banks {
        let write = WritePorts::new(Range::addresses(words), Range::unsigned(width));
        let bank = (0..BANKS).map(|_| Memory::new(target, words / BANKS, width)).collect();
        Banks::of(words, width, Maybe::from(Some(write)), bank)
    }

    /// A memory that holds these words from the start, and is only read.
    ///
    /// # Errors
    /// The errors of [`Memory::holding`].
    pub fn holding(target: Target, contents: &[i128], width: u32) -> Result<Banks, String> {
        let bank = |b| -> Vec<i128> { contents.iter().skip(b).step_by(BANKS).copied().collect() };
        let bank = (0..BANKS).map(|b| Memory::holding(target, &bank(b), width)).collect::<Result<_, _>>()?;
        Ok(Banks::of(contents.len(), width, Maybe::from(None), bank))
    }

    fn of(words: usize, width: u32, write: Maybe<WritePorts>, bank: Vec<Memory>) -> Banks {
        let address = Range::addresses(words);
        let word = Range::unsigned(width);
        Banks {
            clk: Clk::new(),
            write,
            read: Port::bit("words are read"),
            address: Port::new(address, "where the first is"),
            distance: Port::new(address, "words from the first to the second, and from there to the third"),
            word: Bus::new(READS, word, "the words read"),
            bank,
            ranks: (0..LATENCY).map(|_| Stage::new(true)).collect(),
            _words: words,
        }
    }
}

describe_logic!(Banks);

impl Describe for Banks {
    fn header(&self) -> Header {
        let (words, width) = (self._words, self.word.range().width());
        Header::new(format!("banks_{words}x{width}"), format!("A memory of {words} words of {width} bits."))
            .fact("banks", BANKS)
            .fact("reads", format!("{READS} words a clock"))
            .fact("latency", format!("{LATENCY} cycles"))
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        let (address, distance, range) = (k.read(&self.address), k.read(&self.distance), self.address.range());
        let (bank_bits, width) = (BANKS.ilog2(), range.width());
        let addresses = [address, (address + distance).wrap(range), (address + distance * 2).wrap(range)];
        let low = addresses.map(|address| address.bits(0, bank_bits));
        let high = addresses.map(|address| address.bits(bank_bits, width - bank_bits));
        let write = self.write.get().map(|ports| ports.read(k));
        for (b, bank) in self.bank.iter().enumerate() {
            let b = b as i128;
            k.pass_clock(&self.clk, &bank.clk);
            if let Some([write, to, word]) = write {
                let takes = write & to.bits(0, bank_bits).equals(b);
                bank.write.drive(k, [takes, to.bits(bank_bits, width - bank_bits), word]);
            }
            k.drive(&bank.read, k.read(&self.read));
            // The first word is read in any case.
            k.drive(&bank.address, low[0].equals(b).mux(high[0], low[1].equals(b).mux(high[1], high[2])));
        }
        let ranks = open(k, &self.ranks);
        let words: Vec<_> = self.bank.iter().map(|bank| k.read(&bank.word)).collect();
        for (n, low) in low.into_iter().enumerate() {
            let low = through(&ranks, &format!("low_{n}"), low);
            let pair = |first: usize| low.bit(0).mux(words[first + 1], words[first]);
            k.drive_lane(&self.word, n, low.bit(1).mux(pair(2), pair(0)));
        }
    }
}
