//! The rules against a slow oracle in exact rationals, written from their definitions, and against what is published.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cases;
mod disagreements;
mod disagreements_table;
mod document;
#[path = "../support/exact.rs"]
mod exact;
mod gemmlowp;
mod multiplier;
mod narrow;
mod ort;
mod parameters;
mod products;
mod real_requantizer;
mod real_rules;
mod requantizer;
mod rules;
#[path = "../support/seeded.rs"]
mod seeded;
mod tosa;
