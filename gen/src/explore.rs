//! `gen explore`: finds the arrays that suit a layer or a model on a device. Clocks are exact ([`crate::schedule`]).
//! Area and clock rate are estimated from measured parts ([`Parts`]).

mod area;
mod device;
mod estimate;
mod jobs;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::{Args, value_parser};
use qrtl_hdl::targets::{Device, Target};
use rayon::prelude::*;

use crate::emit::check_ours;
use crate::model::{MAX_BATCH, products, read_model};
use crate::progress::Progress;
use crate::schedule::Product;
use crate::table::columns;

pub use area::area;
pub use device::Parts;
pub use estimate::{Array, Estimate, front};

/// The arguments of `gen explore`.
#[derive(Args)]
pub struct Explore {
    /// model file (.tflite): its fully connected layers and convolutions, one after the other on one block
    #[arg(required_unless_present = "m", conflicts_with_all = ["m", "n", "k"])]
    model: Option<PathBuf>,
    /// inputs of the model in one product
    #[arg(long, default_value_t = 1, value_parser = value_parser!(u32).range(1..=MAX_BATCH as i64))]
    batch: u32,
    /// in place of a model, one product: rows of C
    #[arg(long, requires = "n", requires = "k", conflicts_with = "batch")]
    m: Option<usize>,
    /// columns of C
    #[arg(long, requires = "m")]
    n: Option<usize>,
    /// terms of a sum
    #[arg(long, requires = "m")]
    k: Option<usize>,
    /// device that the block has to fit
    #[arg(long, value_enum)]
    device: Device,
    /// rows of processing elements to try
    #[arg(long, value_delimiter = ',', default_values_t = SIDES)]
    rows: Vec<usize>,
    /// columns of processing elements to try, each with every number of requantizers that divides it
    #[arg(long, value_delimiter = ',', default_values_t = SIDES)]
    cols: Vec<usize>,
    /// register ranks of the requantizers to try; if left out, the depths that were measured
    #[arg(long, value_delimiter = ',')]
    pipeline: Vec<usize>,
    /// targets whose cells to try; if left out, all whose parts were measured on the device
    #[arg(long, value_enum, value_delimiter = ',')]
    target: Vec<Target>,
    /// file to write: every array that fits, with its estimates
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// directory to write: a description (TOML) of every array that fits, and a Makefile that emits and measures each as a
    /// job of its own
    #[arg(short = 'o', long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Rows and columns that are tried.
const SIDES: [usize; 14] = [1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 28, 32];

/// The result of a sweep.
pub struct Found {
    /// the device
    pub device: Device,
    /// the arrays that fit, and of which no other is both as fast and as small; the fastest first
    pub front: Vec<Estimate>,
    /// the table of them
    pub text: String,
}

impl Explore {
    /// Sweeps, and writes the files that the flags ask for.
    ///
    /// # Errors
    /// If the model cannot be read or has no product, a number is out of range, no array fits, or a file cannot be written.
    pub fn run(&self) -> Result<Found> {
        self.out.as_deref().map_or(Ok(()), check_ours)?;
        let products = self.products()?;
        let parts = Parts::of(self.device)?;
        let arrays = Array::all(&self.rows, &self.cols, &self.depths(&parts)?);
        let progress = Progress::new(arrays.len());
        let estimate = |array: &Array| {
            let estimate = Estimate::new(*array, &products, &parts);
            progress.step(|| "arrays".to_owned());
            estimate
        };
        let all = arrays.par_iter().map(estimate).collect::<Result<Vec<_>>>()?;
        let fitting: Vec<Estimate> = all.into_iter().filter(|e| e.share <= 1.0).collect();
        ensure!(!fitting.is_empty(), "{}: none of {} arrays fits it", parts.name, arrays.len());
        let front = front(&fitting);
        if let Some(csv) = &self.csv {
            fs::write(csv, estimate::csv(&fitting, &front))
                .with_context(|| format!("{}: cannot write", csv.display()))?;
        }
        if let Some(out) = &self.out {
            jobs::write(out, self.device, &fitting, &front, &products)?;
        }
        let text = self.text(&products, arrays.len(), fitting.len(), &front);
        Ok(Found { device: self.device, front, text: text + &parts.sources() })
    }

    /// The targets, and the depths for each. A depth from the command line is tried if it lies among the depths that
    /// were measured.
    fn depths(&self, parts: &Parts) -> Result<Vec<(Target, Vec<usize>)>> {
        let mut all = parts.depths();
        all.retain(|(target, _)| self.target.is_empty() || self.target.contains(target));
        let none = || format!("target: nothing was measured of {} with {:?}", parts.name, self.target);
        ensure!(!all.is_empty(), none());
        if self.pipeline.is_empty() {
            return Ok(all);
        }
        let bounds = |depths: &[usize]| depths.first().copied().unwrap_or(0)..=depths.last().copied().unwrap_or(0);
        for depth in &self.pipeline {
            let known = || all.iter().map(|(t, d)| format!("{:?} ({})", bounds(d), t)).collect::<Vec<_>>();
            let some = all.iter().any(|(_, depths)| bounds(depths).contains(depth));
            ensure!(some, "pipeline: {depth} is outside {}", known().join(" and "));
        }
        for (_, depths) in &mut all {
            let measured = bounds(depths);
            *depths = self.pipeline.iter().copied().filter(|d| measured.contains(d)).collect();
        }
        Ok(all)
    }

    fn products(&self) -> Result<Vec<Product>> {
        if let (Some(m), Some(n), Some(k)) = (self.m, self.n, self.k) {
            for (name, v) in [("m", m), ("n", n), ("k", k)] {
                ensure!(v > 0, "{name}: 0 is no size of a matrix");
            }
            return Ok(vec![Product { name: "product".to_owned(), size: [m, n, k] }]);
        }
        let path = self.model.as_ref().context("explore: give a model file, or --m, --n and --k")?;
        let all = products(&read_model(path)?, self.batch as usize).with_context(|| path.display().to_string())?;
        ensure!(!all.is_empty(), "{}: neither FULLY_CONNECTED nor CONV_2D", path.display());
        Ok(all)
    }

    fn text(&self, products: &[Product], tried: usize, fitting: usize, front: &[Estimate]) -> String {
        let products: Vec<_> = products.iter().map(|p| [p.name.clone(), p.shape()]).collect();
        let rows: Vec<_> = front.iter().map(Estimate::row).collect();
        format!(
            "{}\n{tried} arrays, {fitting} of them fit; none is both as fast and as small as one of these {}:\n\n{}",
            columns(["product", "M x N x K"], &products),
            front.len(),
            columns(Estimate::HEAD, &rows)
        )
    }
}
