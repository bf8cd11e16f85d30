//! What a stranger may hand over: damaged models and what else is read. Never a panic, never a hang, never memory out of
//! proportion, and of each refusal one line.
//!
//! `QRTL_INPUTS` sets the number of inputs of each kind, `QRTL_SEED` the seed; a failure prints the `QRTL_CASE` that makes
//! its input again.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod chain;
mod corpus;
#[path = "../../../golden/tests/support/counting.rs"]
mod counting;
mod files;
mod flat;
mod harness;
mod messages;
mod models;
mod values;
