//! What is known of the nodes of a module while they are written.

use super::form::{Form, Nets};
use crate::exact::{Module, NetRef, Node, NodeId};
use crate::names::Names;

/// The kinds of users of a node that the text depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum User {
    None,
    /// a sum, or the low bits of something
    Ring,
    /// a condition or a logical operation on single bits
    Logic,
    /// a selection that takes it where its condition does not hold
    Else,
    /// a concatenation
    Part,
    /// a port, register or memory, which receives whatever expression there is
    Receiver,
    /// something that looks at the value, or several users
    Other,
}

/// A statement of the module's body.
#[derive(Debug)]
pub(super) enum Item {
    /// `wire … = expression;`
    Wire(usize, String),
    /// `always @(*) case (address) …`
    Rom { net: usize, address: String, address_width: u32, words: Vec<String> },
}

/// Writes the nodes of one module.
pub(super) struct Writer<'m> {
    pub module: &'m Module,
    pub nets: Nets,
    pub names: Names,
    pub items: Vec<Item>,
    pub users: Vec<User>,
    /// how a node that has a net, or needs none, is written
    pub forms: Vec<Option<Form>>,
    /// leaves of the expression, for nodes that are written inline
    pub inline: Vec<usize>,
}

impl<'m> Writer<'m> {
    /// A writer that has not looked at any node yet.
    pub(super) fn new(module: &'m Module, nets: Nets, names: Names) -> Writer<'m> {
        let count = module.body.nodes.len();
        Writer {
            module,
            nets,
            names,
            items: Vec::new(),
            users: vec![User::None; count],
            forms: vec![None; count],
            inline: vec![0; count],
        }
    }

    /// The node `id`.
    pub(super) fn node(&self, id: NodeId) -> &'m Node<NetRef> {
        &self.module.body.nodes[id]
    }
}
