//! `gen study`: quantizes the three digits networks by every scheme, and says which network suffers most, and why.

mod layers;
mod plot;
mod tables;

use std::fmt;
use std::fs;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use qrtl_golden::quantization::{Calibration, Granularity, Parameters, Symmetry};
use rayon::prelude::*;

use crate::digits::{Architecture, Images};
use crate::emit::{check_ours, write_directory};
use crate::progress::Progress;
use crate::quantize::{Subject, percent, scheme, symmetry_name};
use layers::LayerLoss;

/// Bits of a weight that are tried.
const BITS: std::ops::RangeInclusive<u32> = 2..=8;

/// Bits of the values between layers in all schemes, because the study is about weights.
const ACTIVATION_BITS: u32 = 8;

/// Granularities that are tried.
const GRANULARITIES: [Granularity; 3] =
    [Granularity::PerTensor, Granularity::PerChannel, Granularity::PerGroup(NonZeroUsize::MIN.saturating_add(15))];

/// Calibrations of weights and activations that are tried. Entropy calibrates activations only.
const CALIBRATIONS: [Calibration; 4] =
    [Calibration::MinMax, Calibration::Percentile(99.9), Calibration::MeanSquaredError, Calibration::Entropy];

/// Pairs of symmetries that are tried, of weights and activations. The first pair is TFLite's.
const SYMMETRIES: [[Symmetry; 2]; 4] = [
    [Symmetry::SymmetricNarrow, Symmetry::Asymmetric],
    [Symmetry::SymmetricNarrow, Symmetry::SymmetricNarrow],
    [Symmetry::Asymmetric, Symmetry::Asymmetric],
    [Symmetry::Asymmetric, Symmetry::SymmetricNarrow],
];

/// The arguments of `gen study`.
#[derive(Args)]
pub struct Study {
    /// directory to write: study.csv, study.md and plots (.svg)
    #[arg(short = 'o', long, value_name = "DIR")]
    out: PathBuf,
    /// directory of the float weights and the images
    #[arg(long, value_name = "DIR", default_value = "models/digits")]
    models: PathBuf,
}

/// One way to quantize one network.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Configuration {
    architecture: Architecture,
    bits: u32,
    granularity: Granularity,
    calibration: Calibration,
    /// symmetries of weights and activations
    symmetries: [Symmetry; 2],
}

/// The result of a configuration.
#[derive(Debug, Clone, Copy)]
struct Row {
    configuration: Configuration,
    /// computed in integers
    integer: bool,
    /// test images recognized in floats and quantized
    recognized: [usize; 2],
    /// bytes of weights, biases, scales and zero points
    bytes: u64,
}

impl Row {
    /// Accuracy that was lost, in points; negative where quantization helped.
    fn loss(&self) -> f64 {
        percent(self.recognized[0]) - percent(self.recognized[1])
    }
}

impl Study {
    /// Quantizes, measures, and writes the directory. Progress goes to standard error.
    ///
    /// # Errors
    /// If a file cannot be read or written, or a network cannot be quantized.
    pub fn run(&self) -> Result<Report> {
        check_ours(&self.out)?;
        let images = Images::read(&self.models)?;
        let subjects = Architecture::ALL.map(|a| Subject::read(a, &self.models, &images));
        let subjects = subjects.into_iter().collect::<Result<Vec<_>>>()?;
        let calibrated = calibrate(&subjects)?;
        let rows = measure(&configurations(), &subjects, &calibrated, &images)?;
        let layers = layers::losses(&subjects, &images)?;
        let report = Report::new(&rows, layers);
        write_directory(&self.out, |dir| {
            fs::write(dir.join("study.csv"), tables::csv(&rows))?;
            fs::write(dir.join("study.md"), tables::markdown(&rows, &report))?;
            for (name, svg) in plot::all(&rows)? {
                fs::write(dir.join(name), svg)?;
            }
            let manifest = serde_json::json!({"generator": concat!("qrtl ", env!("CARGO_PKG_VERSION")),
                "command": "gen study", "rows": rows.len()});
            fs::write(dir.join("manifest.json"), serde_json::to_string_pretty(&manifest)? + "\n")?;
            Ok(())
        })?;
        Ok(report)
    }
}

/// All configurations, architecture by architecture.
fn configurations() -> Vec<Configuration> {
    let mut all = Vec::new();
    for architecture in Architecture::ALL {
        for bits in BITS {
            for granularity in GRANULARITIES {
                for calibration in CALIBRATIONS {
                    for symmetries in SYMMETRIES {
                        all.push(Configuration { architecture, bits, granularity, calibration, symmetries });
                    }
                }
            }
        }
    }
    all
}

/// Parameters of the activations, which do not depend on the weights.
struct Calibrated {
    architecture: Architecture,
    calibration: Calibration,
    symmetry: Symmetry,
    parameters: Vec<Parameters>,
}

fn calibrate(subjects: &[Subject]) -> Result<Vec<Calibrated>> {
    let mut all = Vec::new();
    for subject in subjects {
        for calibration in CALIBRATIONS {
            for symmetry in [Symmetry::SymmetricNarrow, Symmetry::Asymmetric] {
                all.push((subject, calibration, symmetry));
            }
        }
    }
    let one = |(subject, calibration, symmetry): (&Subject, _, _)| {
        // The parameters of activations do not depend on the weights, so any scheme for weights will do.
        let scheme = scheme([8, ACTIVATION_BITS], Granularity::PerTensor, calibration, [symmetry; 2])?;
        let parameters = scheme.calibrate(&subject.network, &subject.calibration_set)?;
        Ok(Calibrated { architecture: subject.architecture, calibration, symmetry, parameters })
    };
    all.into_par_iter().map(one).collect()
}

/// Measures all configurations in parallel. Rows are in the order of the configurations.
fn measure(
    configurations: &[Configuration],
    subjects: &[Subject],
    calibrated: &[Calibrated],
    images: &Images,
) -> Result<Vec<Row>> {
    let progress = Progress::new(configurations.len());
    let one = |c: &Configuration| {
        let subject = subjects.iter().find(|s| s.architecture == c.architecture).context("no such network")?;
        let key = (c.architecture, c.calibration, c.symmetries[1]);
        let activations = calibrated.iter().find(|a| (a.architecture, a.calibration, a.symmetry) == key);
        let activations = &activations.context("not calibrated")?.parameters;
        let scheme = scheme([c.bits, ACTIVATION_BITS], c.granularity, c.calibration, c.symmetries)?;
        let (recognized, integer) =
            subject.quantized(&scheme, activations, images).with_context(|| format!("{c:?}"))?;
        let bytes = scheme.size(&subject.network)?.total();
        progress.step(|| "configurations".to_owned());
        Ok(Row { configuration: *c, integer, recognized: [subject.recognized, recognized], bytes })
    };
    configurations.par_iter().map(one).collect()
}

/// The verdict: which network suffers most, and why.
pub struct Report {
    rows: usize,
    /// mean loss of each network over all of its rows, in points
    means: Vec<(Architecture, f64)>,
    layers: Vec<LayerLoss>,
}

impl Report {
    fn new(rows: &[Row], layers: Vec<LayerLoss>) -> Report {
        let mean = |a| tables::mean(rows.iter().filter(|r| r.configuration.architecture == a).map(Row::loss));
        Report { rows: rows.len(), means: Architecture::ALL.map(|a| (a, mean(a))).to_vec(), layers }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} configurations; accuracy lost, mean over those of a network:", self.rows)?;
        for (architecture, loss) in &self.means {
            writeln!(f, "  {architecture:6}  {loss:6.2} points")?;
        }
        writeln!(f, "\n{}", layers::HEAD)?;
        for layer in &self.layers {
            writeln!(f, "{layer}")?;
        }
        let Some((worst, _)) = self.means.iter().max_by(|a, b| a.1.total_cmp(&b.1)) else { return Ok(()) };
        write!(f, "\n{worst} suffers most")?;
        let alone = self.layers.iter().filter(|l| l.architecture == *worst);
        match alone.max_by(|a, b| a.losses[0].total_cmp(&b.losses[0])) {
            Some(layer) => write!(f, ", and in it {}", layer.why()),
            None => Ok(()),
        }
    }
}

/// The name of a pair of symmetries: `weights/activations`.
fn symmetries_name([weights, activations]: [Symmetry; 2]) -> String {
    format!("{}/{}", symmetry_name(weights), symmetry_name(activations))
}
