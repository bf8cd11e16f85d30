//! A checked netlist: modules, each with its ports, registers, instances and logic.

use super::core::{AtomInfo, Role};
use super::describe::Header;
use super::node::Body;

/// A net, by its position in a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NetRef {
    /// port of the module
    Port(usize),
    /// register of the module
    Register(usize),
    /// port of an instance in the module
    Pin {
        /// the instance
        instance: usize,
        /// the port of the instance's module
        port: usize,
    },
}

/// A named atom of a module.
pub type Named = (String, AtomInfo);

/// An instance of a module within another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Instance {
    /// name within the parent
    pub name: String,
    /// index into [`Design::modules`]
    pub module: usize,
}

/// One module: its ports, its registers, its instances and its logic.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Module {
    /// name and meaning of the module
    pub header: Header,
    /// clock, inputs and outputs, in the order of the block's fields
    pub ports: Vec<Named>,
    /// registers
    pub registers: Vec<Named>,
    /// sub-blocks
    pub instances: Vec<Instance>,
    /// logic; every node in it is needed
    pub body: Body<NetRef>,
}

/// A checked netlist.
#[derive(Debug, Clone)]
pub struct Design {
    /// modules, each after those it instantiates; the last is the top
    pub modules: Vec<Module>,
    /// name of the top; the printer names every other module after its text
    pub name: String,
}

impl Design {
    /// The outermost module.
    pub fn top(&self) -> &Module {
        &self.modules[self.modules.len() - 1]
    }
}

/// The ports among the atoms of a block.
pub(crate) fn is_port(info: &AtomInfo) -> bool {
    info.role != Role::Register
}
