//! The six parameters of a requantization.

use rust_hdl::prelude::{Block, In, Logic, Probe};

use crate::exact::{Maybe, Port};

/// One `T` for each parameter, in the order in which their ports follow the accumulator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameters<T> {
    /// added to the accumulator
    pub bias: T,
    /// fixed-point multiplier, `0..2^(B-1)`
    pub multiplier: T,
    /// shift with TFLite's sign: left is positive
    pub shift: T,
    /// added to the scaled value
    pub zero_point: T,
    /// least result
    pub min: T,
    /// greatest result
    pub max: T,
}

impl<T> Parameters<T> {
    /// Each parameter with its name.
    pub fn named(self) -> [(&'static str, T); 6] {
        let Parameters { bias, multiplier, shift, zero_point, min, max } = self;
        [
            ("bias", bias),
            ("multiplier", multiplier),
            ("shift", shift),
            ("zero_point", zero_point),
            ("min", min),
            ("max", max),
        ]
    }

    /// Applies `f` to the name and the value of each parameter.
    pub fn map<U>(self, f: impl FnMut((&'static str, T)) -> U) -> Parameters<U> {
        let [bias, multiplier, shift, zero_point, min, max] = self.named().map(f);
        Parameters { bias, multiplier, shift, zero_point, min, max }
    }

    /// Each parameter in a pair with the same parameter of `other`.
    pub fn zip<U>(self, other: Parameters<U>) -> Parameters<(T, U)> {
        let mut others = other.named().into_iter();
        self.map(|(_, one)| (one, others.next().expect("there are as many of both").1))
    }

    /// A reference to each parameter.
    pub fn as_ref(&self) -> Parameters<&T> {
        let Parameters { bias, multiplier, shift, zero_point, min, max } = self;
        Parameters { bias, multiplier, shift, zero_point, min, max }
    }

    fn as_mut(&mut self) -> Parameters<&mut T> {
        let Parameters { bias, multiplier, shift, zero_point, min, max } = self;
        Parameters { bias, multiplier, shift, zero_point, min, max }
    }
}

impl Logic for Parameters<Maybe<Port<In>>> {
    fn update(&mut self) {}
}

/// The ports of this bundle belong to the block that has it.
impl Block for Parameters<Maybe<Port<In>>> {
    fn connect_all(&mut self) {}
    fn update_all(&mut self) {
        self.as_mut().named().into_iter().for_each(|(_, port)| port.update_all());
    }
    fn has_changed(&self) -> bool {
        self.as_ref().named().into_iter().any(|(_, port)| port.has_changed())
    }
    fn accept(&self, _: &str, probe: &mut dyn Probe) {
        self.as_ref().named().into_iter().for_each(|(name, port)| port.accept(name, probe));
    }
}
