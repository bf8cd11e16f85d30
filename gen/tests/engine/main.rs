//! Networks through the compiler of the engine and the interpreter of its images, against golden.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cases;
mod check;
mod digits;
mod local;
mod networks;
mod onnx;
mod refuse;
