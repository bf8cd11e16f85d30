//! Model files of others through the Verilated engine.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod local;
