//! Operators whose operands need care: selections, sums and conditions.

use super::form::{Form, literal};
use super::writer::Writer;
use crate::exact::{NetRef, NodeId, Op};

impl Writer<'_> {
    /// `c ? a : d ? b : e`
    pub(super) fn selection(&mut self, id: NodeId, width: u32) -> String {
        let mut choices = Vec::new();
        let mut rest = id;
        while let (Op::Mux(c, a, b), None) = (&self.node(rest).op, &self.forms[rest]) {
            if rest != id && self.inline[rest] == 0 {
                break;
            }
            choices.push((self.condition(*c), self.form(*a)));
            rest = *b;
        }
        let last = self.form(rest);
        let mut forms = choices.iter().map(|(_, f)| f).chain([&last]);
        // A negative literal reads as one only in a signed expression.
        let negative = |f: &Form| matches!(f, Form::Lit(v) if *v < 0);
        let signed = forms.any(|f| negative(f) || self.nets.is_signed_at(f, width));
        let mut text = String::new();
        for (condition, form) in &choices {
            text += &format!("{condition} ? {} : ", self.nets.text(form, width, signed));
        }
        text + &self.nets.text(&last, width, signed)
    }

    /// Operands at one width and one sign: signed if asked for, or if any of them is a signed net as it stands.
    pub(super) fn same_sign<const N: usize>(&mut self, ids: [NodeId; N], width: u32, signed: bool) -> [String; N] {
        let forms = ids.map(|id| self.form(id));
        let signed = signed || forms.iter().any(|f| self.nets.is_signed_at(f, width));
        forms.map(|f| self.nets.text(&f, width, signed))
    }

    /// `a + b - c` modulo `2^width`.
    pub(super) fn sum(&mut self, id: NodeId, width: u32) -> String {
        let mut terms = Vec::new();
        self.terms(id, false, &mut terms);
        let ready: Vec<(bool, Form, u32)> = terms.into_iter().map(|(minus, id, k)| (minus, self.form(id), k)).collect();
        let signed = ready.iter().any(|(_, f, k)| *k == 0 && self.nets.is_signed_at(f, width));
        let mut text = String::new();
        for (i, (minus, form, k)) in ready.iter().enumerate() {
            text += match (i, minus) {
                (0, false) => "",
                (0, true) => "-",
                (_, false) => " + ",
                (_, true) => " - ",
            };
            text += &self.shifted(form, *k, width, signed);
        }
        text
    }

    /// `form * 2^k` at `width`.
    fn shifted(&mut self, form: &Form, k: u32, width: u32, signed: bool) -> String {
        match form {
            _ if k == 0 => self.nets.text(form, width, signed),
            Form::Lit(v) => literal(v << k, width, signed),
            Form::Slice(_) if k >= width => literal(0, width, signed),
            Form::Slice(_) => {
                let text = format!("{{{}, {k}'d0}}", self.nets.pattern(form, width - k));
                if signed { format!("$signed({text})") } else { text }
            }
        }
    }

    /// The signed terms of an inlined sum, each with its left shift.
    fn terms(&mut self, id: NodeId, minus: bool, out: &mut Vec<(bool, NodeId, u32)>) {
        match self.node(id).op {
            Op::Add(a, b) if self.forms[id].is_none() => {
                self.terms(a, minus, out);
                self.terms(b, minus, out);
            }
            Op::Sub(a, b) if self.forms[id].is_none() => {
                self.terms(a, minus, out);
                self.terms(b, !minus, out);
            }
            Op::Shl(a, k) if self.forms[id].is_none() => out.push((minus, a, k)),
            _ => out.push((minus, id, 0)),
        }
    }

    /// The text of a one-bit node where it decides something.
    pub(super) fn condition(&mut self, id: NodeId) -> String {
        if self.forms[id].is_some() || self.inline[id] == 0 {
            let form = self.form(id);
            return self.nets.pattern(&form, 1);
        }
        format!("({})", self.test(id))
    }

    /// An inlined comparison or logical operation, without parentheses.
    pub(super) fn test(&mut self, id: NodeId) -> String {
        match self.node(id).op {
            Op::Lt(a, b) => self.comparison(a, "<", b),
            Op::Eq(a, b) => self.comparison(a, "==", b),
            Op::Not(a) => match self.node(a).op {
                Op::Lt(x, y) if self.forms[a].is_none() => self.comparison(x, ">=", y),
                Op::Eq(x, y) if self.forms[a].is_none() => self.comparison(x, "!=", y),
                _ => format!("~{}", self.condition(a)),
            },
            Op::And(a, b) | Op::Or(a, b) | Op::Xor(a, b) => {
                let (a, b) = (self.condition(a), self.condition(b));
                format!("{a} {} {b}", gate(&self.node(id).op))
            }
            _ => self.expression(id, 1),
        }
    }

    pub(super) fn comparison(&mut self, a: NodeId, operator: &str, b: NodeId) -> String {
        let both = self.node(a).range.union(self.node(b).range);
        let literal_first = self.node(a).range.singleton().is_some();
        let [a, b] = if operator != "==" && operator != "!=" && self.biased([a, b]) {
            [a, b].map(|id| {
                let form = self.form(id);
                self.nets.biased(&form, both.width())
            })
        } else {
            self.same_sign([a, b], both.width(), both.is_signed())
        };
        let turned = match operator {
            "<" => ">",
            ">=" => "<=",
            same => same,
        };
        if literal_first { format!("{b} {turned} {a}") } else { format!("{a} {operator} {b}") }
    }
}

/// Inputs of the largest LUT for which synthesis maps a comparison as a table of its own.
const LUT_INPUTS: u32 = 6;

impl Writer<'_> {
    /// Whether an order is compared with the sign bits inverted, unsigned. Where one side is a constant and the other fits a
    /// LUT, `cmp2lut` of Yosys up to 0.67 reads a negative constant as unsigned; a net may become one in somebody's design.
    fn biased(&self, ids: [NodeId; 2]) -> bool {
        let ranges = ids.map(|id| self.node(id).range);
        let narrow = ranges.iter().any(|r| r.singleton().is_none() && r.width() <= LUT_INPUTS);
        let negative = ranges.iter().all(|r| r.singleton().is_none_or(|v| v < 0));
        narrow && negative && ranges.iter().any(|r| r.is_signed())
    }
}

pub(super) fn gate(op: &Op<NetRef>) -> &'static str {
    match op {
        Op::And(..) => "&",
        Op::Or(..) => "|",
        _ => "^",
    }
}
