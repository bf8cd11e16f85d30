//! The head of a GEMM block's Verilog.

use super::config::{Channels, Forwarding, GemmConfig, Operand};
use crate::exact::Header;
use crate::parameter::{Dimension, ZeroPoint};

/// The head of the block's file.
pub(super) fn header(c: &GemmConfig) -> Header {
    let size = |d: Dimension| match d {
        Dimension::Fixed(n) => n.to_string(),
        Dimension::UpTo(n) => format!("1..={n} (port)"),
    };
    let side = |o: &Operand| {
        let zero = match o.zero_point {
            ZeroPoint::None => "zero point 0 or folded into the bias".to_owned(),
            given => format!("zero point {given}, {}", o.strategy),
        };
        format!("{}, {zero}", o.range)
    };
    let (parameters, formula) = if c.has_shift() {
        ("bias, multiplier and shift", "requant(acc + bias[n], multiplier[n], shift[n])")
    } else {
        ("bias and float32", "even(f32(f32(acc + bias[n]) * multiplier[n]))")
    };
    let channels = match c.channels() {
        Channels::Same => format!("one {parameters} for all"),
        Channels::Table => format!("table of {}", c.table_entries()),
        Channels::Memory => "memory, filled through cfg_*".to_owned(),
    };
    let systolic = if c.forwarding == Forwarding::Systolic { ", systolic" } else { "" };
    let pace = if c.passes == 1 { "per clock".to_owned() } else { format!("in {} clocks", c.passes) };
    let name = format!("gemm_{}x{}", c.rows, c.cols);
    Header::new(name, format!("C[m][n] = clamp({formula} + zero_point, min, max),"))
        .line("acc = sum over k of (A[m][k] - za) * (B[k][n] - zb).")
        .line("A beat carries A[m][k] for the rows of a tile and B[k][n] for its columns; K beats make a tile.")
        .line("Lanes beyond the edge of C are ignored; keep says which lanes of y hold a result.")
        .fact("array", format!("{} x {} processing elements{systolic}", c.rows, c.cols))
        .fact("M, N, K", format!("{}, {}, {}", size(c.m), size(c.n), size(c.k)))
        .fact("A", side(&c.left()))
        .fact("B", side(&c.right()))
        .fact("acc", format!("{}, {} bits", c.acc(), c.acc().width()))
        .fact("channels", channels)
        .fact("rule", format!("{}: {}", c.rule, c.rule.reference()))
        .fact("C", format!("{}, {}", c.output, c.output.range()))
        .fact("latency", format!("{} cycles from the last beat of a tile to its first result", c.latency()))
        .fact("throughput", format!("{} products per clock; {} results {pace}", c.rows * c.cols, c.requantizers()))
        .fact("no waits", format!("for K of {} and more, if results are taken", c.least_terms()))
}
