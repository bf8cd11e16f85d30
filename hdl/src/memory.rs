//! A memory whose words come out of a register, and the ports through which a memory is written.

use rust_hdl::prelude::{Block, In, Logic, Probe};

use crate::exact::{Clk, Int, Kernel, Maybe, Port, Ram, Range, Stage};
use crate::targets::ecp5::Ebr;
use crate::targets::{self, Target};

/// A memory with one write port and one read port. Its word passes a register after it leaves the memory, because a block
/// memory alone takes most of a clock. The register is within the memory where the target has such a cell.
///
/// A word that is read while it is written is undefined, and so is a word that was never written.
pub struct Memory {
    words: Maybe<Ram>,
    output: Stage,
    cell: Maybe<Ebr>,
    range: Range,
}

impl Memory {
    /// A memory of `words` words of `range`.
    ///
    /// # Panics
    /// If `words` is less than 2.
    pub fn new(target: Target, words: usize, range: Range) -> Memory {
        let in_luts = target.in_luts(words * range.width() as usize);
        let in_cell = match target.traits().memory {
            targets::Memory::Ebr => !in_luts && Ebr::widest(words).is_some_and(|bits| range.width() <= bits),
            targets::Memory::Inferred | targets::Memory::Spram => false,
        };
        Memory {
            words: Maybe::when(!in_cell, || Ram::new(words, range).in_luts(in_luts)),
            output: Stage::new(true),
            cell: Maybe::when(in_cell, || Ebr::new(words, range.width())),
            range,
        }
    }

    /// The word at `address`, two clock edges later. Where `write.0` is 1, word `write.1` takes the value `write.2`. `clk`
    /// is the clock of the block that has the memory.
    #[track_caller]
    pub fn read<'k>(
        &'k self,
        k: &'k Kernel,
        clk: &Clk,
        write: (Int<'k>, Int<'k>, Int<'k>),
        address: Int<'k>,
    ) -> Int<'k> {
        match (self.words.get(), self.cell.get()) {
            (Some(words), _) => k.stage(&self.output, 1).pass("word", k.ram(words, write, (k.lit(1), address))),
            (_, Some(cell)) => {
                k.pass_clock(clk, &cell.clk);
                cell.write.drive(k, [write.0, write.1, write.2.wrap(Range::unsigned(self.range.width()))]);
                k.drive(&cell.read, 1);
                k.drive(&cell.address, address);
                let bits = k.read(&cell.word).bits(0, self.range.width());
                if self.range.is_signed() { bits.as_signed() } else { bits }
            }
            _ => unreachable!("a memory is in a cell or in none"),
        }
    }
}

impl Logic for Memory {
    fn update(&mut self) {}
}

/// The registers and the cell belong to the block that has the memory.
impl Block for Memory {
    fn connect_all(&mut self) {
        self.cell.connect_all();
    }
    fn update_all(&mut self) {
        self.words.update_all();
        self.output.update_all();
        self.cell.update_all();
    }
    fn has_changed(&self) -> bool {
        self.words.has_changed() || self.output.has_changed() || self.cell.has_changed()
    }
    fn accept(&self, name: &str, probe: &mut dyn Probe) {
        self.words.accept(name, probe);
        self.output.accept(name, probe);
        self.cell.accept(name, probe);
    }
}

/// The ports through which a memory is written. In a field `write` they are `write`, `write_address` and `write_word`, and in
/// a field `NAME_write` they are `NAME_write`, `NAME_address` and `NAME_word`.
#[derive(Debug)]
pub struct WritePorts {
    /// a word is written
    pub enable: Port<In>,
    /// where
    pub address: Port<In>,
    /// the word
    pub word: Port<In>,
}

impl WritePorts {
    /// Ports for addresses and words of these ranges.
    pub fn new(address: Range, word: Range) -> WritePorts {
        WritePorts::described(address, word, ["a word is written", "where", "the word written"])
    }

    /// The same with words that describe them.
    pub fn described(address: Range, word: Range, docs: [&str; 3]) -> WritePorts {
        WritePorts { enable: Port::bit(docs[0]), address: Port::new(address, docs[1]), word: Port::new(word, docs[2]) }
    }

    /// Enable, address and word.
    pub fn read<'k>(&self, k: &'k Kernel) -> [Int<'k>; 3] {
        [&self.enable, &self.address, &self.word].map(|port| k.read(port))
    }
}

/// A memory that holds its words from the start has no such ports.
impl Maybe<WritePorts> {
    /// The memory that has the ports takes a word, if it takes any.
    pub fn drive<'k>(&self, k: &'k Kernel, [enable, address, word]: [Int<'k>; 3]) {
        if let Some(ports) = self.get() {
            k.drive(&ports.enable, enable);
            k.drive(&ports.address, address);
            k.drive(&ports.word, word);
        }
    }
}

impl Logic for WritePorts {
    fn update(&mut self) {}
}

impl Block for WritePorts {
    fn connect_all(&mut self) {}
    fn update_all(&mut self) {
        self.enable.update_all();
        self.address.update_all();
        self.word.update_all();
    }
    fn has_changed(&self) -> bool {
        self.enable.has_changed() || self.address.has_changed() || self.word.has_changed()
    }
    fn accept(&self, name: &str, probe: &mut dyn Probe) {
        let stem = name.strip_suffix("_write").unwrap_or(name);
        self.enable.accept(name, probe);
        self.address.accept(&format!("{stem}_address"), probe);
        self.word.accept(&format!("{stem}_word"), probe);
    }
}
