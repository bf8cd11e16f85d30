//! A requantizer inside another block: by a multiplier and a shift or by a float32, with the same way in and out.

use rust_hdl::prelude::*;

use super::float_requantizer::{FloatRequantizer, FloatRequantizerConfig};
use super::requantizer::{Requantizer, RequantizerConfig};
use crate::exact::{Clk, Int, Kernel, Port};

/// What a block says of its requantizers, which take a sum at each of their intervals and never wait.
#[derive(Debug)]
pub(super) enum AnyRequantizerConfig {
    /// by a multiplier and a shift
    Fixed(Box<RequantizerConfig>),
    /// by a float32
    Float(FloatRequantizerConfig),
}

impl AnyRequantizerConfig {
    /// Clock edges from a sum to its result.
    pub(super) fn latency(&self) -> usize {
        match self {
            AnyRequantizerConfig::Fixed(config) => config.latency(),
            AnyRequantizerConfig::Float(config) => config.latency(),
        }
    }

    /// Checks that there is such a requantizer, which takes `passes` clocks for a sum.
    ///
    /// # Errors
    /// A sentence that names the parameter, the limit and what it got.
    pub(super) fn validate(&self, passes: usize) -> Result<(), String> {
        match self {
            AnyRequantizerConfig::Fixed(config) => config.validate(),
            AnyRequantizerConfig::Float(_) if passes != 1 => {
                Err(format!("passes: {passes} is not 1, the passes of f32_even"))
            }
            AnyRequantizerConfig::Float(config) => config.validate(),
        }
    }

    /// As many of them.
    ///
    /// # Errors
    /// The errors of their configuration.
    pub(super) fn several(&self, count: usize) -> Result<Vec<AnyRequantizer>, String> {
        let one = |_| {
            Ok(match self {
                AnyRequantizerConfig::Fixed(config) => {
                    AnyRequantizer::Fixed(Box::new(Requantizer::new((**config).clone())?))
                }
                AnyRequantizerConfig::Float(config) => {
                    AnyRequantizer::Float(Box::new(FloatRequantizer::new(config.clone())?))
                }
            })
        };
        (0..count).map(one).collect()
    }
}

/// What rounds the sums: a multiplier and a shift, or a float32. In the Verilog either block has the name of the field.
pub(super) enum AnyRequantizer {
    /// by a multiplier and a shift
    Fixed(Box<Requantizer>),
    /// by a float32
    Float(Box<FloatRequantizer>),
}

impl AnyRequantizer {
    /// Connects clock and reset.
    pub(super) fn connect(&self, k: &Kernel, clk: &Clk, rst_n: Int<'_>) {
        let (own, reset) = match self {
            AnyRequantizer::Fixed(block) => (&block.clk, &block.rst_n),
            AnyRequantizer::Float(block) => (&block.clk, &block.rst_n),
        };
        k.pass_clock(clk, own);
        k.drive(reset, rst_n);
    }

    /// There is a sum.
    pub(super) fn in_valid(&self) -> &Port<In> {
        match self {
            AnyRequantizer::Fixed(block) => block.flow.in_valid(),
            AnyRequantizer::Float(block) => block.flow.in_valid(),
        }
    }

    /// The sum, with its bias unless that has a port of its own.
    pub(super) fn acc(&self) -> &Port<In> {
        match self {
            AnyRequantizer::Fixed(block) => &block.acc,
            AnyRequantizer::Float(block) => &block.acc,
        }
    }

    /// The bias, if the requantizer adds it.
    pub(super) fn bias(&self) -> Option<&Port<In>> {
        match self {
            AnyRequantizer::Fixed(block) => block.parameters.bias.get(),
            AnyRequantizer::Float(_) => None,
        }
    }

    /// Multiplier and shift where they are ports, or the float32.
    pub(super) fn factor(&self) -> [Option<&Port<In>>; 2] {
        match self {
            AnyRequantizer::Fixed(block) => [block.parameters.multiplier.get(), block.parameters.shift.get()],
            AnyRequantizer::Float(block) => [Some(&block.scale), None],
        }
    }

    /// Zero point, least and greatest result, where they are ports.
    pub(super) fn output(&self) -> [Option<&Port<In>>; 3] {
        match self {
            AnyRequantizer::Fixed(block) => {
                [&block.parameters.zero_point, &block.parameters.min, &block.parameters.max].map(|port| port.get())
            }
            AnyRequantizer::Float(block) => [&block.zero_point, &block.min, &block.max].map(Some),
        }
    }

    /// There is a result.
    pub(super) fn out_valid(&self) -> &Port<Out> {
        match self {
            AnyRequantizer::Fixed(block) => block.flow.out_valid(),
            AnyRequantizer::Float(block) => block.flow.out_valid(),
        }
    }

    /// The result.
    pub(super) fn y(&self) -> &Port<Out> {
        match self {
            AnyRequantizer::Fixed(block) => &block.y,
            AnyRequantizer::Float(block) => &block.y,
        }
    }
}

impl Logic for AnyRequantizer {
    fn update(&mut self) {}
}

/// It is the block that it has.
impl Block for AnyRequantizer {
    fn connect_all(&mut self) {
        match self {
            AnyRequantizer::Fixed(block) => block.connect_all(),
            AnyRequantizer::Float(block) => block.connect_all(),
        }
    }
    fn update_all(&mut self) {
        match self {
            AnyRequantizer::Fixed(block) => block.update_all(),
            AnyRequantizer::Float(block) => block.update_all(),
        }
    }
    fn has_changed(&self) -> bool {
        match self {
            AnyRequantizer::Fixed(block) => block.has_changed(),
            AnyRequantizer::Float(block) => block.has_changed(),
        }
    }
    fn accept(&self, name: &str, probe: &mut dyn Probe) {
        match self {
            AnyRequantizer::Fixed(block) => block.accept(name, probe),
            AnyRequantizer::Float(block) => block.accept(name, probe),
        }
    }
}
