//! Narrow saturators through the synthesis of two devices: every input of the netlist, against the clamp. Yosys up to 0.67
//! takes a negative constant that is compared with up to 4 bits for an unsigned one.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

use qrtl_gen::emit::Package;
use qrtl_gen::spec::Spec;
use qrtl_sim::tools;
use qrtl_sim::workspace::Workspace;

/// A saturator of signed inputs, with constant bounds or with ports that are tied to them.
#[derive(Clone, Copy)]
struct Case {
    width: u32,
    bounds: [i64; 2],
    ports: bool,
}

const OUT_WIDTH: u32 = 8;

impl Case {
    fn package(&self, name: &str) -> Package {
        let [min, max] = self.bounds;
        let (width, ports) = (self.width, self.ports);
        // Ports of bounds are as wide as the result.
        let out_width = if ports { width } else { OUT_WIDTH };
        let bounds = if ports { "run_time_bounds = true".to_owned() } else { format!("min = {min}\nmax = {max}") };
        let text = format!(
            "block = \"saturator\"\nform = \"compare\"\nin_width = {width}\nout_width = {out_width}\n{bounds}\n"
        );
        Package::new(name, toml::from_str::<Spec>(&text).unwrap(), "a test").unwrap()
    }

    fn expected(&self, x: u64) -> i64 {
        let unused = 64 - self.width;
        ((x << unused) as i64 >> unused).clamp(self.bounds[0], self.bounds[1])
    }
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for width in 1..=6 {
        let (lo, hi) = (-(1 << (width - 1)), (1 << (width - 1)) - 1);
        let all = (lo..=hi).flat_map(|min| (min..=hi).map(move |max| [min, max]));
        // All bounds of up to 3 bits; of wider inputs those next to a power of two, and the ends.
        let chosen =
            all.filter(|bounds| width <= 3 || bounds.iter().all(|b| [-17, -5, -3, -1, 2, 4, lo, hi].contains(b)));
        for bounds in chosen {
            cases.push(Case { width, bounds, ports: false });
            if width == 4 {
                cases.push(Case { width, bounds, ports: true });
            }
        }
    }
    cases
}

/// One module around all of them, and a bench that prints each result for each input.
fn around(cases: &[Case]) -> [String; 2] {
    let bits = cases.len() * OUT_WIDTH as usize;
    let mut top = format!("module top (input [5:0] x, output [{}:0] y);\n", bits - 1);
    for (i, case) in cases.iter().enumerate() {
        let (to, hi) = (i * OUT_WIDTH as usize, case.width - 1);
        let _ = match case.ports {
            false => writeln!(top, "  case_{i} i_{i} (.x(x[{hi}:0]), .y(y[{to}+:{OUT_WIDTH}]));"),
            true => {
                let [min, max] = case.bounds.map(|v| format!("{}'d{}", case.width, v & ((1 << case.width) - 1)));
                let _ = writeln!(top, "  wire signed [{hi}:0] y_{i};\n  assign y[{to}+:{OUT_WIDTH}] = y_{i};");
                writeln!(top, "  case_{i} i_{i} (.x(x[{hi}:0]), .min({min}), .max({max}), .y(y_{i}));")
            }
        };
    }
    let bench = format!(
        "module bench;\n  reg [5:0] x;\n  wire [{}:0] y;\n  integer n;\n  top dut (.x(x), .y(y));\n  initial for (n = 0; n < 64; \
         n = n + 1) begin\n    x = n[5:0];\n    #1 $display(\"%h\", y);\n  end\nendmodule\n",
        bits - 1
    );
    [top + "endmodule\n", bench]
}

fn run(dir: &Path, tool: &str, arguments: &[&str]) -> String {
    let program = Workspace::compiled_in().unwrap().tool(tool);
    tools::run(Command::new(program).current_dir(dir).args(arguments)).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn netlists_of_narrow_saturators_clamp() {
    let cases = cases();
    let dir = tempfile::tempdir().unwrap();
    let [top, bench] = around(&cases);
    fs::write(dir.path().join("top.v"), top).unwrap();
    fs::write(dir.path().join("bench.v"), bench).unwrap();
    let blocks: String =
        cases.iter().enumerate().map(|(i, c)| c.package(&format!("case_{i}")).files[0].text.clone()).collect();
    fs::write(dir.path().join("blocks.v"), blocks).unwrap();
    let lint = ["--lint-only", "-Wall", "-Wno-DECLFILENAME", "-Wno-MULTITOP", "blocks.v"];
    assert_eq!(run(dir.path(), "verilator", &lint), "");
    for (pass, models) in [("synth_ice40", "ice40"), ("synth_ecp5", "ecp5")] {
        let script = format!(
            "read_verilog blocks.v top.v; {pass} -top top; write_verilog -noattr mapped.v; design -reset; read_verilog -defer \
             +/{models}/cells_sim.v; read_verilog mapped.v; hierarchy -top top; proc; flatten; opt_clean; write_verilog -noattr netlist.v"
        );
        run(dir.path(), "yosys", &["-q", "-p", &script]);
        run(dir.path(), "iverilog", &["-g2005", "-o", "netlist.vvp", "netlist.v", "bench.v"]);
        let printed = run(dir.path(), "vvp", &["-n", "netlist.vvp"]);
        let mut compared = 0;
        for (x, line) in printed.lines().enumerate() {
            for (i, case) in cases.iter().enumerate() {
                let end = line.len() - 2 * i;
                let got = i64::from(u8::from_str_radix(&line[end - 2..end], 16).unwrap() as i8);
                let Case { width, bounds, ports } = *case;
                assert_eq!(got, case.expected(x as u64), "{pass}: {width} bits, {bounds:?}, ports {ports}, x = {x}");
                compared += 1;
            }
        }
        assert_eq!(compared, 64 * cases.len());
    }
}
