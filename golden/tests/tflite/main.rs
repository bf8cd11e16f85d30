//! The importers of model files and arrays: what they read, what they refuse, and what damaged files do.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod builder;
#[path = "../support/counting.rs"]
mod counting;
mod digits;
mod expand;
#[path = "../support/models.rs"]
mod models;
mod mutations;
mod npy;
mod npz;
mod patch;
mod read;
mod refuse;
#[path = "../support/seeded.rs"]
mod seeded;
