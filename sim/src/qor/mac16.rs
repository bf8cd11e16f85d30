//! The delay of iCE40's multiplier, which nextpnr leaves out.
//!
//! nextpnr counts 0.1 ns from the clock of a SB_MAC16 to its outputs, whatever lies between, and ends a path at each
//! input of the cell. In a copy of the placed and routed design, each SB_MAC16 therefore gets a clock of its own.
//! nextpnr then reports the longest path into each of them, between each two, and out of each. The delays inside are
//! added from icestorm's table (UP5K, worst corner). A second copy leaves all pins open that have a register behind
//! them: the paths that it reports continue into the adder or the product. The longest path to any pin counts for all
//! pins, so the real clock is at least the reported one.
//!
//! A path to an enable or a reset of a multiplier's register ends there. The copies leave these pins open, and nextpnr
//! counts these paths in the design itself.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

/// Delay from A or B to O of a 16 x 16 product, in nanoseconds like all delays here.
pub const PRODUCT: f64 = 9.05;

/// Delay from A or B, or from their registers, to the register at the output.
pub const PRODUCT_TO_REGISTER: f64 = 6.5;

/// Delay through the adder, from C or D to O.
pub const ADDER: f64 = 5.3;

/// Delay from the clock to O of a registered output.
pub const CLOCK_TO_OUTPUT: f64 = 2.0;

/// Delay that nextpnr counts at each end of a path.
const NEXTPNR: f64 = 0.1;

/// Pins that only say whether and how registers inside move.
const CONTROLS: [&str; 11] =
    ["CE", "AHOLD", "BHOLD", "CHOLD", "DHOLD", "OHOLDTOP", "OHOLDBOT", "IRSTTOP", "IRSTBOT", "ORSTTOP", "ORSTBOT"];

/// Pins of the adder, and for each pin the parameter of its register, if it has one.
const ADDED: [(&str, Option<&str>); 7] = [
    ("C", Some("C_REG")),
    ("D", Some("D_REG")),
    ("ADDSUBTOP", None),
    ("ADDSUBBOT", None),
    ("OLOADTOP", None),
    ("OLOADBOT", None),
    ("CI", None),
];

/// Suffix that nextpnr appends to the name of a SB_MAC16 in Yosys' netlist.
const PLACED: &str = "_DSP";

/// Name of the module that nextpnr writes.
const ROUTED: &str = "top";

/// Prefix of the name of the clock of one multiplier.
const OWN_CLOCK: &str = "mac16:";

/// Which registers inside a multiplier are in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Registers {
    /// A and B are registered or constant
    pub inputs: bool,
    /// the product is registered before the adder
    pub product: bool,
    /// all other operands of the adder are registered or constant
    pub added: bool,
    /// all outputs that are read are registered
    pub output: bool,
}

/// The registers of every SB_MAC16 of a netlist of Yosys, by name.
///
/// # Errors
/// If the text is no netlist.
pub fn multipliers(netlist: &str, top: &str) -> Result<BTreeMap<String, Registers>> {
    let mut netlist: Value = serde_json::from_str(netlist).context("a netlist of Yosys")?;
    let cells = cells(&mut netlist, top)?;
    let mut readers: HashMap<u64, usize> = HashMap::new();
    let pins = cells.values().filter_map(|c| c["connections"].as_object()).flat_map(Map::values);
    pins.filter_map(Value::as_array)
        .flatten()
        .filter_map(Value::as_u64)
        .for_each(|b| *readers.entry(b).or_default() += 1);
    // The driver of the net is one of its ends.
    let read = |bit: &Value| bit.as_u64().is_some_and(|b| readers.get(&b).is_some_and(|n| *n > 1));
    let all = cells.iter().filter(|(_, c)| c["type"] == "SB_MAC16");
    Ok(all.map(|(name, cell)| (name.clone(), Registers::of(cell, read))).collect())
}

/// Pins that have a register behind them if a parameter says so.
const REGISTERED: [(&str, &str); 4] = [("A_", "A_REG"), ("B_", "B_REG"), ("C_", "C_REG"), ("D_", "D_REG")];

/// The placed and routed design with a clock of its own for every SB_MAC16; pins with a register behind them are open if
/// `beyond` is set.
///
/// # Errors
/// If the text is no netlist.
pub fn with_own_clocks(routed: &str, beyond: bool) -> Result<String> {
    let mut netlist: Value = serde_json::from_str(routed).context("a netlist of nextpnr")?;
    let nets = netlist.pointer(&format!("/modules/{ROUTED}/netnames")).and_then(Value::as_object);
    let nets = nets.context("the netlist has no nets")?;
    let numbers = nets.values().filter_map(|net| net["bits"].as_array()).flatten().filter_map(Value::as_u64);
    let mut next = numbers.max().unwrap_or(0);
    let mut clocks = Vec::new();
    for (name, cell) in cells(&mut netlist, ROUTED)? {
        if cell["type"] == "ICESTORM_DSP" {
            let set = |name: &str| cell["parameters"][name].as_str().is_some_and(|v| v.ends_with('1'));
            let registered: Vec<&str> =
                REGISTERED.iter().filter(|(_, parameter)| beyond && set(parameter)).map(|(pins, _)| *pins).collect();
            let open = |pin: &str| CONTROLS.contains(&pin) || registered.iter().any(|pins| pin.starts_with(pins));
            cell["connections"].as_object_mut().into_iter().for_each(|pins| pins.retain(|pin, _| !open(pin)));
            next += 1;
            cell["connections"]["CLK"] = json!([next]);
            clocks.push((format!("{OWN_CLOCK}{}", name.trim_end_matches(PLACED)), next));
        }
    }
    for (name, net) in clocks {
        netlist["modules"][ROUTED]["netnames"][name] = json!({"hide_name": 0, "bits": [net], "attributes": {}});
    }
    Ok(netlist.to_string())
}

fn cells<'n>(netlist: &'n mut Value, top: &str) -> Result<&'n mut Map<String, Value>> {
    let cells = netlist.pointer_mut(&format!("/modules/{top}/cells")).and_then(Value::as_object_mut);
    cells.context("the netlist has no cells")
}

/// The multiplier to which this clock belongs; `None` for the clock of the block.
pub fn owner(event: &str) -> Option<&str> {
    event.split_once(OWN_CLOCK).map(|(_, name)| name)
}

impl Registers {
    fn of(cell: &Value, read: impl Fn(&Value) -> bool) -> Registers {
        let empty = Map::new();
        let parameters = cell["parameters"].as_object().unwrap_or(&empty);
        let is = |name: &str, bits: &str| {
            let text = parameters.get(name).and_then(Value::as_str).unwrap_or("");
            text.trim_start_matches('0') == bits
        };
        let bits = |port: &str| cell["connections"][port].as_array().map(Vec::as_slice).unwrap_or_default();
        let constant = |port: &str| bits(port).iter().all(Value::is_string);
        let half = |bits: &[Value], select: &str| is(select, "1") || !bits.iter().any(&read);
        let (low, high) = bits("O").split_at(bits("O").len().min(16));
        Registers {
            inputs: (is("A_REG", "1") || constant("A")) && (is("B_REG", "1") || constant("B")),
            product: is("PIPELINE_16x16_MULT_REG2", "1"),
            added: ADDED.iter().all(|&(pin, register)| constant(pin) || register.is_some_and(|r| is(r, "1"))),
            output: half(high, "TOPOUTPUT_SELECT") && half(low, "BOTOUTPUT_SELECT") && !bits("CO").iter().any(&read),
        }
    }

    /// When the outputs change, in nanoseconds after the clock edge, if the last signal arrives at the pins at
    /// `arrival`.
    fn leaves(self, arrival: f64) -> f64 {
        if self.output {
            return CLOCK_TO_OUTPUT;
        }
        let product = match self {
            Registers { product: true, .. } => CLOCK_TO_OUTPUT + ADDER,
            Registers { inputs: true, .. } => PRODUCT,
            _ => arrival + PRODUCT,
        };
        product.max(if self.added { CLOCK_TO_OUTPUT } else { arrival } + ADDER)
    }

    /// Length of the longest path that ends at a register inside.
    fn ends(self, arrival: f64) -> f64 {
        let product = if self.inputs { PRODUCT_TO_REGISTER } else { arrival + PRODUCT_TO_REGISTER };
        product.max(if self.added { 0.0 } else { arrival + ADDER })
    }
}

/// The longest path that nextpnr reports of each kind, in nanoseconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Pieces {
    /// from a register to a multiplier
    pub into: Vec<f64>,
    /// from one multiplier to another, where such a path exists: from, to, length
    pub between: Vec<(usize, usize, f64)>,
    /// from a multiplier to a register
    pub out: Vec<f64>,
}

impl Pieces {
    /// When the last signal arrives at each multiplier, if the outputs of multiplier `i` change at `leaves[i]`.
    fn arrivals(&self, leaves: &[f64]) -> Vec<f64> {
        let mut arrivals: Vec<f64> = self.into.iter().map(|t| (t - NEXTPNR).max(0.0)).collect();
        for &(from, to, nanoseconds) in &self.between {
            arrivals[to] = arrivals[to].max(leaves[from] + nanoseconds - 2.0 * NEXTPNR);
        }
        arrivals
    }

    /// The longest path from register to register with multipliers in it, and the last multiplier on it; `beyond` are the
    /// pieces of the copy whose registered pins are open.
    pub fn longest(&self, beyond: &Pieces, registers: &[Registers]) -> (f64, usize) {
        let mut leaves = vec![0.0; registers.len()];
        let mut inner = leaves.clone();
        // A path may go through all multipliers, so that as many rounds are needed.
        for _ in registers {
            inner = beyond.arrivals(&leaves);
            leaves = registers.iter().zip(&inner).map(|(r, &arrival)| r.leaves(arrival)).collect();
        }
        let arrivals = self.arrivals(&leaves);
        let longest = |i: usize| {
            let after = if self.out[i] > 0.0 { leaves[i] + self.out[i] - NEXTPNR } else { 0.0 };
            after.max(arrivals[i]).max(registers[i].ends(inner[i]))
        };
        (0..registers.len()).map(|i| (longest(i), i)).fold((0.0, 0), |a, b| if b.0 > a.0 { b } else { a })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registers_cut_the_path() {
        let one = Pieces { into: vec![5.1], between: Vec::new(), out: vec![8.1] };
        for ([inputs, product, added, output], nanoseconds) in [
            ([false, false, true, false], 5.0 + PRODUCT + 8.0),
            ([true, false, true, false], PRODUCT + 8.0),
            ([true, true, true, false], CLOCK_TO_OUTPUT + ADDER + 8.0),
            ([false, false, true, true], 5.0 + PRODUCT_TO_REGISTER),
            ([true, false, true, true], CLOCK_TO_OUTPUT + 8.0),
            ([true, false, false, true], 5.0 + ADDER),
            ([true, false, false, false], 5.0 + ADDER + 8.0),
        ] {
            let registers = Registers { inputs, product, added, output };
            let (longest, _) = one.longest(&one, &[registers]);
            assert!((longest - nanoseconds).abs() < 1e-9, "{registers:?}: {longest}");
        }
    }

    #[test]
    fn a_path_goes_through_adders_until_a_register() {
        let registered = Registers { inputs: true, product: true, added: true, output: true };
        let open = Registers { added: false, output: false, ..registered };
        let pieces = Pieces { into: vec![2.1; 3], between: vec![(0, 1, 3.2), (1, 2, 4.2)], out: vec![0.0, 0.0, 6.1] };
        let longest = |middle, last| pieces.longest(&pieces, &[registered, middle, last]);
        let two = CLOCK_TO_OUTPUT + 3.0 + ADDER + 4.0;
        for ((longest, at), nanoseconds, last) in [
            (longest(open, open), two + ADDER + 6.0, 2),
            (longest(open, Registers { output: true, ..open }), two + ADDER, 2),
            (longest(open, registered), two, 2),
            (longest(registered, open), CLOCK_TO_OUTPUT + 4.0 + ADDER + 6.0, 2),
        ] {
            assert!((longest - nanoseconds).abs() < 1e-9 && at == last, "{longest} at {at}, not {nanoseconds}");
        }
    }

    #[test]
    fn what_is_constant_or_not_read_needs_no_register() {
        let cell = r#"{"type": "SB_MAC16", "parameters": {"A_REG": "1"},
            "connections": {"A": [3], "B": ["1"], "CLK": [2], "CE": [4], "ORSTTOP": [5], "O": [6], "CO": [7]}}"#;
        let of = |reader: &str| {
            let netlist = format!(r#"{{"modules": {{"t": {{"cells": {{"x": {cell}, "y": {reader}}}}}}}}}"#);
            multipliers(&netlist, "t").unwrap()["x"]
        };
        let none = Registers { inputs: true, product: false, added: true, output: true };
        assert_eq!(of(r#"{"type": "LUT", "connections": {"I0": [8]}}"#), none);
        for bit in [6, 7] {
            let reader = format!(r#"{{"type": "LUT", "connections": {{"I0": [{bit}]}}}}"#);
            assert_eq!(of(&reader), Registers { output: false, ..none });
        }
    }

    #[test]
    fn each_has_its_own_clock() {
        let cell = r#"{"type": "ICESTORM_DSP", "connections": {"A_0": [3], "CLK": [2], "CE": [4]}}"#;
        let netlist = format!(
            r#"{{"modules": {{"top": {{"cells": {{"x_DSP": {cell}}}, "netnames": {{"a": {{"bits": [3, "x"]}}}}}}}}}}"#
        );
        let netlist = netlist.replace(r#""connections""#, r#""parameters": {"A_REG": "01"}, "connections""#);
        assert!(!with_own_clocks(&netlist, true).unwrap().contains("A_0"));
        let text = with_own_clocks(&netlist, false).unwrap();
        assert!(text.contains("A_0"), "{text}");
        assert!(text.contains(r#""CLK":[4]"#) && text.contains("mac16:x\"") && !text.contains(r#""CE""#), "{text}");
        assert_eq!(owner("posedge mac16:x"), Some("x"));
    }
}
