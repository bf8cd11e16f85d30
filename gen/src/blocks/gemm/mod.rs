//! The GEMM block.

mod area;
mod beats;
mod draw;
mod formal;
mod layer;
mod suite;
mod vectors;

use anyhow::Result;
use qrtl_hdl::blocks::gemm::{Gemm, GemmAxis, GemmConfig};
use qrtl_hdl::interface::{Built, Streamed};
use qrtl_hdl::targets::Target;
use qrtl_random::Random;

pub use beats::collect_results;
pub use layer::{Layer, Output};
pub use vectors::gemm_layer;

use super::{Block, Subject, Summary};
use crate::formal::Formal;
use crate::script::Script;

impl Block for GemmConfig {
    fn hardware(&self) -> Result<Box<dyn Streamed>, String> {
        Ok(if self.axis { Box::new(GemmAxis::new(self.clone())?) } else { Box::new(Gemm::new(self.clone())?) })
    }

    fn summary(&self) -> Summary {
        let GemmConfig { rows, cols, a, b, output, rule, .. } = self;
        let axis = if self.axis { ", AXI4-Stream" } else { "" };
        Summary {
            parameters: format!("{rows} x {cols}, {a} x {b} -> {output}, {rule}{axis}"),
            latency: self.latency(),
            throughput: format!("{} MAC/clock", rows * cols),
        }
    }

    fn vectors(&self, script: &mut Script, random: &mut Random, count: usize) -> Result<()> {
        vectors::write(self, script, random, count)
    }

    fn target(&self) -> Target {
        self.target
    }

    fn formal(&self, built: &Built) -> Formal {
        formal::proofs(self, built)
    }

    fn proved() -> Vec<(String, GemmConfig)> {
        formal::configurations()
    }

    fn suite() -> Vec<(GemmConfig, usize)> {
        suite::configurations()
    }

    fn subjects() -> Vec<Subject<GemmConfig>> {
        area::subjects()
    }

    fn catalogue() -> Vec<(&'static str, GemmConfig)> {
        let plain = GemmConfig::default();
        vec![("gemm", plain.clone()), ("gemm_axis", GemmConfig { axis: true, ..plain })]
    }
}
