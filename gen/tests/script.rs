//! A script names ports that there are, and gives each its lanes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use qrtl_gen::script::Script;
use qrtl_gen::spec::Spec;

fn saturator() -> Script {
    let spec = Spec::from_toml("run_time_bounds = true", Some("saturator")).unwrap();
    Script::new(&spec.build("saturator").unwrap().interface)
}

#[test]
fn a_beat_has_a_lane_for_each_port() {
    let mut script = saturator();
    script.beat(&[7, -1, 1]);
    script.expect(&[Some(1)]);
    assert_eq!((script.input.as_str(), script.expected.as_str()), ("> 7 ff 1\n", "01\n"));
}

#[test]
#[should_panic(expected = "saturator has no setting minimum")]
fn a_setting_that_is_not_there() {
    saturator().set("minimum", &[0]);
}

#[test]
#[should_panic(expected = "saturator takes fewer lanes: 1 are left")]
fn a_lane_too_many() {
    saturator().beat(&[7, -1, 1, 0]);
}
