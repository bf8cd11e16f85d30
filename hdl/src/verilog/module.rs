//! The body of one module: declarations, logic, registers, memories, instances.

mod clocked;

use std::collections::HashMap;
use std::fmt::Write;

use super::Data;
use super::form::{Net, Nets, Slice, literal, shape};
use super::writer::{Item, Writer};
use crate::exact::{AtomInfo, Design, Module, NetRef, NodeId, Role};
use crate::names::Names;

/// How the parts that differ between our text and RustHDL's are written.
pub(super) trait Frame {
    /// Name of the net at a pin of an instance.
    fn pin(&self, instance: &str, port: &str) -> String;
    /// A port or pin follows an expression; `constant` if nothing in it ever changes.
    fn follow(&self, net: &str, expression: &str, constant: bool) -> String;
}

/// Names, nets and text of a module while it is being printed.
pub(super) struct Printer<'m> {
    pub module: &'m Module,
    ports_of: Vec<&'m [(String, AtomInfo)]>,
    pub writer: Writer<'m>,
    nets: HashMap<NetRef, usize>,
}

/// The text of a module's body, in parts.
#[derive(Default)]
pub(super) struct Parts {
    /// registers
    pub registers: String,
    /// words of memories
    pub memories: String,
    /// nets at outputs of instances
    pub outputs: String,
    /// wires in order
    pub wires: String,
    /// clocked blocks
    pub clocked: String,
    /// pins of instances that need a net, in order of instances
    pub pins: String,
    /// drives of the module's own outputs
    pub drives: String,
    /// text at each pin of each instance
    pub connections: Vec<Vec<String>>,
    /// words that memories hold from the start
    pub data: Vec<Data>,
}

/// Width of all lanes together.
pub(super) fn total_width(info: &AtomInfo) -> u32 {
    info.range.width() * info.lanes.unwrap_or(1) as u32
}

/// A bus is a vector of bits; a plain port has the sign of its range.
pub(super) fn is_declared_signed(info: &AtomInfo) -> bool {
    info.lanes.is_none() && info.range.is_signed()
}

impl<'m> Printer<'m> {
    /// `ports_of(i)` are the ports of the `i`th instance's module.
    pub(super) fn new(module: &'m Module, ports_of: Vec<&'m [(String, AtomInfo)]>, frame: &dyn Frame) -> Printer<'m> {
        let (mut nets, mut names) = (Nets::default(), Names::default());
        let mut known = HashMap::new();
        let mut declare = |key, name: &str, info: &AtomInfo, names: &mut Names| {
            let name = names.fresh(name);
            known.insert(key, nets.add(Net::new(name, total_width(info), is_declared_signed(info))));
        };
        for (i, (name, info)) in module.ports.iter().enumerate() {
            declare(NetRef::Port(i), name, info, &mut names);
        }
        for (i, (name, info)) in module.registers.iter().enumerate() {
            declare(NetRef::Register(i), name, info, &mut names);
        }
        // Elaboration has made these names legal and unique. Names that are chosen later have to give way.
        module.instances.iter().for_each(|i| drop(names.fresh(&i.name)));
        for (instance, (inst, ports)) in module.instances.iter().zip(&ports_of).enumerate() {
            for (port, (name, info)) in ports.iter().enumerate() {
                declare(NetRef::Pin { instance, port }, &frame.pin(&inst.name, name), info, &mut names);
            }
        }
        let writer = Writer::new(module, nets, names);
        Printer { module, ports_of, writer, nets: known }
    }

    /// The ports of every instance's module.
    pub(super) fn instance_ports<'d>(design: &'d Design, module: &Module) -> Vec<&'d [(String, AtomInfo)]> {
        module.instances.iter().map(|i| design.modules[i.module].ports.as_slice()).collect()
    }

    fn info(&self, net: NetRef) -> &'m AtomInfo {
        match net {
            NetRef::Port(i) => &self.module.ports[i].1,
            NetRef::Register(i) => &self.module.registers[i].1,
            NetRef::Pin { instance, port } => &self.ports_of[instance][port].1,
        }
    }

    pub(super) fn net(&self, net: NetRef) -> &Net {
        &self.writer.nets.nets[self.nets[&net]]
    }

    fn net_name(&self, net: NetRef) -> String {
        self.net(net).name.clone()
    }

    /// Writes everything; `direct` lets a pin be connected to an expression without a net of its own.
    pub(super) fn parts(&mut self, frame: &dyn Frame, direct: bool) -> Parts {
        let known = self.nets.clone();
        let lanes: HashMap<NetRef, bool> = known.keys().map(|k| (*k, self.info(*k).lanes.is_some())).collect();
        self.writer.write(|nets, lane, range| {
            let whole = nets.whole(known[&lane.net]);
            if lanes[&lane.net] {
                let width = range.width();
                Slice { lo: width * lane.lane as u32, width, signed: range.is_signed(), ..whole }
            } else {
                whole
            }
        });
        let mut parts = Parts::default();
        self.clocked(&mut parts);
        self.memories(&mut parts);
        self.pins(&mut parts, frame, direct);
        for port in 0..self.module.ports.len() {
            if self.module.ports[port].1.role == Role::Output {
                let (text, constant) = self.driven(NetRef::Port(port));
                parts.drives += &frame.follow(&self.net_name(NetRef::Port(port)), &text, constant);
            }
        }
        self.wires(&mut parts);
        for r in 0..self.module.registers.len() {
            let net = self.net(NetRef::Register(r));
            let _ = writeln!(parts.registers, "    reg {}{};", net.shape(), net.name);
        }
        self.memory_arrays(&mut parts);
        self.starts(&mut parts);
        parts
    }

    /// The driver of an output or a pin: its text at the full width, and whether it is constant.
    fn driven(&mut self, net: NetRef) -> (String, bool) {
        let info = self.info(net);
        let width = info.range.width();
        let mut lanes: Vec<(usize, NodeId)> =
            self.module.body.drives.iter().filter(|d| d.to.net == net).map(|d| (d.to.lane, d.from)).collect();
        lanes.sort_unstable();
        let constant = lanes.iter().all(|(_, n)| self.module.body.nodes[*n].range.singleton().is_some());
        if let ([(_, node)], None | Some(1)) = (lanes.as_slice(), info.lanes) {
            return (self.writer.expression(*node, width), constant);
        }
        if let Some(run) = self.whole_run(&lanes, width) {
            return (run, constant);
        }
        let mut texts: Vec<String> = Vec::new();
        for (_, node) in lanes.iter().rev() {
            let form = self.writer.form(*node);
            texts.push(self.writer.nets.pattern(&form, width));
        }
        let lines: Vec<String> = texts.chunks(8).map(|c| c.join(", ")).collect();
        (format!("{{{}}}", lines.join(",\n        ")), constant)
    }

    /// The lanes as one part select, if they are neighbouring lanes of one net.
    fn whole_run(&mut self, lanes: &[(usize, NodeId)], width: u32) -> Option<String> {
        let slice = |writer: &mut Writer<'m>, node: NodeId| match writer.form(node) {
            super::form::Form::Slice(s) => Some(s),
            super::form::Form::Lit(_) => None,
        };
        let first = slice(&mut self.writer, lanes[0].1)?;
        for (i, (_, node)) in lanes.iter().enumerate() {
            let s = slice(&mut self.writer, *node)?;
            if s.net != first.net || s.width != width || s.lo != first.lo + i as u32 * width {
                return None;
            }
        }
        let all = width * lanes.len() as u32;
        let run = super::form::Form::Slice(Slice { width: all, signed: false, ..first });
        let signed = self.writer.nets.is_signed_at(&run, all);
        Some(self.writer.nets.text(&run, all, signed))
    }

    /// A whole one-bit input of the module.
    fn bit(&mut self, net: Option<NetRef>) -> String {
        let net = self.nets[&net.expect("elaboration demands a clock and a reset where they are used")];
        let whole = super::form::Form::Slice(self.writer.nets.whole(net));
        self.writer.nets.text(&whole, 1, false)
    }

    pub(super) fn clock_text(&mut self) -> String {
        self.bit(self.module.body.clock)
    }

    fn reset_text(&mut self) -> String {
        self.bit(self.module.body.reset)
    }

    fn pins(&mut self, parts: &mut Parts, frame: &dyn Frame, direct: bool) {
        for instance in 0..self.module.instances.len() {
            let mut connections = Vec::new();
            for port in 0..self.ports_of[instance].len() {
                let pin = NetRef::Pin { instance, port };
                let name = self.net_name(pin);
                let text = match self.info(pin).role {
                    Role::Clock => {
                        let clk = self.clock_text();
                        if !direct {
                            parts.pins += &frame.follow(&name, &clk, false);
                        }
                        clk
                    }
                    Role::Output => {
                        let _ = writeln!(parts.outputs, "    wire {}{name};", self.net(pin).shape());
                        name
                    }
                    Role::Input | Role::Register => {
                        let (text, constant) = self.driven(pin);
                        // A name, bits of it or a literal may stand at the pin itself.
                        let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "_[]:'-".contains(c));
                        if direct && plain {
                            text
                        } else {
                            if direct {
                                let _ = write!(parts.pins, "    wire {}", self.net(pin).shape());
                                let _ = writeln!(parts.pins, "{name} = {text};");
                            } else {
                                parts.pins += &frame.follow(&name, &text, constant);
                            }
                            name
                        }
                    }
                };
                connections.push(text);
            }
            parts.connections.push(connections);
        }
    }

    fn wires(&mut self, parts: &mut Parts) {
        for item in &self.writer.items {
            match item {
                Item::Wire(net, text) => {
                    let net = &self.writer.nets.nets[*net];
                    let _ = writeln!(parts.wires, "    wire {}{} = {text};", net.shape(), net.name);
                }
                Item::Rom { net, address, address_width, words } => {
                    let net = &self.writer.nets.nets[*net];
                    let name = &net.name;
                    let _ = writeln!(parts.wires, "    reg {}{name};\n    always @(*) begin", net.shape());
                    let _ = writeln!(parts.wires, "        case ({address})");
                    for (i, word) in words.iter().enumerate().take(words.len() - 1) {
                        let index = literal(i as i128, *address_width, false);
                        let _ = writeln!(parts.wires, "            {index}: {name} = {word};");
                    }
                    let last = words.last().map_or("", String::as_str);
                    let _ = writeln!(parts.wires, "            default: {name} = {last};\n        endcase\n    end");
                }
            }
        }
    }

    /// A wire for every run of bits that nothing reads; its name tells lints that this is meant.
    pub(super) fn unused(&mut self) -> String {
        let mut text = String::new();
        let outputs: Vec<usize> = (self.module.ports.iter().enumerate())
            .filter(|(_, (_, info))| info.role == Role::Output)
            .map(|(i, _)| self.nets[&NetRef::Port(i)])
            .collect();
        let driven_pins: Vec<usize> = (self.nets.iter())
            .filter(|(net, _)| matches!(net, NetRef::Pin { .. }) && self.info(**net).role != Role::Output)
            .map(|(_, n)| *n)
            .collect();
        for net in 0..self.writer.nets.nets.len() {
            if outputs.contains(&net) || driven_pins.contains(&net) {
                continue;
            }
            for (lo, len) in self.writer.nets.unused(net) {
                let Net { name, width, .. } = &self.writer.nets.nets[net];
                let bits = match (lo, len) {
                    (0, l) if l == *width => name.clone(),
                    (_, 1) => format!("{name}[{lo}]"),
                    _ => format!("{name}[{}:{lo}]", lo + len - 1),
                };
                let wire = self.writer.names.fresh(&format!("unused_{name}"));
                let _ = writeln!(text, "    wire {}{wire} = {bits};", shape(len, false));
            }
        }
        text
    }
}
