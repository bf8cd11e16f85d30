//! Lattice ECP5.

mod mult18x18d;
mod pdpw16kd;

pub use mult18x18d::{FACTOR, Mult18x18d, Registers};
pub use pdpw16kd::{Pdpw16kd, WORD, WORDS};
