//! Subjects of the measurement of area and clock.

use qrtl_hdl::targets::Device;

/// A configuration to measure.
#[derive(Debug, Clone)]
pub struct Subject<C> {
    /// name of the subject and of its module
    pub name: &'static str,
    /// description in the table
    pub about: &'static str,
    /// purpose of the measurement
    pub role: Role,
    /// configuration, which also gives the ports of a baseline
    pub config: C,
    /// targets for which it is measured
    pub places: Vec<Synthesis>,
}

/// The purpose of a measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A baseline, with which others are compared. It was written by hand: `bench/baselines/NAME.v`, and the files
    /// there that it needs.
    Baseline {
        /// names of the files that it needs
        parts: &'static [&'static str],
    },
    /// A block that is compared with the baseline of this name.
    ComparedWith(&'static str),
    /// A block that is not compared.
    Alone,
}

/// What a block is synthesized for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Synthesis {
    /// the device that the block is placed on; `None` stands for two-input gates, which are not placed
    pub device: Option<Device>,
    /// flags of the synthesis beyond the usual
    pub flags: &'static str,
}

/// Devices that have multipliers. One of 32 bits takes HX8K minutes, and thousands of its LUTs.
pub const WITH_DSP: &[Device] = &[Device::Ecp5Small, Device::Up5k];

/// Devices for small blocks, which fit everywhere.
pub const EVERYWHERE: &[Device] = &[Device::Ecp5Small, Device::Up5k, Device::Hx8k];

impl<C> Subject<C> {
    /// A configuration that is compared with the baseline `with`.
    pub fn compared(name: &'static str, about: &'static str, with: &'static str, config: C) -> Subject<C> {
        Subject { name, about, role: Role::ComparedWith(with), config, places: Vec::new() }
    }

    /// A baseline that was written by hand in `bench/baselines/NAME.v` and `parts`, with the ports of `config`.
    pub fn by_hand(name: &'static str, parts: &'static [&'static str], about: &'static str, config: C) -> Subject<C> {
        Subject { name, about, role: Role::Baseline { parts }, config, places: Vec::new() }
    }

    /// A configuration that is compared with nothing.
    pub fn alone(name: &'static str, about: &'static str, config: C) -> Subject<C> {
        Subject { name, about, role: Role::Alone, config, places: Vec::new() }
    }

    /// The same subject, measured on these devices as well.
    pub fn on(mut self, devices: &[Device]) -> Subject<C> {
        self.places.extend(devices.iter().map(|&device| Synthesis { device: Some(device), flags: "" }));
        self
    }

    /// The same subject, measured also on a device with further flags of the synthesis.
    pub fn with_flags(mut self, device: Device, flags: &'static str) -> Subject<C> {
        self.places.push(Synthesis { device: Some(device), flags });
        self
    }

    /// The same subject, measured in two-input gates as well.
    pub fn in_gates(mut self) -> Subject<C> {
        self.places.push(Synthesis { device: None, flags: "" });
        self
    }

    /// The same subject, with its configuration as a `D`.
    pub(super) fn converted<D>(self) -> Subject<D>
    where
        C: Into<D>,
    {
        let Subject { name, about, role, config, places } = self;
        Subject { name, about, role, config: config.into(), places }
    }
}
