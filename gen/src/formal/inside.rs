//! Nets inside a block, for claims about them in the module around it.

use std::fmt::Write;

use qrtl_hdl::exact::{AtomInfo, Design, Memory, Module, NetRef};
use qrtl_hdl::verilog::{Provenance, print};

/// Declares nets of instances inside the block, which is the instance `dut`. Yosys joins a net with the attribute
/// `hierconn` with the net of the same name that it finds when it flattens the design, so the Verilog of the block is read as it
/// ships.
#[derive(Debug)]
pub struct Inside<'a> {
    design: &'a Design,
    /// the declarations
    pub text: String,
}

impl<'a> Inside<'a> {
    /// Nothing declared yet.
    pub fn new(design: &'a Design) -> Inside<'a> {
        Inside { design, text: String::new() }
    }

    /// The module of the instance at `path`, which has dots between its names and is empty for the block itself.
    ///
    /// # Panics
    /// If there is no such instance.
    pub fn module(&self, path: &str) -> &'a Module {
        path.split('.').filter(|name| !name.is_empty()).fold(self.design.top(), |module, name| {
            let found = module.instances.iter().find(|instance| instance.name == name);
            &self.design.modules[found.unwrap_or_else(|| panic!("no instance {path} in {}", self.design.name)).module]
        })
    }

    /// Declares each register of the instance at `path`, and each of its ports unless it is the block, as `PREFIX_NAME`. The ports
    /// `cuts` are cut: they hold anything, and nothing is read of what drives them.
    pub fn declare(&mut self, path: &str, prefix: &str, cuts: &[&str]) {
        let module = self.module(path);
        let ports = if path.is_empty() { &[][..] } else { &module.ports };
        for (name, info) in ports.iter().chain(&module.registers) {
            let bits = info.range.width() as usize * info.lanes.unwrap_or(1);
            let dot = if path.is_empty() { "" } else { "." };
            let net = format!("\\dut.{path}{dot}{name} ");
            let word = format!("wire [{}:0]", bits - 1);
            let attributes = if cuts.contains(&name.as_str()) { "hierconn, cut" } else { "hierconn" };
            let _ = writeln!(self.text, "    (* {attributes} *) {word} {net};\n    {word} {prefix}_{name} = {net};");
        }
    }

    /// Declares the words of a small memory as one net, `PREFIX_NAME_words`, word 0 in the low bits.
    pub fn declare_words(&mut self, path: &str, prefix: &str, memory: &Memory<NetRef>) {
        let NetRef::Register(data) = memory.data else { unreachable!("a memory gives its words to a register") };
        let (name, info) = &self.module(path).registers[data];
        let bits = info.range.width() as usize;
        let nets: Vec<String> = (0..memory.depth).map(|i| format!("\\dut.{path}.{name}_words[{i}] ")).collect();
        for net in &nets {
            let _ = writeln!(self.text, "    (* hierconn *) wire [{}:0] {net};", bits - 1);
        }
        let all: Vec<&str> = nets.iter().rev().map(String::as_str).collect();
        let _ = writeln!(
            self.text,
            "    wire [{}:0] {prefix}_{name}_words = {{{}}};",
            bits * memory.depth - 1,
            all.join(", ")
        );
    }

    /// Declarations that cut the `ports` of the instance at `path`: they hold anything.
    pub fn cut(&self, path: &str, ports: &[&str]) -> String {
        let module = self.module(path);
        let cut = |name: &&str| {
            let (_, info) =
                module.ports.iter().find(|(port, _)| port == name).unwrap_or_else(|| panic!("no port {name}"));
            let bits = info.range.width() as usize * info.lanes.unwrap_or(1);
            format!("    (* hierconn, cut *) wire [{}:0] \\dut.{path}.{name} ;\n", bits - 1)
        };
        ports.iter().map(cut).collect()
    }

    /// Names of the registers of the instance at `path` that are the elements of `line`, in order.
    pub fn line(&self, path: &str, line: &str) -> Vec<String> {
        let all = self.module(path).registers.iter().map(|(name, _)| name);
        let of_line = |name: &&String| {
            name.strip_prefix(line).and_then(|rest| rest.strip_prefix('_')).is_some_and(|n| n.parse::<usize>().is_ok())
        };
        all.filter(of_line).cloned().collect()
    }

    /// Claims that each register of the instance at `path`, declared with `prefix`, is within its exact range wherever
    /// `condition` holds. Words that a memory gave, and registers whose bits hold no more than their range, are left out.
    pub fn ranges(&self, path: &str, prefix: &str, condition: &str) -> String {
        let module = self.module(path);
        let is_word = |i| module.body.memories.iter().any(|memory| memory.data == NetRef::Register(i));
        let narrow = |info: &AtomInfo| info.range != info.range.filled() && !info.range.is_signed();
        let registers = module.registers.iter().enumerate();
        let claimed = registers.filter(|(i, (_, info))| narrow(info) && !is_word(*i));
        let claim = |(_, (name, info)): (usize, &(String, AtomInfo))| {
            let (lo, hi) = (info.range.lo(), info.range.hi());
            format!("        if ({condition}) assert ({prefix}_{name} >= {lo} && {prefix}_{name} <= {hi});\n")
        };
        claimed.map(claim).collect()
    }

    /// The Verilog file of the module whose name begins with `word` and an underscore: its name, from the block's directory, and
    /// its text.
    ///
    /// # Panics
    /// If there is none.
    pub fn file(&self, word: &str) -> (String, String) {
        let files = print(self.design, &Provenance { command: String::new() });
        let named = |name: &str| name.strip_prefix(word).is_some_and(|rest| rest.starts_with('_'));
        let file = files.into_iter().find(|file| named(&file.name)).unwrap_or_else(|| panic!("no module {word}"));
        (format!("rtl/{}.v", file.name), file.text)
    }
}
