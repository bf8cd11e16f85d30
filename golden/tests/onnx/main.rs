//! ONNX models: what they give, what is refused, and what damaged files do.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod builder;
#[path = "../support/counting.rs"]
mod counting;
mod expand;
mod models;
mod mutations;
mod refuse;
mod resize;
#[path = "../support/seeded.rs"]
mod seeded;
