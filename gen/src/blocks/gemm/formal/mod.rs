//! The proofs of the GEMM block: its control, for all dimensions and for all time.

mod order;

use std::fmt::Write;

use qrtl_hdl::blocks::gemm::{Forwarding, GemmConfig};
use qrtl_hdl::interface::Built;
use qrtl_hdl::parameter::Dimension;

use crate::formal::{Engine, Formal, Harness, Inside, Method, Proof, Twin, Unproved};

/// The claims and the invariants that carry them.
const CONTROL: &str = include_str!("control.v");

/// The proofs of a GEMM block.
pub(super) fn proofs(config: &GemmConfig, built: &Built) -> Formal {
    let mut formal = Formal::default();
    prove_control(config, built, &mut formal);
    // Whether results hold does not depend on their values.
    formal.cuts = Inside::new(&built.design).cut(&path(config, "outlet"), &["put_y"]);
    formal.unproved = vec![Unproved {
        what: "its results",
        why: "a proof that the array's sums are the sums of the products is not written yet",
        instead: "the shipped vectors",
    }];
    formal
}

/// The path of an instance inside the block. With AXI4-Stream names the block is an instance itself.
fn path(config: &GemmConfig, instance: &str) -> String {
    let outer = if config.axis { "gemm" } else { "" };
    [outer, instance].into_iter().filter(|name| !name.is_empty()).collect::<Vec<_>>().join(".")
}

/// The control, counters against counters: the harness counts beats and groups by itself, and claims that the block does the same.
fn prove_control(config: &GemmConfig, built: &Built, formal: &mut Formal) {
    let harness = Harness { built, latency: 0 };
    let top = format!("{}_control", harness.module());
    let mut inside = Inside::new(&built.design);
    for (instance, prefix) in [("", "gemm"), ("sequencer", "sequencer"), ("drain", "drain"), ("outlet", "outlet")] {
        let cuts = if instance == "outlet" { &["put_y"][..] } else { &[] };
        inside.declare(&path(config, instance), prefix, cuts);
    }
    inside.declare(&path(config, "requantizer_0"), "requantizer", &[]);
    order::declare_words(config, &mut inside);
    let places = places(&inside, config);
    let wait = wait(config, places);
    let claims = CONTROL.replace(
        "        // INVARIANTS\n",
        &format!(
            "        // Registers are within their ranges.\n{}{}{}\n        // INVARIANTS\n",
            inside.ranges(&path(config, "sequencer"), "sequencer", "settled"),
            inside.ranges(&path(config, "drain"), "drain", "drain_reserved"),
            inside.ranges(&path(config, "outlet"), "outlet", "started"),
        ),
    );
    let text = format!(
        "// {top}: the control of {} beside counters of beats and groups.\n\n{}{}\n{}\n{}\n{claims}{}\nendmodule\n",
        harness.module(),
        harness.head(&top, &[]),
        inside.text,
        numbers(config, places, wait),
        views(config, built, &inside),
        order::claims(config, built, &inside),
    );
    let (sequencer, _) = inside.file("sequencer");
    let (outlet, _) = inside.file("outlet");
    let limit = |room: usize| format!("used < {}'d{room}", usize::BITS - places.leading_zeros());
    let proof = Proof {
        name: "control".to_owned(),
        claim: format!(
            "for all dimensions and for all time: the beat that ends a tile is known, with the rows, columns and channels of the tile; no \
             tile is given to a drain that has one; each group leaves once and in order, with its columns and its mark; counters are \
             within their ranges; the outlet never has more results than places; results are offered in the order of their groups, as the \
             requantizers gave them, with keep and last; in a product only the last beat of a tile waits, and \
             no beat waits for more than {wait} clocks in which results are taken"
        ),
        method: Method::Induct,
        engine: Engine::Yices,
        top,
        files: vec!["formal/control.v".to_owned()],
        steps: 2,
        products: false,
        timeout: 300,
        expected: 8,
        twins: vec![
            Twin {
                what: "a tile that ends while another drains".to_owned(),
                file: sequencer,
                find: "wire taking = running & (~(last_term & hold));".to_owned(),
                replace: "wire taking = running;".to_owned(),
            },
            Twin {
                what: "a result that is read from another place".to_owned(),
                file: outlet.clone(),
                find: "results_0 <= results_0_words[take_at];".to_owned(),
                replace: "results_0 <= results_0_words[put_at];".to_owned(),
            },
            Twin {
                what: "room that is always promised".to_owned(),
                file: outlet,
                find: limit(places - 2),
                replace: limit(places + 1),
            },
            Twin::new("a wait that is not bounded so", "control.v", format!("WAIT = {wait},"), "WAIT = 5,"),
        ],
    };
    formal.prove(proof, "control.v", text);
}

/// Number of results that the outlet has room for.
fn places(inside: &Inside<'_>, config: &GemmConfig) -> usize {
    let memories = &inside.module(&path(config, "outlet")).body.memories;
    memories[0].depth
}

/// Registers from the last beat of a tile to the start of its drain.
fn waiting(config: &GemmConfig) -> usize {
    config.start_of_drain() - 1
}

/// Clocks in which results are taken, after which a beat is taken: two for the dimensions; then the tile that drains begins, each of
/// its groups goes with its passes and makes a result, and all results leave.
fn wait(config: &GemmConfig, places: usize) -> usize {
    let groups = config.rows * config.groups() * (config.passes + 1);
    2 + waiting(config) + groups + config.passes - 1 + config.clocks_to_rest() + places
}

/// What the generator knows, as numbers.
fn numbers(config: &GemmConfig, places: usize, wait: usize) -> String {
    let max = [config.m, config.n, config.k].map(|dimension| dimension.max());
    let greatest = max.into_iter().chain([config.rows, config.cols, wait]).max().unwrap_or(1);
    let bits = usize::BITS - greatest.leading_zeros() + 2;
    let [m, n, k] = max;
    format!(
        "    localparam ROWS = {}, COLS = {}, LANES = {}, GROUPS = {}, PASSES = {}, PLACES = {places}, WAIT = {wait}, BITS = {bits};\n    \
         localparam M_MAX = {m}, N_MAX = {n}, K_MAX = {k}, LAST_TILE = {};\n",
        config.rows,
        config.cols,
        config.requantizers(),
        config.groups(),
        config.passes,
        n.div_ceil(config.cols) - 1,
    )
}

/// Names for what has another name in each configuration: ports, dimensions, lines of registers, flags of dimensions that never
/// change.
fn views(config: &GemmConfig, built: &Built, inside: &Inside<'_>) -> String {
    let port = |port: &Option<String>| port.clone().unwrap_or_default();
    let interface = &built.interface;
    let (input, output) = (&interface.input, &interface.output);
    let mut text = format!(
        "    wire offered = {}, ready = {}, taking_results = {};\n",
        port(&input.valid),
        port(&input.ready),
        port(&output.ready)
    );
    let dimensions = [("m", config.m), ("n", config.n), ("k", config.k)];
    for (name, dimension) in dimensions {
        let value = if let Dimension::Fixed(value) = dimension { value.to_string() } else { name.to_owned() };
        let _ = writeln!(text, "    wire [BITS-1:0] {name}_now = {value};");
    }
    let sequencer = inside.module(&path(config, "sequencer"));
    for (name, size) in [("terms", 1), ("cols", config.cols), ("rows", config.rows)] {
        let register = format!("{name}_single");
        let exists = sequencer.registers.iter().any(|(found, _)| *found == register);
        let dimension = match name {
            "terms" => "k_now",
            "cols" => "n_now",
            _ => "m_now",
        };
        let value = if exists { format!("sequencer_{register}") } else { format!("{dimension} <= {size}") };
        let _ = writeln!(text, "    wire {register} = {value};");
    }
    let line = |instance: &str, prefix: &str, name: &str| -> Vec<String> {
        inside.line(&path(config, instance), name).iter().map(|register| format!("{prefix}_{register}")).collect()
    };
    let ends: Vec<String> = line("", "gemm", "ends").into_iter().take(waiting(config)).collect();
    let [pace, rest] = ["pace", "rest"].map(|name| line("drain", "drain", name));
    let on_the_way = on_the_way(config, inside);
    // The clocks that are left while the one of a line is in it.
    let left = |line: &[String]| sum(line.iter().enumerate().map(|(i, bit)| format!("{bit} * {}", line.len() - i)));
    for (name, value) in [
        ("waiting", sum(ends.iter().cloned())),
        ("before_drain", left(&ends)),
        ("resting", sum(rest.iter().cloned())),
        ("pacing", sum(pace.iter().cloned())),
        ("paces_left", left(&pace)),
        ("on_the_way", sum(on_the_way.into_iter())),
        ("behind_drain", format!("pending ? {} : {}", rest.len(), left(&rest))),
    ] {
        if name == "behind_drain" {
            text += "    wire pending = waiting != 0 || drain_active;\n";
        }
        let _ = writeln!(text, "    wire [BITS-1:0] {name} = {value};");
    }
    text
}

/// The valid bits between drain and outlet, in order.
fn on_the_way(config: &GemmConfig, inside: &Inside<'_>) -> Vec<String> {
    let line = |instance: &str, prefix: &str, name: &str| -> Vec<String> {
        inside.line(&path(config, instance), name).iter().map(|register| format!("{prefix}_{register}")).collect()
    };
    [line("", "gemm", "on_its_way"), line("requantizer_0", "requantizer", "valid")].concat()
}

/// The sum of terms, at the width of whoever reads it.
fn sum(terms: impl Iterator<Item = String>) -> String {
    terms.fold("0".to_owned(), |sum, term| sum + " + " + &term)
}

/// Configurations beside the default one: another size, systolic with passes, small dimensions, dimensions that never change.
pub(super) fn configurations() -> Vec<(String, GemmConfig)> {
    let base = GemmConfig::default();
    let named = |name: &str, config| (format!("gemm_{name}"), config);
    vec![
        named("8x8", GemmConfig { rows: 8, cols: 8, ..base.clone() }),
        named(
            "3x6_systolic",
            GemmConfig {
                rows: 3,
                cols: 6,
                requantizers: Some(2),
                passes: 2,
                forwarding: Forwarding::Systolic,
                ..base.clone()
            },
        ),
        named(
            "5x2_passes",
            GemmConfig {
                rows: 5,
                cols: 2,
                passes: 4,
                m: Dimension::UpTo(37),
                n: Dimension::UpTo(11),
                k: Dimension::UpTo(9),
                ..base.clone()
            },
        ),
        named(
            "2x3_constant",
            GemmConfig {
                rows: 2,
                cols: 3,
                m: Dimension::Fixed(1),
                n: Dimension::Fixed(10),
                k: Dimension::Fixed(17),
                ..base
            },
        ),
    ]
}
