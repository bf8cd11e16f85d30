//! The average of windows. Its vectors are windows of all sizes, some of them with a sum at a tie.

use anyhow::Result;
use qrtl_golden::operators::average_pool;
use qrtl_hdl::blocks::average_pool::{AveragePool, AveragePoolConfig};
use qrtl_hdl::interface::{Built, Streamed};
use qrtl_hdl::parameter::Dimension;
use qrtl_hdl::targets::Target;
use qrtl_random::Random;

use super::windows::windows;
use super::{Block, Subject, Summary, WITH_DSP};
use crate::formal::Formal;
use crate::script::Script;

/// Number of results of each configuration.
const VECTORS: usize = 20_000;

impl Block for AveragePoolConfig {
    fn hardware(&self) -> Result<Box<dyn Streamed>, String> {
        Ok(Box::new(AveragePool::new(self)?))
    }

    fn summary(&self) -> Summary {
        let parameters = format!("{} values, {}..={}", self.size, self.min, self.max);
        Summary { parameters, latency: self.latency(), throughput: "1 value/clock".to_owned() }
    }

    fn vectors(&self, script: &mut Script, random: &mut Random, count: usize) -> Result<()> {
        windows(script, random, count, self.size, [self.min, self.max], average_pool)
    }

    fn target(&self) -> Target {
        self.target
    }

    fn formal(&self, _: &Built) -> Formal {
        Formal::none("its results", "the proof is not written yet", "the shipped vectors")
    }

    fn suite() -> Vec<(AveragePoolConfig, usize)> {
        let base = AveragePoolConfig::default();
        let of = |size| AveragePoolConfig { size, ..base.clone() };
        let bounds = |min, max| AveragePoolConfig { min, max, ..base.clone() };
        let on = |target, pipeline| AveragePoolConfig { target, pipeline, ..base.clone() };
        let all = [
            base.clone(),
            of(Dimension::UpTo(2)),
            of(Dimension::UpTo(300)),
            of(Dimension::Fixed(2)),
            of(Dimension::Fixed(9)),
            of(Dimension::Fixed(64)),
            bounds(-100, 90),
            bounds(0, 0),
            on(Target::Generic, 0),
            on(Target::Generic, 11),
            on(Target::Ecp5, 12),
            on(Target::Ice40, 11),
        ];
        all.map(|config| (config, VECTORS)).into()
    }

    fn subjects() -> Vec<Subject<AveragePoolConfig>> {
        let any = AveragePoolConfig::default();
        let four = AveragePoolConfig { size: Dimension::Fixed(4), ..any.clone() };
        let all = [
            Subject::alone("average_pool_4", "windows of 4 int8", four),
            Subject::alone("average_pool", "windows of up to 64 int8", any),
        ];
        all.map(|subject| subject.on(WITH_DSP)).into()
    }

    fn catalogue() -> Vec<(&'static str, AveragePoolConfig)> {
        vec![("average_pool", AveragePoolConfig::default())]
    }
}
