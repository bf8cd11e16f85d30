//! The smallest case of a difference: as many fields as possible as in the block's default, and as few vectors as possible.

use qrtl_gen::blocks;
use qrtl_gen::spec::Spec;
use serde_json::Value;

use super::drawn::fields;

/// The smallest case that fails, if `case` does.
pub fn smallest(case: (Spec, usize), fails: impl Fn(&Spec, usize) -> bool) -> (Spec, usize) {
    let (mut spec, mut count) = case;
    count = fewest(count, |count| fails(&spec, count));
    let default = blocks::catalogue().into_iter().find(|(_, default)| default.block() == spec.block());
    let default = default.and_then(|(_, default)| fields(&default)).unwrap_or_default();
    for (name, value) in default {
        let Some(mut simpler) = fields(&spec).filter(|now| now.get(&name) != Some(&value)) else { continue };
        simpler.insert(name, value);
        if let Some(simpler) = serde_json::from_value(Value::Object(simpler)).ok().filter(|s| fails(s, count)) {
            spec = simpler;
        }
    }
    let count = fewest(count, |count| fails(&spec, count));
    (spec, count)
}

/// A count of 1 or more that fails, found by halves between one that fails and one that does not.
fn fewest(count: usize, fails: impl Fn(usize) -> bool) -> usize {
    let (mut passes, mut fewest) = (0, count);
    while fewest - passes > 1 {
        let middle = passes + (fewest - passes) / 2;
        if fails(middle) { fewest = middle } else { passes = middle }
    }
    fewest
}

#[cfg(test)]
mod tests {
    use qrtl_hdl::blocks::requantizer::RequantizerConfig;
    use qrtl_hdl::targets::Target;

    use super::*;

    #[test]
    fn only_what_a_difference_needs_is_left() {
        let wrong =
            RequantizerConfig { target: Target::Ecp5, passes: 2, pipeline: 9, acc_width: 24, ..Default::default() };
        // Two passes are wrong from vector 117 on, however deep the block is.
        let fails = |spec: &Spec, count: usize| match spec {
            Spec::Requantizer(config) => config.passes == 2 && count >= 117,
            _ => false,
        };
        let (spec, count) = smallest((wrong.into(), 5_000), fails);
        assert_eq!(count, 117);
        assert_eq!(spec, RequantizerConfig { passes: 2, ..Default::default() }.into());
    }
}
