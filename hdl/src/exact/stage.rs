//! Optional ranks of pipeline registers, and memories.

use std::cell::{Cell, RefCell};
use std::panic::Location;
use std::sync::Arc;

use rust_hdl::prelude::{Block, Logic, Probe};

use super::atom::{Net, Reg};
use super::int::{Int, Operand};
use super::kernel::Kernel;
use super::node::{Memory, Place};
use super::range::{BIT, Range};

/// A place where a pipeline may be cut: a register rank, or wires.
///
/// Each value that is passed through the stage gets a register with the range of the value. A constant needs none. The
/// configuration decides which stages are registered.
#[derive(Debug)]
pub struct Stage {
    registers: RefCell<Vec<(String, Reg)>>,
    next: Cell<usize>,
    registered: bool,
    kept: bool,
}

impl Stage {
    /// A register rank if `registered`, else wires.
    pub fn new(registered: bool) -> Stage {
        Stage { registers: RefCell::default(), next: Cell::new(0), registered, kept: false }
    }

    /// A register rank, of copies that synthesis must keep if `kept` ([`Reg::kept_if`]).
    pub fn kept_if(kept: bool) -> Stage {
        Stage { kept, ..Stage::new(true) }
    }

    /// Clock edges from its input to its output.
    pub fn latency(&self) -> usize {
        usize::from(self.registered)
    }
}

impl Logic for Stage {
    fn update(&mut self) {}
}

impl Block for Stage {
    fn connect_all(&mut self) {}
    fn update_all(&mut self) {
        self.registers.get_mut().iter_mut().for_each(|(_, r)| r.update_all());
    }
    fn has_changed(&self) -> bool {
        self.registers.borrow().iter().any(|(_, r)| r.has_changed())
    }
    fn accept(&self, name: &str, probe: &mut dyn Probe) {
        for (value, register) in &*self.registers.borrow() {
            let suffix = if value == name { "q" } else { name };
            register.accept(&format!("{value}_{suffix}"), probe);
        }
    }
}

/// A [`Stage`] within one run of a description.
#[derive(Debug, Clone, Copy)]
pub struct Rank<'k> {
    kernel: &'k Kernel,
    stage: &'k Stage,
    enable: Int<'k>,
}

impl Kernel {
    /// Opens a stage whose registers move where `enable` is 1. A description opens each stage once.
    pub fn stage<'k>(&'k self, stage: &'k Stage, enable: impl Operand<'k>) -> Rank<'k> {
        stage.next.set(0);
        Rank { kernel: self, stage, enable: enable.into_int(self) }
    }
}

impl<'k> Rank<'k> {
    /// The same rank, whose registers move only where `condition` is 1 as well.
    pub fn when(self, condition: Int<'k>) -> Rank<'k> {
        Rank { enable: self.enable & condition, ..self }
    }

    /// Clock edges that a value takes through it: 1, or 0 if the stage is not registered.
    pub fn latency(&self) -> usize {
        self.stage.latency()
    }

    /// `value`, one enabled clock edge later if the stage is registered. The register is called `name` and the stage.
    #[track_caller]
    pub fn pass(self, name: &str, value: Int<'k>) -> Int<'k> {
        if !self.stage.registered || value.range().singleton().is_some() {
            return value;
        }
        let index = self.stage.next.replace(self.stage.next.get() + 1);
        let mut registers = self.stage.registers.borrow_mut();
        if index == registers.len() {
            let register = Reg::inferred();
            registers.push((name.to_owned(), register.kept_if(self.stage.kept)));
        }
        let register = &registers[index].1;
        register.core().infer_range(value.range());
        self.kernel.update_register(register, value, Some(self.enable));
        self.kernel.read(register)
    }
}

/// A memory of `depth` words with one write port and one read port, whose word is registered.
///
/// A word read while it is being written is the old one. A word that was never written is undefined, unless the memory
/// holds words from the start. An address has as many bits as `depth` needs; behind the last word nothing is written, and what is read is undefined.
#[derive(Debug)]
pub struct Ram {
    data: Reg,
    inferred: bool,
    in_luts: bool,
    in_blocks: bool,
    apart: bool,
    words: RefCell<Vec<i128>>,
    contents: Option<Arc<[i128]>>,
}

impl Ram {
    /// A memory of `depth` words of `range`.
    ///
    /// # Panics
    /// If `depth` is less than 2: one word is a register.
    pub fn new(depth: usize, range: impl Into<Range>) -> Ram {
        assert!(depth >= 2, "a memory of {depth} words is a register");
        let range = range.into();
        Ram {
            data: Reg::new(range),
            inferred: false,
            in_luts: false,
            in_blocks: false,
            apart: false,
            words: RefCell::new(vec![range.nearest(0); depth]),
            contents: None,
        }
    }

    /// A memory of `depth` words of the range of what its description writes, in block memories.
    ///
    /// # Panics
    /// If `depth` is less than 2.
    pub fn inferred_in_blocks(depth: usize) -> Ram {
        Ram { inferred: true, in_blocks: true, ..Ram::new(depth, BIT) }
    }

    /// A memory that holds these words from the start.
    ///
    /// # Panics
    /// If there are less than 2 words, or one is out of range.
    pub fn holding(words: Vec<i128>, range: impl Into<Range>) -> Ram {
        let ram = Ram::new(words.len(), range);
        let outside = words.iter().find(|&&word| !ram.data.range().contains(word));
        assert!(outside.is_none(), "a memory of {} holds {outside:?}", ram.data.range());
        Ram { contents: Some(words.as_slice().into()), words: RefCell::new(words), ..ram }
    }

    /// The same memory, in LUTs if `in_luts`: synthesis must not take a block memory for it.
    pub fn in_luts(self, in_luts: bool) -> Ram {
        Ram { in_luts, ..self }
    }

    /// The same memory, of which no word is read while it is written. Synthesis would add registers for the old word.
    pub fn apart(self) -> Ram {
        Ram { apart: true, ..self }
    }

    /// Number of words.
    pub fn depth(&self) -> usize {
        self.words.borrow().len()
    }
}

impl Logic for Ram {
    fn update(&mut self) {}
}

impl Block for Ram {
    fn connect_all(&mut self) {}
    fn update_all(&mut self) {
        self.data.update_all();
    }
    fn has_changed(&self) -> bool {
        self.data.has_changed()
    }
    fn accept(&self, name: &str, probe: &mut dyn Probe) {
        self.data.accept(name, probe);
    }
}

impl Kernel {
    /// The word that was read at the last clock edge where `read.0` was 1, from address `read.1`. Where `write.0` is 1,
    /// word `write.1` takes the value `write.2`.
    #[track_caller]
    pub fn ram<'k>(&'k self, ram: &Ram, write: (Int<'k>, Int<'k>, Int<'k>), read: (Int<'k>, Int<'k>)) -> Int<'k> {
        if ram.inferred {
            ram.data.core().infer_range(write.2.range());
        }
        if !ram.data.range().covers(write.2.range()) {
            let text = format!("word of range {} does not fit {}", write.2.range(), ram.data.range());
            self.problem(None, text);
        }
        self.memory(ram, Some(write), read)
    }

    /// The same for a memory whose words never change.
    #[track_caller]
    pub fn read_ram<'k>(&'k self, ram: &Ram, read: (Int<'k>, Int<'k>)) -> Int<'k> {
        self.memory(ram, None, read)
    }

    #[track_caller]
    fn memory<'k>(
        &'k self,
        ram: &Ram,
        write: Option<(Int<'k>, Int<'k>, Int<'k>)>,
        read: (Int<'k>, Int<'k>),
    ) -> Int<'k> {
        let addresses = Range::addresses(ram.depth());
        for address in write.map(|write| write.1).into_iter().chain([read.1]) {
            if !addresses.covers(address.range()) {
                let text = format!("address {} of a memory of {} words", address.range(), ram.depth());
                self.problem(None, text);
            }
        }
        let core = ram.data.core();
        self.push_memory(Memory {
            data: core.id(),
            depth: ram.depth(),
            in_luts: ram.in_luts,
            in_blocks: ram.in_blocks,
            apart: ram.apart,
            contents: ram.contents.clone(),
            write: write.map(|(enable, address, word)| (enable.id(), address.id(), word.id())),
            read: (read.0.id(), read.1.id()),
            at: Place(Location::caller()),
        });
        if self.is_connect() {
            core.connect();
        }
        if self.at_edge() {
            let mut words = ram.words.borrow_mut();
            let depth = words.len();
            let word = |address: Int<'_>| usize::try_from(address.value()).ok().filter(|&a| a < depth);
            if read.0.value() == 1 {
                core.set_next(0, word(read.1).map_or(words[0], |a| words[a]));
            }
            if let Some(write) = write
                && write.0.value() == 1
                && let Some(a) = word(write.1)
            {
                words[a] = write.2.value();
            }
        }
        self.read(&ram.data)
    }
}
