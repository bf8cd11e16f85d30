//! What a compiled model costs, for people: clocks, multipliers in use and what bounds each step, and memory.

use qrtl_hdl::blocks::engine::EngineConfig;
use qrtl_hdl::blocks::engine::instruction::{Instruction, Kind};

use super::{CompiledStep, Program};
use crate::table::columns;

impl Program {
    /// A table with a row for each step, and the totals. `mhz` is the clock for which the latency is said.
    pub fn report(&self, config: &EngineConfig, mhz: f64) -> String {
        let multipliers = (config.rows * config.cols + config.lanes) as u64;
        let percent = |macs: u64, clocks: u64| match macs {
            0 => "-".to_owned(),
            _ => format!("{:.1} %", 100.0 * macs as f64 / (clocks * multipliers) as f64),
        };
        let row = |step: &CompiledStep| {
            let clocks = step.clocks.iter().sum::<u64>();
            let indices: Vec<String> = step.indices.iter().map(usize::to_string).collect();
            let [from, to] = step.shapes.each_ref().map(|shape| shape.iter().map(usize::to_string).collect::<Vec<_>>());
            [
                indices.join(" + "),
                step.name.clone(),
                format!("{} -> {}", from.join(" x "), to.join(" x ")),
                clocks.to_string(),
                step.macs_left.to_string(),
                percent(step.macs_left, clocks),
                bound(step, config).to_owned(),
                step.weights.to_string(),
            ]
        };
        let rows: Vec<_> = self.steps.iter().map(row).collect();
        let head = ["step", "operator", "shape", "clocks", "MAC", "used", "bound by", "weights"];
        let mut text = columns(head, &rows);
        let clocks = self.clocks();
        let [macs, left] = [|step: &CompiledStep| step.macs, |step: &CompiledStep| step.macs_left]
            .map(|of| self.steps.iter().map(of).sum::<u64>());
        text += &format!(
            "\n{clocks} clocks an inference, {:.3} ms at {mhz} MHz; {} clocks to load an input\n",
            clocks as f64 / mhz / 1e3,
            self.input_elements.div_ceil(self.lanes)
        );
        text += &format!(
            "{multipliers} multipliers: {} of their time for the model's {macs} MAC, {} for the {left} that are left\n",
            percent(macs, clocks),
            percent(left, clocks)
        );
        let used: Vec<String> =
            self.memories.iter().map(|memory| format!("{} {} of {}", memory.name, memory.used, memory.there)).collect();
        text + &format!("{}\n", used.join(", "))
    }
}

/// The unit that decides how long a step takes.
fn bound(step: &CompiledStep, config: &EngineConfig) -> &'static str {
    // The longest of its instructions speaks for the step.
    let longest = step.instructions.iter().zip(&step.clocks).max_by_key(|(_, clocks)| **clocks);
    let Some((i, _)) = longest else { return "-" };
    let is = |kind: Kind| i.kind == kind as i64;
    if is(Kind::Lanes) {
        "lanes"
    } else if is(Kind::Tables) {
        "table"
    } else if is(Kind::Softmax) {
        "softmax"
    } else if is(Kind::Output) {
        "stream"
    } else {
        array_or_reads(i, config)
    }
}

/// Whether the array or what comes before it decides.
fn array_or_reads(i: &Instruction, config: &EngineConfig) -> &'static str {
    let item = (i.taps_y_1 + 1) * (i.taps_x_1 + 1) * (i.run_words_1 + 1) + i.idle;
    let reads = config.rows as i64 * (i.groups_1 + 1) * item;
    let array = (i.tiles_1 + 1) * (i.terms_1 + 1 + i.tile_idle);
    match (reads > array, i.kind == Kind::Fused as i64, i.tile_idle > 0) {
        (true, true, _) => "lanes",
        (true, false, _) => "reads",
        (false, _, true) => "requantizers",
        (false, _, false) => "array",
    }
}
