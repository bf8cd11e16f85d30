//! Random configurations. The suite lists what is tried one option at a time; here options meet.

use qrtl_gen::blocks;
use qrtl_gen::spec::Spec;
use qrtl_random::Random;
use serde_json::{Map, Value};

/// Configurations that are drawn before one is left as the suite has it.
const DRAWS: usize = 200;

/// A block that elaborates and for which golden has vectors. Each field is as in one of the suite's configurations of the
/// block, or a whole number between two of them.
pub fn spec(random: &mut Random) -> Spec {
    let suite: Vec<Spec> = blocks::suite().into_iter().map(|(spec, _)| spec).collect();
    // Every block comes, and a block of many options comes more often.
    let of_many = suite[random.size(0, suite.len() - 1)].block();
    let word = if random.one_in(2) { of_many } else { random.pick(Spec::WORDS) };
    let block: Vec<&Spec> = suite.iter().filter(|spec| spec.block() == word).collect();
    let fields: Vec<Map<String, Value>> = block.iter().filter_map(|spec| fields(spec)).collect();
    for _ in 0..DRAWS {
        let crossed = crossed(&fields, random);
        let spec = serde_json::from_value::<Spec>(Value::Object(crossed));
        if let Some(spec) = spec.ok().filter(possible) {
            return spec;
        }
    }
    (*random.pick(&block)).clone()
}

/// The fields of a description.
pub fn fields(spec: &Spec) -> Option<Map<String, Value>> {
    serde_json::to_value(spec).ok()?.as_object().cloned()
}

/// Whether the block elaborates, and golden accepts its parameters.
fn possible(spec: &Spec) -> bool {
    spec.build(spec.block()).is_ok_and(|built| spec.script(&built.interface, 1, 1).is_ok())
}

fn crossed(all: &[Map<String, Value>], random: &mut Random) -> Map<String, Value> {
    let mut result = all[random.size(0, all.len() - 1)].clone();
    for (name, value) in &mut result {
        let of = |random: &mut Random| all[random.size(0, all.len() - 1)].get(name).cloned();
        let (a, b) = (of(random), of(random));
        if random.one_in(2) {
            continue;
        }
        let whole = |value: &Option<Value>| value.as_ref().and_then(Value::as_i64);
        *value = match (whole(&a), whole(&b)) {
            (Some(a), Some(b)) => (random.within(a.min(b).into(), a.max(b).into()) as i64).into(),
            _ => a.unwrap_or(value.clone()),
        };
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_meet_that_the_suite_tries_apart() {
        let suite: Vec<Spec> = blocks::suite().into_iter().map(|(spec, _)| spec).collect();
        let drawn: Vec<Spec> = (0..60).map(|seed| spec(&mut Random::new(seed))).collect();
        let new = drawn.iter().filter(|spec| !suite.contains(spec)).count();
        assert!(new > 30, "{new} of 60 are new");
        let again: Vec<Spec> = (0..60).map(|seed| spec(&mut Random::new(seed))).collect();
        assert!(drawn == again, "a seed draws one block");
    }
}
