//! The proof of the fixed-point multiplier.

use qrtl_golden::Rule;
use qrtl_hdl::blocks::fixed_point_multiplier::FixedPointMultiplierConfig;
use qrtl_hdl::exact::Range;
use qrtl_hdl::interface::Built;

use crate::formal::{Engine, Formal, Harness, Method, Product, Proof, Twin, signed};

/// The proofs of a fixed-point multiplier.
pub(super) fn proofs(config: &FixedPointMultiplierConfig, built: &Built) -> Formal {
    let harness = Harness { built, latency: 0 };
    let (module, width) = (harness.module(), config.width);
    let operands = match config.signed {
        true => [Range::signed(config.acc_width), Range::unsigned(width - 1)],
        false => [Range::unsigned(width); 2],
    };
    let product = Product { operands, cut: None, normal: false };
    let bits = product.range().width() + 2;
    let word = signed(bits);
    let half = if config.signed && config.rounding == Rule::Single {
        format!(" + ({bits}'sd1 <<< {})", width - 2)
    } else {
        String::new()
    };
    let mut formal = Formal::default();
    let spec = format!(
        "// {module}_spec: the product of two numbers with {0} fraction bits. The port that is compared has its low bits.\nmodule \
         {module}_spec (\n    input  {word} p,\n    output {word} y\n);\n    assign y = (p{half}) >>> {0};\nendmodule\n",
        width - 1
    );
    formal.files.push(("spec.v".to_owned(), spec));
    let (result, info) =
        built.design.top().ports.iter().last().map(|(name, info)| (name, info.range)).expect("y is a port");
    let body = format!(
        "    {word} x = then_a;\n    {word} m = then_b;\n{}    {word} whole;\n    {module}_spec spec (.p(p), .y(whole));\n    wire {}[{}:0] \
         should_{result} = whole[{}:0];\n",
        product.verilog(bits),
        if info.is_signed() { "signed " } else { "" },
        info.width() - 1,
        info.width() - 1
    );
    let top = format!("{module}_value");
    let text = harness.compare(&top, &body);
    let proof = Proof {
        name: "value".to_owned(),
        claim: "y has the bits of the exact product, rounded, for all operands".to_owned(),
        method: Method::Unroll,
        engine: Engine::Bitwuzla,
        top,
        files: vec!["formal/spec.v".to_owned(), "formal/value.v".to_owned()],
        steps: 0,
        products: true,
        timeout: 300,
        expected: 1,
        twins: vec![Twin::new(
            "a place of the shift wrong",
            "spec.v",
            format!(">>> {}", width - 1),
            format!(">>> {width}"),
        )],
    };
    formal.prove(proof, "value.v", text);
    product.prove(&mut formal);
    formal
}
