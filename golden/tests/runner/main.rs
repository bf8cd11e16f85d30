//! Models, run in the integers of a named runtime.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cases;
mod digits;
#[path = "../support/models.rs"]
mod models;
mod moves;
mod mutations;
mod operators;
mod reductions_and_tables;
#[path = "../support/seeded.rs"]
mod seeded;
mod tiny;
