//! A module that is one cell of a device, not logic.

/// A cell of a device's library. A module whose [`Header`](super::Header) names one is printed as an instance of it; its
/// description says what the cell computes, for simulation in Rust.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Cell {
    /// name of the cell in the device's library
    pub name: &'static str,
    /// what the cell does, in Verilog: for simulation and lint, not for synthesis
    pub model: &'static str,
    /// parameters and their values, as Verilog writes them
    pub parameters: Vec<(&'static str, String)>,
    /// pins, and what is connected to them: ports of the module, bits of ports, literals
    pub pins: Vec<(String, String)>,
    /// output pins that nothing is connected to
    pub open: Vec<String>,
}
