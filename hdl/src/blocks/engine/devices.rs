//! The engine that suits a device: what `--device` changes of the defaults.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Arg, ValueEnum};

use super::EngineConfig;
use crate::parameter::of_flags;
use crate::targets::Device;

/// The parameters of the engine for a device that differ from the defaults, each with its value as a flag has it. `None`
/// for a device that is too small for an engine.
const fn parameters(device: Device) -> Option<&'static [(&'static str, &'static str)]> {
    match device {
        Device::Up5k => Some(&[
            ("rows", "2"),
            ("cols", "4"),
            ("lanes", "4"),
            ("requantizers", "1"),
            ("lane_requantizers", "1"),
            ("passes", "4"),
            ("pipeline", "9"),
            ("weight_bytes", "65536"),
            ("lane_weight_bytes", "1024"),
            ("channels", "128"),
            ("lane_channels", "128"),
            ("resident", "false"),
            ("terms", "128"),
            ("row_bytes", "2048"),
            ("heights", "512"),
            ("split", "false"),
            ("tables", "false"),
            ("softmax", "false"),
            ("target", "ice40"),
        ]),
        Device::Hx8k => None,
        Device::Ecp5Small => Some(&[
            ("cols", "8"),
            ("requantizers", "2"),
            ("lane_requantizers", "2"),
            ("activation_bytes", "57344"),
            ("weight_bytes", "28672"),
            ("lane_weight_bytes", "6144"),
            ("channels", "1024"),
            ("lane_channels", "1024"),
            ("program_words", "512"),
            ("terms", "256"),
            ("split", "false"),
            ("tables", "false"),
            ("dsp_elements", "4"),
            ("pipeline", "12"),
            ("target", "ecp5"),
        ]),
        Device::Ecp5Large => Some(&[
            ("weight_bytes", "131072"),
            ("lane_weight_bytes", "8192"),
            ("channels", "1024"),
            ("lane_channels", "1024"),
            ("program_words", "1024"),
            ("pipeline", "12"),
            ("target", "ecp5"),
        ]),
    }
}

/// The name of the flag, and of its value.
const DEVICE: &str = "device";

/// The devices for which there is an engine.
fn devices() -> impl Iterator<Item = Device> {
    Device::value_variants().iter().copied().filter(|&device| parameters(device).is_some())
}

/// The flag for a device. Nothing reads its value: other flags have it as the condition of a default.
pub(super) fn flag() -> Arg {
    let values = devices().filter_map(|device| device.to_possible_value());
    Arg::new(DEVICE)
        .long(DEVICE)
        .value_name("DEVICE")
        .value_parser(PossibleValuesParser::new(values).map(|_| ()))
        .help("device that the engine is to fit: picks all of the engine's parameters; other flags override them")
}

/// A flag with the defaults that it has for each device.
pub(super) fn with_defaults(flag: Arg) -> Arg {
    devices().fold(flag, |flag, device| {
        let own = parameters(device).unwrap_or_default().iter().find(|(name, _)| flag.get_id() == name);
        match own {
            Some(&(_, value)) => flag.default_value_if(DEVICE, device.word(), value),
            None => flag,
        }
    })
}

impl EngineConfig {
    /// The engine for a device, which the command line gives with `--device` and without any other flag. `None` for a
    /// device that is too small for an engine.
    pub fn for_device(device: Device) -> Option<EngineConfig> {
        parameters(device).map(|_| of_flags(&["--device", device.word()]))
    }
}

#[cfg(test)]
mod tests {
    use clap::{Args, Command};

    use super::*;

    #[test]
    fn each_parameter_of_a_device_is_one_of_the_engine_and_differs_from_its_default() {
        let command = EngineConfig::augment_args(Command::new("engine"));
        for device in devices() {
            for &(name, value) in parameters(device).unwrap() {
                let flag = command.get_arguments().find(|flag| flag.get_id() == name);
                let flag = flag.unwrap_or_else(|| panic!("{device:?}: {name} is no parameter"));
                assert!(flag.get_default_values().iter().all(|default| default != value), "{device:?}: {name}");
            }
        }
    }

    #[test]
    fn an_engine_of_each_device_is_within_its_limits() {
        for device in devices() {
            EngineConfig::for_device(device).unwrap().validate().unwrap_or_else(|e| panic!("{device:?}: {e}"));
        }
        assert_eq!(EngineConfig::for_device(Device::Hx8k), None);
    }

    #[test]
    fn other_flags_override_what_the_device_picks() {
        let config: EngineConfig = of_flags(&["--lanes", "8", "--device", "ecp5-25", "--cols", "16"]);
        let device = EngineConfig::for_device(Device::Ecp5Small).unwrap();
        assert_ne!(device.cols, 16);
        assert_eq!(config, EngineConfig { cols: 16, ..device });
    }
}
