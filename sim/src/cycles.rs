//! Clocks of products on the Verilated GEMM block, as the bench counts them at its ports, beside those of the schedule.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use qrtl_gen::blocks::gemm::{Layer, Output, gemm_layer};
use qrtl_gen::emit::Package;
use qrtl_gen::schedule::Schedule;
use qrtl_gen::script::Script;
use qrtl_gen::spec::Spec;
use qrtl_golden::gemm::Matrix;
use qrtl_hdl::blocks::gemm::{Channel, Channels, GemmConfig};
use qrtl_random::Random;

use crate::verilator::{Build, build};

/// What the bench counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// from the first beat of operands to the last result, both included
    pub clocks: u128,
    /// clocks after the first beat in which one was offered and not taken
    pub stalls: u128,
}

impl From<&Schedule> for Counted {
    fn from(schedule: &Schedule) -> Counted {
        Counted { clocks: schedule.clocks, stalls: schedule.stalls }
    }
}

/// Runs an M x K by K x N product of random numbers through the Verilog of `package`, whose results must be golden's, with
/// operands always offered and results always taken.
///
/// # Errors
/// If the package is no GEMM block or takes no such product, or a result differs, or it cannot be built or run.
pub fn count(package: &Package, size: [usize; 3], seed: u64) -> Result<Counted> {
    let Spec::Gemm(config) = &package.spec else { bail!("{}: no gemm", package.name) };
    let interface = &package.built.interface;
    let executable = build(&package.simulated(), interface, Build::default())?;
    let layer = draw(config, size, &mut Random::new(seed))?;
    let mut script = Script::new(interface);
    gemm_layer(&mut script, config, &layer, Some(&layer.golden(config)?));
    let dir = tempfile::tempdir()?;
    let path = |name: &str| dir.path().join(name);
    fs::write(path("in.txt"), &script.input)?;
    fs::write(path("expected.txt"), &script.expected)?;
    let mut command = Command::new(&executable);
    command.arg("--cycles").arg("--vectors").arg(path("in.txt")).arg("--expect").arg(path("expected.txt"));
    let output = command.output().with_context(|| executable.display().to_string())?;
    let err = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{} of {size:?}: {}", package.name, err.trim());
    let number = |name| number(&err, name).with_context(|| package.name.clone());
    Ok(Counted { clocks: number("last")? - number("first")? + 1, stalls: number("refused")? })
}

/// The number behind `name` in what the bench says with `--cycles`.
pub(crate) fn number(text: &str, name: &str) -> Result<u128> {
    let word = text.split_whitespace().skip_while(|w| *w != name).nth(1);
    word.and_then(|w| w.parse().ok()).with_context(|| format!("the bench says no {name}: {text}"))
}

/// A product that no zero point, bound or bias keeps from filling its range.
fn draw(config: &GemmConfig, [m, n, k]: [usize; 3], random: &mut Random) -> Result<Layer> {
    let mut matrix = |what, rows: usize, cols: usize, range: qrtl_hdl::exact::Range| {
        let data = (0..rows * cols).map(|_| random.within(range.lo(), range.hi()) as i32).collect();
        Matrix::new(what, rows, cols, data)
    };
    let (a, b) = (matrix("a", m, k, config.a.range())?, matrix("b", k, n, config.b.range())?);
    let [a_zero_point, b_zero_point] = [config.left(), config.right()].map(|o| o.zero_point_range().lo() as i32);
    let channel = Channel { bias: 0, multiplier: config.multiplier_width.max(), shift: -7 };
    let channels = match config.channels() {
        Channels::Same => vec![config.channel(0)],
        Channels::Table => (0..config.table_entries()).map(|c| config.channel(c)).collect(),
        Channels::Memory => vec![channel; n],
    };
    let output = config.output.range();
    let output = Output { zero_point: 0, min: output.lo() as i64, max: output.hi() as i64 };
    Ok(Layer { a, b, a_zero_point, b_zero_point, channels, output })
}
