//! The bench and its driver on small modules whose faults are known: what is right passes, and each fault is seen.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use qrtl_gen::script::Script;
use qrtl_hdl::interface::{BenchPort, Interface, Stream};
use qrtl_hdl::verilog::File;
use qrtl_sim::process::Bench;
use qrtl_sim::verilator::{Build, build};

/// y = x + offset, one register. `fault` makes it err: 1 withdraws valid, 2 changes the payload while it waits, 3 loses
/// the beats of value 5, 4 sends them twice, 5 lets valid wait for ready, 6 takes
/// the payload of the cycle before.
const STAGE: &str = "
module stage (input wire clk, input wire rst_n, input wire [2:0] fault, input wire [7:0] offset,
    input wire in_valid, output wire in_ready, input wire [7:0] x,
    output wire out_valid, input wire out_ready, output wire [7:0] y);
    reg full, waited, repeated;
    reg [7:0] held, earlier;
    wire repeats = fault == 3'd4 && held == 8'd5 && !repeated;
    assign in_ready = !full || (out_ready && !repeats);
    assign out_valid = full && !(fault == 3'd1 && waited) && !(fault == 3'd5 && !out_ready);
    assign y = held + {7'd0, fault == 3'd2 && waited};
    always @(posedge clk) begin
        if (!rst_n) full <= 1'b0;
        else if (in_ready) full <= in_valid && !(fault == 3'd3 && x == 8'd5);
        if (!rst_n) repeated <= 1'b0;
        else if (full && out_ready) repeated <= repeats;
        waited <= full && !out_ready;
        earlier <= x;
        if (in_valid && in_ready) held <= (fault == 3'd6 ? earlier : x) + offset;
    end
endmodule
";

/// Signed 5-bit sum, without a clock; `carry` is a setting.
const SUM: &str = "
module sum (input wire carry, input wire [3:0] a, input wire [3:0] b, output wire [4:0] y);
    assign y = {a[3], a} + {b[3], b} + {4'd0, carry};
endmodule
";

/// Five lanes of 27 bits in the opposite order, and their lowest bits.
const WIDE: &str = "
module wide (input wire [134:0] x, output wire [134:0] y, output wire [64:0] low);
    assign y = {x[26:0], x[53:27], x[80:54], x[107:81], x[134:108]};
    assign low = x[64:0];
endmodule
";

fn port(name: &str, width: usize, lane_width: usize, signed: bool) -> BenchPort {
    BenchPort { name: name.to_owned(), width, lane_width, signed }
}

fn stream(handshake: Option<&str>, payload: Vec<BenchPort>) -> Stream {
    let of = |what| handshake.map(|side| format!("{side}_{what}"));
    Stream { valid: of("valid"), ready: of("ready"), payload }
}

fn stage() -> (PathBuf, Interface) {
    let interface = Interface {
        module: "stage".to_owned(),
        clocked: true,
        settings: vec![port("fault", 3, 3, false), port("offset", 8, 8, true)],
        input: stream(Some("in"), vec![port("x", 8, 8, true)]),
        output: stream(Some("out"), vec![port("y", 8, 8, true)]),
        interval: 1,
    };
    (built(STAGE, &interface, Build::default()).unwrap(), interface)
}

fn combinational(module: &str, settings: Vec<BenchPort>, input: Vec<BenchPort>, output: Vec<BenchPort>) -> Interface {
    let module = module.to_owned();
    Interface {
        module,
        clocked: false,
        settings,
        input: stream(None, input),
        output: stream(None, output),
        interval: 1,
    }
}

fn sum() -> Interface {
    let operands = vec![port("a", 4, 4, true), port("b", 4, 4, true)];
    combinational("sum", vec![port("carry", 1, 1, false)], operands, vec![port("y", 5, 5, true)])
}

fn built(text: &str, interface: &Interface, how: Build) -> anyhow::Result<PathBuf> {
    // Tests run in the folder of their package; the build cache is the workspace's.
    std::env::set_current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).unwrap();
    build(&[File { name: interface.module.clone(), text: text.to_owned() }], interface, how)
}

struct Ran {
    status: Option<i32>,
    out: String,
    err: String,
}

/// Runs commands through a bench; with `expected`, compares.
fn run(executable: &Path, commands: &str, expected: Option<&str>, options: &[&str]) -> Ran {
    let dir = tempfile::tempdir().unwrap();
    let mut command = Command::new(executable);
    fs::write(dir.path().join("in.txt"), commands).unwrap();
    command.arg("--vectors").arg(dir.path().join("in.txt"));
    if let Some(expected) = expected {
        fs::write(dir.path().join("expected.txt"), expected).unwrap();
        command.arg("--expect").arg(dir.path().join("expected.txt"));
    }
    let output = command.args(options).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { status: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

#[test]
fn without_a_clock() {
    let interface = sum();
    let mut bench = Bench::start(&built(SUM, &interface, Build::default()).unwrap(), &interface).unwrap();
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
    let mut bench = Bench::start(&built(WIDE, &interface, Build::default()).unwrap(), &interface).unwrap();
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
fn a_stream_with_and_without_stalls() {
    let (executable, _) = stage();
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
            let ran = run(&executable, &commands, Some(&expected), &["--stall", stall, "--seed", seed]);
            assert_eq!((ran.status, &*ran.out, &*ran.err), (Some(0), "4001 vectors, 0 mismatches\n", ""));
        }
    }
    let ran = run(&executable, "> 5\n> 6\nf 2\n", None, &["--cycles"]);
    assert_eq!((ran.status, &*ran.out), (Some(0), "05\n06\n.\n"));
    // Two to reset, three for the beats, eight to see that nothing more comes.
    assert_eq!(ran.err, "cycles 13 first 2 last 4 refused 0\n");
}

#[test]
fn more_is_written_than_pipes_hold() {
    let (executable, interface) = stage();
    let mut bench = Bench::start(&executable, &interface).unwrap();
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
fn every_fault_is_seen() {
    let (executable, interface) = stage();
    let beats: String = (0..200).map(|i| format!("> {:x}\n", i % 16)).collect();
    let expected: String = (0..200).map(|i| format!("{:02x}\n", i % 16)).collect();
    let with = |fault: u32, stall: &str| {
        run(&executable, &format!("= fault {fault}\n{beats}f 200\n"), Some(&expected), &["--stall", stall])
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
    let ran = run(&executable, &commands, Some(&"07\n".repeat(50)), &["--stall", "30"]);
    assert!(ran.status == Some(1) && ran.err.contains("expected 07"), "fault 6: {}", ran.err);
    // A driver hears why the bench has ended.
    let mut script = Script::new(&interface);
    script.set("fault", &[3]);
    script.beat(&[5]);
    script.await_results(1);
    script.flush();
    let error = Bench::start(&executable, &interface).unwrap().run(&script).unwrap_err().to_string();
    assert!(error.contains("line 3: cycle ") && error.contains("no transfer"), "{error}");
}

#[test]
fn a_comparison_can_fail() {
    let (executable, _) = stage();
    let compare = |commands: &str, expected: &str| run(&executable, commands, Some(expected), &[]);
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
    let (executable, _) = stage();
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
        let ran = run(&executable, &format!("c 1\n{line}\n"), None, &[]);
        assert_eq!((ran.status, ran.err), (Some(2), format!("error: line 2: {words}\n")));
    }
    for (options, words) in [
        (["--stall", "100"], "--stall: 100 is outside 0..=99"),
        (["--trace", "waves.vcd"], "--trace: Verilator was run without --trace"),
        (["--expect", "/nowhere"], "cannot read /nowhere"),
        (["--speed", "9"], "--speed: unknown option"),
    ] {
        let ran = run(&executable, "", None, &options);
        assert_eq!((ran.status, ran.err), (Some(2), format!("error: {words}\n")));
    }
}

#[test]
fn a_warning_is_an_error() {
    let text = SUM.replace("{4'd0, carry}", "carry");
    let error = built(&text, &sum(), Build::default()).unwrap_err().to_string();
    assert!(error.contains("%Warning-WIDTH"), "{error}");
    built(&text, &sum(), Build { netlist: true, ..Build::default() }).unwrap();
}

#[test]
fn builds_at_the_same_time_and_a_trace() {
    // Nobody has built this before.
    let text = format!("{SUM}// {}\n", tempfile::tempdir().unwrap().path().display());
    let how = Build { trace: true, ..Build::default() };
    let places: Vec<PathBuf> = std::thread::scope(|scope| {
        let builds: Vec<_> = (0..3).map(|_| scope.spawn(|| built(&text, &sum(), how).unwrap())).collect();
        builds.into_iter().map(|b| b.join().unwrap()).collect()
    });
    assert!(places.iter().all(|p| *p == places[0]));
    let dir = tempfile::tempdir().unwrap();
    let waves = dir.path().join("waves.vcd");
    let ran = run(&places[0], "> 7 7\nf 1\n", None, &["--trace", waves.to_str().unwrap()]);
    assert_eq!((ran.status, &*ran.out), (Some(0), "0e\n.\n"));
    assert!(fs::read_to_string(waves).unwrap().contains("$enddefinitions"));
    fs::remove_dir_all(places[0].parent().unwrap()).unwrap();
}

#[test]
fn idle_cycles_are_no_hang() {
    let ran = run(&stage().0, "> 5\nc 200000\n> 6\nf 2\n", None, &[]);
    assert_eq!((ran.status, &*ran.out, &*ran.err), (Some(0), "05\n06\n.\n", ""));
}

#[test]
fn a_surplus_beat_is_seen_under_stalls() {
    for seed in 0..16 {
        let options = ["--stall", "90", "--seed", &seed.to_string()];
        let ran = run(&stage().0, "= fault 4\n> 5\nf 1\n", None, &options);
        assert!(ran.status == Some(3) && ran.err.contains("2 beats came, not 1"), "seed {seed}: {}", ran.err);
    }
}

#[test]
fn a_reset_loses_what_is_in_flight() {
    // Of 2 and 3, the second is still in the register when the reset comes; under stalls perhaps both.
    let commands = "> 1\nf 1\n> 2\n> 3\nr 2\n> 4\nf 1\n";
    for seed in 0..16 {
        let ran = run(&stage().0, commands, Some("01\n02\n03\n04\n"), &["--stall", "60", "--seed", &seed.to_string()]);
        assert!(ran.status == Some(0) && ran.out.ends_with(" 0 mismatches\n"), "seed {seed}: {} {}", ran.out, ran.err);
    }
    let ran = run(&stage().0, commands, Some("01\n02\n03\n04\n"), &[]);
    assert_eq!((ran.status, &*ran.out), (Some(0), "3 vectors, 0 mismatches\n"));
    let surplus = run(&stage().0, "> 1\n> 2\n> 3\nr 1\n", Some("01\n02\n"), &[]);
    assert_eq!((surplus.status, &*surplus.err), (Some(3), "error: line 4: cycle 5: 2 beats came, not 1\n"));
    // The register that holds the beat keeps it through the reset.
    let kept = STAGE.replace("if (!rst_n) full", "if (!rst_n && x != x) full").replace("reg full,", "reg full = 0, ");
    let executable = built(&kept, &stage().1, Build { netlist: true, zeroed: true, ..Build::default() }).unwrap();
    let ran = run(&executable, commands, Some("01\n02\n03\n04\n"), &[]);
    assert!(ran.status == Some(3) && ran.err.contains("2 beats came, not 1"), "{}", ran.err);
}

#[test]
fn a_script_may_flush_more_than_once_and_must_at_its_end() {
    let (executable, interface) = stage();
    let mut bench = Bench::start(&executable, &interface).unwrap();
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
