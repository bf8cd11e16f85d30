//! The proof of the lookup.

use qrtl_hdl::blocks::lookup::LookupConfig;
use qrtl_hdl::interface::Built;
use qrtl_hdl::parameter::Source;

use crate::formal::{Engine, Formal, Harness, Method, Proof, Twin};

/// The proofs of a lookup.
pub(super) fn proofs(config: &LookupConfig, built: &Built) -> Formal {
    let harness = Harness { built, latency: 1 };
    let mut formal = Formal::default();
    let top = format!("{}_value", harness.module());
    let (body, claim, steps, bug) = match &config.table {
        Source::Table(entries) => constant(config, entries),
        _ => loaded(config),
    };
    let text = harness.compare(&top, &body);
    let proof = Proof {
        name: "value".to_owned(),
        claim: claim.to_owned(),
        method: Method::Unroll,
        engine: Engine::Bitwuzla,
        top,
        files: vec!["formal/value.v".to_owned()],
        steps,
        products: false,
        timeout: 300,
        expected: 5,
        twins: vec![bug],
    };
    formal.prove(proof, "value.v", text);
    harness.prove_stalls(&mut formal);
    formal
}

/// What is compared, the claim, its clocks, and a bug.
type Compared = (String, &'static str, usize, Twin);

fn shape(config: &LookupConfig) -> [String; 2] {
    [config.input, config.output].map(|of| {
        let sign = if of.range().is_signed() { "signed " } else { "" };
        format!("{sign}[{}:0]", of.range().width() - 1)
    })
}

/// A table is known by what it gave before: one step of the induction over its history.
fn loaded(config: &LookupConfig) -> Compared {
    let [x, y] = shape(config);
    let body = format!(
        "    // What was written, and what was read, in the clock before the beat.\n    reg wrote_1, wrote_2;\n    reg {x} wrote_x_1, \
         wrote_x_2;\n    reg {y} wrote_y_1, wrote_y_2, y_before;\n    reg [8:0] was_2;\n    always @(posedge clk) begin\n        wrote_1 <= \
         table_write;\n        wrote_2 <= wrote_1;\n        wrote_x_1 <= table_x;\n        wrote_x_2 <= wrote_x_1;\n        wrote_y_1 <= \
         table_y;\n        wrote_y_2 <= wrote_y_1;\n        y_before <= y;\n        was_2 <= was_1;\n    end\n    wire written = wrote_2 && \
         wrote_x_2 == then_x;\n    wire {y} should_y = written ? wrote_y_2 : was_2 == was_1 ? y_before : y;\n"
    );
    let claim =
        "y is the entry of x: what was written there in the clock before, else what was read there in the clock before";
    (body, claim, 2, Twin::new("a write that is ignored", "value.v", "written ? wrote_y_2 : ", ""))
}

fn constant(config: &LookupConfig, entries: &[i64]) -> Compared {
    let [_, y] = shape(config);
    let least = config.input.range().lo();
    let (last, others) = entries.split_last().unwrap_or((&0, &[]));
    let entry = |(x, v): (i128, &i64)| format!("then_x == {x} ? {v} :\n        ");
    let chosen: String = (least..).zip(others).map(entry).collect();
    let body = format!("    wire {y} should_y = {chosen}{last};\n");
    let claim = "y is the entry of x";
    let (from, to) = (format!("then_x == {least} ?"), format!("then_x == {} ?", least + 1));
    let bug = match entries {
        [first, second, ..] if first != second => {
            Twin::new("an entry that is read one place too far", "value.v", from, to)
        }
        _ => Twin::new("another last entry", "value.v", format!("{last};\n"), format!("{last} + 1;\n")),
    };
    (body, claim, 1, bug)
}
