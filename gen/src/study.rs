//! `gen study`: quantizes the three digits networks by every scheme, and says which network suffers most, and why.

mod configuration;
mod layers;
mod plot;
mod report;
mod tables;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use qrtl_golden::quantization::{Calibration, Granularity, Parameters, Symmetry};
use rayon::prelude::*;

use crate::digits::{Architecture, Images};
use crate::emit::{check_ours, write_directory};
use crate::progress::Progress;
use crate::quantize::{Subject, scheme};
use configuration::{CALIBRATIONS, Configuration, Row, configurations};

pub use report::Report;

/// Bits of the values between layers in all schemes, because the study is about weights.
const ACTIVATION_BITS: u32 = 8;

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
            let manifest = serde_json::json!({"generator": crate::GENERATOR,
                "command": "gen study", "rows": rows.len()});
            fs::write(dir.join("manifest.json"), serde_json::to_string_pretty(&manifest)? + "\n")?;
            Ok(())
        })?;
        Ok(report)
    }
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
