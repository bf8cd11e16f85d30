//! The large memory of iCE40 UltraPlus.

use rust_hdl::prelude::*;

use crate::describe_logic;
use crate::exact::{Cell, Clk, Describe, Header, Kernel, Port, Ram, Range};

/// A memory of words of 16 bits behind one port. Where `select` is 1, the word at `address` is written if `write` is 1,
/// and else appears in `word` one clock edge later. After a write, `word` is undefined until a word is read.
///
/// Yosys infers the memory only if it is told so. Lattice, "iCE40 SPRAM Usage Guide", FPGA-TN-02022.
#[derive(LogicBlock)]
pub struct SbSpram256ka {
    /// clock
    pub clk: Clk,
    /// a word is read or written
    pub select: Port<In>,
    /// it is written
    pub write: Port<In>,
    /// its address
    pub address: Port<In>,
    /// the word written
    pub write_word: Port<In>,
    /// the word read
    pub word: Port<Out>,
    words: Ram,
}

impl SbSpram256ka {
    /// Bits of an address.
    const ADDRESS_BITS: u32 = 14;

    /// Greatest number of words.
    pub const WORDS: usize = 1 << Self::ADDRESS_BITS;

    /// Values of a word.
    pub const WORD: Range = Range::unsigned(16);

    /// A memory of `words` words.
    ///
    /// # Panics
    /// If there are more than [`SbSpram256ka::WORDS`].
    pub fn new(words: usize) -> SbSpram256ka {
        assert!(words <= Self::WORDS, "{words} words fit no SPRAM");
        SbSpram256ka {
            clk: Clk::new(),
            select: Port::bit("a word is read or written"),
            write: Port::bit("it is written"),
            address: Port::new(0..=words as i128 - 1, "which"),
            write_word: Port::new(Self::WORD, "the word written"),
            word: Port::new(Self::WORD, "the word read, one clock edge later"),
            words: Ram::new(words, Self::WORD),
        }
    }

    fn cell(&self) -> Cell {
        let above = Self::ADDRESS_BITS - self.address.range().width();
        let address = if above == 0 { "address".to_owned() } else { format!("{{{above}'d0, address}}") };
        let pins = [
            ("CLOCK", "clk"),
            ("CHIPSELECT", "select"),
            ("WREN", "write"),
            ("STANDBY", "1'b0"),
            ("SLEEP", "1'b0"),
            ("POWEROFF", "1'b1"),
            ("ADDRESS", &address),
            ("DATAIN", "write_word"),
            ("MASKWREN", "4'd15"),
            ("DATAOUT", "word"),
        ];
        let pins = pins.map(|(pin, to)| (pin.to_owned(), to.to_owned())).into();
        Cell { name: "SB_SPRAM256KA", model: include_str!("SB_SPRAM256KA.v"), parameters: vec![], pins, open: vec![] }
    }
}

describe_logic!(SbSpram256ka);

impl Describe for SbSpram256ka {
    fn header(&self) -> Header {
        let (words, bits) = (self.words.depth(), Self::WORD.width());
        let name = format!("sb_spram256ka_{words}");
        Header::new(name, format!("{words} words of {bits} bits, in a memory of iCE40 with one port."))
            .fact("latency", "1 cycle")
            .cell(self.cell())
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        let (select, write, address) = (k.read(&self.select), k.read(&self.write), k.read(&self.address));
        let written = (select & write, address, k.read(&self.write_word));
        k.drive(&self.word, k.ram(&self.words, written, (select & !write, address)));
    }
}
