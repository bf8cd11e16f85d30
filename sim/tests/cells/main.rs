//! The models of the cells that blocks instantiate, against the plain form of what they compute: a product and registers
//! behind it, in Verilog, with random operands that are made there.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod memories;

use std::process::Command;

use qrtl_hdl::exact::{Range, elaborate};
use qrtl_hdl::targets::ecp5::{Mult18x18d, Registers};
use qrtl_hdl::targets::ice40::{MacForm, MacRegisters, SbMac16, SbMac16Products};
use qrtl_hdl::targets::models;
use qrtl_hdl::verilog::{File, Provenance, print};
use qrtl_sim::verilator::{Around, Build, build};
use qrtl_sim::workspace::Workspace;
use rust_hdl::prelude::Block;

/// Vectors for each form of a cell.
const VECTORS: usize = 10_000_000;

const MAIN: &str = include_str!("main.cpp");

/// Operands of every kind, the greatest and least often, and an enable; what differs once is kept. `FORMS` are compared
/// after so many clocks that all registers have a value.
const TOP: &str = include_str!("comparer.v");

/// A form of a cell, and how the comparison is written with `#` for its number.
struct Form {
    files: Vec<File>,
    declared: String,
    clocked: String,
}

/// The module of a cell, its name ending in the number.
fn files(block: &impl Block, number: usize) -> Vec<File> {
    let mut design = elaborate(block, "cell").unwrap_or_else(|e| panic!("{e}"));
    design.name = format!("form_{number}");
    let mut files = models(&design);
    files.extend(print(&design, &Provenance { command: "a test".to_owned() }));
    files
}

/// No vector of any form differs.
#[track_caller]
fn equal_plain_form(forms: &[Form]) {
    assert!(!forms.is_empty() && forms.len() <= 64);
    let numbered = |part: fn(&Form) -> &String| -> String {
        forms.iter().enumerate().map(|(i, f)| part(f).replace('#', &i.to_string())).collect()
    };
    let unused = format!("    assign now[63:{0}] = {1}'d0;\n", forms.len(), 64 - forms.len());
    let declared = numbered(|f| &f.declared) + if forms.len() < 64 { &unused } else { "" };
    let text = TOP.replace("DECLARED", &declared).replace("CLOCKED", &numbered(|f| &f.clocked));
    let mut files: Vec<File> = Vec::new();
    for file in forms.iter().flat_map(|f| &f.files) {
        if files.iter().all(|f| f.name != file.name) {
            files.push(file.clone());
        }
    }
    files.push(File::new("comparer", text));
    let workspace = Workspace::compiled_in().unwrap();
    let program = build(workspace, &files, "comparer", &Around::Own(MAIN), Build::default());
    let program = program.unwrap_or_else(|e| panic!("{e}"));
    let output = Command::new(program).arg(VECTORS.to_string()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    // A model that meets what it does not know stops the simulation and says so.
    assert_eq!(text, format!("{VECTORS} vectors, differing forms 0\n"));
}

/// `v`, delayed by `ranks` of up to three registers that are declared and clocked here.
fn delayed(name: &str, width: u32, value: &str, ranks: usize) -> [String; 3] {
    let mut text = [format!("    wire [{}:0] {name}_0 = {value};\n", width - 1), String::new(), String::new()];
    for i in 1..=ranks {
        text[0] += &format!("    reg [{}:0] {name}_{i};\n", width - 1);
        text[1] += &format!("            {name}_{i} <= {name}_{};\n", i - 1);
    }
    text[2] = format!("{name}_{ranks}");
    text
}

#[test]
fn mult18x18d_with_any_of_its_registers() {
    let bit = |n: usize, i: usize| n >> i & 1 == 1;
    let form = |n: usize| {
        let registers = Registers { input: bit(n, 0), pipeline: bit(n, 1), output: bit(n, 2) };
        let ranks = (n as u32).count_ones() as usize;
        let [declared, clocked, expected] =
            delayed("p#", 36, "$signed({{18{a[17]}}, a}) * $signed({{18{b[17]}}, b})", ranks);
        let declared = declared
            + "    wire [35:0] got_#;\n    form_# form_#_0 (.clk(clk), .enable(enable), .a(a), .b(b), .p(got_#));\n"
            + &format!("    assign now[#] = got_# != {expected};\n");
        Form { files: files(&Mult18x18d::new(registers, true), n), declared, clocked }
    };
    equal_plain_form(&(0..8).map(form).collect::<Vec<_>>());
}

#[test]
fn sb_mac16_with_any_of_its_registers() {
    let bit = |n: usize, i: usize| n >> i & 1 == 1;
    let form = |n: usize| {
        // Each rank of the product and of the sum on and off with each, signed factors and carries with half of them.
        let registers = MacRegisters {
            factors: bit(n, 0),
            middle: bit(n, 1),
            product: bit(n, 2),
            addend: bit(n, 3) != bit(n, 0),
            high: bit(n, 3),
            low: bit(n, 4),
        };
        let form = MacForm { signed: bit(n, 1) != bit(n, 3), carry: bit(n, 2) != bit(n, 4), enable: true, registers };
        let sign = if form.signed { "{16{a[15]}}" } else { "16'd0" };
        let product = [registers.factors, registers.middle, registers.product].map(usize::from).iter().sum();
        let p = delayed("p#", 32, &format!("{{{sign}, a[15:0]}} * {{16'd0, b[15:0]}}"), product);
        let c = delayed("c#", 32, "addend", registers.addend.into());
        let carry = if form.carry { "{32'd0, carry}" } else { "33'd0" };
        let sum = format!("    wire [32:0] s# = {{1'b0, {}}} + {{1'b0, {}}} + {carry};\n", p[2], c[2]);
        let high = delayed("h#", 16, "s#[31:16]", registers.high.into());
        let low = delayed("l#", 16, "s#[15:0]", registers.low.into());
        let declared = [p[0].as_str(), &c[0], &sum, &high[0], &low[0]].concat()
            + "    wire [31:0] got_#;\n    wire out_#;\n    form_# form_#_0 (.clk(clk), .enable(enable), .a(a[15:0]), .b(b[15:0]),\n"
            + "        .addend(addend), "
            + if form.carry { ".carry(carry), " } else { "" }
            + ".sum(got_#), .carry_out(out_#));\n"
            + &format!("    assign now[#] = {{out_#, got_#}} != {{s#[32], {}, {}}};\n", high[2], low[2]);
        Form {
            files: files(&SbMac16::new(form), n),
            declared,
            clocked: [p[1].as_str(), &c[1], &high[1], &low[1]].concat(),
        }
    };
    equal_plain_form(&(0..32).map(form).collect::<Vec<_>>());
}

#[test]
fn sb_mac16_with_one_product_or_two() {
    // Half of the forms make two products, each factor of either is signed in half of them. They do not stop: what is
    // compared moves at each clock.
    let form = |n: usize| {
        let (lanes, signed) = (1 + (n & 1), [n & 2 != 0, n & 4 != 0]);
        let (factor, product) = (16 / lanes, 32 / lanes);
        let range = |signed| (if signed { Range::signed } else { Range::unsigned })(factor as u32);
        let wide = |name: &str, signed: bool, lane: usize| {
            let (high, low) = (factor * (lane + 1) - 1, factor * lane);
            let sign = if signed { format!("{name}[{high}]") } else { "1'b0".to_owned() };
            format!("{{{{{factor}{{{sign}}}}}, {name}[{high}:{low}]}}")
        };
        let mut declared = "    wire out_#;\n    wire [31:0] got_#, expected_#;\n".to_owned();
        declared += "    reg [31:0] first_#, second_#, third_#;\n";
        for lane in 0..lanes {
            let (high, low) = (product * (lane + 1) - 1, product * lane);
            let [a, b] = [wide("a", signed[0], lane), wide("b", signed[1], lane)];
            declared += &format!("    assign expected_#[{high}:{low}] = {a} * {b};\n");
        }
        declared += "    always @(posedge clk) begin\n        first_# <= expected_#;\n        second_# <= first_#;\n";
        declared += "        third_# <= second_#;\n    end\n";
        declared += "    form_# form_#_0 (.clk(clk), .a(a[15:0]), .b(b[15:0]), .p(got_#), .carry_out(out_#));\n";
        declared += "    assign now[#] = {out_#, got_#} != {1'b0, third_#};\n";
        Form { files: files(&SbMac16Products::new(signed.map(range)), n), declared, clocked: String::new() }
    };
    equal_plain_form(&(0..8).map(form).collect::<Vec<_>>());
}
