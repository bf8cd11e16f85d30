//! The proof of the saturator.

use qrtl_hdl::blocks::saturator::SaturatorConfig;
use qrtl_hdl::interface::Built;

use crate::formal::{Engine, Formal, Harness, Method, Proof, Twin, number, signed};

/// The proofs of a saturator.
pub(super) fn proofs(config: &SaturatorConfig, built: &Built) -> Formal {
    let harness = Harness { built, latency: config.latency() };
    let module = harness.module();
    let bits = config.in_width.max(config.out_width) + 2;
    let word = signed(bits);
    let mut formal = Formal::default();
    let spec = format!(
        "// {module}_spec: y = min(max(x, min), max), with integers that are wide enough for everything.\nmodule {module}_spec (\n    \
         input  {word} x, min, max,\n    output {word} y\n);\n    assign y = x < min ? min : x > max ? max : x;\nendmodule\n"
    );
    formal.files.push(("spec.v".to_owned(), spec));

    let (min, max) = match config.run_time_bounds {
        true => ("then_min".to_owned(), "then_max".to_owned()),
        false => (number(config.min.into(), bits), number(config.max.into(), bits)),
    };
    let ordered = if config.run_time_bounds { "    always @* assume (then_min <= then_max);\n" } else { "" };
    let body = format!(
        "    {word} x_of_beat = then_x;\n    {word} least = {min};\n    {word} greatest = {max};\n    {word} should_y;\n    {module}_spec spec \
         (.x(x_of_beat), .min(least), .max(greatest), .y(should_y));\n{ordered}"
    );
    let top = format!("{module}_value");
    let text = harness.compare(&top, &body);
    let proof = Proof {
        name: "value".to_owned(),
        claim: "y is x, or the bound that x exceeds, for every x and all bounds".to_owned(),
        method: Method::Unroll,
        engine: Engine::Bitwuzla,
        top,
        files: vec!["formal/spec.v".to_owned(), "formal/value.v".to_owned()],
        steps: config.latency(),
        products: false,
        timeout: 300,
        expected: 1,
        twins: vec![Twin::new("a bound that is one too great", "spec.v", "x > max ?", "x > max + 1 ?")],
    };
    formal.prove(proof, "value.v", text);
    harness.prove_stalls(&mut formal);
    formal
}
