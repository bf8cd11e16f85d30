//! The bench and its driver on small modules whose faults are known: what is right passes, and each fault is seen.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod conversation;
mod modules;

use std::fs;

use qrtl_gen::script::Script;
use qrtl_sim::simulation::Simulation;
use qrtl_sim::verilator::Build;

use modules::{STAGE, SUM, built, run, stage, stage_ports, sum_ports};

#[test]
fn a_stream_with_and_without_stalls() {
    let stage = stage();
    let values: Vec<u8> = (0..2000u32).map(|i| (i * 37 % 256) as u8).collect();
    let beats: String = values.iter().map(|v| format!("> {v:x}\n")).collect();
    // The settings change between beats, with no pause; a reset follows a flush; the last line has no end.
    let commands = format!("= offset 1\n{beats}= offset ff\n{beats}f 4000\nr 0\nc 3\n> 7f\nf 1");
    let line = |v: u8| format!("{v:02x}\n");
    let expected: String = (values.iter().map(|v| line(v.wrapping_add(1))))
        .chain(values.iter().map(|v| line(v.wrapping_sub(1))))
        .chain([line(0x7e)])
        .collect();
    for stall in ["0", "1", "30", "90"] {
        for seed in ["0", "1", "2"] {
            let ran = run(&stage, &commands, Some(&expected), &["--stall", stall, "--seed", seed]);
            assert_eq!((ran.status, &*ran.out, &*ran.err), (Some(0), "4001 vectors, 0 mismatches\n", ""));
        }
    }
    let ran = run(&stage, "> 5\n> 6\nf 2\n", None, &["--cycles"]);
    assert_eq!((ran.status, &*ran.out), (Some(0), "05\n06\n.\n"));
    // Two to reset, three for the beats, eight to see that nothing more comes.
    assert_eq!(ran.err, "cycles 13 first 2 last 4 refused 0\n");
}

#[test]
fn every_fault_is_seen() {
    let (stage, interface) = (stage(), stage_ports());
    let beats: String = (0..200).map(|i| format!("> {:x}\n", i % 16)).collect();
    let expected: String = (0..200).map(|i| format!("{:02x}\n", i % 16)).collect();
    let with = |fault: u32, stall: &str| {
        run(&stage, &format!("= fault {fault}\n{beats}f 200\n"), Some(&expected), &["--stall", stall])
    };
    assert_eq!(with(0, "30").status, Some(0));
    for (fault, stall, words) in [
        (1, "30", "protocol: valid fell before the transfer"),
        (2, "30", "protocol: the payload changed before the transfer"),
        (3, "0", "no transfer for 100000 cycles"),
        (4, "0", "beats came, not 200"),
        (5, "30", "no transfer for 100000 cycles"),
    ] {
        let ran = with(fault, stall);
        assert_eq!(ran.status, Some(3), "fault {fault}: {}", ran.err);
        assert!(ran.err.contains(words), "fault {fault}: {}", ran.err);
    }
    // All beats are alike: only what the bench shows between them tells.
    let commands = format!("= fault 6\n{}f 50\n", "> 7\n".repeat(50));
    let ran = run(&stage, &commands, Some(&"07\n".repeat(50)), &["--stall", "30"]);
    assert!(ran.status == Some(1) && ran.err.contains("expected 07"), "fault 6: {}", ran.err);
    // A driver hears why the bench has ended.
    let mut script = Script::new(&interface);
    script.set("fault", &[3]);
    script.beat(&[5]);
    script.await_results(1);
    script.flush();
    let error = stage.converse().unwrap().run(&script).unwrap_err().to_string();
    assert!(error.contains("line 3: cycle ") && error.contains("no transfer"), "{error}");
}

#[test]
fn a_comparison_can_fail() {
    let stage = stage();
    let compare = |commands: &str, expected: &str| run(&stage, commands, Some(expected), &[]);
    let wrong = compare("> 1\n> 2\n> 3\nf 3\n", "01\nx3\n03\n");
    assert_eq!((wrong.status, &*wrong.out), (Some(1), "3 vectors, 1 mismatches\n"));
    assert_eq!(wrong.err, "vector 1, cycle 4: got 02, expected x3\n");
    assert_eq!(compare("> 1\n> 2\nf 2\n", "x1\nxx\n").status, Some(0));
    // More or fewer results than lines; nothing at all.
    assert_eq!(compare("> 1\n> 2\nf 2\n", "01\n").out, "2 vectors, 1 mismatches\n");
    assert_eq!(compare("> 1\nf 1\n", "01\n02\n").out, "2 vectors, 1 mismatches\n");
    let nothing = compare("c 5\n", "");
    assert_eq!((nothing.status, &*nothing.out), (Some(1), "0 vectors, 0 mismatches\n"));
    // Many mismatches: ten are told.
    let beats = "> 1\n".repeat(50) + "f 50\n";
    assert_eq!(compare(&beats, &"02\n".repeat(50)).err.lines().count(), 10);
}

#[test]
fn bad_input_is_refused() {
    let stage = stage();
    for (line, words) in [
        ("> ", "x: no hex number"),
        ("> 1 2", "a beat has too many fields"),
        ("> 100", "x: wider than 8 bits"),
        ("> 1g", "x: no hex number"),
        ("= fault 8", "fault: wider than 3 bits"),
        ("= depth 1", "no setting is called depth"),
        ("= fault", "= wants a name and a value"),
        ("c -1", "no count: -1"),
        ("f", "no count: "),
        ("hello", "unknown command: hello"),
        ("", "unknown command: "),
    ] {
        let ran = run(&stage, &format!("c 1\n{line}\n"), None, &[]);
        assert_eq!((ran.status, ran.err), (Some(2), format!("error: line 2: {words}\n")));
    }
    for (options, words) in [
        (["--stall", "100"], "--stall: 100 is outside 0..=99"),
        (["--trace", "waves.vcd"], "--trace: Verilator was run without --trace"),
        (["--expect", "/nowhere"], "cannot read /nowhere"),
        (["--speed", "9"], "--speed: unknown option"),
    ] {
        let ran = run(&stage, "", None, &options);
        assert_eq!((ran.status, ran.err), (Some(2), format!("error: {words}\n")));
    }
}

#[test]
fn idle_cycles_are_no_hang() {
    let ran = run(&stage(), "> 5\nc 200000\n> 6\nf 2\n", None, &[]);
    assert_eq!((ran.status, &*ran.out, &*ran.err), (Some(0), "05\n06\n.\n", ""));
}

#[test]
fn a_surplus_beat_is_seen_under_stalls() {
    for seed in 0..16 {
        let options = ["--stall", "90", "--seed", &seed.to_string()];
        let ran = run(&stage(), "= fault 4\n> 5\nf 1\n", None, &options);
        assert!(ran.status == Some(3) && ran.err.contains("2 beats came, not 1"), "seed {seed}: {}", ran.err);
    }
}

#[test]
fn a_reset_loses_what_is_in_flight() {
    // Of 2 and 3, the second is still in the register when the reset comes; under stalls perhaps both.
    let commands = "> 1\nf 1\n> 2\n> 3\nr 2\n> 4\nf 1\n";
    for seed in 0..16 {
        let ran = run(&stage(), commands, Some("01\n02\n03\n04\n"), &["--stall", "60", "--seed", &seed.to_string()]);
        assert!(ran.status == Some(0) && ran.out.ends_with(" 0 mismatches\n"), "seed {seed}: {} {}", ran.out, ran.err);
    }
    let ran = run(&stage(), commands, Some("01\n02\n03\n04\n"), &[]);
    assert_eq!((ran.status, &*ran.out), (Some(0), "3 vectors, 0 mismatches\n"));
    let surplus = run(&stage(), "> 1\n> 2\n> 3\nr 1\n", Some("01\n02\n"), &[]);
    assert_eq!((surplus.status, &*surplus.err), (Some(3), "error: line 4: cycle 5: 2 beats came, not 1\n"));
    // The register that holds the beat keeps it through the reset.
    let kept = STAGE.replace("if (!rst_n) full", "if (!rst_n && x != x) full").replace("reg full,", "reg full = 0, ");
    let kept = built(&kept, &stage_ports(), Build { lenient: true, ..Build::default() }).unwrap();
    let ran = run(&kept, commands, Some("01\n02\n03\n04\n"), &["--zeroed"]);
    assert!(ran.status == Some(3) && ran.err.contains("2 beats came, not 1"), "{}", ran.err);
}

#[test]
fn a_warning_is_an_error() {
    let text = SUM.replace("{4'd0, carry}", "carry");
    let error = built(&text, &sum_ports(), Build::default()).unwrap_err().to_string();
    assert!(error.contains("%Warning-WIDTH"), "{error}");
    built(&text, &sum_ports(), Build { lenient: true, ..Build::default() }).unwrap();
}

#[test]
fn builds_at_the_same_time_and_a_trace() {
    // Nobody has built this before.
    let text = format!("{SUM}// {}\n", tempfile::tempdir().unwrap().path().display());
    let how = Build { trace: true, ..Build::default() };
    let simulations: Vec<Simulation> = std::thread::scope(|scope| {
        let builds: Vec<_> = (0..3).map(|_| scope.spawn(|| built(&text, &sum_ports(), how).unwrap())).collect();
        builds.into_iter().map(|b| b.join().unwrap()).collect()
    });
    assert!(simulations.iter().all(|s| s.program() == simulations[0].program()));
    let dir = tempfile::tempdir().unwrap();
    let waves = dir.path().join("waves.vcd");
    let ran = run(&simulations[0], "> 7 7\nf 1\n", None, &["--trace", waves.to_str().unwrap()]);
    assert_eq!((ran.status, &*ran.out), (Some(0), "0e\n.\n"));
    assert!(fs::read_to_string(waves).unwrap().contains("$enddefinitions"));
    fs::remove_dir_all(simulations[0].program().parent().unwrap()).unwrap();
}
