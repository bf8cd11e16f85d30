//! The end of a window of values that come one a beat.

use rust_hdl::prelude::{Block, In, Logic, Probe};

use crate::exact::{Int, Kernel, Maybe, Port, Reg};
use crate::parameter::{Dimension, IntType};

/// Counts the values of a window. A window of a fixed size ends by itself. Any other window ends with a last bit, or with
/// the greatest number of values that it can have.
#[derive(Debug)]
pub struct Window {
    last: Maybe<Port<In>>,
    earlier: Reg,
}

/// A place in a window.
#[derive(Debug, Clone, Copy)]
pub struct Position<'k> {
    /// the value is the first of its window
    pub first: Int<'k>,
    /// the value is the last of its window
    pub last: Int<'k>,
    /// number of values of the window before this one
    pub earlier: Int<'k>,
}

/// Checks the number of values of a window: 2 to `most`.
///
/// # Errors
/// A sentence that names the parameter, the limits and what it got.
pub fn validate(size: Dimension, most: usize) -> Result<(), String> {
    let got = size.max();
    if (2..=most).contains(&got) { Ok(()) } else { Err(format!("size: {got} is outside 2..={most}")) }
}

/// Checks the bounds of an int8.
///
/// # Errors
/// A sentence that names the parameter, the limit and what it got.
pub fn bounds(min: i64, max: i64) -> Result<(), String> {
    let int8 = IntType::Int8.range();
    for (name, bound) in [("min", min), ("max", max)] {
        if !int8.contains(bound.into()) {
            return Err(format!("{name}: {bound} is outside {int8}"));
        }
    }
    if min > max { Err(format!("min: {min} is greater than max, {max}")) } else { Ok(()) }
}

impl Window {
    /// Windows of `size` values.
    pub fn new(size: Dimension) -> Window {
        Window {
            last: Maybe::when(matches!(size, Dimension::UpTo(_)), || Port::bit("the value is the last of its window")),
            earlier: Reg::control(0..=size.max() as i128 - 1, 0),
        }
    }

    /// The port of the last bit, if there is one.
    pub fn last(&self) -> Option<&Port<In>> {
        self.last.get()
    }

    /// The place of the value of this clock, which is taken where `accept` is 1.
    pub fn position<'k>(&'k self, k: &'k Kernel, accept: Int<'k>) -> Position<'k> {
        let (earlier, all) = (k.read(&self.earlier), self.earlier.range());
        let told = self.last.get().map_or(k.lit(0), |port| k.read(port));
        let last = (told | earlier.equals(all.hi())).named("window_ends");
        let more = (earlier + 1).bounded(all, "the window ends at its last place");
        k.register_when(&self.earlier, accept, last.mux(0, more));
        Position { first: earlier.equals(0).named("window_begins"), last, earlier }
    }
}

impl Logic for Window {
    fn update(&mut self) {}
}

/// The port and the counter belong to the block that has the window.
impl Block for Window {
    fn connect_all(&mut self) {}
    fn update_all(&mut self) {
        self.last.update_all();
        self.earlier.update_all();
    }
    fn has_changed(&self) -> bool {
        self.last.has_changed() || self.earlier.has_changed()
    }
    fn accept(&self, _: &str, probe: &mut dyn Probe) {
        self.last.accept("x_last", probe);
        self.earlier.accept("earlier", probe);
    }
}
