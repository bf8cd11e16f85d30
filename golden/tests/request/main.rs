//! Requests and answers as lines of JSON.

#![allow(clippy::unwrap_used)] // helpers of tests

mod ask;
mod convolution;
mod numbers;
mod operators;
mod real;
