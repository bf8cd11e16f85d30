//! The operators against their definitions, and the fast paths against the obvious loops.

#![allow(clippy::unwrap_used)] // helpers of tests

mod convolution;
mod elementwise;
mod fast;
mod other;
mod refuse;
#[path = "../support/seeded.rs"]
mod seeded;
