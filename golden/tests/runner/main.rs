//! Models, run in the integers of a named runtime.

#![allow(clippy::unwrap_used)] // helpers of tests

mod cases;
mod digits;
#[path = "../support/models.rs"]
mod models;
mod mutations;
mod operators;
#[path = "../support/seeded.rs"]
mod seeded;
mod tiny;
