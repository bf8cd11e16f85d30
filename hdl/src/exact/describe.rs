//! A block as one description, from which RustHDL's `update`, `connect` and `hdl` follow.

use rust_hdl::prelude::Block;

use super::cell::Cell;
use super::kernel::{Kernel, Mode, Problem};
use super::node::{AtomId, Body};

/// Name and meaning of a module, for the head of its file.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Header {
    /// Name of the module: `requantizer_single_acc32_m32`. If the module is no top, a fingerprint of its text is added.
    pub module: String,
    /// The function of the module, as formulas and sentences.
    pub summary: Vec<String>,
    /// Facts in the order in which they are printed: parameter, latency, throughput, rounding rule and its reference.
    pub facts: Vec<(String, String)>,
    /// the cell of a device that the module is, if it is one
    pub cell: Option<Cell>,
}

impl Header {
    /// A header of a name and a summary line.
    pub fn new(module: impl Into<String>, summary: impl Into<String>) -> Header {
        Header { module: module.into(), summary: vec![summary.into()], facts: Vec::new(), cell: None }
    }

    /// Adds a summary line.
    pub fn line(mut self, text: impl Into<String>) -> Header {
        self.summary.push(text.into());
        self
    }

    /// Adds a fact.
    pub fn fact(mut self, name: impl Into<String>, value: impl ToString) -> Header {
        self.facts.push((name.into(), value.to_string()));
        self
    }

    /// Says that the module is a cell of a device.
    pub fn cell(mut self, cell: Cell) -> Header {
        self.cell = Some(cell);
        self
    }
}

/// A block described by one function, from which RustHDL's `update`, `connect` and `hdl` follow
/// ([`describe_logic!`](crate::describe_logic)), and so does the Verilog.
pub trait Describe: Block {
    /// Name and meaning of the module.
    fn header(&self) -> Header;

    /// Says how outputs, registers and inputs of sub-blocks follow from inputs, registers and outputs of sub-blocks.
    ///
    /// It must say the same in every call: it may depend on the configuration and on ranges, never on values.
    fn describe(&self, k: &Kernel);
}

/// RustHDL's `Logic::update`: evaluates the description once.
pub fn update(block: &impl Describe) {
    block.describe(&Kernel::new(Mode::Update));
}

/// The result of a description: name and meaning of the module, logic, faults.
pub(crate) type Said = (Header, Body<AtomId>, Vec<Problem>);

/// Runs the description of a block and returns what it says.
pub(crate) fn said(block: &impl Describe) -> Said {
    let k = Kernel::new(Mode::Build);
    block.describe(&k);
    let (body, problems) = k.finish();
    (block.header(), body, problems)
}

/// RustHDL's `Logic::connect`: claims what the description drives. Faults are reported by elaboration, not here.
pub fn connect(block: &impl Describe) {
    block.describe(&Kernel::new(Mode::Connect));
}
