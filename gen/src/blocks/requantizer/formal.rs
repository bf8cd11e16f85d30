//! The proofs of the requantizer: the rule from the exact product, and the product from its parts.

use qrtl_golden::{MultiplierWidth, Rule};
use qrtl_hdl::blocks::requantizer::RequantizerConfig;
use qrtl_hdl::interface::Built;
use qrtl_hdl::parameter::{IntType, Source};
use qrtl_hdl::targets::Target;

use crate::formal::{Engine, Formal, Harness, Method, Product, Proof, Twin, number, signed};

/// The formula of a rule, from `v = p * 2^l` and the places of its shifts: a comment, and lines that compute `scaled`. `k` is
/// the number of places of the first shift without the right shift.
fn formula(rule: Rule, k: u32) -> (String, Vec<String>) {
    let up = |of: &str, half: &str, places: &str| format!("({of} + {half}) >>> {places}");
    let away = |of: &str| format!("{of} >= 0 ? ({of} + half) >>> r : -((-{of} + half) >>> r)");
    let half_of = |places: &str| format!("wire @ half = (one <<< {places}) >>> 1;");
    let once =
        |last: String| vec![format!("wire @ r = {k} + right;"), half_of("r"), format!("wire @ scaled = {last};")];
    let twice = |last: String| {
        let first = format!("wire @ h = {};", up("v", &format!("(one <<< {})", k - 1), &k.to_string()));
        vec![first, "wire @ r = right;".to_owned(), half_of("r"), format!("wire @ scaled = {last};")]
    };
    match rule {
        Rule::Truncate => (format!("floor(v / 2^({k} + right))"), once("v >>> r".to_owned())),
        Rule::Single | Rule::Reduced16 => (format!("up(v / 2^({k} + right))"), once(up("v", "half", "r"))),
        Rule::ShiftAway => (format!("away(v / 2^({k} + right))"), once(away("v"))),
        Rule::HalfEven => {
            let mut lines = once("floor + (rest > half || (rest == half && floor[0]))".to_owned());
            let middle = ["wire @ floor = v >>> r;".to_owned(), "wire @ rest = v - (floor <<< r);".to_owned()];
            lines.splice(2..2, middle);
            (format!("even(v / 2^({k} + right))"), lines)
        }
        Rule::TfliteDouble => (format!("away(up(v / 2^{k}) / 2^right)"), twice(away("h"))),
        Rule::HalfUpTwice => (format!("up(up(v / 2^{k}) / 2^right)"), twice(up("h", "half", "r"))),
    }
}

/// The proofs of a requantizer.
pub(super) fn proofs(config: &RequantizerConfig, built: &Built) -> Formal {
    let harness = Harness { built, latency: config.latency() };
    let mut formal = Formal::default();
    // The places of the first shift: the multiplier is a fraction of so many bits.
    let k = if config.rule == Rule::Reduced16 { 15 } else { config.multiplier_width.bits() - 1 };
    let product = Product { operands: config.operands(), cut: config.cut(), normal: false };
    let bits = product.range().width() + *config.rule.shift_range().end() as u32 + 2;
    formal.files.push(("spec.v".to_owned(), spec(harness.module(), config.rule, k, bits)));

    let top = format!("{}_rule", harness.module());
    let text = harness.compare(&top, &body(config, product, harness.module(), bits));
    let proof = Proof {
        name: "rule".to_owned(),
        claim: format!(
            "y follows from the exact product by the rule {}, for every accumulator and all parameters",
            config.rule
        ),
        method: Method::Unroll,
        engine: Engine::Bitwuzla,
        top,
        files: vec!["formal/spec.v".to_owned(), "formal/rule.v".to_owned()],
        steps: harness.steps(),
        products: true,
        timeout: 300,
        expected: 10,
        twins: vec![Twin::new("a place of the shift wrong", "spec.v", "right = shift < 0", "right = shift < -1")],
    };
    formal.prove(proof, "rule.v", text);
    product.prove(&mut formal);
    harness.prove_stalls(&mut formal);
    formal
}

/// The rule as a plain module.
fn spec(module: &str, rule: Rule, k: u32, bits: u32) -> String {
    let (formula, lines) = formula(rule, k);
    let word = signed(bits);
    let lines: String = lines.iter().map(|line| format!("    {}\n", line.replace("wire @", &word))).collect();
    format!(
        "// {module}_spec: the rule {rule}, with integers that are wide enough for everything.\n//\n//     left = max(shift, 0)   right \
         = max(-shift, 0)   v = p * 2^left\n//     scaled = {formula}\n//     up: to nearest, ties up; away: ties away from zero; \
         even: ties to even\nmodule {module}_spec (\n    input  {word} p, shift, zero_point, min, max,\n    output {word} \
         y\n);\n    {word} one = 1;\n    {word} left = shift > 0 ? shift : 0;\n    {word} right = shift < 0 ? -shift : 0;\n    {word} \
         v = p <<< left;\n{lines}    {word} z = scaled + zero_point;\n    assign y = z < min ? min : z > max ? max : z;\nendmodule\n"
    )
}

/// From the ports of a beat to the specification's result.
fn body(config: &RequantizerConfig, product: Product, module: &str, bits: u32) -> String {
    let word = signed(bits);
    let mut text = String::new();
    for (name, source) in config.sources().named() {
        let value = match source {
            Source::Port => format!("then_{name}"),
            Source::Constant(v) => number((*v).into(), bits),
            Source::Table(values) => {
                let (last, others) = values.split_last().unwrap_or((&0, &[]));
                let entry = |(i, v): (usize, &i64)| format!("then_channel == {i} ? {} : ", number((*v).into(), bits));
                others.iter().enumerate().map(entry).collect::<String>() + &number((*last).into(), bits)
            }
        };
        text += &format!("    {word} {name}_of_beat = {value};\n");
    }
    let limits = config.rule.accumulator();
    let (least, greatest) = (number(limits.min().into(), bits), number(limits.max().into(), bits));
    text += &format!(
        "    // No reference defines a sum beyond its accumulator. The block saturates it.\n    {word} sum = then_acc + \
         bias_of_beat;\n    {word} x = sum < {least} ? {least} : sum > {greatest} ? {greatest} : sum;\n"
    );
    text += &match config.rule {
        Rule::Reduced16 => format!(
            "    {word} m_rounded = (multiplier_of_beat + 32768) >>> 16;\n    {word} m = m_rounded > 32767 ? 32767 : m_rounded;\n"
        ),
        _ => format!("    {word} m = multiplier_of_beat;\n"),
    };
    text += &product.verilog(bits);
    text + &format!(
        "    always @* assume (min_of_beat <= max_of_beat);\n    {word} should_y;\n    {module}_spec spec (.p(p), .shift(shift_of_beat), \
         .zero_point(zero_point_of_beat), .min(min_of_beat), .max(max_of_beat), .y(should_y));\n"
    )
}

/// The configurations that are proved beside the default one: every rule at depths from 0 to 12, from the cells of each
/// target, and in passes.
pub(super) fn proved() -> Vec<(String, RequantizerConfig)> {
    let mut all = Vec::new();
    let mut add = |name: String, config| all.push((format!("requantizer_{name}"), config));
    for rule in Rule::ALL {
        let acc_width = if rule == Rule::Reduced16 { 48 } else { 32 };
        let base = RequantizerConfig { rule, acc_width, ..RequantizerConfig::default() };
        for pipeline in [0, 4, 10] {
            if base.rule != RequantizerConfig::default().rule || pipeline != base.pipeline {
                add(format!("{rule}_{pipeline}"), RequantizerConfig { pipeline, ..base.clone() });
            }
        }
        for target in [Target::Ecp5, Target::Ice40] {
            add(format!("{rule}_12_{target}"), RequantizerConfig { pipeline: 12, target, ..base.clone() });
        }
    }
    let base = RequantizerConfig::default();
    let in_passes =
        [(Target::Generic, 2), (Target::Generic, 4), (Target::Ecp5, 2), (Target::Ecp5, 4), (Target::Ice40, 4)];
    for (target, passes) in in_passes {
        add(format!("{passes}_passes_{target}"), RequantizerConfig { passes, target, ..base.clone() });
    }
    let no_backpressure = RequantizerConfig { no_backpressure: true, ..base.clone() };
    add("2_passes_unstopped".to_owned(), RequantizerConfig { passes: 2, ..no_backpressure.clone() });
    add("unstopped_12_ecp5".to_owned(), RequantizerConfig { pipeline: 12, target: Target::Ecp5, ..no_backpressure });
    add("int16".to_owned(), RequantizerConfig { output: IntType::Int16, ..base.clone() });
    add("uint8_bias".to_owned(), RequantizerConfig { output: IntType::Uint8, bias: Source::Port, ..base.clone() });
    add("multiplier_16".to_owned(), RequantizerConfig { multiplier_width: MultiplierWidth::W16, ..base });
    all
}
