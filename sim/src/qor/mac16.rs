//! The delay of iCE40's multiplier, which nextpnr leaves out.
//!
//! nextpnr takes 0.1 ns from the clock of a SB_MAC16 to its outputs whatever lies between, and cuts a path at those
//! without a clock. In a copy of the design none has a clock any more, so that nextpnr tells of all paths into, between
//! and out of them; the delays inside are added from icestorm's table (UP5K, worst corner). All are taken for as little
//! registered as the least of them, and the longest pieces for one path: the clock is at least that.
//!
//! A path to an enable or a reset of a multiplier's register ends there, and is not added to a product: the copy has
//! constants at those pins, and nextpnr counts these paths where the clock is left.

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

/// Nanoseconds from A or B to O of a 16 x 16 product.
const PRODUCT: f64 = 9.05;

/// From A or B, or from their registers, to the register at the output.
const PRODUCT_TO_REGISTER: f64 = 6.5;

/// Through the adder, from C or D to O.
const ADDER: f64 = 5.3;

/// From the clock to O of a registered output.
const CLOCK_TO_OUTPUT: f64 = 2.0;

/// What nextpnr takes at each end.
const NEXTPNR: f64 = 0.1;

/// Pins that only say whether and how registers inside move, and the value at which they move always.
const CONTROLS: [(&str, &str); 11] = [
    ("CE", "1"),
    ("AHOLD", "0"),
    ("BHOLD", "0"),
    ("CHOLD", "0"),
    ("DHOLD", "0"),
    ("OHOLDTOP", "0"),
    ("OHOLDBOT", "0"),
    ("IRSTTOP", "0"),
    ("IRSTBOT", "0"),
    ("ORSTTOP", "0"),
    ("ORSTBOT", "0"),
];

/// What the adder takes from outside, and the parameter of its register, if it has one.
const ADDED: [(&str, Option<&str>); 7] = [
    ("C", Some("C_REG")),
    ("D", Some("D_REG")),
    ("ADDSUBTOP", None),
    ("ADDSUBBOT", None),
    ("OLOADTOP", None),
    ("OLOADBOT", None),
    ("CI", None),
];

/// Which registers inside the multipliers are in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Registers {
    /// those of A and B, or they are constant
    pub inputs: bool,
    /// those of all else that the adder takes, or it is constant
    pub added: bool,
    /// those of O
    pub output: bool,
}

/// The longest path that nextpnr reports of each kind, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pieces {
    /// from a register to a multiplier
    pub into: f64,
    /// from one multiplier to the adder of another, if any are so connected
    pub between: Option<f64>,
    /// from a multiplier to a register
    pub out: f64,
}

/// Takes the clock from every SB_MAC16 of a netlist of Yosys, and ties its enables; gives the netlist and which registers
/// they have, if there are any.
///
/// # Errors
/// If it is no netlist.
pub fn without_clock(netlist: &str, top: &str) -> Result<(String, Option<Registers>)> {
    let mut netlist: Value = serde_json::from_str(netlist).context("a netlist of Yosys")?;
    let cells = netlist.pointer_mut(&format!("/modules/{top}/cells")).and_then(Value::as_object_mut);
    let mut all: Option<Registers> = None;
    for cell in cells.context("the netlist has no cells")?.values_mut() {
        if cell["type"] != "SB_MAC16" {
            continue;
        }
        let own = Registers::of(cell);
        let least = all.unwrap_or(own);
        all = Some(Registers {
            inputs: own.inputs && least.inputs,
            added: own.added && least.added,
            output: own.output && least.output,
        });
        for (pin, value) in CONTROLS.into_iter().chain([("CLK", "0")]) {
            if let Some(net) = cell["connections"].get_mut(pin) {
                *net = json!([value]);
            }
        }
    }
    Ok((netlist.to_string(), all))
}

impl Registers {
    fn of(cell: &Value) -> Registers {
        let empty = Map::new();
        let parameters = cell["parameters"].as_object().unwrap_or(&empty);
        let is = |name: &str, bits: &str| {
            let text = parameters.get(name).and_then(Value::as_str).unwrap_or("");
            text.trim_start_matches('0') == bits
        };
        let constant = |port: &str| cell["connections"][port].as_array().is_none_or(|b| b.iter().all(Value::is_string));
        Registers {
            inputs: (is("A_REG", "1") || constant("A")) && (is("B_REG", "1") || constant("B")),
            added: ADDED.iter().all(|&(pin, register)| constant(pin) || register.is_some_and(|r| is(r, "1"))),
            output: is("TOPOUTPUT_SELECT", "1") && is("BOTOUTPUT_SELECT", "1"),
        }
    }
}

impl Pieces {
    /// The longest path from register to register with the multipliers in it.
    pub fn longest(self, registers: Registers) -> f64 {
        let Pieces { into, between, out } = self;
        let hop = between.map_or(0.0, |b| b - 2.0 * NEXTPNR + ADDER);
        let (before, after) = (into - NEXTPNR, hop + out - NEXTPNR);
        let stages = match (registers.inputs, registers.output) {
            (false, false) => [before + PRODUCT + after, 0.0],
            (true, false) => [before, PRODUCT + after],
            (false, true) => [before + PRODUCT_TO_REGISTER, CLOCK_TO_OUTPUT + after],
            (true, true) => [before.max(PRODUCT_TO_REGISTER), CLOCK_TO_OUTPUT + after],
        };
        let added = match (registers.added, registers.output) {
            (true, _) => 0.0,
            (false, true) => before + ADDER,
            (false, false) => before + ADDER + after,
        };
        stages[0].max(stages[1]).max(added)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registers_cut_the_path() {
        let pieces = Pieces { into: 5.1, between: None, out: 8.1 };
        let longest = |inputs, added, output| pieces.longest(Registers { inputs, added, output });
        for (registers, nanoseconds) in [
            ((false, true, false), 5.0 + PRODUCT + 8.0),
            ((true, true, false), PRODUCT + 8.0),
            ((false, true, true), 5.0 + PRODUCT_TO_REGISTER),
            ((true, true, true), 2.0 + 8.0),
            ((true, false, true), 5.0 + ADDER),
            ((true, false, false), 5.0 + ADDER + 8.0),
        ] {
            let (inputs, added, output) = registers;
            assert!((longest(inputs, added, output) - nanoseconds).abs() < 1e-9, "{registers:?}");
        }
    }

    #[test]
    fn a_constant_operand_needs_no_register_and_an_enable_is_no_operand() {
        let cell = r#"{"type": "SB_MAC16", "parameters": {"A_REG": "1"},
            "connections": {"A": [3], "B": ["1"], "CLK": [2], "CE": [4], "ORSTTOP": [5]}}"#;
        let netlist = format!(r#"{{"modules": {{"t": {{"cells": {{"x": {cell}}}}}}}}}"#);
        let (text, registers) = without_clock(&netlist, "t").unwrap();
        assert_eq!(registers, Some(Registers { inputs: true, added: true, output: false }));
        for tied in [r#""CLK":["0"]"#, r#""CE":["1"]"#, r#""ORSTTOP":["0"]"#, r#""A":[3]"#] {
            assert!(text.contains(tied), "{tied}: {text}");
        }
        assert!(!text.contains("AHOLD"), "a pin that the block leaves open: {text}");
        let (_, registers) = without_clock(&netlist.replace("ORSTTOP", "OLOADTOP"), "t").unwrap();
        assert_eq!(registers, Some(Registers { inputs: true, added: false, output: false }));
    }
}
