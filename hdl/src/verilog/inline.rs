//! Which nodes get a net. A node that is only wiring gets none, and a node that is written inside its only user gets
//! none.

use super::form::{Form, Slice};
use super::writer::{User, Writer};
use crate::exact::{BIT, NetRef, Node, NodeId, Op};

/// Greatest number of operands in an inlined sum, and of conditions in an inlined test. Longer sums and tests get nets.
const MAX_INLINE: usize = 4;

impl Writer<'_> {
    /// Finds what uses each node; to be asked before any node is written.
    pub(super) fn find_users(&mut self) {
        let body = &self.module.body;
        let mut uses = Vec::new();
        for node in &body.nodes {
            let (operands, n) = node.op.operands();
            for (i, &operand) in operands[..n].iter().enumerate() {
                let bits = || n == 1 || operands[..n].iter().all(|&o| BIT.covers(body.nodes[o].range));
                let user = match node.op {
                    Op::Add(..) | Op::Sub(..) | Op::Wrap(..) | Op::Bounded(..) => User::Ring,
                    Op::And(..) | Op::Or(..) | Op::Xor(..) | Op::Not(_) if bits() => User::Logic,
                    Op::Mux(..) if i == 0 => User::Logic,
                    Op::Mux(..) if i == 2 => User::Else,
                    Op::Cat { .. } => User::Part,
                    _ => User::Other,
                };
                uses.push((operand, user));
            }
        }
        uses.extend(body.drives.iter().map(|d| (d.from, User::Receiver)));
        for u in &body.updates {
            uses.push((u.next, User::Receiver));
            uses.extend(u.enable.map(|e| (e, User::Other)));
        }
        for m in &body.memories {
            uses.extend(m.operands().map(|n| (n, User::Other)));
        }
        for (node, user) in uses {
            let known = &mut self.users[node];
            *known = if *known == User::None { user } else { User::Other };
        }
    }

    /// The form of a node that is only wiring.
    pub(super) fn free_form(&self, node: &Node<NetRef>) -> Option<Form> {
        let slice = |id: NodeId| match &self.forms[id] {
            Some(Form::Slice(s)) => Some(s.clone()),
            _ => None,
        };
        let (width, signed) = (node.range.width(), node.range.is_signed());
        let found = match node.op {
            Op::Lit(v) => return Some(Form::Lit(v)),
            // Bits beyond the top are copies of the sign.
            Op::Shr(a, k) => slice(a).map(|s| {
                let k = k.min(s.width - 1);
                Slice { lo: s.lo + k, width: s.width - k, signed, ..s }
            }),
            Op::Bits { of, lo, len } => {
                slice(of).filter(|s| lo + len <= s.width).map(|s| Slice { lo: s.lo + lo, width: len, signed, ..s })
            }
            Op::AsSigned(a) => slice(a).map(|s| Slice { signed, ..s }),
            Op::Wrap(a, _) | Op::Bounded(a, ..) => {
                slice(a).filter(|s| width <= s.width).map(|s| Slice { width, signed, ..s })
            }
            Op::Lt(a, b) if self.forms[b] == Some(Form::Lit(0)) && self.node(a).range.is_signed() => {
                slice(a).map(|s| Slice { lo: s.lo + s.width - 1, width: 1, signed: false, ..s })
            }
            _ => None,
        };
        // A slice is exactly as wide as the range of its node.
        debug_assert!(found.as_ref().is_none_or(|s| s.width == width), "{node:?}");
        found.map(Form::Slice)
    }

    /// Marks and accepts a node that is written inside its only user.
    pub(super) fn can_inline(&mut self, id: NodeId) -> bool {
        let node = self.node(id);
        if node.name.is_some() {
            return false;
        }
        let (operands, n) = node.op.operands();
        // Conditions are not counted, because each ends its own branch of a selection.
        let counted = if matches!(node.op, Op::Mux(..)) { &operands[1..n] } else { &operands[..n] };
        let leaves: usize = counted.iter().map(|&o| self.inline[o].max(1)).sum();
        let fits = match (&node.op, self.users[id]) {
            (Op::Add(..) | Op::Sub(..) | Op::Shl(..), User::Ring | User::Receiver) => true,
            (Op::Wrap(..) | Op::Bounded(..), User::Receiver) => true,
            (Op::Mux(..), User::Receiver | User::Else) => true,
            (Op::Lt(..) | Op::Eq(..) | Op::Not(_), User::Logic | User::Receiver) => true,
            (Op::And(..) | Op::Or(..) | Op::Xor(..), User::Logic | User::Receiver) => BIT.covers(node.range),
            (Op::Cat { .. }, User::Part) => true,
            _ => false,
        };
        let fits = fits && (leaves <= MAX_INLINE || matches!(node.op, Op::Cat { .. }));
        if fits {
            self.inline[id] = leaves;
        }
        fits
    }
}
