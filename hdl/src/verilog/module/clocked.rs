//! Registers and memories: what happens at a clock edge.

use std::collections::HashSet;
use std::fmt::Write;

use super::{Parts, Printer};
use crate::exact::{NodeId, Range};
use crate::verilog::form::{literal, shape};

impl Printer<'_> {
    /// Registers in groups of one enable and one kind of reset.
    pub(super) fn clocked(&mut self, parts: &mut Parts) {
        let updates = &self.module.body.updates;
        let mut groups: Vec<(Option<NodeId>, bool)> = updates.iter().map(|u| (u.enable, u.init.is_some())).collect();
        let mut seen = HashSet::new();
        groups.retain(|g| seen.insert(*g));
        for (enable, resets) in groups {
            let (mut values, mut inits) = (String::new(), String::new());
            let pad = "    ".repeat(2 + usize::from(enable.is_some() || resets));
            for u in updates.iter().filter(|u| (u.enable, u.init.is_some()) == (enable, resets)) {
                let (width, signed) = (self.info(u.to).range.width(), self.info(u.to).range.is_signed());
                let name = self.net_name(u.to);
                let _ = writeln!(values, "{pad}{name} <= {};", self.writer.expression(u.next, width));
                if let Some(init) = u.init {
                    let _ = writeln!(inits, "{pad}{name} <= {};", literal(init, width, signed));
                }
            }
            let enable = enable.map(|e| self.writer.condition(e));
            let text = match (enable, resets) {
                (None, false) => values,
                (Some(e), false) => format!("        if ({e}) begin\n{values}        end\n"),
                (enable, true) => {
                    let reset = self.reset_text();
                    let test = enable.map(|e| format!(" if ({e})")).unwrap_or_default();
                    format!("        if (!{reset}) begin\n{inits}        end else{test} begin\n{values}        end\n")
                }
            };
            let clk = self.clock_text();
            let _ = writeln!(parts.clocked, "    always @(posedge {clk}) begin\n{text}    end\n");
        }
    }

    pub(super) fn memories(&mut self, parts: &mut Parts) {
        for m in &self.module.body.memories {
            let (width, signed) = (self.info(m.data).range.width(), self.info(m.data).range.is_signed());
            let data = self.net_name(m.data);
            let address_width = Range::new(0, m.depth as i128 - 1).width();
            let [we, re] = [m.write.0, m.read.0].map(|n| self.writer.form(n));
            let [we, re] = [we, re].map(|f| self.writer.nets.text(&f, 1, false));
            let [to, from] = [m.write.1, m.read.1].map(|n| self.writer.form(n));
            let [to, from] = [to, from].map(|f| self.writer.nets.text(&f, address_width, false));
            let word = self.writer.form(m.write.2);
            let word = self.writer.nets.text(&word, width, signed);
            let clk = self.clock_text();
            let _ = writeln!(
                parts.clocked,
                "    always @(posedge {clk}) begin\n        if ({we}) begin\n            {data}_words[{to}] <= {word};\n        \
                 end\n        if ({re}) begin\n            {data} <= {data}_words[{from}];\n        end\n    end\n"
            );
        }
    }

    pub(super) fn memory_arrays(&mut self, parts: &mut Parts) {
        for m in &self.module.body.memories {
            let info = self.info(m.data);
            let shape = shape(info.range.width(), info.range.is_signed());
            let name = self.net_name(m.data);
            let _ = writeln!(parts.memories, "    reg {shape}{name}_words [0:{}];", m.depth - 1);
        }
    }
}
