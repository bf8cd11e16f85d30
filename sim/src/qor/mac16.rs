//! The delay of iCE40's multiplier, which nextpnr leaves out.
//!
//! nextpnr takes 0.1 ns from the clock of a SB_MAC16 to its outputs whatever lies between, and cuts a path at those
//! without a clock. Here none has a clock any more, so that nextpnr tells of all paths into, between and out of them;
//! the delays inside are added from icestorm's table (UP5K, worst corner). All are taken for as little registered as the
//! least of them, and the longest pieces for one path: the clock is at least that.

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

/// Which registers inside the multipliers are in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Registers {
    /// those of A and B, or they are constant
    pub inputs: bool,
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

/// Takes the clock from every SB_MAC16 of a netlist of Yosys; gives the netlist and which registers they have, if
/// there are any.
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
        all = Some(Registers { inputs: own.inputs && least.inputs, output: own.output && least.output });
        cell["connections"]["CLK"] = json!(["0"]);
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
        stages[0].max(stages[1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registers_cut_the_path() {
        let pieces = Pieces { into: 5.1, between: None, out: 8.1 };
        let longest = |inputs, output| pieces.longest(Registers { inputs, output });
        assert!((longest(false, false) - (5.0 + 9.05 + 8.0)).abs() < 1e-9);
        assert!((longest(true, false) - (9.05 + 8.0)).abs() < 1e-9);
        assert!((longest(false, true) - (5.0 + 6.5)).abs() < 1e-9);
        assert!((longest(true, true) - 10.0).abs() < 1e-9);
    }

    #[test]
    fn a_constant_operand_needs_no_register() {
        let cell =
            r#"{"type": "SB_MAC16", "parameters": {"A_REG": "1"}, "connections": {"A": [3], "B": ["1"], "CLK": [2]}}"#;
        let netlist = format!(r#"{{"modules": {{"t": {{"cells": {{"x": {cell}}}}}}}}}"#);
        let (text, registers) = without_clock(&netlist, "t").unwrap();
        assert_eq!(registers, Some(Registers { inputs: true, output: false }));
        assert!(text.contains(r#""CLK":["0"]"#), "{text}");
    }
}
