//! `gen explore`: its front, its files, and what it refuses; and what `gen model` says of clocks.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use qrtl_gen::explore::{Array, Estimate, Parts, area, front};
use qrtl_gen::schedule::{Bound, Product, Schedule};
use qrtl_gen::spec::Spec;
use qrtl_hdl::blocks::engine::EngineConfig;
use qrtl_hdl::blocks::gemm::GemmConfig;
use qrtl_hdl::targets::{Device, Target};

fn generate(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gen")).current_dir(dir).args(args).output().unwrap()
}

fn model(name: &str) -> String {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/digits").join(name);
    path.display().to_string()
}

fn estimates(device: Device, size: [usize; 3]) -> Vec<Estimate> {
    let parts = Parts::of(device).unwrap();
    let products = [Product { name: "product".to_owned(), size }];
    let arrays = Array::all(&[1, 2, 4, 7, 8], &[1, 3, 4, 8, 12], &parts.depths());
    arrays.into_iter().map(|a| Estimate::new(a, &products, &parts).unwrap()).collect()
}

#[test]
fn the_engine_of_each_device_fits_it() {
    for device in [Device::Up5k, Device::Ecp5Small, Device::Ecp5Large] {
        let spec = Spec::Engine(EngineConfig::for_device(device).unwrap());
        let (takes, has) = (area(&spec.build("engine").unwrap().design, device.family()), device.capacity());
        println!("{}: {takes:?} of {has:?}", device.name());
        let pairs = [(takes.dsp, has.dsp), (takes.ram, has.ram), (takes.spram, has.spram)];
        assert!(pairs.iter().all(|(takes, has)| takes <= has), "{}: {takes:?}", device.name());
    }
}

#[test]
fn nothing_on_the_front_is_dominated_and_all_else_is() {
    for (device, size) in
        [(Device::Ecp5Large, [64, 32, 16]), (Device::Ecp5Small, [1, 10, 64]), (Device::Hx8k, [9, 9, 3])]
    {
        let all = estimates(device, size);
        let front = front(&all);
        assert!(front.len() > 1 && front.windows(2).all(|w| w[0].microseconds < w[1].microseconds), "{device:?}");
        for f in &front {
            assert!(!all.iter().any(|e| e.dominates(f)), "{device:?}: {:?}", f.array);
        }
        for e in all.iter().filter(|e| front.iter().all(|f| f.array != e.array)) {
            let equal = |f: &Estimate| (f.microseconds, f.share, f.area.lut) == (e.microseconds, e.share, e.area.lut);
            assert!(front.iter().any(|f| f.dominates(e) || equal(f)), "{device:?}: {:?}", e.array);
        }
    }
}

/// Elements beyond the multipliers of the device make their products in LUTs; their block says so.
#[test]
fn an_array_may_have_more_elements_than_the_device_has_multipliers() {
    let all = estimates(Device::Ecp5Small, [64, 64, 64]);
    let of = |cols| {
        let array = Array { rows: 8, cols, requantizers: 1, pipeline: 12, target: Target::Ecp5 };
        all.iter().find(|e| e.array == array).unwrap()
    };
    let (small, large) = (of(3), of(8));
    assert_eq!([small, large].map(|e| e.spec.dsp_elements), [None, Some(24)]);
    assert_eq!([small, large].map(|e| e.area.dsp), [28, 28]);
    assert!(large.mhz < small.mhz && large.spec.validate().is_ok());
}

#[test]
fn the_printed_front_is_that_of_the_csv_and_the_same_each_time() {
    let dir = tempfile::tempdir().unwrap();
    let mlp = model("mlp_int8.tflite");
    let run = |csv: &str| {
        let args = ["explore", "--per-layer", &mlp, "--device", "ecp5-85", "--batch", "16", "--csv", csv, "-o", "out"];
        let output = generate(dir.path(), &args);
        assert!(output.status.success(), "{output:?}");
        (String::from_utf8(output.stdout).unwrap(), fs::read_to_string(dir.path().join(csv)).unwrap())
    };
    let (text, csv) = run("a.csv");
    assert_eq!((&text, &csv), (&run("b.csv").0, &run("c.csv").1));
    let table = text.split("\n\n").nth(2).unwrap();
    let on_front = csv.lines().filter(|l| l.ends_with("true")).count();
    assert_eq!(table.lines().count() - 1, on_front, "{text}");
}

#[test]
fn the_directory_describes_every_array_and_its_jobs() {
    let dir = tempfile::tempdir().unwrap();
    let args = [
        "explore",
        "--per-layer",
        "--m",
        "5",
        "--n",
        "6",
        "--k",
        "7",
        "--device",
        "ecp5-25",
        "--rows",
        "2,3",
        "--cols",
        "2",
    ];
    let output = generate(dir.path(), &[&args[..], &["--pipeline", "9", "--target", "ecp5", "-o", "out"]].concat());
    assert!(output.status.success(), "{output:?}");
    let mut names: Vec<String> =
        fs::read_dir(dir.path().join("out")).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    let arrays = ["r2_c2_q1_p9_ecp5.toml", "r2_c2_q2_p9_ecp5.toml", "r3_c2_q1_p9_ecp5.toml", "r3_c2_q2_p9_ecp5.toml"];
    assert_eq!(names, [&["Makefile", "manifest.json"][..], &arrays].concat());
    let text = fs::read_to_string(dir.path().join("out/r3_c2_q1_p9_ecp5.toml")).unwrap();
    let Spec::Gemm(config) = Spec::from_toml(&text, None).unwrap() else { panic!("{text}") };
    assert_eq!([config.m, config.n, config.k].map(|d| d.max()), [5, 6, 7]);
    assert_eq!((config.rows, config.cols, config.requantizers, config.pipeline), (3, 2, Some(1), 9));
    // What make would run: a job for each, and each is one that can be emitted.
    let make = Command::new("make").current_dir(dir.path()).args(["-n", "-f", "out/Makefile", "all"]).output().unwrap();
    let jobs = String::from_utf8(make.stdout).unwrap();
    for array in arrays {
        assert!(jobs.contains(&format!("qor --device ecp5-25 --config out/{array} --csv")), "{jobs}");
        let output = generate(dir.path(), &["emit", "--config", &format!("out/{array}"), "-o", "emitted"]);
        assert!(output.status.success(), "{output:?}");
    }
    let best = Command::new("make").current_dir(dir.path()).args(["-n", "-f", "out/Makefile", "best", "N=1"]).output();
    assert_eq!(String::from_utf8(best.unwrap().stdout).unwrap().matches("qor --device").count(), 1);
}

/// The sweep of a network for engines of 2 and 4 rows, and all of its engines.
fn engines(dir: &Path, csv: &str) -> (String, Vec<Vec<String>>) {
    let network = model("rescnn_int8.tflite");
    let output =
        generate(dir, &["explore", &network, "--device", "ecp5-25", "--rows", "2,4", "--cols", "8", "--csv", csv]);
    assert!(output.status.success(), "{output:?}");
    let all = fs::read_to_string(dir.join(csv)).unwrap();
    let fields = |line: &str| line.split(',').map(str::to_owned).collect();
    (String::from_utf8(output.stdout).unwrap(), all.lines().skip(1).map(fields).collect())
}

#[test]
fn no_engine_is_faster_and_smaller_than_one_of_the_front() {
    let dir = tempfile::tempdir().unwrap();
    let swept = engines(dir.path(), "a.csv");
    assert_eq!(swept, engines(dir.path(), "b.csv"));
    let (text, all) = swept;
    let of = |line: &Vec<String>| (line[7].parse::<u64>().unwrap(), line[14].parse::<f64>().unwrap());
    let (front, rest): (Vec<_>, Vec<_>) = all.iter().partition(|line| line[15] == "true");
    assert!(front.len() > 1 && !rest.is_empty(), "{text}");
    for line in &front {
        let (clocks, mean) = of(line);
        assert!(!all.iter().map(of).any(|(c, m)| c <= clocks && m <= mean && (c < clocks || m < mean)), "{line:?}");
    }
    for line in &rest {
        let (clocks, mean) = of(line);
        assert!(front.iter().map(|f| of(f)).any(|(c, m)| c <= clocks && m <= mean), "{line:?}");
    }
}

/// The flags that the table gives make an engine that holds the model, in as many clocks as the table says.
#[test]
fn the_flags_of_an_engine_give_its_clocks() {
    let dir = tempfile::tempdir().unwrap();
    let (text, all) = engines(dir.path(), "a.csv");
    let front: Vec<_> = all.iter().filter(|line| line[15] == "true").collect();
    for line in [front.first().unwrap(), front.last().unwrap()] {
        assert!(text.contains(&line[16]) && text.contains(&line[7]), "{text}");
        let network = model("rescnn_int8.tflite");
        let flags: Vec<&str> = line[16].split(' ').collect();
        let output = generate(dir.path(), &[&["model", &network, "-o", "out"], &flags[..]].concat());
        let report = String::from_utf8(output.stdout).unwrap();
        assert!(report.contains(&format!("\n{} clocks an inference", line[7])), "{line:?}: {report}");
    }
}

#[test]
fn bad_input_gets_one_line() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("foreign.tflite"), "this is no model").unwrap();
    fs::create_dir(dir.path().join("mine")).unwrap();
    fs::write(dir.path().join("mine/file"), "").unwrap();
    let size = ["--m", "4", "--n", "4", "--k", "4"];
    let on = |device: &'static str, more: &[&'static str]| [&size[..], &["--device", device], more].concat();
    let refused = |args: &[&str], expected: &str| {
        let output = generate(dir.path(), args);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {text}");
        // On a machine that is busy, the progress comes first.
        let error = text.lines().find(|line| !line.starts_with('[')).unwrap();
        assert!(error.starts_with("error: ") && text.contains(expected), "{args:?}: {text}");
        assert!(output.stdout.is_empty(), "{args:?}");
    };
    let mlp = model("mlp_int8.tflite");
    for (args, expected) in [
        (vec!["--device", "ecp5-25"], "required arguments were not provided"),
        (vec![&mlp], "--device <DEVICE>"),
        (vec![&mlp, "--device", "hx8k"], "device: HX8K is too small for an engine"),
        (vec![&mlp, "--device", "ecp5-25", "--rows", "3"], "rows: 3 is no power of two in 2..=16"),
        (vec![&mlp, "--device", "ecp5-25", "--cols", "4"], "cols: 4 is no power of two in 8..=64"),
        (vec![&mlp, "--device", "ecp5-25", "--lanes", "16"], "lanes: 16 is no power of two in 4..=8"),
        (vec![&mlp, "--device", "ecp5-25", "--until", "CONV_2D"], "CONV_2D"),
        (vec![&mlp, "--device", "ecp5-25", "--batch", "2"], "--per-layer"),
        (vec![&mlp, "--device", "ecp5-25", "--pipeline", "9"], "--per-layer"),
        (vec![&mlp, "--device", "ecp5-25", "--per-layer", "--until", "1"], "cannot be used with"),
        (vec![&mlp, "--device", "ecp5-25", "--rows", "16", "--cols", "64"], "ECP5-25: none of"),
        (vec!["foreign.tflite", "--device", "up5k"], "foreign.tflite"),
        (vec!["none.tflite", "--device", "up5k"], "none.tflite"),
    ] {
        refused(&[&["explore"], &args[..]].concat(), expected);
    }
    for (args, expected) in [
        (vec!["--device", "ecp5-25", "--m", "4", "--n", "4"], "--k <K>"),
        (size.to_vec(), "--device <DEVICE>"),
        (on("virtex", &[]), "invalid value 'virtex'"),
        (on("ecp5-25", &["--batch", "2"]), "cannot be used with"),
        (on("ecp5-25", &["foreign.tflite"]), "cannot be used with"),
        (vec!["foreign.tflite", "--device", "up5k"], "foreign.tflite"),
        (vec!["none.tflite", "--device", "up5k"], "none.tflite"),
        (vec!["--m", "0", "--n", "4", "--k", "4", "--device", "up5k"], "m: 0 is no size of a matrix"),
        (vec!["--m", "4", "--n", "4", "--k", "20000000", "--device", "up5k"], "k: 20000000 is outside 1..=16777216"),
        (on("ecp5-25", &["--rows", "0"]), "rows: 0 is outside 1..=256"),
        (on("ecp5-25", &["--cols", "0"]), "cols: 0 is outside 1..=256"),
        (on("ecp5-25", &["--pipeline", "3"]), "pipeline: 3 is outside 4..=10 (generic) and 9..=12 (ecp5)"),
        (on("hx8k", &["--target", "ecp5"]), "target: nothing was measured of HX8K with [Ecp5]"),
        (on("ecp5-25", &["--rows", "200", "--cols", "200"]), "ECP5-25: none of"),
        (on("ecp5-25", &["-o", "mine"]), "mine: exists, and was not written by qrtl"),
        (on("ecp5-25", &["--csv", "no/where.csv"]), "no/where.csv: cannot write"),
    ] {
        refused(&[&["explore", "--per-layer"], &args[..]].concat(), expected);
    }
}

#[test]
fn a_schedule_says_what_bounds_it_however_many_tiles() {
    let spec =
        |requantizers| GemmConfig { rows: 8, cols: 8, requantizers: Some(requantizers), ..GemmConfig::default() };
    let schedule = |requantizers, size| Schedule::new(&spec(requantizers), size).unwrap();
    assert_eq!(schedule(8, [64, 16, 32]).bound(), Bound::Array);
    assert_eq!(schedule(1, [64, 16, 32]).bound(), Bound::Drain);
    assert_eq!(schedule(8, [1, 1, 1]).bound(), Bound::Latency);
    let million = GemmConfig { rows: 1, cols: 1, ..GemmConfig::default() };
    assert_eq!(Schedule::new(&million, [4096, 256, 3]).unwrap().beats, 3 << 20);
    let error = Schedule::new(&million, [4097, 1, 1]).unwrap_err().to_string();
    assert_eq!(error, "m: 4097 is outside 1..=4096");
}

#[test]
fn a_model_has_a_line_of_clocks_for_each_layer() {
    let dir = tempfile::tempdir().unwrap();
    let mlp = model("mlp_int8.tflite");
    let output = generate(
        dir.path(),
        &["model", &mlp, "--per-layer", "--rows", "8", "--cols", "8", "--batch", "64", "-o", "out"],
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let (_, clocks) = text.split_once("\n\n").unwrap();
    let words =
        |line: &str| line.split("  ").filter(|w| !w.is_empty()).map(|w| w.trim().to_owned()).collect::<Vec<_>>();
    let lines: Vec<Vec<String>> = clocks.lines().map(words).collect();
    // 32 tiles of 64 beats, and 42 clocks to the last result: the sums of the last tile leave in 32, two at a time.
    assert_eq!(lines[1], ["layer_0", "64 x 32 x 64", "2090", "0", "98.37 %", "97.99 %", "array"]);
    assert_eq!(lines[2][..4], ["layer_1", "64 x 10 x 32", "537", "0"]);
    let output = generate(dir.path(), &["model", &mlp, "--per-layer", "--batch", "0", "-o", "out"]);
    assert_eq!(output.status.code(), Some(2));
}
