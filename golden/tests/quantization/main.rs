//! From floats to integers.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod affine;
mod batch_norm;
mod calibration;
mod deviation;
#[path = "../support/exact.rs"]
mod exact;
mod lab;
mod linear;
#[path = "../support/models.rs"]
mod models;
mod normalization;
mod parameters;
#[path = "../support/seeded.rs"]
mod seeded;
mod size;
