//! The fast simulation in Rust, which checks every claim where a value is taken.

use std::fmt;

use super::core::Role;
use super::flat::{FlatNetlist, Slot, Taken};
use super::netlist::Design;
use super::range::Range;

impl Taken {
    pub(super) fn check(&self, values: &[i128]) -> Result<(), Violation> {
        match self {
            Taken::Value => Ok(()),
            Taken::Selected { condition, yes, no } => if values[*condition] == 1 { yes } else { no }.check(values),
            Taken::Claimed { slot, range, claim } if !range.contains(values[*slot]) => {
                Err(Violation(format!("{claim}: got {}", values[*slot])))
            }
            Taken::Claimed { .. } => Ok(()),
        }
    }
}

/// A value left the range that a description claimed for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation(String);

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Violation {}

/// Simulation of a design: set inputs, [`FlatSim::settle`], get outputs, [`FlatSim::step`] the clock.
pub struct FlatSim {
    netlist: FlatNetlist,
    values: Vec<i128>,
}

impl FlatSim {
    /// A simulation in which registers and memories hold 0, or what is nearest to it in their range.
    pub fn new(design: &Design) -> FlatSim {
        // A Design exists only after elaboration has searched it for loops.
        let netlist =
            FlatNetlist::new(design).unwrap_or_else(|l| unreachable!("an elaborated design has a loop: {l:?}"));
        FlatSim { values: netlist.start.clone(), netlist }
    }

    fn port(&self, name: &str, lane: usize) -> (Slot, Range, Role) {
        let port = self.netlist.ports.get(&(name.to_owned(), lane));
        *port.unwrap_or_else(|| panic!("the top has no port {name}[{lane}]"))
    }

    /// Sets one lane of an input.
    ///
    /// # Panics
    /// If the top has no such input, or its range does not contain `v`.
    pub fn set_lane(&mut self, name: &str, lane: usize, v: i128) {
        let (slot, range, role) = self.port(name, lane);
        assert!(role == Role::Input && range.contains(v), "{v} into {role:?} {name} of {range}");
        self.values[slot] = v;
    }

    /// Sets an input. Panics as [`FlatSim::set_lane`].
    pub fn set(&mut self, name: &str, v: i128) {
        self.set_lane(name, 0, v);
    }

    /// Value of one lane of a port after [`FlatSim::settle`].
    ///
    /// # Panics
    /// If the top has no such port.
    pub fn get_lane(&self, name: &str, lane: usize) -> i128 {
        self.values[self.port(name, lane).0]
    }

    /// Value of a port. Panics as [`FlatSim::get_lane`].
    pub fn get(&self, name: &str) -> i128 {
        self.get_lane(name, 0)
    }

    /// Computes every combinational value.
    pub fn settle(&mut self) {
        for step in &self.netlist.steps {
            let operands = step.operands.map(|s| self.values[s]);
            self.values[step.result] = step.op.evaluate(operands, step.width);
        }
    }

    /// Settles, checks every claim, and clocks every register.
    ///
    /// # Errors
    /// The first value that lies outside the range claimed for it.
    pub fn step(&mut self) -> Result<(), Violation> {
        self.settle();
        self.netlist.claims.iter().try_for_each(|claim| claim.check(&self.values))?;
        let mut edges: Vec<(Slot, i128)> = Vec::with_capacity(self.netlist.states.len());
        for state in &self.netlist.states {
            match state.init {
                Some((init, reset)) if self.values[reset] == 0 => edges.push((state.slot, init)),
                _ if state.enable.is_none_or(|e| self.values[e] == 1) => {
                    state.taken.check(&self.values)?;
                    edges.push((state.slot, self.values[state.next]));
                }
                _ => {}
            }
            debug_assert!(state.range.contains(self.values[state.slot]), "{} left its range", state.path);
        }
        for memory in &mut self.netlist.memories {
            let [enable, address] = memory.read.map(|s| self.values[s]);
            if enable == 1 {
                edges.push((memory.data, memory.words[address as usize]));
            }
            let write = memory.write.map(|slots| slots.map(|s| self.values[s]));
            if let Some([1, address, word]) = write {
                memory.words[address as usize] = word;
            }
        }
        edges.into_iter().for_each(|(slot, v)| self.values[slot] = v);
        self.settle();
        Ok(())
    }
}
