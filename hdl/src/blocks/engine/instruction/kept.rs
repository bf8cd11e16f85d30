//! How a unit comes to the fields of an instruction: the ports on which it is shown, and registers for what a unit keeps.

use std::collections::BTreeMap;

use rust_hdl::prelude::{Block, In, Logic, Probe};

use super::{Field, WORDS};
use crate::exact::{BIT, Int, Kernel, Port, Range, Reg};
use crate::targets::Target;

/// The ports on which the sequencer shows an instruction, word after word.
#[derive(Debug)]
pub struct InstructionPorts {
    /// a word is shown in the next clock
    pub write: Port<In>,
    /// its index in the instruction
    pub at: Port<In>,
    /// the word, a clock later
    pub word: Port<In>,
}

impl Default for InstructionPorts {
    fn default() -> InstructionPorts {
        InstructionPorts {
            write: Port::bit("a word of an instruction is shown in the next clock"),
            at: Port::new(0..=WORDS as i128 - 1, "its index"),
            word: Port::new(Range::unsigned(32), "the word, a clock later"),
        }
    }
}

impl InstructionPorts {
    /// What the ports say: `write`, `at` and `word`.
    pub fn read<'k>(&self, k: &'k Kernel) -> [Int<'k>; 3] {
        [&self.write, &self.at, &self.word].map(|port| k.read(port))
    }

    /// Whether the word at `index` is shown in the next clock. The words of an instruction come without a pause, and the index
    /// stands at 0 until the first. So only the first has to ask `write`, which is known late.
    pub fn comes<'k>(&self, k: &'k Kernel, index: usize) -> Int<'k> {
        comes([k.read(&self.write), k.read(&self.at)], index)
    }

    /// The unit that owns these ports gets what `write`, `at` and `word` say.
    pub fn drive<'k>(&'k self, k: &'k Kernel, [write, at, word]: [Int<'k>; 3]) {
        k.drive(&self.write, write);
        k.drive(&self.at, at);
        k.drive(&self.word, word);
    }
}

/// See [`InstructionPorts::comes`].
fn comes<'k>([write, at]: [Int<'k>; 2], index: usize) -> Int<'k> {
    let here = at.equals(index as i128);
    if index == 0 { write & here } else { here }
}

impl Logic for InstructionPorts {
    fn update(&mut self) {}
}

/// The ports of this bundle belong to the block that has it.
impl Block for InstructionPorts {
    fn connect_all(&mut self) {}
    fn update_all(&mut self) {
        self.write.update_all();
        self.at.update_all();
        self.word.update_all();
    }
    fn has_changed(&self) -> bool {
        self.write.has_changed() || self.at.has_changed() || self.word.has_changed()
    }
    fn accept(&self, _: &str, probe: &mut dyn Probe) {
        self.write.accept("instruction_write", probe);
        self.at.accept("instruction_at", probe);
        self.word.accept("instruction_word", probe);
    }
}

/// The fields that a unit keeps, each in a register as wide as the values that the engine's configuration allows.
///
/// Whether a word is shown is in a register of the unit when the word comes: units are spread over the device, and so nothing
/// has to be decoded on the way to them.
#[derive(Debug)]
pub struct Kept {
    fields: Vec<(Field, Reg)>,
    comes: BTreeMap<usize, Reg>,
}

impl Kept {
    /// Registers for these fields, each with the values that it can have in this engine. A range of an unsigned field
    /// must begin at 0.
    pub fn new(target: Target, fields: &[(Field, Range)]) -> Kept {
        let narrower = |&(field, range): &(Field, Range)| {
            let full = field.range();
            let range = if field.signed { Range::signed(range.width()) } else { Range::unsigned(range.width()) };
            (field, Reg::new(if full.covers(range) { range } else { full }))
        };
        let copies = target.traits().copies;
        let comes = fields.iter().map(|(field, _)| (field.word, Reg::new(BIT).kept_if(copies))).collect();
        Kept { fields: fields.iter().map(narrower).collect(), comes }
    }

    /// Describes the registers, which take their fields from the words that the sequencer shows.
    pub fn describe(&self, k: &Kernel, from: &InstructionPorts) {
        self.describe_from(k, from.read(k));
    }

    /// The same from the values of the three ports.
    pub fn describe_from<'k>(&self, k: &'k Kernel, [write, at, word]: [Int<'k>; 3]) {
        for (&index, register) in &self.comes {
            k.register(register, comes([write, at], index));
        }
        for (field, register) in &self.fields {
            let range = register.range();
            let bits = word.bits(field.low, range.width());
            let value = if range.is_signed() { bits.as_signed() } else { bits };
            k.register_when(register, k.read(&self.comes[&field.word]), value);
        }
    }

    /// The value of a field.
    ///
    /// # Panics
    /// If it is not kept.
    pub fn read<'k>(&self, k: &'k Kernel, field: Field) -> Int<'k> {
        k.read(self.register(field))
    }

    /// The value of a field, or 0 where it is not kept because it is 0 in each instruction for this engine.
    pub fn read_or_0<'k>(&self, k: &'k Kernel, field: Field) -> Int<'k> {
        if self.fields.iter().any(|(kept, _)| *kept == field) { self.read(k, field) } else { k.lit(0) }
    }

    /// The values that a field can have in this engine.
    ///
    /// # Panics
    /// If it is not kept.
    pub fn range(&self, field: Field) -> Range {
        self.register(field).range()
    }

    fn register(&self, field: Field) -> &Reg {
        let (_, register) = self.fields.iter().find(|(kept, _)| *kept == field).expect("the unit keeps its fields");
        register
    }
}

impl Logic for Kept {
    fn update(&mut self) {}
}

/// The registers of this bundle belong to the block that has it.
impl Block for Kept {
    fn connect_all(&mut self) {}
    fn update_all(&mut self) {
        self.comes.values_mut().for_each(|register| register.update_all());
        self.fields.iter_mut().for_each(|(_, register)| register.update_all());
    }
    fn has_changed(&self) -> bool {
        self.comes
            .values()
            .chain(self.fields.iter().map(|(_, register)| register))
            .any(|register| register.has_changed())
    }
    fn accept(&self, _: &str, probe: &mut dyn Probe) {
        self.comes.iter().for_each(|(index, register)| register.accept(&format!("word_{index}_comes"), probe));
        self.fields.iter().for_each(|(field, register)| register.accept(&format!("the_{}", field.name), probe));
    }
}
