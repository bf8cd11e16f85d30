//! The proofs of the float requantizer: three roundings of exact integers, and the product from its parts.

use qrtl_hdl::blocks::float_requantizer::{FloatRequantizerConfig, Scaling};
use qrtl_hdl::interface::Built;
use qrtl_hdl::targets::Target;

use crate::formal::{Engine, Formal, Harness, Method, Product, Proof, Twin, signed};

/// Bits that are wide enough for all integers of the specification: 50 of a product, 8 of a shift to the left, and some.
const BITS: u32 = 80;

/// Nearest integers, ties to even, and lengths, of integers that are not negative.
const FUNCTIONS: &str = "    // v / 2^n to the nearest integer, ties to even, for v >= 0.
    function signed [79:0] even(input signed [79:0] v, input signed [79:0] n);
        reg signed [79:0] floor, rest, half;
        begin
            floor = v >>> n;
            rest = v - (floor <<< n);
            half = (80'sd1 <<< n) >>> 1;
            even = floor + ((n > 0 && (rest > half || (rest == half && floor[0]))) ? 1 : 0);
        end
    endfunction
    // Bits of v.
    function signed [79:0] bits_of(input signed [79:0] v);
        integer i;
        begin
            bits_of = 0;
            for (i = 0; i < 60; i = i + 1) if (v[i]) bits_of = i + 1;
        end
    endfunction
    // v to the nearest float, ties to even: 24 bits from the leading one on.
    function signed [79:0] float(input signed [79:0] v);
        reg signed [79:0] drop;
        begin
            drop = bits_of(v) > 24 ? bits_of(v) - 24 : 0;
            float = even(v, drop) <<< drop;
        end
    endfunction
";

/// The proofs of a float requantizer.
pub(super) fn proofs(config: &FloatRequantizerConfig, built: &Built) -> Formal {
    let harness = Harness { built, latency: config.latency() };
    let module = harness.module();
    let mut formal = Formal::default();
    formal.files.push(("spec.v".to_owned(), spec(module)));
    let product = Product { operands: config.operands(), cut: config.cut(), normal: true };
    let top = format!("{module}_rule");
    let text = harness.compare(&top, &body(config, product, module));
    let proof = Proof {
        name: "rule".to_owned(),
        claim: "y follows from the exact product by the rule f32_even, for every accumulator and every scale"
            .to_owned(),
        method: Method::Unroll,
        engine: Engine::Bitwuzla,
        top,
        files: vec!["formal/spec.v".to_owned(), "formal/rule.v".to_owned()],
        steps: harness.steps(),
        products: true,
        timeout: 900,
        expected: 20,
        twins: vec![Twin::new("a tie that goes up", "spec.v", "(rest == half && floor[0])", "(rest == half)")],
    };
    formal.prove(proof, "rule.v", text);
    product.prove(&mut formal);
    harness.prove_stalls(&mut formal);
    formal
}

/// The rule as a plain module.
fn spec(module: &str) -> String {
    let word = signed(BITS);
    format!(
        "// {module}_spec: the rule f32_even, from an exact product p * 2^-places of two floats, where p is 0 or at least 2^40.\n//\n//     \
         y = clamp(even(f32(p * 2^-places)) + zero_point, min, max)\n//\n// A product that is no normal float is below 2^-100, and \
         gives 0 in any case. Eight places to the left leave p beyond all bounds,\n// as any more do, and 70 to the right leave \
         nothing.\nmodule {module}_spec (\n    input  {word} p, places, zero_point, min, max,\n    output {word} \
         y\n);\n{FUNCTIONS}    {word} f = float(p < 0 ? -p : p);\n    {word} left = places >= 0 ? 0 : places < -8 ? 8 : -places;\n    \
         {word} right = places <= 0 ? 0 : places > 70 ? 70 : places;\n    {word} n = even(f <<< left, right);\n    {word} z = (p < 0 ? -n \
         : n) + zero_point;\n    assign y = z < min ? min : z > max ? max : z;\nendmodule\n"
    )
}

/// From the ports of a beat to the specification's result. The product that the block makes has the accumulator's float
/// shifted left in steps, so that its leading bit comes near the upper end.
fn body(config: &FloatRequantizerConfig, product: Product, module: &str) -> String {
    let word = signed(BITS);
    let Scaling { step, up, down } = config.scaling();
    let (width, low) = (config.acc_width, down - up.min(down));
    let high = up.saturating_sub(down);
    let mut text = format!(
        "{FUNCTIONS}    {word} v = then_acc;\n    {word} size = float(v < 0 ? -v : v);\n    {word} f = v < 0 ? -size : size;\n    // The \
         block shifts in steps of {step} places while the accumulator keeps its sign in {width} bits.\n    function signed [79:0] \
         shifts(input signed [79:0] v);\n        integer i;\n        begin\n            shifts = 0;\n            for (i = {step}; i < \
         {width}; i = i + {step}) if ((v <<< i) >= -(80'sd1 <<< {0}) && (v <<< i) < (80'sd1 <<< {0})) shifts = i;\n        \
         end\n    endfunction\n",
        width - 1
    );
    text += &format!(
        "    {word} x = (f <<< (shifts(v) + {high})) >>> {low};\n    {word} exponent = then_scale >> 23;\n    {word} m = \
         80'sd8388608 + (then_scale & 31'h7fffff);\n    {word} places = 150 - exponent + shifts(v) + {high} - {low};\n"
    );
    text += &product.verilog(BITS);
    for port in ["zero_point", "min", "max"] {
        text += &format!("    {word} {port}_of_beat = then_{port};\n");
    }
    text + &format!(
        "    always @* assume (min_of_beat <= max_of_beat);\n    {word} should_y;\n    {module}_spec spec (.p(p), .places(places), \
         .zero_point(zero_point_of_beat), .min(min_of_beat), .max(max_of_beat), .y(should_y));\n"
    )
}

/// The configurations that are proved beside the default one.
pub(super) fn proved() -> Vec<(String, FloatRequantizerConfig)> {
    let base = FloatRequantizerConfig::default();
    let of = |target, acc_width, pipeline| {
        let config = FloatRequantizerConfig { target, acc_width, pipeline, ..base.clone() };
        (format!("float_requantizer_{acc_width}_{pipeline}_{target}"), config)
    };
    vec![
        of(Target::Generic, 32, 0),
        of(Target::Generic, 32, 4),
        of(Target::Generic, 32, 12),
        of(Target::Generic, 24, 12),
        of(Target::Ecp5, 24, 13),
        of(Target::Ecp5, 32, 14),
        of(Target::Ice40, 24, 14),
        of(Target::Ice40, 32, 16),
    ]
}
