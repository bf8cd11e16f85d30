//! Vectors: the commands that a bench sends to a module and golden's results, as the text that the bench reads.

use std::fmt::Write;

use qrtl_hdl::interface::{BenchPort, Interface};

/// Commands for the bench and the results that must come.
#[derive(Debug, Clone)]
pub struct Script {
    interface: Interface,
    /// commands
    pub input: String,
    /// a line for each result; `x` stands for a digit that does not matter
    pub expected: String,
    /// number of results
    pub vectors: usize,
    /// number of networks whose results they are, for an engine
    pub networks: usize,
    pending: usize,
}

impl Script {
    /// An empty script for a module.
    pub fn new(interface: &Interface) -> Script {
        let (input, expected) = (String::new(), String::new());
        Script { interface: interface.clone(), input, expected, vectors: 0, networks: 0, pending: 0 }
    }

    /// Sets an input that is in no stream, lane by lane.
    ///
    /// # Panics
    /// If the module has no such input.
    pub fn set(&mut self, name: &str, lanes: &[i128]) {
        let port = self.interface.settings.iter().find(|p| p.name == name);
        let port = port.unwrap_or_else(|| panic!("{} has no setting {name}", self.interface.module));
        let _ = writeln!(self.input, "= {name} {}", hex(port, lanes));
    }

    /// Offers a beat: the lanes of all payload ports, port after port.
    ///
    /// # Panics
    /// If the payload has fewer or more lanes.
    pub fn beat(&mut self, lanes: &[i128]) {
        self.input.push('>');
        let mut rest = lanes;
        for port in &self.interface.input.payload {
            let (own, others) = rest.split_at(port.width / port.lane_width);
            let _ = write!(self.input, " {}", hex(port, own));
            rest = others;
        }
        assert!(rest.is_empty(), "{} takes fewer lanes: {} are left", self.interface.module, rest.len());
        self.input.push('\n');
    }

    /// Expects a result: lanes as in [`Script::beat`]; `None` where the value does not matter.
    ///
    /// # Panics
    /// If the payload has fewer or more lanes.
    pub fn expect(&mut self, lanes: &[Option<i128>]) {
        let mut rest = lanes;
        for (i, port) in self.interface.output.payload.iter().enumerate() {
            let (own, others) = rest.split_at(port.width / port.lane_width);
            let _ = write!(self.expected, "{}{}", if i == 0 { "" } else { " " }, hex_or_any(port, own));
            rest = others;
        }
        assert!(rest.is_empty(), "{} gives fewer lanes: {} are left", self.interface.module, rest.len());
        self.expected.push('\n');
        self.vectors += 1;
        self.pending += 1;
    }

    /// Lets the next flush wait for results that are not known in the script.
    pub fn await_results(&mut self, count: usize) {
        self.pending += count;
    }

    /// Lets clock cycles pass.
    pub fn idle(&mut self, cycles: u64) {
        let _ = writeln!(self.input, "c {cycles}");
    }

    /// Waits for every result so far.
    pub fn flush(&mut self) {
        let _ = writeln!(self.input, "f {}", self.pending);
        self.pending = 0;
    }

    /// Resets the module. Results that have not come by then are lost. The reset must not affect later results.
    pub fn reset(&mut self) {
        let _ = writeln!(self.input, "r {}", self.pending);
        self.pending = 0;
    }
}

/// Lanes of a port as one number in hex, without leading zeros beyond one digit.
pub fn hex(port: &BenchPort, lanes: &[i128]) -> String {
    let digits = packed(port, lanes);
    let text: String = digits.iter().rev().map(|&d| char::from_digit(d, 16).unwrap_or('0')).collect();
    let trimmed = text.trim_start_matches('0');
    if trimmed.is_empty() { "0".to_owned() } else { trimmed.to_owned() }
}

/// All hex digits of a port, lowest first.
fn packed(port: &BenchPort, lanes: &[i128]) -> Vec<u32> {
    let bit = |i: usize| lanes[i / port.lane_width] >> (i % port.lane_width) & 1;
    let digit = |d: usize| (0..4).filter(|b| 4 * d + b < port.width && bit(4 * d + b) == 1).map(|b| 1 << b).sum();
    (0..port.width.div_ceil(4)).map(digit).collect()
}

/// A result as the bench prints it, with every digit. A digit is `x` if any bit of it does not matter.
fn hex_or_any(port: &BenchPort, lanes: &[Option<i128>]) -> String {
    let values: Vec<i128> = lanes.iter().map(|l| l.unwrap_or(0)).collect();
    let matters = |d: usize| (4 * d..(4 * d + 4).min(port.width)).all(|b| lanes[b / port.lane_width].is_some());
    let digits = packed(port, &values);
    let text = |d: usize| if matters(d) { char::from_digit(digits[d], 16).unwrap_or('0') } else { 'x' };
    (0..digits.len()).rev().map(text).collect()
}

/// Lanes of a port from its hex text.
pub fn lanes(port: &BenchPort, text: &str) -> Option<Vec<i128>> {
    let digits: Vec<u32> = text.chars().rev().map(|c| c.to_digit(16)).collect::<Option<_>>()?;
    let bit = |i: usize| digits.get(i / 4).is_some_and(|d| d >> (i % 4) & 1 == 1);
    let lane = |l: usize| {
        let value: i128 = (0..port.lane_width).filter(|b| bit(l * port.lane_width + b)).map(|b| 1i128 << b).sum();
        let negative = port.signed && value >> (port.lane_width - 1) == 1;
        if negative { value - (1 << port.lane_width) } else { value }
    };
    Some((0..port.width / port.lane_width).map(lane).collect())
}
