//! An engine for a model: as small as the model allows, with its clocks and its area.

use anyhow::{Error, Result};
use qrtl_golden::graph::Graph;
use qrtl_hdl::blocks::engine::EngineConfig;
use qrtl_hdl::blocks::engine::config::GRANULE;
use qrtl_hdl::targets::{Area, Device, Family};

use super::area;
use crate::engine::{Options, Program, compile};
use crate::spec::Spec;

/// An engine that holds a model.
#[derive(Debug, Clone)]
pub struct Engine {
    /// its parameters
    pub config: EngineConfig,
    /// clocks of an inference
    pub clocks: u64,
    /// its area
    pub area: Area,
    /// share of the device's scarcest resource; an engine beyond 1 does not fit
    pub share: f64,
    /// mean of the shares of all resources of the device
    pub mean: f64,
}

/// Share of an engine's flip-flops that take a cell of iCE40 for themselves: of `gen emit engine --device up5k`, 57 % have no
/// LUT before them that drives nothing else.
const ALONE: f64 = 0.57;

impl Engine {
    /// The head of a table of engines.
    pub const HEAD: [&str; 13] = [
        "",
        "array",
        "lanes",
        "taps",
        "requantizers",
        "split",
        "clocks",
        "LUT",
        "FF",
        "DSP",
        "RAM",
        "scarcest",
        "area",
    ];

    /// Row `n` of a table.
    pub fn row(&self, n: usize) -> [String; 13] {
        let (c, a) = (&self.config, &self.area);
        let ram = if a.spram > 0 { format!("{} + {} SPRAM", a.ram, a.spram) } else { a.ram.to_string() };
        [
            n.to_string(),
            format!("{} x {}", c.rows, c.cols),
            c.lanes.to_string(),
            c.taps.to_string(),
            format!("{} + {}", c.requantizers, c.lane_requantizers),
            c.split.to_string(),
            self.clocks.to_string(),
            a.lut.to_string(),
            a.ff.to_string(),
            a.dsp.to_string(),
            ram,
            format!("{:.1} %", 100.0 * self.share),
            format!("{:.1} %", 100.0 * self.mean),
        ]
    }

    /// The engine in a few words.
    pub fn words(&self) -> String {
        let EngineConfig { rows, cols, lanes, taps, requantizers, lane_requantizers, .. } = self.config;
        format!(
            "{rows} x {cols} with {lanes} lanes of {taps} taps and {requantizers} + {lane_requantizers} requantizers"
        )
    }

    /// The name of the engine as a file and as a module.
    pub fn name(&self) -> String {
        let EngineConfig { rows, cols, lanes, taps, requantizers, lane_requantizers, split, .. } = self.config;
        let split = if split { "_split" } else { "" };
        format!("engine_r{rows}_c{cols}_l{lanes}_t{taps}_q{requantizers}_{lane_requantizers}{split}")
    }

    /// Numbers of resources, and their names.
    pub fn resources(area: &Area) -> [(&'static str, u64); 5] {
        let Area { lut, ff, dsp, ram, spram } = *area;
        [("LUT", lut), ("flip-flops", ff), ("multipliers", dsp), ("block memories", ram), ("SPRAM", spram)]
    }
}

/// A model and a device.
pub struct Search {
    graph: Graph,
    options: Options,
    device: Device,
}

impl Search {
    /// Engines for a model on a device.
    pub fn new(graph: Graph, options: Options, device: Device) -> Search {
        Search { graph, options, device }
    }

    /// The shares that an area takes of the resources of the device.
    fn shares(&self, area: Area) -> Vec<f64> {
        let has = self.device.capacity();
        let (cells, ff) = match self.device.family() {
            Family::Ice40 => (area.lut + (ALONE * area.ff as f64) as u64, 0),
            Family::Ecp5 => (area.lut, has.ff),
        };
        let pairs =
            [(cells, has.lut), (area.ff, ff), (area.dsp, has.dsp), (area.ram, has.ram), (area.spram, has.spram)];
        pairs.into_iter().filter(|(_, has)| *has > 0).map(|(takes, has)| takes as f64 / has as f64).collect()
    }

    fn compile(&self, config: &EngineConfig) -> Result<Program> {
        compile(&self.graph, config, &self.options)
    }

    /// An engine with the greatest memories, and with tables and softmax only if the model needs them.
    ///
    /// # Errors
    /// If it does not hold the model either.
    pub fn roomy(&self, base: &EngineConfig) -> Result<EngineConfig> {
        let roomy = EngineConfig {
            activation_bytes: 1 << 24,
            weight_bytes: 1 << 24,
            lane_weight_bytes: 1 << 20,
            channels: 1 << 15,
            lane_channels: 1 << 15,
            program_words: 1 << 16,
            ..base.clone()
        };
        let units = [(false, false), (false, true), (true, false), (true, true)];
        let of = |(tables, softmax)| EngineConfig { tables, softmax, ..roomy.clone() };
        let tried = units.map(of).map(|config| self.compile(&config).map(|_| config));
        let mut errors = Vec::new();
        for result in tried {
            match result {
                Ok(config) => return Ok(config),
                Err(error) => errors.push(error),
            }
        }
        Err(errors.pop().unwrap_or_else(|| Error::msg("no engine was tried")))
    }

    /// The engine of this shape for the model.
    ///
    /// # Errors
    /// If it does not hold the model.
    pub fn engine(&self, shape: &EngineConfig) -> Result<Engine> {
        let config = sized(shape, &self.compile(shape)?);
        let engine = self.measured(&config)?;
        if engine.share <= 1.0 {
            return Ok(engine);
        }
        // With less room, the compiler leaves no gaps between pixels, which may cost clocks.
        let least = |bytes: usize| if bytes.is_power_of_two() { bytes / 2 } else { 1 << bytes.ilog2() };
        let config = EngineConfig { activation_bytes: least(config.activation_bytes), ..config };
        Ok(self.measured(&config).unwrap_or(engine))
    }

    /// An engine with its clocks and its area. The clocks are those with the memories that it has: a memory of another size
    /// may have another number of ports. Elements for which the device has no multiplier make their products in LUTs.
    fn measured(&self, config: &EngineConfig) -> Result<Engine> {
        let clocks = self.compile(config)?.clocks();
        let of = |config: &EngineConfig| -> Result<Area> {
            Ok(area(&Spec::Engine(config.clone()).build("engine")?.design, self.device.family()))
        };
        let multipliers = self.device.capacity().dsp;
        let mut config = config.clone();
        let mut taken = of(&config)?;
        if taken.dsp > multipliers {
            // iCE40 makes two products in a multiplier.
            let products = if self.device.family() == Family::Ice40 { 2 } else { 1 };
            let elements = config.rows * config.cols;
            let beyond = (products * (taken.dsp - multipliers)) as usize;
            config.dsp_elements = Some(elements.saturating_sub(beyond));
            taken = of(&config)?;
        }
        let shares = self.shares(taken);
        let (share, mean) =
            (shares.iter().copied().fold(0.0, f64::max), shares.iter().sum::<f64>() / shares.len() as f64);
        Ok(Engine { config, clocks, area: taken, share, mean })
    }
}

/// The engine with memories as small as a program allows.
fn sized(shape: &EngineConfig, program: &Program) -> EngineConfig {
    let mut config = shape.clone();
    let weights = 4 * shape.cols * shape.banks();
    for memory in &program.memories {
        let (size, least) = match memory.name {
            "activation_bytes" => (&mut config.activation_bytes, 256),
            "weight_bytes" => (&mut config.weight_bytes, weights),
            "lane_weight_bytes" => (&mut config.lane_weight_bytes, 256),
            "channels" => (&mut config.channels, 2 * shape.requantizers),
            "lane_channels" => (&mut config.lane_channels, 2 * shape.lane_requantizers),
            "program_words" => (&mut config.program_words, 32),
            _ => continue,
        };
        *size = room(memory.used.max(least));
    }
    config
}

/// The least size of a memory that has room for so much.
fn room(needed: usize) -> usize {
    needed.next_power_of_two().min(needed.next_multiple_of(GRANULE))
}
