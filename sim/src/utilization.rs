//! `sim utilization`: measures how well the GEMM block uses its array, by counters of the Verilated block.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use qrtl_gen::emit::Package;
use qrtl_gen::model::{products, read_model};
use qrtl_gen::schedule::{Product, Schedule};
use qrtl_gen::spec::Spec;
use qrtl_gen::table::columns;

use qrtl_hdl::blocks::gemm::GemmConfig;
use qrtl_hdl::parameter::Dimension;

use crate::cycles::{Counted, count};
use crate::workspace::Workspace;

/// Rows and columns of the measured array.
const SIDE: usize = 8;

/// Usual products, as M, N and K: a short product, with N and K either way, and a long stream.
const NAMED: [(&str, [usize; 3]); 3] =
    [("short", [64, 16, 32]), ("short, more columns", [64, 32, 16]), ("long", [1024, 64, 256])];

/// The networks of `models/digits`.
const DIGITS: [&str; 3] = ["mlp", "cnn", "rescnn"];

/// Numbers of inputs in one product: one, and all images.
const BATCHES: [usize; 2] = [1, 1797];

/// The products of a network that detects persons in images of 96 x 96 (MobileNet with a quarter of its channels):
/// places, output channels and input channels.
const PERSONS: [[usize; 3]; 10] = [
    [2304, 16, 8],
    [576, 32, 16],
    [576, 32, 32],
    [144, 64, 32],
    [144, 64, 64],
    [36, 128, 64],
    [36, 128, 128],
    [9, 256, 128],
    [9, 256, 256],
    [1, 2, 256],
];

/// The text below the title of the table.
const METHOD: &str = "\
Made by `sim utilization`; do not edit. The Verilated 8 x 8 block (int8, 8 requantizers of 4 ranks), operands always offered
and results always taken. *clocks*: from the first beat of operands accepted to the last result, as the bench counts them at
the ports; *stalls*: clocks in which a beat was offered and not taken. Both equal the schedule that `gen model --per-layer` prints, or the
verb fails, and all results equal golden's. *utilization*: products over those that 64 elements do from the first beat to the
last sums at the end of the array, without the stalls; *overall*: over those in all clocks.
";

/// Counts all products, prints the table, and writes it to `to`/utilization.md.
///
/// # Errors
/// If a model cannot be read, the block cannot be built or run, a result is wrong, a counter differs from the schedule,
/// or the table cannot be written.
pub fn run(workspace: &Workspace, to: &Path) -> Result<()> {
    let products = all(&workspace.models())?;
    let most = |d: usize| products.iter().map(|p| p.size[d]).max().unwrap_or(1);
    let dimension = |d: usize| Dimension::UpTo(most(d));
    let spec = GemmConfig {
        rows: SIDE,
        cols: SIDE,
        requantizers: Some(SIDE),
        m: dimension(0),
        n: dimension(1),
        k: dimension(2),
        ..GemmConfig::default()
    };
    let package = Package::new("gemm", Spec::Gemm(spec.clone()), "sim utilization")?;
    let mut rows = Vec::new();
    for product in &products {
        let schedule = Schedule::new(&spec, product.size)?;
        let counted = count(workspace, &package, product.size, 1)?;
        let expected = Counted::from(&schedule);
        ensure!(counted == expected, "{}: the bench counts {counted:?}, the schedule {expected:?}", product.name);
        rows.push(schedule.row(product));
    }
    print!("{}", columns(Schedule::HEAD, &rows));
    let path = to.join("utilization.md");
    fs::write(&path, markdown(&rows)).with_context(|| format!("{}: cannot write", path.display()))?;
    println!("written: {}", path.display());
    Ok(())
}

fn all(models: &Path) -> Result<Vec<Product>> {
    let named = NAMED.iter().map(|(name, size)| Product { name: (*name).to_owned(), size: *size });
    let persons = PERSONS.iter().map(|size| Product { name: "persons".to_owned(), size: *size });
    let mut all: Vec<Product> = named.collect();
    for network in DIGITS {
        let model = read_model(&models.join(format!("{network}_int8.tflite")))?;
        for batch in BATCHES {
            let named = |p: Product| Product { name: format!("digits {network}, batch {batch}: {}", p.name), ..p };
            all.extend(products(&model, batch)?.into_iter().map(named));
        }
    }
    all.extend(persons);
    Ok(all)
}

fn markdown(rows: &[[String; 7]]) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let lines: String = rows.iter().map(|r| line(r)).collect();
    format!(
        "# Utilization\n\n{METHOD}\n{}|---|---|--:|--:|--:|--:|---|\n{lines}",
        line(&Schedule::HEAD.map(str::to_owned))
    )
}
