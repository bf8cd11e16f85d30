//! The requantizer.

mod area;
mod formal;
mod suite;
mod vectors;

use anyhow::Result;
use qrtl_hdl::blocks::requantizer::{Requantizer, RequantizerConfig};
use qrtl_hdl::interface::{Built, Streamed};
use qrtl_hdl::targets::Target;
use qrtl_random::Random;

pub use vectors::beat;

use super::{Block, Subject, Summary};
use crate::formal::Formal;
use crate::script::Script;

impl Block for RequantizerConfig {
    fn hardware(&self) -> Result<Box<dyn Streamed>, String> {
        Ok(Box::new(Requantizer::new(self.clone())?))
    }

    fn summary(&self) -> Summary {
        let (rule, acc, width, output) = (self.rule, self.acc_width, self.multiplier_width.bits(), self.output);
        Summary {
            parameters: format!("{rule}, {acc} x {width} bits -> {output}"),
            latency: self.latency(),
            throughput: match self.interval() {
                1 => "1 result/clock".to_owned(),
                n => format!("1 result/{n} clocks"),
            },
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

    fn proved() -> Vec<(String, RequantizerConfig)> {
        formal::proved()
    }

    fn suite() -> Vec<(RequantizerConfig, usize)> {
        suite::configurations()
    }

    fn subjects() -> Vec<Subject<RequantizerConfig>> {
        area::subjects()
    }

    fn catalogue() -> Vec<(&'static str, RequantizerConfig)> {
        vec![("requantizer", RequantizerConfig::default())]
    }
}
