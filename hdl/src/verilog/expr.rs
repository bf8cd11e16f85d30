//! From nodes to nets and expressions.
//!
//! A sum that is used once is written where it is received, at the receiver's width. A comparison that is used once is
//! written where it decides. Every other operation gets a net of its own, which holds its result exactly.

use super::form::{Form, Net, Nets, Slice};
use super::operators::gate;
use super::writer::{Item, Writer};
use crate::exact::{BIT, NetRef, Node, NodeId, Op, Range};

/// Characters of the parts of a concatenation on one line.
const MAX_LINE: usize = 80;

impl Writer<'_> {
    /// Writes nets for all nodes that need one; `read` gives the net of a lane.
    pub(super) fn write(&mut self, read: impl Fn(&Nets, crate::exact::Lane<NetRef>, Range) -> Slice) {
        self.find_users();
        for id in 0..self.module.body.nodes.len() {
            let node = self.node(id);
            if let Op::Read(lane) = node.op {
                self.forms[id] = Some(Form::Slice(read(&self.nets, lane, node.range)));
            } else if let Some(form) = self.free_form(node) {
                self.forms[id] = Some(form);
            } else if !self.can_inline(id) {
                self.net_of(id);
            }
        }
    }

    /// The form of a node; one that was to be inline gets a net after all.
    pub(super) fn form(&mut self, id: NodeId) -> Form {
        if self.forms[id].is_none() {
            self.net_of(id);
        }
        self.forms[id].clone().expect("net_of gives a form")
    }

    /// Declares a net that holds a node.
    fn net_of(&mut self, id: NodeId) {
        let node = self.node(id);
        let (width, signed) = (node.range.width(), node.range.is_signed());
        let declared = self.declared_width(node);
        let text = match &node.op {
            Op::Rom(..) => None,
            _ => Some(self.expression(id, declared)),
        };
        let name = match &node.name {
            Some(name) => self.names.fresh(name),
            None => self.names.numbered(noun(&node.op)),
        };
        let net = self.nets.add(Net::new(name, declared, signed));
        match (&node.op, text) {
            (_, Some(text)) => self.items.push(Item::Wire(net, text)),
            (Op::Rom(table, address), None) => self.rom(net, table, *address, width, signed),
            _ => unreachable!("only a table has no expression"),
        }
        self.forms[id] = Some(Form::Slice(Slice { net, lo: 0, width, signed }));
    }

    /// A variable right shift needs a net of its operand's width; everything else is as wide as its range.
    fn declared_width(&self, node: &Node<NetRef>) -> u32 {
        match node.op {
            Op::ShrBy(a, _) => self.node(a).range.width(),
            _ => node.range.width(),
        }
    }

    fn rom(&mut self, net: usize, table: &[i128], address: NodeId, width: u32, signed: bool) {
        let address_width = self.node(address).range.width();
        let form = self.form(address);
        let address = self.nets.text(&form, address_width, false);
        let words = table.iter().take(1 << address_width.min(20)).map(|&w| super::form::literal(w, width, signed));
        self.items.push(Item::Rom { net, address, address_width, words: words.collect() });
    }

    /// The node as an expression of exactly `width` bits, which is at least its own unless it is a sum.
    pub(super) fn expression(&mut self, id: NodeId, width: u32) -> String {
        if let Some(form) = self.forms[id].clone() {
            let signed = self.nets.is_signed_at(&form, width);
            return self.nets.text(&form, width, signed);
        }
        let node = self.node(id);
        match node.op {
            Op::Add(..) | Op::Sub(..) | Op::Shl(..) => self.sum(id, width),
            // A sum is right modulo 2^w at any width. A wrapped sum is first written at its own width, and then
            // extended.
            Op::Wrap(a, r) | Op::Bounded(a, r, _) if r.width() == width => self.expression_mod(a, width),
            Op::Wrap(..) | Op::Bounded(..) => self.at_width(id, width),
            Op::Mux(..) => self.selection(id, width),
            Op::Mul(a, b) => {
                let signed = self.node(a).range.is_signed() || self.node(b).range.is_signed();
                // Synthesis finds a signed multiplier only if both operands say that they are signed.
                let [a, b] = self.same_sign([a, b], width, signed);
                format!("{a} * {b}")
            }
            Op::ShlBy(a, n) => {
                let [a] = self.same_sign([a], width, false);
                format!("{a} << {}", self.amount(n))
            }
            Op::ShrBy(a, n) => {
                let signed = self.node(a).range.is_signed();
                let [a] = self.same_sign([a], width, signed);
                format!("{a} {} {}", if signed { ">>>" } else { ">>" }, self.amount(n))
            }
            Op::And(a, b) | Op::Or(a, b) | Op::Xor(a, b) if !BIT.covers(node.range) || width > 1 => {
                let [a, b] = self.same_sign([a, b], width, false);
                format!("{a} {} {b}", gate(&node.op))
            }
            Op::Cat { hi, lo, width: low } => {
                let mut parts = Vec::new();
                self.parts(hi, width - low, &mut parts);
                self.parts(lo, low, &mut parts);
                format!("{{{}}}", broken(&parts))
            }
            Op::Shr(..) | Op::Bits { .. } | Op::AsSigned(_) => self.window(id, width),
            Op::Lt(..) | Op::Eq(..) | Op::Not(_) | Op::And(..) | Op::Or(..) | Op::Xor(..) if width == 1 => {
                self.test(id)
            }
            _ => self.at_width(id, width),
        }
    }

    /// The parts of a concatenation. An inlined concatenation among them is replaced by its own parts.
    fn parts(&mut self, id: NodeId, width: u32, parts: &mut Vec<String>) {
        match (&self.forms[id], &self.node(id).op) {
            (None, Op::Cat { hi, lo, width: low }) if self.node(id).range.width() == width => {
                self.parts(*hi, width - low, parts);
                self.parts(*lo, *low, parts);
            }
            _ => {
                let form = self.form(id);
                parts.push(self.nets.pattern(&form, width));
            }
        }
    }

    /// The node in a net, extended.
    fn at_width(&mut self, id: NodeId, width: u32) -> String {
        self.net_of(id);
        self.expression(id, width)
    }

    /// Low bits of a node: a sum may be written at the narrow width itself.
    fn expression_mod(&mut self, id: NodeId, width: u32) -> String {
        match (&self.forms[id], &self.node(id).op) {
            (None, Op::Add(..) | Op::Sub(..)) => self.sum(id, width),
            (Some(_), _) => self.expression(id, width),
            (None, _) => {
                self.net_of(id);
                self.expression(id, width)
            }
        }
    }

    /// A shift or window whose operand is a constant, or which reaches beyond the operand's sign.
    fn window(&mut self, id: NodeId, width: u32) -> String {
        match self.node(id).op {
            Op::Bits { of, lo, len } => {
                let form = self.form(of);
                let Form::Slice(s) = form else { unreachable!("a window of a constant is a constant") };
                // At least the sign bit itself remains.
                let lo = lo.min(s.width - 1);
                let rest = Slice { lo: s.lo + lo, width: (s.width - lo).min(len), ..s };
                self.nets.text(&Form::Slice(rest), width.max(len), false)
            }
            Op::Shr(a, _) | Op::AsSigned(a) => {
                self.form(a);
                let form = self.free_form(self.node(id)).expect("the operand is a net now");
                self.forms[id] = Some(form);
                self.expression(id, width)
            }
            _ => unreachable!("the caller passes windows"),
        }
    }

    fn amount(&mut self, n: NodeId) -> String {
        let form = self.form(n);
        let width = self.node(n).range.width();
        self.nets.text(&form, width, false)
    }
}

/// The parts with commas between them, on as many lines as they need.
fn broken(parts: &[String]) -> String {
    let mut text = String::new();
    let mut line = 0;
    for part in parts {
        let lead = match (text.is_empty(), line + part.len() > MAX_LINE) {
            (true, _) => "",
            (false, false) => ", ",
            (false, true) => ",\n        ",
        };
        line = if lead.contains('\n') { 0 } else { line + lead.len() } + part.len();
        text += lead;
        text += part;
    }
    text
}

/// The base name of a net that the description did not name.
fn noun(op: &Op<NetRef>) -> &'static str {
    match op {
        Op::Lit(_) | Op::Read(_) => "value",
        Op::Add(..) => "sum",
        Op::Sub(..) => "difference",
        Op::Mul(..) => "product",
        Op::Shl(..) | Op::Shr(..) | Op::ShlBy(..) | Op::ShrBy(..) => "shifted",
        Op::Lt(..) => "less",
        Op::Eq(..) => "equal",
        Op::Mux(..) => "selected",
        Op::And(..) => "both",
        Op::Or(..) => "either",
        Op::Xor(..) => "differ",
        Op::Not(_) => "not_",
        Op::Bits { .. } | Op::AsSigned(_) | Op::Wrap(..) | Op::Bounded(..) => "part",
        Op::Cat { .. } => "joined",
        Op::Rom(..) => "entry",
    }
}
