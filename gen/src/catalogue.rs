//! The default catalogue: what `gen` emits when it is asked for nothing in particular.

use crate::spec::{FixedPointMultiplierSpec, GemmSpec, RequantizerSpec, SaturatorSpec, Spec};

/// A block of the catalogue.
pub struct Entry {
    /// name of its module
    pub name: &'static str,
    /// the command that emits it alone
    pub command: &'static str,
    /// description
    pub spec: Spec,
}

/// Every block of the catalogue.
pub fn default_catalogue() -> [Entry; 5] {
    let entry = |name, command, spec| Entry { name, command, spec };
    [
        entry("saturator", "emit saturator", Spec::Saturator(SaturatorSpec::default())),
        entry(
            "fixed_point_multiplier",
            "emit fixed_point_multiplier",
            Spec::FixedPointMultiplier(FixedPointMultiplierSpec::default()),
        ),
        entry("requantizer", "emit requantizer", Spec::Requantizer(RequantizerSpec::default())),
        entry("gemm", "emit gemm", Spec::Gemm(GemmSpec::default())),
        entry("gemm_axis", "emit gemm --axis", Spec::Gemm(GemmSpec { axis: true, ..GemmSpec::default() })),
    ]
}
