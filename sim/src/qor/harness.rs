//! The flip-flops around a block: a shift chain drives each input bit, a register takes each output bit, and a second
//! chain of exclusive ors carries them out. The harness has three pins, so that any block fits any package.

use std::fmt::Write;

use qrtl_hdl::interface::{BenchPort, Interface};

/// Name of the harness' module.
pub const TOP: &str = "qor_harness";

/// Name of the block's instance in the harness; the names of the block's cells begin with it.
pub const INSTANCE: &str = "dut";

/// Name of the chain that drives the inputs.
pub const CHAIN: &str = "chain";

/// A harness for a module.
pub struct Harness {
    inputs: Vec<(String, usize)>,
    outputs: Vec<(String, usize)>,
    clocked: bool,
    module: String,
}

impl Harness {
    /// A harness for the module that an interface describes.
    pub fn new(interface: &Interface) -> Harness {
        let bit = |name: &Option<String>| name.clone().map(|n| (n, 1));
        let port = |p: &BenchPort| (p.name.clone(), p.width);
        let (input, output) = (&interface.input, &interface.output);
        let reset = interface.clocked.then(|| ("rst_n".to_owned(), 1));
        let inputs = [reset, bit(&input.valid), bit(&output.ready)].into_iter().flatten();
        let inputs = inputs.chain(interface.settings.iter().chain(&input.payload).map(port)).collect();
        let outputs = [bit(&input.ready), bit(&output.valid)].into_iter().flatten();
        let outputs = outputs.chain(output.payload.iter().map(port)).collect();
        Harness { inputs, outputs, clocked: interface.clocked, module: interface.module.clone() }
    }

    /// Numbers of bits that enter and leave the block.
    pub fn bits(&self) -> (usize, usize) {
        let sum = |ports: &[(String, usize)]| ports.iter().map(|(_, w)| w).sum();
        (sum(&self.inputs), sum(&self.outputs))
    }

    /// The port and bit that an element of the chain drives.
    pub fn input_of(&self, mut element: usize) -> Option<String> {
        for (name, width) in &self.inputs {
            if element < *width {
                return Some(if *width == 1 { name.clone() } else { format!("{name}[{element}]") });
            }
            element -= width;
        }
        None
    }

    /// The Verilog of the harness, with the block as a module without a body.
    pub fn verilog(&self) -> String {
        let (ins, outs) = self.bits();
        let mut text = format!("module {TOP} (input wire clk, input wire si, output wire so);\n");
        let _ = writeln!(text, "    reg [{0}:0] {CHAIN};\n    reg [{1}:0] capture, scan;", ins - 1, outs - 1);
        let _ = writeln!(text, "    wire [{}:0] outputs;\n    assign so = scan[{}];", outs - 1, outs - 1);
        text += "    always @(posedge clk) begin\n        capture <= outputs;\n";
        let _ =
            writeln!(text, "        {CHAIN} <= ({CHAIN} << 1) | si;\n        scan <= (scan << 1) ^ capture;\n    end");
        let mut pins = if self.clocked { vec![".clk(clk)".to_owned()] } else { Vec::new() };
        for (ports, net) in [(&self.inputs, CHAIN), (&self.outputs, "outputs")] {
            let mut at = 0;
            for (name, width) in ports {
                pins.push(format!(".{name}({net}[{}:{at}])", at + width - 1));
                at += width;
            }
        }
        let _ = writeln!(text, "    {} {INSTANCE} ({});\nendmodule\n", self.module, pins.join(", "));
        text + &self.stub()
    }

    fn stub(&self) -> String {
        let mut ports = if self.clocked { vec!["input wire clk".to_owned()] } else { Vec::new() };
        for (list, direction) in [(&self.inputs, "input"), (&self.outputs, "output")] {
            ports.extend(list.iter().map(|(name, width)| format!("{direction} wire [{}:0] {name}", width - 1)));
        }
        format!("(* blackbox *)\nmodule {} ({});\nendmodule\n", self.module, ports.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use qrtl_gen::spec::Spec;
    use qrtl_hdl::blocks::requantizer::RequantizerConfig;

    use super::*;

    #[test]
    fn every_bit_of_the_block_is_connected() {
        let built = Spec::Requantizer(RequantizerConfig::default()).build("requantizer").unwrap();
        let harness = Harness::new(&built.interface);
        // rst_n, in_valid, out_ready, 32 + 31 + 6 + 3 * 8; in_ready, out_valid, y
        assert_eq!(harness.bits(), (96, 10));
        assert_eq!(harness.input_of(1).as_deref(), Some("in_valid"));
        assert_eq!(harness.input_of(34).as_deref(), Some("acc[31]"));
        assert_eq!(harness.input_of(96), None);
        let text = harness.verilog();
        assert!(text.contains(".acc(chain[34:3])") && text.contains(".y(outputs[9:2])"), "{text}");
    }
}
