//! The places for register ranks in a requantizer.

use std::ops::Index;

use rust_hdl::prelude::{Block, Logic, Probe};

use crate::exact::Stage;
use crate::targets::{Place, Registered};

/// A [`Stage`] for each [`Place`].
#[derive(Debug)]
pub(super) struct Stages {
    stages: [Stage; Place::ALL.len()],
}

impl Stages {
    /// Ranks where they are `registered`, wires elsewhere.
    pub(super) fn new(registered: Registered) -> Stages {
        Stages { stages: Place::ALL.map(|place| Stage::new(registered.at(place))) }
    }
}

impl Index<Place> for Stages {
    type Output = Stage;
    fn index(&self, place: Place) -> &Stage {
        &self.stages[place as usize]
    }
}

/// The name of the registers at a place, which follows the name of their value.
fn name(place: Place) -> &'static str {
    match place {
        Place::Operands => "biased",
        Place::Multiply => "multiply",
        Place::Partial => "partial",
        Place::Middle => "middle",
        Place::Join => "join",
        Place::Product => "product",
        Place::Wide => "wide",
        Place::Narrow => "narrow",
        Place::Fine => "fine",
        Place::Offset => "offset",
        Place::Compare => "compare",
        Place::Result => "result",
    }
}

impl Logic for Stages {
    fn update(&mut self) {}
}

/// The registers of this bundle belong to the requantizer.
impl Block for Stages {
    fn connect_all(&mut self) {}
    fn update_all(&mut self) {
        self.stages.iter_mut().for_each(Block::update_all);
    }
    fn has_changed(&self) -> bool {
        self.stages.iter().any(Block::has_changed)
    }
    fn accept(&self, _: &str, probe: &mut dyn Probe) {
        Place::ALL.iter().for_each(|place| self[*place].accept(name(*place), probe));
    }
}
