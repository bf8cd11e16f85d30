//! Model files through the Verilated engine.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod local;
mod onnx;
