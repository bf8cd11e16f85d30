//! Delays of values: lines of registers, and ranks that may be wires.

use crate::exact::{Int, Kernel, Rank, Reg, Stage};

/// The value behind each register of a delay line.
pub(crate) fn delays<'k>(k: &'k Kernel, line: &[Reg], first: Int<'k>) -> Vec<Int<'k>> {
    let mut value = first;
    let pass = |rank| {
        k.register(rank, value);
        value = k.read(rank);
        value
    };
    line.iter().map(pass).collect()
}

/// Opens the stages.
pub(crate) fn open<'k>(k: &'k Kernel, stages: &'k [Stage]) -> Vec<Rank<'k>> {
    stages.iter().map(|stage| k.stage(stage, 1)).collect()
}

/// The value behind all of the ranks.
pub(crate) fn through<'k>(ranks: &[Rank<'k>], name: &str, value: Int<'k>) -> Int<'k> {
    ranks.iter().fold(value, |value, rank| rank.pass(name, value))
}
