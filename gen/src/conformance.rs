//! `gen conformance`: writes requests for every rule and operator with golden's answers, for implementations of others.
//! It writes the same bytes each time.

mod draw;
mod elementwise;
mod requantize;
mod windows;

use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};
use qrtl_golden::numerics::AnyRule;
use qrtl_golden::request::{answer, answer_line};
use qrtl_golden::{RealRule, Rule};
use qrtl_random::Random;
use serde_json::{Value, json};

use crate::emit::write_directory;

/// Draws the i-th request of a file. A request that golden refuses, or that was there before, is drawn again.
type Draw = dyn Fn(&mut Random, usize) -> Value;

/// Requests of one kind.
struct Group {
    name: String,
    covers: String,
    count: usize,
    draw: Box<Draw>,
}

/// Number of lines of a file about single numbers, and of a file about tensors: six for each rule.
const NUMBERS: usize = 400;
const TENSORS: usize = 6 * AnyRule::ALL.len();

/// Writes the pack, and returns a line for each of its files.
///
/// # Errors
/// If `to` cannot be written, or is something other than an empty directory or a pack.
pub fn write(to: &Path) -> Result<Vec<String>> {
    let mut summary = Vec::new();
    write_directory(to, |dir| {
        let (requests, expected) = (dir.join("requests"), dir.join("expected"));
        fs::create_dir(&requests)?;
        fs::create_dir(&expected)?;
        let mut table = String::new();
        let mut files = serde_json::Map::new();
        for group in groups() {
            let [asked, answered] = lines(&group)?;
            let file = format!("{}.jsonl", group.name);
            fs::write(requests.join(&file), asked)?;
            fs::write(expected.join(&file), answered)?;
            let _ = writeln!(table, "| `{file}` | {} | {} |", group.count, group.covers);
            summary.push(format!("{file}: {} requests", group.count));
            files.insert(file, group.count.into());
        }
        let manifest = json!({"generator": crate::GENERATOR, "command": "gen conformance", "requests": files});
        fs::write(dir.join("manifest.json"), serde_json::to_string_pretty(&manifest)? + "\n")?;
        fs::write(dir.join("README.md"), include_str!("conformance/README.md").replace("{files}", &table))?;
        Ok(())
    })?;
    Ok(summary)
}

fn groups() -> Vec<Group> {
    let group = |name: &str, covers: &str, count, draw: fn(&mut Random, usize) -> Value| Group {
        name: name.to_owned(),
        covers: covers.to_owned(),
        count,
        draw: Box::new(draw),
    };
    let mut groups: Vec<Group> = Rule::ALL.into_iter().map(of_rule).collect();
    groups.extend(RealRule::ALL.into_iter().map(of_real_rule));
    groups.extend([
        group(
            "quantize_multiplier",
            "`QuantizeMultiplier` of TFLite at 8, 16 and 32 bits",
            NUMBERS,
            requantize::factor,
        ),
        group("saturate", "a clamp", NUMBERS / 2, requantize::saturate),
        group("fully_connected", "TFLite's `FULLY_CONNECTED`, by every rule", TENSORS, windows::fully_connected),
        group("conv2d", "TFLite's `CONV_2D`, with groups, by every rule", TENSORS, windows::conv2d),
        group("depthwise_conv2d", "TFLite's `DEPTHWISE_CONV_2D`, by every rule", TENSORS, windows::depthwise),
        group("average_pool", "TFLite's `AVERAGE_POOL_2D`", TENSORS, windows::average_pool),
        group("max_pool", "TFLite's `MAX_POOL_2D`", TENSORS, windows::max_pool),
        group("add", "TFLite's `ADD`, default and single rounding", TENSORS, elementwise::add),
        group("sub", "TFLite's `SUB`, default and single rounding", TENSORS, elementwise::sub),
        group("mul", "TFLite's `MUL`, by every rule", TENSORS, elementwise::mul),
        group("quantize", "reals to integers: ONNX, TFLite, PyTorch", TENSORS, elementwise::quantize),
        group("dequantize", "integers to reals", TENSORS, elementwise::dequantize),
    ]);
    groups
}

fn of_rule(rule: Rule) -> Group {
    Group {
        name: format!("requantize_{rule}"),
        covers: rule.reference().to_owned(),
        count: NUMBERS,
        draw: Box::new(move |random, i| requantize::by_multiplier(rule, random, i)),
    }
}

fn of_real_rule(rule: RealRule) -> Group {
    Group {
        name: format!("requantize_{rule}"),
        covers: rule.reference().to_owned(),
        count: NUMBERS,
        draw: Box::new(move |random, i| requantize::by_real(rule, random, i)),
    }
}

/// Requests and answers. The numbers of a file follow from its name, so that no file changes with another.
fn lines(group: &Group) -> Result<[String; 2]> {
    let seed = group.name.bytes().fold(0, |seed: u64, byte| seed.wrapping_mul(31).wrapping_add(byte.into()));
    let mut random = Random::new(seed);
    let [mut asked, mut answered] = [String::new(), String::new()];
    let mut refused = 0;
    let mut known = HashSet::new();
    while known.len() < group.count {
        let request = (group.draw)(&mut random, known.len()).to_string();
        let (text, failed) = answer_line(&request, |r| answer(r).map_err(|e| e.to_string()));
        if failed || known.contains(&request) {
            refused += 1;
            ensure!(refused < 100 * group.count, "{}: nothing new that has an answer: {request}: {text}", group.name);
            continue;
        }
        asked += &format!("{request}\n");
        answered += &(text + "\n");
        known.insert(request);
    }
    Ok([asked, answered])
}
