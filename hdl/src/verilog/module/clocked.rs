//! Registers and memories: what happens at a clock edge.

use std::collections::HashSet;
use std::fmt::Write;

use super::{Parts, Printer};
use crate::exact::{NetRef, NodeId, Range, Update};
use crate::names::module_name;
use crate::verilog::Data;
use crate::verilog::form::{literal, shape};

/// Words as `$readmemh` reads them, one a line with all digits.
fn hex(words: &[i128], width: u32) -> String {
    let (digits, bits) = (width.div_ceil(4) as usize, Range::unsigned(width));
    words.iter().map(|&word| format!("{:0digits$x}\n", bits.truncate(word))).collect()
}

impl Printer<'_> {
    /// Registers in groups of one enable and one kind of reset, those that synthesis must keep apart from the others.
    pub(super) fn clocked(&mut self, parts: &mut Parts) {
        let updates = &self.module.body.updates;
        let group_of = |u: &Update<NetRef>| (u.enable, u.init.is_some(), u.kept);
        let mut groups: Vec<(Option<NodeId>, bool, bool)> = updates.iter().map(group_of).collect();
        let mut seen = HashSet::new();
        groups.retain(|g| seen.insert(*g));
        for group in groups {
            let (enable, resets, kept) = group;
            let (mut values, mut inits) = (String::new(), String::new());
            let pad = "    ".repeat(2 + usize::from(enable.is_some() || resets));
            for u in updates.iter().filter(|u| group_of(u) == group) {
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
            // Yosys hands the attribute of the block to its flip-flops. An attribute of the register itself has no effect.
            let attribute = if kept { "    (* keep *)\n" } else { "" };
            let _ = writeln!(parts.clocked, "{attribute}    always @(posedge {clk}) begin\n{text}    end\n");
        }
    }

    /// The registers that begin with 0.
    pub(super) fn starts(&mut self, parts: &mut Parts) {
        for u in self.module.body.updates.iter().filter(|u| u.starts) {
            let (range, name) = (self.info(u.to).range, self.net_name(u.to));
            let zero = literal(0, range.width(), range.is_signed());
            let _ = writeln!(parts.memories, "    initial {name} = {zero};");
        }
    }

    pub(super) fn memories(&mut self, parts: &mut Parts) {
        for m in &self.module.body.memories {
            let (width, signed) = (self.info(m.data).range.width(), self.info(m.data).range.is_signed());
            let data = self.net_name(m.data);
            let address_width = Range::new(0, m.depth as i128 - 1).width();
            let mut text = |node, width, signed| {
                let form = self.writer.form(node);
                self.writer.nets.text(&form, width, signed)
            };
            let write = m.write.map(|(enable, to, word)| {
                let (enable, to) = (text(enable, 1, false), text(to, address_width, false));
                let word = text(word, width, signed);
                format!("        if ({enable}) begin\n            {data}_words[{to}] <= {word};\n        end\n")
            });
            let (read, from) = (text(m.read.0, 1, false), text(m.read.1, address_width, false));
            let read = format!("        if ({read}) begin\n            {data} <= {data}_words[{from}];\n        end\n");
            let clk = self.clock_text();
            let _ = writeln!(
                parts.clocked,
                "    always @(posedge {clk}) begin\n{}{read}    end\n",
                write.unwrap_or_default()
            );
        }
    }

    pub(super) fn memory_arrays(&mut self, parts: &mut Parts) {
        for m in &self.module.body.memories {
            let info = self.info(m.data);
            let shape = shape(info.range.width(), info.range.is_signed());
            let name = self.net_name(m.data);
            // LUT memories of ECP5 have to be written. A memory that is only read becomes logic.
            let in_luts = match m.write {
                Some(_) => "ram_style = \"distributed\"",
                None => "syn_romstyle = \"logic\"",
            };
            let in_blocks = "ram_style = \"block\"";
            let styles = [(m.in_luts, in_luts), (m.in_blocks, in_blocks), (m.apart, "no_rw_check")];
            let attributes = styles.iter().filter(|(is, _)| *is).map(|(_, text)| format!("    (* {text} *)\n"));
            let attribute: String = attributes.collect();
            let _ = writeln!(parts.memories, "{attribute}    reg {shape}{name}_words [0:{}];", m.depth - 1);
            if let Some(contents) = &m.contents {
                let text = hex(contents, info.range.width());
                let file = format!("{}.hex", module_name(&self.module.header.module, &text));
                let _ = writeln!(parts.memories, "    initial $readmemh(\"{file}\", {name}_words);");
                parts.data.push(Data { name: file, text });
            }
        }
    }
}
