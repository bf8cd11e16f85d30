//! Arrays, and the estimates of their clocks, area and clock rate for a list of products.

use std::fmt::Write;

use anyhow::{Context, Result, anyhow};
use qrtl_hdl::blocks::gemm::GemmConfig;
use qrtl_hdl::parameter::{Dimension, ZeroPoint};
use qrtl_hdl::targets::{Area, Target};

use super::device::{Block, Parts};
use crate::schedule::{Product, Schedule};

/// The parameters of an array that a sweep varies.
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
    /// target whose cells the block instantiates
    pub target: Target,
}

/// An array on a device.
#[derive(Debug, Clone)]
pub struct Estimate {
    /// the array
    pub array: Array,
    /// its description: every product fits it, zero points of operands are folded into the bias
    pub spec: GemmConfig,
    /// clocks of all products, one after the other
    pub clocks: u128,
    /// clock
    pub mhz: f64,
    /// time for all products
    pub microseconds: f64,
    /// products, divided by the products that the array could have made in all clocks
    pub overall: f64,
    /// its area
    pub area: Area,
    /// share of the device's scarcest resource; an array beyond 1 does not fit
    pub share: f64,
}

impl Array {
    /// All arrays of these sides, targets and depths, each with every number of requantizers that divides its columns.
    pub fn all(rows: &[usize], cols: &[usize], depths: &[(Target, Vec<usize>)]) -> Vec<Array> {
        let depths: Vec<_> = depths.iter().flat_map(|(t, depths)| depths.iter().map(move |&d| (*t, d))).collect();
        let mut all = Vec::new();
        for (&rows, &cols) in rows.iter().flat_map(|r| cols.iter().map(move |c| (r, c))) {
            for requantizers in (1..=cols.max(1)).filter(|q| cols.is_multiple_of(*q)) {
                let of = |&(target, pipeline)| Array { rows, cols, requantizers, pipeline, target };
                all.extend(depths.iter().map(of));
            }
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The name of the array as a file and as a module.
    pub fn name(&self) -> String {
        let target = self.target;
        format!("r{}_c{}_q{}_p{}_{target}", self.rows, self.cols, self.requantizers, self.pipeline)
    }

    /// The block that takes any of the products.
    fn spec(&self, products: &[Product], dsp_elements: Option<usize>) -> GemmConfig {
        let [m, n, k] = [0, 1, 2].map(|d| {
            let most = products.iter().map(|p| p.size[d]).max().unwrap_or(1);
            Dimension::UpTo(most)
        });
        GemmConfig {
            rows: self.rows,
            cols: self.cols,
            requantizers: Some(self.requantizers),
            pipeline: self.pipeline,
            target: self.target,
            dsp_elements,
            a_zero_point: ZeroPoint::None,
            m,
            n,
            k,
            ..GemmConfig::default()
        }
    }
}

impl Estimate {
    /// The head of a table of estimates.
    pub const HEAD: [&str; 13] = [
        "array",
        "in LUTs",
        "requantizers",
        "ranks",
        "target",
        "clocks",
        "MHz",
        "us",
        "overall",
        "LUT",
        "FF",
        "DSP",
        "of the device",
    ];

    /// Schedules the products on an array, and estimates its area and clock.
    ///
    /// # Errors
    /// If there is no such block or it does not take all products, or no such parts have been measured.
    pub fn new(array: Array, products: &[Product], parts: &Parts) -> Result<Estimate> {
        let Array { rows, cols, requantizers, pipeline, target } = array;
        let Block { area, mhz, dsp_elements } = parts.block(target, rows * cols, requantizers, pipeline)?;
        let spec = array.spec(products, dsp_elements);
        spec.validate().map_err(|e| anyhow!(e))?;
        let (mut clocks, mut done) = (0, 0);
        for product in products {
            let schedule = Schedule::new(&spec, product.size).with_context(|| product.name.clone())?;
            clocks += schedule.clocks;
            done += schedule.products;
        }
        let overall = done as f64 / (clocks as f64 * (rows * cols) as f64);
        let microseconds = clocks as f64 / mhz;
        Ok(Estimate { array, spec, clocks, mhz, microseconds, overall, area, share: parts.share(area) })
    }

    /// A row of a table.
    pub fn row(&self) -> [String; 13] {
        let a = &self.array;
        [
            format!("{} x {}", a.rows, a.cols),
            self.in_luts().to_string(),
            a.requantizers.to_string(),
            a.pipeline.to_string(),
            a.target.to_string(),
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

    /// Number of elements that make their products in LUTs.
    fn in_luts(&self) -> usize {
        let all = self.array.rows * self.array.cols;
        all - self.spec.dsp_elements.unwrap_or(all)
    }

    /// Whether this array is no slower and takes no more of the device than `other`, and is better in one of the two,
    /// or else has fewer LUTs.
    pub fn dominates(&self, other: &Estimate) -> bool {
        let no_worse = self.microseconds <= other.microseconds && self.share <= other.share;
        let better = self.microseconds < other.microseconds || self.share < other.share;
        no_worse && (better || self.area.lut < other.area.lut)
    }
}

/// The arrays that no other dominates, the fastest first. Of equal arrays, the first is kept.
pub fn front(all: &[Estimate]) -> Vec<Estimate> {
    let mut sorted = all.to_vec();
    sorted.sort_by_key(|estimate| estimate.array);
    pareto(&sorted, |e| (e.microseconds, e.share, e.area.lut))
}

/// What no other is both as fast and as small as, the fastest first: `of` gives the time, the share of a device, and the
/// LUTs, which decide between equal shares. Of equals, the first is kept.
pub fn pareto<T: Clone>(all: &[T], of: impl Fn(&T) -> (f64, f64, u64)) -> Vec<T> {
    let mut sorted: Vec<&T> = all.iter().collect();
    sorted.sort_by(|a, b| {
        let (a, b) = (of(a), of(b));
        a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2))
    });
    let mut front: Vec<T> = Vec::new();
    for candidate in sorted {
        if front.last().is_none_or(|last| of(candidate).1 < of(last).1) {
            front.push(candidate.clone());
        }
    }
    front
}

/// All arrays as CSV, and whether each is one of the front.
pub fn csv(all: &[Estimate], front: &[Estimate]) -> String {
    let head =
        "rows,cols,in_luts,requantizers,pipeline,target,clocks,mhz,microseconds,overall,lut,ff,dsp,ram,share,front\n";
    let mut text = head.to_owned();
    for e in all {
        let Array { rows, cols, requantizers, pipeline, target } = e.array;
        let (in_luts, target) = (e.in_luts(), target);
        let Area { lut, ff, dsp, ram, .. } = e.area;
        let on_front = front.iter().any(|f| f.array == e.array);
        let _ = writeln!(
            text,
            "{rows},{cols},{in_luts},{requantizers},{pipeline},{target},{},{:.1},{:.3},{:.4},{lut},{ff},{dsp},{ram},{:.4},{on_front}",
            e.clocks, e.mhz, e.microseconds, e.overall, e.share
        );
    }
    text
}
