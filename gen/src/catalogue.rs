//! The default catalogue: what `gen` emits when it is asked for nothing in particular.

use crate::spec::{FixedPointMultiplierSpec, GemmSpec, RequantizerSpec, SaturatorSpec, Spec};

/// Name and description of every block of the catalogue.
pub fn default_catalogue() -> Vec<(String, Spec)> {
    let blocks = [
        ("saturator", Spec::Saturator(SaturatorSpec::default())),
        ("fixed_point_multiplier", Spec::FixedPointMultiplier(FixedPointMultiplierSpec::default())),
        ("requantizer", Spec::Requantizer(RequantizerSpec::default())),
        ("gemm", Spec::Gemm(GemmSpec::default())),
        ("gemm_axis", Spec::Gemm(GemmSpec { axis: true, ..GemmSpec::default() })),
    ];
    blocks.into_iter().map(|(name, spec)| (name.to_owned(), spec)).collect()
}
