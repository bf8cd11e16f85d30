//! A description as data: operations on exact integers, and the nets that they drive.

use std::panic::Location;
use std::rc::Rc;
use std::sync::Arc;

use super::range::Range;

/// Index of a node in its [`Body`].
pub type NodeId = usize;

/// Identity of an atom (a port, a register, a clock), unique in the process.
pub type AtomId = usize;

/// One operation. `R` says how a net is named: by atom while a description runs, by position in a module afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Op<R> {
    /// A constant.
    Lit(i128),
    /// The value of a net.
    Read(Lane<R>),
    /// `a + b`
    Add(NodeId, NodeId),
    /// `a - b`
    Sub(NodeId, NodeId),
    /// `a * b`
    Mul(NodeId, NodeId),
    /// `a * 2^k`
    Shl(NodeId, u32),
    /// `floor(a / 2^k)`
    Shr(NodeId, u32),
    /// `a * 2^n`, `n` a net
    ShlBy(NodeId, NodeId),
    /// `floor(a / 2^n)`, `n` a net
    ShrBy(NodeId, NodeId),
    /// `a < b`
    Lt(NodeId, NodeId),
    /// `a == b`
    Eq(NodeId, NodeId),
    /// `c ? a : b`
    Mux(NodeId, NodeId, NodeId),
    /// Bitwise and of unsigned values
    And(NodeId, NodeId),
    /// Bitwise or of unsigned values
    Or(NodeId, NodeId),
    /// Bitwise exclusive or of unsigned values
    Xor(NodeId, NodeId),
    /// `1 - a` of one bit
    Not(NodeId),
    /// Bits `lo..lo + len` of the two's complement of `of`, unsigned
    Bits {
        /// the value
        of: NodeId,
        /// first bit
        lo: u32,
        /// number of bits
        len: u32,
    },
    /// `hi * 2^width + lo`, `lo` unsigned and of at most `width` bits
    Cat {
        /// upper part
        hi: NodeId,
        /// lower part
        lo: NodeId,
        /// bits of the lower part
        width: u32,
    },
    /// The bits of an unsigned value read as two's complement of the same width
    AsSigned(NodeId),
    /// The low bits, wherever the value lies: `a mod 2^w`
    Wrap(NodeId, Range),
    /// The low bits of a value that, for the reason given, always lies in the range; simulation checks it
    Bounded(NodeId, Range, Rc<str>),
    /// `table[a]`
    Rom(Arc<[i128]>, NodeId),
}

impl<R> Op<R> {
    /// The nodes it reads, in order.
    pub fn operands(&self) -> ([NodeId; 3], usize) {
        match *self {
            Op::Lit(_) | Op::Read(_) => ([0; 3], 0),
            Op::Shl(a, _) | Op::Shr(a, _) | Op::Not(a) | Op::AsSigned(a) => ([a, 0, 0], 1),
            Op::Bits { of: a, .. } | Op::Wrap(a, _) | Op::Bounded(a, ..) | Op::Rom(_, a) => ([a, 0, 0], 1),
            Op::Add(a, b) | Op::Sub(a, b) | Op::Mul(a, b) | Op::ShlBy(a, b) | Op::ShrBy(a, b) => ([a, b, 0], 2),
            Op::Lt(a, b) | Op::Eq(a, b) | Op::And(a, b) | Op::Or(a, b) | Op::Xor(a, b) => ([a, b, 0], 2),
            Op::Cat { hi, lo, .. } => ([hi, lo, 0], 2),
            Op::Mux(c, a, b) => ([c, a, b], 3),
        }
    }

    /// The same operation on nodes renumbered by `node`, and nets renamed by `net`.
    pub fn map<S>(&self, node: impl Fn(NodeId) -> NodeId, net: impl FnOnce(&R) -> S) -> Op<S> {
        match self {
            Op::Lit(v) => Op::Lit(*v),
            Op::Read(r) => Op::Read(Lane { net: net(&r.net), lane: r.lane }),
            Op::Add(a, b) => Op::Add(node(*a), node(*b)),
            Op::Sub(a, b) => Op::Sub(node(*a), node(*b)),
            Op::Mul(a, b) => Op::Mul(node(*a), node(*b)),
            Op::Shl(a, k) => Op::Shl(node(*a), *k),
            Op::Shr(a, k) => Op::Shr(node(*a), *k),
            Op::ShlBy(a, n) => Op::ShlBy(node(*a), node(*n)),
            Op::ShrBy(a, n) => Op::ShrBy(node(*a), node(*n)),
            Op::Lt(a, b) => Op::Lt(node(*a), node(*b)),
            Op::Eq(a, b) => Op::Eq(node(*a), node(*b)),
            Op::Mux(c, a, b) => Op::Mux(node(*c), node(*a), node(*b)),
            Op::And(a, b) => Op::And(node(*a), node(*b)),
            Op::Or(a, b) => Op::Or(node(*a), node(*b)),
            Op::Xor(a, b) => Op::Xor(node(*a), node(*b)),
            Op::Not(a) => Op::Not(node(*a)),
            Op::Bits { of, lo, len } => Op::Bits { of: node(*of), lo: *lo, len: *len },
            Op::Cat { hi, lo, width } => Op::Cat { hi: node(*hi), lo: node(*lo), width: *width },
            Op::AsSigned(a) => Op::AsSigned(node(*a)),
            Op::Wrap(a, r) => Op::Wrap(node(*a), *r),
            Op::Bounded(a, r, why) => Op::Bounded(node(*a), *r, why.clone()),
            Op::Rom(table, a) => Op::Rom(table.clone(), node(*a)),
        }
    }

    /// The value, from the values of the operands in order. `width` is the first operand's width, which `AsSigned`
    /// needs. Total: before a circuit settles an operand may lie outside its range.
    ///
    /// # Panics
    /// On `Read`: only the caller knows the net.
    pub fn evaluate(&self, v: [i128; 3], width: u32) -> i128 {
        match self {
            Op::Lit(v) => *v,
            Op::Read(_) => unreachable!("the caller reads nets"),
            Op::Add(..) => v[0].wrapping_add(v[1]),
            Op::Sub(..) => v[0].wrapping_sub(v[1]),
            Op::Mul(..) => v[0].wrapping_mul(v[1]),
            Op::Shl(_, k) => v[0] << k,
            Op::Shr(_, k) => v[0] >> (*k).min(127),
            Op::ShlBy(..) => v[0] << v[1].clamp(0, 127),
            Op::ShrBy(..) => v[0] >> v[1].clamp(0, 127),
            Op::Lt(..) => i128::from(v[0] < v[1]),
            Op::Eq(..) => i128::from(v[0] == v[1]),
            Op::Mux(..) => v[if v[0] != 0 { 1 } else { 2 }],
            Op::And(..) => v[0] & v[1],
            Op::Or(..) => v[0] | v[1],
            Op::Xor(..) => v[0] ^ v[1],
            Op::Not(_) => 1 - v[0],
            Op::Bits { lo, len, .. } => Range::unsigned(*len).truncate(v[0] >> (*lo).min(127)),
            Op::Cat { width, .. } => (v[0] << width).wrapping_add(v[1]),
            Op::AsSigned(_) => Range::signed(width).truncate(v[0]),
            Op::Wrap(_, r) | Op::Bounded(_, r, _) => r.truncate(v[0]),
            // Before a circuit settles an address may point anywhere; afterwards its range keeps it in the table.
            Op::Rom(table, _) => table[usize::try_from(v[0]).map_or(0, |i| i.min(table.len() - 1))],
        }
    }
}

/// A place in the source of a description. Two descriptions that differ only in such places are the same circuit.
#[derive(Debug, Clone, Copy)]
pub struct Place(pub &'static Location<'static>);

impl PartialEq for Place {
    fn eq(&self, _: &Place) -> bool {
        true
    }
}
impl Eq for Place {}
impl std::hash::Hash for Place {
    fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
}

/// An operation with the exact range of its result and the name that the description gave it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Node<R> {
    /// what is computed
    pub op: Op<R>,
    /// every value that it can have
    pub range: Range,
    /// name hint
    pub name: Option<Rc<str>>,
}

/// One lane of an atom; a port has the one lane 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lane<R> {
    /// the atom
    pub net: R,
    /// which lane
    pub lane: usize,
}

/// A net follows a node.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Drive<R> {
    /// what is driven
    pub to: Lane<R>,
    /// what drives it
    pub from: NodeId,
    /// where the description says so
    pub at: Place,
}

/// A register takes the value of a node at the rising edge of the block's clock.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Update<R> {
    /// the register
    pub to: R,
    /// its next value
    pub next: NodeId,
    /// its enable: the register holds where this node is 0
    pub enable: Option<NodeId>,
    /// its value in reset; `None` for a register without reset
    pub init: Option<i128>,
    /// synthesis must not merge it with another register
    pub kept: bool,
    /// it is 0 when the device starts
    pub starts: bool,
    /// where the description says so
    pub at: Place,
}

/// A memory of the block: one write port, one registered read port that gives the old value of a word being written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Memory<R> {
    /// the register that receives the word read
    pub data: R,
    /// number of words
    pub depth: usize,
    /// synthesis must not take a block memory for it
    pub in_luts: bool,
    /// synthesis must take block memories for it, few as its words may be
    pub in_blocks: bool,
    /// no word is read while it is written
    pub apart: bool,
    /// the words that it holds from the start
    pub contents: Option<Arc<[i128]>>,
    /// write enable, address, value; `None` if it is only read
    pub write: Option<(NodeId, NodeId, NodeId)>,
    /// read enable, address
    pub read: (NodeId, NodeId),
    /// where the description says so
    pub at: Place,
}

impl<R> Memory<R> {
    /// The nodes that it needs.
    pub(crate) fn operands(&self) -> impl Iterator<Item = NodeId> + use<R> {
        let write = self.write.map(|(enable, address, word)| [enable, address, word]);
        write.into_iter().flatten().chain([self.read.0, self.read.1])
    }
}

/// Everything that one description says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Body<R> {
    /// operations, each after its operands
    pub nodes: Vec<Node<R>>,
    /// outputs of the block and inputs of its children
    pub drives: Vec<Drive<R>>,
    /// registers
    pub updates: Vec<Update<R>>,
    /// memories
    pub memories: Vec<Memory<R>>,
    /// the clock of the block
    pub clock: Option<R>,
    /// the active-low synchronous reset of the block
    pub reset: Option<R>,
    /// clocks of children, which follow the clock of the block
    pub child_clocks: Vec<R>,
}

impl<R> Default for Body<R> {
    fn default() -> Body<R> {
        Body {
            nodes: Vec::new(),
            drives: Vec::new(),
            updates: Vec::new(),
            memories: Vec::new(),
            clock: None,
            reset: None,
            child_clocks: Vec::new(),
        }
    }
}
