//! How a bench talks to a block: which ports are settings, which form the input and the output stream.
//!
//! Every block of qrtl has at most one input stream and one output stream, so that one small generic bench
//! (`gen/csrc/bench.cpp`) drives them all. A block without a clock is combinational: the output is read right after
//! the input is applied.

use serde::Serialize;

/// The bench's view of a module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Interface {
    /// Name of the Verilog module.
    pub module: String,
    /// `clk` and `rst_n` exist.
    pub clocked: bool,
    /// Inputs that are set once and hold while beats flow (dimensions, zero points, table writes).
    pub settings: Vec<BenchPort>,
    /// What the bench sends.
    pub input: Stream,
    /// What the bench receives.
    pub output: Stream,
    /// Clocks from a beat to the next, at least. Where the input has no ready, whoever offers beats sees to it.
    pub interval: usize,
}

/// A valid/ready stream, or plain ports when `valid` is absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stream {
    /// Name of the valid port.
    pub valid: Option<String>,
    /// Name of the ready port; absent where the block never stalls.
    pub ready: Option<String>,
    /// The ports that make up one beat, in the order of the fields of a vector line.
    pub payload: Vec<BenchPort>,
}

/// One port as the bench sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BenchPort {
    /// Name in the Verilog.
    pub name: String,
    /// Width in bits, of all lanes together.
    pub width: usize,
    /// Width in bits of one lane; a port that is no bus has one lane.
    pub lane_width: usize,
    /// Two's complement (each lane).
    pub signed: bool,
}
