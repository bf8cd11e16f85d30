//! A simulation that is asked one thing after the other.

use qrtl_gen::script::Script;
use qrtl_hdl::interface::BenchPort;
use qrtl_sim::verilator::Build;

use crate::modules::{SUM, WIDE, built, combinational, port, stage, stage_ports, sum_ports};

#[test]
fn without_a_clock() {
    let interface = sum_ports();
    let mut bench = built(SUM, &interface, Build::default()).unwrap().converse().unwrap();
    let (mut script, mut expected) = (Script::new(&interface), Vec::new());
    for carry in 0..2 {
        script.set("carry", &[carry]);
        for (a, b) in (-8..8).flat_map(|a| (-8..8).map(move |b| (a, b))) {
            script.beat(&[a, b]);
            script.await_results(1);
            expected.push(vec![a + b + carry]);
        }
    }
    // 7 + 7 + 1 does not leave 5 bits, and neither does -8 - 8.
    script.flush();
    assert_eq!(bench.run(&script).unwrap(), expected);
}

#[test]
fn wide_ports_and_lanes() {
    let lanes = port("x", 135, 27, true);
    let output = vec![BenchPort { name: "y".to_owned(), ..lanes.clone() }, port("low", 65, 65, false)];
    let interface = combinational("wide", Vec::new(), vec![lanes], output);
    let mut bench = built(WIDE, &interface, Build::default()).unwrap().converse().unwrap();
    for beat in [[0, 1, -1, (1 << 26) - 1, -(1 << 26)], [-2, 3, -5, 7, -11]] {
        let mut script = Script::new(&interface);
        script.beat(&beat);
        script.await_results(1);
        script.flush();
        let mask = |v: i128| v & ((1 << 27) - 1);
        let low = (mask(beat[0]) | mask(beat[1]) << 27 | mask(beat[2]) << 54) & ((1 << 65) - 1);
        let expected: Vec<i128> = beat.iter().rev().copied().chain([low]).collect();
        assert_eq!(bench.run(&script).unwrap(), [expected]);
    }
}

#[test]
fn more_is_written_than_pipes_hold() {
    let (stage, interface) = (stage(), stage_ports());
    let mut bench = stage.converse().unwrap();
    for _ in 0..2 {
        let mut script = Script::new(&interface);
        (0..200_000).for_each(|i| script.beat(&[i % 128]));
        script.await_results(200_000);
        script.flush();
        let results = bench.run(&script).unwrap();
        assert!(results.iter().enumerate().all(|(i, beat)| *beat == [i as i128 % 128]));
        assert_eq!(results.len(), 200_000);
    }
}

#[test]
fn a_script_may_flush_more_than_once_and_must_at_its_end() {
    let (stage, interface) = (stage(), stage_ports());
    let mut bench = stage.converse().unwrap();
    for _ in 0..2 {
        let mut script = Script::new(&interface);
        script.beat(&[1]);
        script.await_results(1);
        script.flush();
        script.reset();
        script.beat(&[2]);
        script.await_results(1);
        script.flush();
        assert_eq!(bench.run(&script).unwrap(), [[1], [2]]);
    }
    let mut endless = Script::new(&interface);
    endless.beat(&[1]);
    assert!(bench.run(&endless).unwrap_err().to_string().contains("does not end with a flush"));
}
