//! Arrays, and what they are estimated to take for a list of products.

use std::fmt::Write;

use anyhow::{Context, Result};
use qrtl_hdl::blocks::gemm::Dimension;

use super::device::{Area, Parts};
use crate::model::Product;
use crate::schedule::Schedule;
use crate::spec::{DimensionSpec, GemmSpec, TargetSpec, ZeroPointSpec};

/// What is swept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Array {
    /// rows of processing elements
    pub rows: usize,
    /// columns of processing elements
    pub cols: usize,
    /// requantizers
    pub requantizers: usize,
    /// register ranks of a requantizer
    pub pipeline: usize,
}

/// An array on a device.
#[derive(Debug, Clone)]
pub struct Estimate {
    /// which
    pub array: Array,
    /// its description: every product fits it, zero points of operands are folded into the bias
    pub spec: GemmSpec,
    /// of all products, one after the other
    pub clocks: u128,
    /// clock
    pub mhz: f64,
    /// time for all products
    pub microseconds: f64,
    /// products over those that the array could have done
    pub overall: f64,
    /// what it takes
    pub area: Area,
    /// what it takes of the device's scarcest resource; beyond 1 it does not fit
    pub share: f64,
}

impl Array {
    /// All arrays of these sides and depths, each with every number of requantizers that divides its columns.
    pub fn all(rows: &[usize], cols: &[usize], pipelines: &[usize]) -> Vec<Array> {
        let mut all = Vec::new();
        for (&rows, &cols) in rows.iter().flat_map(|r| cols.iter().map(move |c| (r, c))) {
            for requantizers in (1..=cols.max(1)).filter(|q| cols.is_multiple_of(*q)) {
                all.extend(pipelines.iter().map(|&pipeline| Array { rows, cols, requantizers, pipeline }));
            }
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Its name as a file and as a module.
    pub fn name(&self) -> String {
        format!("r{}_c{}_q{}_p{}", self.rows, self.cols, self.requantizers, self.pipeline)
    }

    /// The block that takes any of the products.
    fn spec(&self, products: &[Product], target: TargetSpec) -> GemmSpec {
        let [m, n, k] = [0, 1, 2].map(|d| {
            let most = products.iter().map(|p| p.size[d]).max().unwrap_or(1);
            DimensionSpec(Dimension::UpTo(most))
        });
        GemmSpec {
            rows: self.rows,
            cols: self.cols,
            requantizers: Some(self.requantizers),
            pipeline: self.pipeline,
            target,
            a_zero_point: ZeroPointSpec::None,
            m,
            n,
            k,
            ..GemmSpec::default()
        }
    }
}

impl Estimate {
    /// The head of a table of them.
    pub const HEAD: [&str; 11] =
        ["array", "requantizers", "ranks", "clocks", "MHz", "us", "overall", "LUT", "FF", "DSP", "of the device"];

    /// Schedules the products on an array, and estimates its area and clock.
    ///
    /// # Errors
    /// If the block does not exist or takes not all products, or nothing like it has been measured.
    pub fn new(array: Array, products: &[Product], parts: &Parts) -> Result<Estimate> {
        let spec = array.spec(products, parts.target);
        let config = spec.config()?;
        let (mut clocks, mut done) = (0, 0);
        for product in products {
            let schedule = Schedule::new(&config, product.size).with_context(|| product.name.clone())?;
            clocks += schedule.clocks;
            done += schedule.products;
        }
        let (area, mhz) = parts.block(array.rows * array.cols, array.requantizers, array.pipeline)?;
        let overall = done as f64 / (clocks as f64 * (array.rows * array.cols) as f64);
        let microseconds = clocks as f64 / mhz;
        Ok(Estimate { array, spec, clocks, mhz, microseconds, overall, area, share: parts.share(area) })
    }

    /// A row of a table.
    pub fn row(&self) -> [String; 11] {
        let a = &self.array;
        [
            format!("{} x {}", a.rows, a.cols),
            a.requantizers.to_string(),
            a.pipeline.to_string(),
            self.clocks.to_string(),
            format!("{:.1}", self.mhz),
            format!("{:.2}", self.microseconds),
            format!("{:.1} %", 100.0 * self.overall),
            self.area.lut.to_string(),
            self.area.ff.to_string(),
            self.area.dsp.to_string(),
            format!("{:.1} %", 100.0 * self.share),
        ]
    }

    /// It is no slower and takes no more of the device, and is better in one of the two, or else has fewer LUTs.
    pub fn dominates(&self, other: &Estimate) -> bool {
        let no_worse = self.microseconds <= other.microseconds && self.share <= other.share;
        let better = self.microseconds < other.microseconds || self.share < other.share;
        no_worse && (better || self.area.lut < other.area.lut)
    }
}

/// Those that no other dominates, the fastest first; of equals the first.
pub fn front(all: &[Estimate]) -> Vec<Estimate> {
    let mut sorted: Vec<&Estimate> = all.iter().collect();
    sorted.sort_by(|a, b| {
        let by_time = a.microseconds.total_cmp(&b.microseconds);
        by_time.then(a.share.total_cmp(&b.share)).then(a.area.lut.cmp(&b.area.lut)).then(a.array.cmp(&b.array))
    });
    let mut front: Vec<Estimate> = Vec::new();
    for estimate in sorted {
        if front.last().is_none_or(|last| estimate.share < last.share) {
            front.push(estimate.clone());
        }
    }
    front
}

/// Every array, and whether it is one of the front.
pub fn csv(all: &[Estimate], front: &[Estimate]) -> String {
    let head = "rows,cols,requantizers,pipeline,clocks,mhz,microseconds,overall,lut,ff,dsp,ram,share,front\n";
    let mut text = head.to_owned();
    for e in all {
        let Array { rows, cols, requantizers, pipeline } = e.array;
        let Area { lut, ff, dsp, ram } = e.area;
        let on_front = front.iter().any(|f| f.array == e.array);
        let _ = writeln!(
            text,
            "{rows},{cols},{requantizers},{pipeline},{},{:.1},{:.3},{:.4},{lut},{ff},{dsp},{ram},{:.4},{on_front}",
            e.clocks, e.mhz, e.microseconds, e.overall, e.share
        );
    }
    text
}
