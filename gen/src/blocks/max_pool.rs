//! The maximum of windows. Its vectors are windows of all sizes.

use anyhow::Result;
use qrtl_golden::operators::max_pool;
use qrtl_hdl::blocks::max_pool::{MaxPool, MaxPoolConfig};
use qrtl_hdl::interface::{Built, Streamed};
use qrtl_hdl::parameter::Dimension;
use qrtl_hdl::targets::Device;
use qrtl_random::Random;

use super::windows::windows;
use super::{Block, Subject, Summary};
use crate::formal::Formal;
use crate::script::Script;

/// Number of results of each configuration.
const VECTORS: usize = 20_000;

impl Block for MaxPoolConfig {
    fn hardware(&self) -> Result<Box<dyn Streamed>, String> {
        Ok(Box::new(MaxPool::new(self)?))
    }

    fn summary(&self) -> Summary {
        let parameters = format!("{} values, {}..={}", self.size, self.min, self.max);
        Summary { parameters, latency: 1, throughput: "1 value/clock".to_owned() }
    }

    fn vectors(&self, script: &mut Script, random: &mut Random, count: usize) -> Result<()> {
        windows(script, random, count, self.size, [self.min, self.max], max_pool)
    }

    fn formal(&self, _: &Built) -> Formal {
        Formal::none("its results", "the proof is not written yet", "the shipped vectors")
    }

    fn suite() -> Vec<(MaxPoolConfig, usize)> {
        let base = MaxPoolConfig::default();
        let of = |size| MaxPoolConfig { size, ..base.clone() };
        let bounds = |min, max| MaxPoolConfig { min, max, ..base.clone() };
        let all = [
            base.clone(),
            of(Dimension::UpTo(2)),
            of(Dimension::UpTo(300)),
            of(Dimension::Fixed(2)),
            of(Dimension::Fixed(9)),
            bounds(-100, 90),
            bounds(0, 0),
        ];
        all.map(|config| (config, VECTORS)).into()
    }

    fn subjects() -> Vec<Subject<MaxPoolConfig>> {
        let any = MaxPoolConfig::default();
        let four = MaxPoolConfig { size: Dimension::Fixed(4), ..any.clone() };
        let all = [
            Subject::alone("max_pool_4", "windows of 4 int8", four),
            Subject::alone("max_pool", "windows of up to 64 int8", any),
        ];
        all.map(|subject| subject.on(&[Device::Ecp5Small, Device::Up5k])).into()
    }

    fn catalogue() -> Vec<(&'static str, MaxPoolConfig)> {
        vec![("max_pool", MaxPoolConfig::default())]
    }
}
