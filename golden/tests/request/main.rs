//! Requests and answers as lines of JSON.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod ask;
mod convolution;
mod numbers;
mod operators;
mod real;
