//! Engines for a model on a device: which are tried, and what is said of them.

use std::cmp::Ordering;
use std::fmt::Write;
use std::fs;

use anyhow::{Context, Error, Result, ensure};
use qrtl_hdl::blocks::engine::EngineConfig;
use qrtl_hdl::targets::Area;
use rayon::prelude::*;
use serde_json::Value;

use super::search::{Engine, Search};
use super::{Explore, Found, MODEL_ERROR, pareto};
use crate::emit::write_file;
use crate::engine::Options;
use crate::model::Source;
use crate::progress::Progress;
use crate::spec::Spec;
use crate::table::columns;

/// What is tried of each parameter.
const ROWS: [usize; 3] = [2, 4, 8];
const COLS: [usize; 4] = [4, 8, 16, 32];
const TAPS: [usize; 2] = [1, 3];
const REQUANTIZERS: [usize; 3] = [1, 2, 4];
const SPLIT: [bool; 2] = [true, false];

impl Explore {
    /// Sweeps engines.
    ///
    /// # Errors
    /// If the model cannot be read, no engine holds it and fits the device, or a file cannot be written.
    pub(super) fn engines(&self) -> Result<Found> {
        let base = EngineConfig::for_device(self.device);
        let base = base.with_context(|| format!("device: {} is too small for an engine", self.device.name()))?;
        let path = self.model.as_ref().context("explore: give a model file, or --per-layer with --m, --n and --k")?;
        let shown = || path.display().to_string();
        let options = Options { keep_constant: self.keep_constant, ..Options::default() };
        let source = Source::read(path, self.runtime, self.until.as_deref())?;
        let base = EngineConfig { rule: source.rule, ..base };
        let search = Search::new(source.graph, options, self.device);
        let shapes = self.shapes(&search.roomy(&base).with_context(shown)?)?;
        let progress = Progress::new(shapes.len());
        let engine = |shape: &EngineConfig| {
            let engine = search.engine(shape);
            progress.step(|| "engines".to_owned());
            engine
        };
        let tried: Vec<Result<Engine>> = shapes.par_iter().map(engine).collect();
        let fitting: Vec<Engine> = tried.iter().flatten().filter(|engine| engine.share <= 1.0).cloned().collect();
        ensure!(!fitting.is_empty(), "{}: {:#}", shown(), self.none_fits(tried));
        let front = pareto(&fitting, |engine| (engine.clocks as f64, engine.mean, engine.area.lut));
        if let Some(csv) = &self.csv {
            write_file(csv, |place| Ok(fs::write(place, self.csv_of(&fitting, &front, &base)?)?))?;
        }
        let text = self.table(&front, &base, [tried.len(), fitting.len()])?;
        let named = |engine: Engine| (engine.name(), Spec::Engine(engine.config));
        Ok(Found { device: self.device, front: front.into_iter().map(named).collect(), text })
    }

    /// The engines that are tried, each with the memories of `base`.
    fn shapes(&self, base: &EngineConfig) -> Result<Vec<EngineConfig>> {
        let given = |values: &Vec<usize>, or: &[usize]| if values.is_empty() { or.to_vec() } else { values.clone() };
        let (rows, cols, lanes) =
            (given(&self.rows, &ROWS), given(&self.cols, &COLS), given(&self.lanes, &[base.lanes]));
        let wide = EngineConfig { cols: 64, dsp_elements: None, ..base.clone() };
        let alone = |rows: &usize| EngineConfig { rows: *rows, ..wide.clone() }.validate();
        rows.iter().try_for_each(alone).map_err(Error::msg)?;
        let alone =
            |lanes: &usize| EngineConfig { lanes: *lanes, requantizers: 1, lane_requantizers: 1, ..wide.clone() };
        lanes.iter().try_for_each(|lanes| alone(lanes).validate()).map_err(Error::msg)?;
        if !self.cols.is_empty() {
            let alone = |cols: &usize| EngineConfig { cols: *cols, ..alone(&lanes[0]) }.validate();
            cols.iter().try_for_each(alone).map_err(Error::msg)?;
        }
        let mut all = Vec::new();
        for (&rows, &cols) in rows.iter().flat_map(|r| cols.iter().map(move |c| (r, c))) {
            for (&lanes, taps) in lanes.iter().flat_map(|l| TAPS.map(|t| (l, t))) {
                for (requantizers, lane_requantizers) in REQUANTIZERS.iter().flat_map(|&q| REQUANTIZERS.map(|l| (q, l)))
                {
                    let units = EngineConfig { taps, requantizers, lane_requantizers, ..base.clone() };
                    // All elements have multipliers, until the device has no more.
                    let dsp_elements = base.dsp_elements.map(|_| rows * cols);
                    let shape = EngineConfig { rows, cols, lanes, dsp_elements, ..units };
                    all.extend(SPLIT.map(|split| EngineConfig { split, ..shape.clone() }));
                }
            }
        }
        all.retain(|shape| shape.validate().is_ok());
        Ok(all)
    }

    /// Why no engine fits: what the one takes that takes least, and what there is.
    fn none_fits(&self, tried: Vec<Result<Engine>>) -> Error {
        let (count, name, has) = (tried.len(), self.device.name(), self.device.capacity());
        let (engines, errors): (Vec<_>, Vec<_>) = tried.into_iter().partition(Result::is_ok);
        let least = engines
            .into_iter()
            .flatten()
            .min_by(|a, b| (a.share, a.mean).partial_cmp(&(b.share, b.mean)).unwrap_or(Ordering::Equal));
        let Some(least) = least else {
            let why = errors.into_iter().find_map(Result::err);
            return why.unwrap_or_else(|| Error::msg("no engine was tried")).context("no engine holds the model");
        };
        let pairs = Engine::resources(&least.area).into_iter().zip(Engine::resources(&has));
        let beyond: Vec<String> = pairs
            .filter(|((_, takes), (_, has))| takes > has)
            .map(|((name, takes), (_, has))| format!("{takes} {name}, and the device has {has}"))
            .collect();
        let beyond =
            if beyond.is_empty() { format!("{:.0} % of its cells", 100.0 * least.share) } else { beyond.join("; ") };
        Error::msg(format!(
            "{name}: none of {count} engines holds the model and fits; the smallest, {}, takes {beyond}",
            least.words()
        ))
    }

    fn table(&self, front: &[Engine], base: &EngineConfig, [tried, fitting]: [usize; 2]) -> Result<String> {
        let rows: Vec<_> = front.iter().enumerate().map(|(n, engine)| engine.row(n + 1)).collect();
        let mut text = format!(
            "{tried} engines, {fitting} of them hold the model and fit {}; none is both as fast and as small as one of these \
             {}:\n\n{}\nflags of gen model:\n",
            self.device.name(),
            front.len(),
            columns(Engine::HEAD, &rows)
        );
        for (n, engine) in front.iter().enumerate() {
            let _ = writeln!(text, "{:<3}{}", n + 1, self.flags(engine, base)?);
        }
        let _ = writeln!(
            text,
            "\nscarcest: share of the device's scarcest resource; area: mean share of all of its resources.\n\
             Clocks, multipliers and memories are exact. LUT and FF come from a model, and lie within {:.0} % of what Yosys \
             finds.",
            100.0 * MODEL_ERROR
        );
        Ok(text)
    }

    /// The flags of the engine: the device, and what differs from the device's engine.
    fn flags(&self, engine: &Engine, base: &EngineConfig) -> Result<String> {
        let runtime = self.runtime.map_or_else(String::new, |runtime| format!(" --runtime {runtime}"));
        let first = format!("--device {}{runtime}", self.device.word());
        let [Value::Object(own), Value::Object(base)] =
            [serde_json::to_value(&engine.config)?, serde_json::to_value(base)?]
        else {
            return Ok(String::new());
        };
        let other = own.iter().filter(|(key, value)| base.get(*key) != Some(value));
        let flag = |(key, value): (&String, &Value)| format!(" --{} {value}", key.replace('_', "-"));
        Ok(other.map(flag).fold(first, |text, flag| text + &flag))
    }

    /// All engines as CSV, and whether each is one of the front.
    fn csv_of(&self, all: &[Engine], front: &[Engine], base: &EngineConfig) -> Result<String> {
        let mut text =
            "rows,cols,lanes,taps,requantizers,lane_requantizers,split,clocks,lut,ff,dsp,ram,spram,share,mean,front,flags\n"
                .to_owned();
        for engine in all {
            let EngineConfig { rows, cols, lanes, taps, requantizers, lane_requantizers, split, .. } = engine.config;
            let Area { lut, ff, dsp, ram, spram } = engine.area;
            let on_front = front.iter().any(|of| of.config == engine.config);
            let _ = writeln!(
                text,
                "{rows},{cols},{lanes},{taps},{requantizers},{lane_requantizers},{split},{},{lut},{ff},{dsp},{ram},{spram},\
                 {:.4},{:.4},{on_front},{}",
                engine.clocks,
                engine.share,
                engine.mean,
                self.flags(engine, base)?
            );
        }
        Ok(text)
    }
}
