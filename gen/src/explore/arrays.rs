//! Arrays for a layer, or for the layers of a model. Area and clock rate are estimated from measured parts ([`Parts`]).

use std::fs;

use anyhow::{Context, Result, ensure};
use qrtl_hdl::targets::Target;
use rayon::prelude::*;

use super::estimate::{self, Array, Estimate, front};
use super::{Explore, Found, Parts, jobs};
use crate::emit::{check_ours, write_file};
use crate::model::{products, read_model};
use crate::progress::Progress;
use crate::schedule::Product;
use crate::spec::Spec;
use crate::table::columns;

/// Rows and columns that are tried.
const SIDES: [usize; 14] = [1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 28, 32];

impl Explore {
    /// Sweeps arrays.
    ///
    /// # Errors
    /// If the model cannot be read or has no product, a number is out of range, no array fits, or a file cannot be written.
    pub(super) fn arrays(&self) -> Result<Found> {
        self.out.as_deref().map_or(Ok(()), check_ours)?;
        let products = self.products()?;
        let parts = Parts::of(self.device)?;
        let sides = |given: &Vec<usize>| if given.is_empty() { SIDES.to_vec() } else { given.clone() };
        let arrays = Array::all(&sides(&self.rows), &sides(&self.cols), &self.depths(&parts)?);
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
            write_file(csv, |place| Ok(fs::write(place, estimate::csv(&fitting, &front))?))?;
        }
        if let Some(out) = &self.out {
            jobs::write(out, self.device, &fitting, &front, &products)?;
        }
        let text = self.text(&products, arrays.len(), fitting.len(), &front);
        let front = front.into_iter().map(|e| (e.array.name(), Spec::Gemm(e.spec))).collect();
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
