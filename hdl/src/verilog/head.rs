//! A module as a file, with head comment, ANSI ports, body and instances.

use std::fmt::Write;

use super::file::{Data, File};
use super::form::shape;
use super::module::{Frame, Parts, Printer, is_declared_signed, total_width};
use crate::exact::{AtomInfo, Cell, Design, Module, Named, NetRef, Role};
use crate::names::module_name;

/// The version and command with which a reader of a file makes it again. It has no date, host or path.
#[derive(Debug, Clone)]
pub struct Provenance {
    /// the command line that made it
    pub command: String,
}

struct Ansi;

impl Frame for Ansi {
    fn pin(&self, instance: &str, port: &str) -> String {
        format!("{instance}_{port}")
    }
    fn follow(&self, net: &str, expression: &str, _: bool) -> String {
        format!("    assign {net} = {expression};\n")
    }
}

/// Prints every module of a design, the top last. The top has the name of the design; each other module is named after
/// its text. The names of the modules below it are part of its text, so that equal names have equal texts in all
/// designs. Only the top states the command, because the other modules may be part of other designs, too.
pub fn print(design: &Design, provenance: &Provenance) -> Vec<File> {
    let mut files: Vec<File> = Vec::new();
    let mut names: Vec<String> = Vec::new();
    for (i, module) in design.modules.iter().enumerate() {
        let ports_of = Printer::instance_ports(design, module);
        let mut printer = Printer::new(module, ports_of.clone(), &Ansi);
        let top = i + 1 == design.modules.len();
        let origin = if top { format!(": {}", provenance.command) } else { ".".to_owned() };
        let file = |name: &str, printer: &Printer<'_>, body: &str| {
            let head = head(module, name, &origin) + "`default_nettype none\n\n";
            head + &ports(printer, name) + body + "\nendmodule\n\n`default_nettype wire\n"
        };
        let (mut text, mut data) = (String::new(), Vec::new());
        match &module.header.cell {
            Some(cell) => section(&mut text, &instance_of(cell)),
            None => data = body(&mut text, &names, &ports_of, &mut printer),
        }
        let base = &module.header.module;
        let name = if top { design.name.clone() } else { module_name(base, &file(base, &printer, &text)) };
        // Two modules may differ only in something that is not printed, as in the bounds of a register.
        if files.iter().all(|f| f.name != name) {
            files.push(File { text: file(&name, &printer, &text), name: name.clone(), data });
        }
        names.push(name);
    }
    files
}

/// Writes the body of a module. Returns the words that it reads.
fn body(text: &mut String, names: &[String], ports_of: &[&[Named]], printer: &mut Printer<'_>) -> Vec<Data> {
    let parts = printer.parts(&Ansi, true);
    let unused = printer.unused();
    section(text, &(parts.registers.clone() + &parts.memories + &parts.outputs));
    section(text, &parts.wires);
    section(text, &parts.pins);
    section(text, &instances(names, printer, ports_of, &parts));
    section(text, parts.clocked.trim_end_matches('\n'));
    section(text, &parts.drives);
    section(text, &unused);
    parts.data
}

/// Number of pins of a cell on one line.
const PINS_A_LINE: usize = 6;

/// Name of the nets at open pins. It tells lints that they are meant to be open.
const UNUSED: &str = "unused";

fn instance_of(cell: &Cell) -> String {
    let connected = |(pin, to): &(String, String)| format!(".{pin}({to})");
    // Lints take a pin without a net for forgotten.
    let at = |i| if cell.open.len() == 1 { UNUSED.to_owned() } else { format!("{UNUSED}[{i}]") };
    let open = cell.open.iter().enumerate().map(|(i, pin)| format!(".{pin}({})", at(i)));
    let pins: Vec<String> = cell.pins.iter().map(connected).chain(open).collect();
    let lines: Vec<String> = pins.chunks(PINS_A_LINE).map(|line| format!("        {}", line.join(", "))).collect();
    let width = cell.parameters.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let set = |(name, value): &(&str, String)| format!("        .{name:width$} ({value})");
    let parameters: Vec<String> = cell.parameters.iter().map(set).collect();
    let parameters = match parameters.join(",\n") {
        none if none.is_empty() => none,
        some => format!("#(\n{some}\n    ) "),
    };
    let unused = match cell.open.len() as u32 {
        0 => String::new(),
        open => format!("    wire {}{UNUSED};\n\n", shape(open, false)),
    };
    format!("{unused}    {} {parameters}cell_0 (\n{}\n    );\n", cell.name, lines.join(",\n"))
}

fn section(text: &mut String, part: &str) {
    if !part.is_empty() {
        *text += "\n";
        *text += part.trim_end_matches('\n');
        *text += "\n";
    }
}

fn head(module: &Module, name: &str, origin: &str) -> String {
    let mut text = String::new();
    let mut lines = module.header.summary.iter();
    let _ = writeln!(text, "// {name}: {}", lines.next().map_or("", String::as_str));
    for line in lines {
        let _ = writeln!(text, "// {line}");
    }
    if !module.header.facts.is_empty() {
        text += "//\n";
    }
    let width = module.header.facts.iter().map(|(n, _)| n.len()).max().unwrap_or(0);
    for (fact, value) in &module.header.facts {
        let _ = writeln!(text, "// {fact:width$}  {value}");
    }
    let _ = writeln!(text, "//\n// Generated by qrtl {}{origin}", env!("CARGO_PKG_VERSION"));
    text += "// Do not edit: change the description and generate again. This file is yours, under any licence.\n\n";
    text
}

/// `range: meaning`, or the meaning alone where the range says nothing more.
fn comment(info: &AtomInfo) -> String {
    let bit = total_width(info) == 1;
    let lanes = info.lanes.map(|n| format!("{n} lane{} of ", if n == 1 { "" } else { "s" })).unwrap_or_default();
    let range = if bit { String::new() } else { format!("{lanes}{}", info.range) };
    match (range.is_empty(), info.doc.is_empty()) {
        (true, _) => info.doc.clone(),
        (false, true) => range,
        (false, false) => format!("{range}: {}", info.doc),
    }
}

fn ports(printer: &Printer<'_>, name: &str) -> String {
    let ports = &printer.module.ports;
    let names: Vec<&str> = (0..ports.len()).map(|i| printer.net(NetRef::Port(i)).name.as_str()).collect();
    // Pins of a cell are connected bit by bit, and Yosys 0.70 fails on a bit of a signed port at a pin.
    let signed = |info| is_declared_signed(info) && printer.module.header.cell.is_none();
    let shapes: Vec<String> = ports.iter().map(|(_, i)| shape(total_width(i), signed(i))).collect();
    let shape_width = shapes.iter().map(String::len).max().unwrap_or(0);
    let name_width = names.iter().map(|n| n.len() + 1).max().unwrap_or(0);
    let mut text = format!("module {name} (\n");
    for (i, (_, info)) in ports.iter().enumerate() {
        let direction = if info.role == Role::Output { "output" } else { "input " };
        let comma = if i + 1 == ports.len() { "" } else { "," };
        let declared = format!("{}{comma}", names[i]);
        let line = format!("    {direction} wire {:shape_width$}{declared:name_width$}", shapes[i]);
        let comment = comment(info);
        let comment = if comment.is_empty() { comment } else { format!(" // {comment}") };
        let _ = writeln!(text, "{}", format!("{line}{comment}").trim_end());
    }
    text + ");\n"
}

fn instances(names: &[String], printer: &Printer<'_>, ports_of: &[&[Named]], parts: &Parts) -> String {
    let mut text = String::new();
    for (i, instance) in printer.module.instances.iter().enumerate() {
        let width = ports_of[i].iter().map(|(n, _)| n.len()).max().unwrap_or(0);
        let _ = writeln!(text, "    {} {} (", names[instance.module], instance.name);
        let last = ports_of[i].len();
        for (p, (port, _)) in ports_of[i].iter().enumerate() {
            let comma = if p + 1 == last { "" } else { "," };
            let _ = writeln!(text, "        .{port:width$} ({}){comma}", parts.connections[i][p]);
        }
        text += "    );\n";
    }
    text
}
