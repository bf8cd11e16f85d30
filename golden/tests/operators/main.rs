//! The operators against their definitions, and the fast paths against the obvious loops.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod convolution;
mod elementwise;
mod fast;
mod mean;
mod other;
mod refuse;
#[path = "../support/seeded.rs"]
mod seeded;
mod tables;
