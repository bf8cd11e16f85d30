//! One result, any of them, from the drain to the beat that is taken.

use std::fmt::Write;

use qrtl_hdl::blocks::gemm::GemmConfig;
use qrtl_hdl::exact::NetRef;
use qrtl_hdl::interface::Built;

use super::{on_the_way, path, sum};
use crate::formal::Inside;

/// The claims, and the invariants that carry them.
const ORDER: &str = include_str!("order.v");

/// Declares the words of the outlet.
pub(super) fn declare_words(config: &GemmConfig, inside: &mut Inside<'_>) {
    let outlet = path(config, "outlet");
    for memory in &inside.module(&outlet).body.memories {
        inside.declare_words(&outlet, "outlet", memory);
    }
}

/// The claims, with names for what is different in each configuration.
pub(super) fn claims(config: &GemmConfig, built: &Built, inside: &Inside<'_>) -> String {
    let ranks = on_the_way(config, inside);
    let lanes = config.requantizers();
    let width = config.output.range().width() as usize;
    let mut text = format!("\n    localparam RANKS = {}, Y_BITS = {};\n", ranks.len(), lanes * width);
    let older = ranks.iter().enumerate().map(|(rank, valid)| format!("{valid} * (age <= {rank})"));
    let comes = |(rank, valid): (usize, &String)| {
        let kept = if lanes > 1 { format!(" & gemm_kept_along_{rank} == tag_kept") } else { String::new() };
        format!("(age == {} & {valid} & gemm_last_along_{rank} == tag_last{kept})", rank + 1)
    };
    let comes: Vec<String> = ranks.iter().enumerate().map(comes).collect();

    let outlet = inside.module(&path(config, "outlet"));
    let (mut stands, mut ends) = (Vec::new(), Vec::new());
    for memory in &outlet.body.memories {
        let NetRef::Register(data) = memory.data else { unreachable!("a memory gives its words to a register") };
        let (name, info) = &outlet.registers[data];
        let word = match name.strip_prefix("results_").map(str::parse::<usize>) {
            Some(Ok(0)) => format!("{{tag_y[{}:0], tag_last}}", width - 1),
            Some(Ok(lane)) => format!("tag_y[{}:{}]", (lane + 1) * width - 1, lane * width),
            _ => "tag_kept".to_owned(),
        };
        let bits = info.range.width();
        stands.push(format!("outlet_{name}_words[slot * {bits} +: {bits}] == {word}"));
        ends.push(format!("outlet_{name} == {word}"));
    }
    let lines = [
        ("[BITS-1:0] older", sum(older)),
        ("it_comes", comes.join(" |\n        ")),
        ("stands_in_slot", stands.join(" & ")),
        ("stands_at_end", ends.join(" & ")),
    ];
    // They are declared behind what they read.
    let declared: String = lines.iter().map(|(name, value)| format!("    wire {name} = {value};\n")).collect();
    text += &ORDER
        .replace("@ports@", &ports(config, built))
        .replace("    wire is_due", &format!("{declared}    wire is_due"));
    text
}

/// That ports of the block are ports of its parts. With AXI4-Stream names each element stands in whole bytes.
fn ports(config: &GemmConfig, built: &Built) -> String {
    let mut text = String::new();
    let mut same = |port: &str, part: &str| {
        let _ = writeln!(text, "        assert ({port} == {part});");
    };
    let port = |port: &Option<String>| port.clone().unwrap_or_default();
    let (input, output) = (&built.interface.input, &built.interface.output);
    same(&port(&input.ready), "sequencer_ready");
    same(&port(&output.valid), "outlet_out_valid");
    let [y, keep, last] = [0, 1, 2].map(|i| output.payload[i].name.as_str());
    same(y, "outlet_y");
    same(last, "outlet_last");
    if !config.axis {
        same(keep, "outlet_keep");
        return text;
    }
    let bytes = config.output.bytes();
    for byte in 0..config.requantizers() * bytes {
        same(&format!("{keep}[{byte}]"), &format!("outlet_keep[{}]", byte / bytes));
    }
    let mut at = 0;
    for (name, lanes, of) in [("a", config.rows, config.a), ("b", config.cols, config.b)] {
        let bits = of.range().width() as usize;
        for lane in 0..lanes {
            let data = format!("{}[{} +: {bits}]", input.payload[0].name, 8 * at);
            same(&data, &format!("gemm_{name}[{} +: {bits}]", lane * bits));
            at += of.bytes();
        }
    }
    text
}
