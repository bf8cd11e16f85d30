//! Clocks of products on the Verilated GEMM block, which the bench counts at the ports, beside the clocks of the
//! schedule.

use anyhow::{Result, bail, ensure};
use qrtl_gen::blocks::gemm::{Layer, Output, gemm_layer};
use qrtl_gen::emit::Package;
use qrtl_gen::schedule::Schedule;
use qrtl_gen::script::Script;
use qrtl_gen::spec::Spec;
use qrtl_golden::gemm::Matrix;
use qrtl_hdl::blocks::gemm::{Channel, Channels, GemmConfig};
use qrtl_random::Random;

use crate::simulation::{Report, Run, Simulation};
use crate::verilator::Build;
use crate::workspace::Workspace;

/// The clocks that the bench counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// clocks from the first beat of operands to the last result, both included
    pub clocks: u128,
    /// clocks after the first beat in which a beat was offered and not taken
    pub stalls: u128,
}

impl From<&Schedule> for Counted {
    fn from(schedule: &Schedule) -> Counted {
        Counted { clocks: schedule.clocks, stalls: schedule.stalls }
    }
}

/// Runs an M x K by K x N product of random numbers through the Verilog of `package`, with operands always offered and
/// results always taken. The results must equal golden's.
///
/// # Errors
/// If the package is no GEMM block or takes no such product, or a result differs, or it cannot be built or run.
pub fn count(workspace: &Workspace, package: &Package, size: [usize; 3], seed: u64) -> Result<Counted> {
    let Spec::Gemm(config) = &package.spec else { bail!("{}: no gemm", package.name) };
    let interface = &package.built.interface;
    let layer = draw(config, size, &mut Random::new(seed))?;
    let mut script = Script::new(interface);
    gemm_layer(&mut script, config, &layer, Some(&layer.golden(config)?));
    let simulation = Simulation::of(workspace, package, Build::default())?;
    match simulation.with(&script)?.run(&Run { seed, ..Run::default() })? {
        Report::Compared { outcome, cycles, words } => {
            ensure!(outcome.passed(), "{} of {size:?}: {words}", package.name);
            Ok(Counted { clocks: cycles.last - cycles.first + 1, stalls: cycles.refused })
        }
        Report::Broken(words) => bail!("{} of {size:?}: {words}", package.name),
    }
}

/// A product whose zero points, bounds and biases let the results fill their range.
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
