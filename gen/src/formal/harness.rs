//! The module around a block that compares its results with a specification, and the module in which the block stalls.

use std::fmt::Write;

use qrtl_hdl::exact::{AtomInfo, Named, Role};
use qrtl_hdl::interface::Built;

use super::{Engine, Formal, Method, Proof, Twin};

/// A number as a signed constant of `bits` bits.
pub fn number(value: i128, bits: u32) -> String {
    let sign = if value < 0 { "-" } else { "" };
    format!("{sign}{bits}'sd{}", value.unsigned_abs())
}

/// A wire that holds any integer of `bits` bits.
pub fn signed(bits: u32) -> String {
    format!("wire signed [{}:0]", bits - 1)
}

/// A wire called `name`, as wide as a port.
pub fn declared(name: &str, info: &AtomInfo) -> String {
    let sign = if info.lanes.is_none() && info.range.is_signed() { "signed " } else { "" };
    let bits = info.range.width() as usize * info.lanes.unwrap_or(1);
    let shape = if bits == 1 && sign.is_empty() { String::new() } else { format!("{sign}[{}:0] ", bits - 1) };
    format!("wire {shape}{name}")
}

/// A block with one stream in and one out, whose results follow from their beats alone, `latency` clocks later.
#[derive(Debug, Clone, Copy)]
pub struct Harness<'a> {
    /// the block
    pub built: &'a Built,
    /// clock edges from a beat to its result
    pub latency: usize,
}

impl Harness<'_> {
    /// The name of the block's module.
    pub fn module(&self) -> &str {
        &self.built.design.name
    }

    fn ports(&self) -> &[Named] {
        &self.built.design.top().ports
    }

    /// The module `name` that compares. `body` computes `should_PORT` for each port of the result from `then_PORT` of each
    /// port of the beat, and says what it assumes.
    pub fn compare(&self, name: &str, body: &str) -> String {
        let interface = &self.built.interface;
        let mut text = format!("// {name}: {} beside its specification.\n\n", self.module()) + &self.head(name, &[]);
        let (input, output) = (&interface.input, &interface.output);
        let taken = match (&input.valid, &input.ready) {
            (Some(valid), Some(ready)) => format!("{valid} & {ready}"),
            (Some(valid), None) => valid.clone(),
            (None, _) => "1'b1".to_owned(),
        };
        let beat: Vec<&str> = input.payload.iter().map(|port| port.name.as_str()).collect();
        let word = format!("[{}:0]", self.bits() - 1);
        let _ = writeln!(text, "    // What enters, and what entered {} clocks before the result.", self.latency);
        let _ = writeln!(text, "    wire {word} was_0 = {{{}}};", [&[&*taken], &*beat].concat().join(", "));
        for i in 1..=self.latency {
            let _ = writeln!(text, "    reg {word} was_{i};");
            let _ = writeln!(text, "    always @(posedge clk) was_{i} <= was_{};", i - 1);
        }
        text += "    wire then_valid;\n";
        for port in &input.payload {
            let sign = if port.signed { "signed " } else { "" };
            let _ = writeln!(text, "    wire {sign}[{}:0] then_{};", port.width - 1, port.name);
        }
        let then: Vec<String> = beat.iter().map(|port| format!("then_{port}")).collect();
        let _ = writeln!(text, "    assign {{then_valid, {}}} = was_{};\n", then.join(", "), self.latency);
        text += body;
        text += "\n    always @* begin\n";
        text += &self.legal();
        text += &self.spaced();
        if let (Some(valid), Some(ready)) = (&output.valid, &output.ready) {
            let _ = writeln!(text, "        // Stalls are the matter of another proof.");
            let _ = writeln!(text, "        assume ({ready} || !{valid});");
        }
        if interface.clocked {
            text += "        assume (rst_n);\n";
        }
        if let Some(valid) = &output.valid {
            let _ = writeln!(text, "        assert ({valid} == then_valid);");
        }
        for port in &output.payload {
            let _ = writeln!(text, "        if (then_valid) assert ({0} == should_{0});", port.name);
        }
        text + "    end\n\nendmodule\n"
    }

    /// Assumes that ports whose bits hold more than their range are within it.
    fn legal(&self) -> String {
        let payload = &self.built.interface.input.payload;
        let ports = self.ports().iter().filter(|(name, _)| payload.iter().any(|port| port.name == *name));
        let narrow = ports.filter(|(_, info)| info.range != info.range.filled());
        let assume = |(name, info): &Named| {
            let (lo, hi) = (info.range.lo(), info.range.hi());
            format!("        assume (then_{name} >= {lo} && then_{name} <= {hi});\n")
        };
        narrow.map(assume).collect()
    }

    /// Clocks from a first state that is not known to a result that is compared. Where the beats have to keep an interval
    /// without being told, the clocks before the beat are seen, too.
    pub fn steps(&self) -> usize {
        let interface = &self.built.interface;
        let silent = interface.clocked && interface.input.ready.is_none();
        self.latency + if silent { interface.interval - 1 } else { 0 }
    }

    /// Assumes that beats keep the interval, if nothing tells them to.
    fn spaced(&self) -> String {
        let Some(valid) = &self.built.interface.input.valid else { return String::new() };
        let before: Vec<String> =
            (1..=self.steps() - self.latency).map(|i| format!("was_{i}[{}]", self.bits() - 1)).collect();
        match before.is_empty() {
            true => String::new(),
            false => format!("        assume (!({valid} && ({})));\n", before.join(" || ")),
        }
    }

    /// Bits of a beat, and of its valid.
    fn bits(&self) -> usize {
        1 + self.built.interface.input.payload.iter().map(|port| port.width).sum::<usize>()
    }

    /// Adds the proof that nothing changes while a result waits, if results can wait.
    pub fn prove_stalls(&self, formal: &mut Formal) {
        if self.latency == 0 {
            return;
        }
        let interface = &self.built.interface;
        let (Some(valid), Some(ready)) = (&interface.output.valid, &interface.output.ready) else { return };
        let top = format!("{}_stalls", self.module());
        let shown: Vec<&str> = interface.output.payload.iter().map(|port| port.name.as_str()).collect();
        let shown = [&[valid.as_str()], &*shown].concat();
        let bits = 1 + interface.output.payload.iter().map(|port| port.width).sum::<usize>();
        let written = interface.settings.iter().filter(|port| port.name.ends_with("_write"));
        let unwritten: String = written.map(|port| format!(" && !{}", port.name)).collect();
        let waits = format!("assume (rst_n && {valid} && !{ready}{unwritten});");
        let taken = interface.input.ready.as_ref().map(|taken| format!("        assert (!{taken});\n"));
        let text = format!(
            "// {top}: {} while a result waits.\n\n{}    assign shown = {{{}}};\n\n    always @* begin\n        {waits}\n{}    \
             end\n\nendmodule\n",
            self.module(),
            self.head(&top, &[format!("    output wire [{}:0] shown", bits - 1)]),
            shown.join(", "),
            taken.unwrap_or_default()
        );
        let proof = Proof {
            name: "stalls".to_owned(),
            claim: "while a result waits, no register changes, the result stays, and no beat is taken".to_owned(),
            method: Method::Hold,
            engine: Engine::Bitwuzla,
            top,
            files: vec!["formal/stalls.v".to_owned()],
            steps: 1,
            products: true,
            timeout: 300,
            expected: 2,
            twins: vec![Twin::new("a result that is taken", "stalls.v", waits, "assume (rst_n);")],
        };
        formal.prove(proof, "stalls.v", text);
    }

    /// The head of a module `name` with the inputs of the block and `further` ports, and the block in it.
    pub fn head(&self, name: &str, further: &[String]) -> String {
        let (outputs, inputs): (Vec<&Named>, Vec<&Named>) =
            self.ports().iter().partition(|(_, info)| info.role == Role::Output);
        let inputs = inputs.into_iter().map(|port| format!("    input {}", declared(&port.0, &port.1)));
        let list: Vec<String> = inputs.chain(further.iter().cloned()).collect();
        let mut text = format!("module {name} (\n{}\n);\n\n", list.join(",\n"));
        for port in outputs {
            let _ = writeln!(text, "    {};", declared(&port.0, &port.1));
        }
        let pins: Vec<String> = self.ports().iter().map(|(port, _)| format!(".{port}({port})")).collect();
        text + &format!("    {} dut ({});\n\n", self.module(), pins.join(", "))
    }
}
