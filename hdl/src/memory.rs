//! A memory whose words come out of a register, and the ports through which a memory is written.

use rust_hdl::prelude::{Block, In, Logic, Probe};

use crate::exact::{Clk, Int, Kernel, Maybe, Port, Ram, Range, Stage};
use crate::targets::ecp5::Ebr;
use crate::targets::{self, Target};

/// A memory with one write port and one read port. Its word passes a register after it leaves the memory, because a block
/// memory alone takes most of a clock. The register is within the memory where the target has such a cell.
///
/// A word that is read while it is written is undefined, and so is a word that was never written.
///
/// In LUTs it has sections, each with a register of its own, so that the selection of a word is cut by the registers.
pub struct Memory {
    sections: Vec<Ram>,
    section: Stage,
    output: Stage,
    cell: Maybe<Ebr>,
    range: Range,
}

/// Words of a section.
const SECTION: usize = 64;

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
        let sections = if in_luts && words.is_multiple_of(SECTION) { words / SECTION } else { 1 };
        let section = |_| Ram::new(words / sections, range).in_luts(in_luts);
        Memory {
            sections: (0..if in_cell { 0 } else { sections }).map(section).collect(),
            section: Stage::new(true),
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
        let Some(cell) = self.cell.get() else {
            return k.stage(&self.output, 1).pass("word", self.read_sections(k, write, address));
        };
        k.pass_clock(clk, &cell.clk);
        cell.write.drive(k, [write.0, write.1, write.2.wrap(Range::unsigned(self.range.width()))]);
        k.drive(&cell.read, 1);
        k.drive(&cell.address, address);
        let bits = k.read(&cell.word).bits(0, self.range.width());
        if self.range.is_signed() { bits.as_signed() } else { bits }
    }

    /// The word at `address`, a clock edge later.
    fn read_sections<'k>(
        &'k self,
        k: &'k Kernel,
        (writes, to, word): (Int<'k>, Int<'k>, Int<'k>),
        address: Int<'k>,
    ) -> Int<'k> {
        if let [all] = &self.sections[..] {
            return k.ram(all, (writes, to, word), (k.lit(1), address));
        }
        let within = SECTION.ilog2();
        let number = |address: Int<'k>| address.bits(within, address.range().width() - within);
        let read = |(s, section)| {
            let ours = writes & number(to).equals(s as i128);
            k.ram(section, (ours, to.bits(0, within), word), (k.lit(1), address.bits(0, within)))
        };
        let mut words: Vec<_> = self.sections.iter().enumerate().map(read).collect();
        let section = k.stage(&self.section, 1).pass("section", number(address));
        for bit in 0..section.range().width() {
            let choose = |pair: &[Int<'k>]| pair.iter().copied().reduce(|low, high| section.bit(bit).mux(high, low));
            words = words.chunks(2).filter_map(choose).collect();
        }
        words[0]
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
        self.sections.update_all();
        self.section.update_all();
        self.output.update_all();
        self.cell.update_all();
    }
    fn has_changed(&self) -> bool {
        self.sections.has_changed()
            || self.section.has_changed()
            || self.output.has_changed()
            || self.cell.has_changed()
    }
    fn accept(&self, name: &str, probe: &mut dyn Probe) {
        match &self.sections[..] {
            [all] => all.accept(name, probe),
            sections => sections.iter().enumerate().for_each(|(s, ram)| ram.accept(&format!("{name}_{s}"), probe)),
        }
        self.section.accept(name, probe);
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
