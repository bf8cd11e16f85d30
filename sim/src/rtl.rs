//! Answers JSON requests from the Verilated Verilog. Each structure has one build, and everything else is decided at
//! run time.

use std::collections::HashMap;

use anyhow::{Context, Result, anyhow, bail, ensure};
use qrtl_gen::blocks::gemm::{self, Layer, collect_results, gemm_layer};
use qrtl_gen::blocks::requantizer::beat;
use qrtl_gen::emit::Package;
use qrtl_gen::script::Script;
use qrtl_gen::spec::Spec;
use qrtl_golden::gemm::Matrix;
use qrtl_golden::request::{FullyConnected, Output, Request};
use qrtl_hdl::blocks::gemm::{Channel, GemmConfig};
use qrtl_hdl::blocks::requantizer::{OUTPUTS, Parameters, RequantizerConfig};
use qrtl_hdl::blocks::saturator::SaturatorConfig;
use qrtl_hdl::parameter::{Dimension, HardwareRule, IntType, ZeroPoint};
use serde_json::{Value, json};

use crate::conversation::Conversation;
use crate::simulation::Simulation;
use crate::verilator::Build;
use crate::workspace::Workspace;

/// Running simulations, by the description of their block.
pub struct Hardware<'w> {
    workspace: &'w Workspace,
    running: HashMap<String, (Package, Conversation)>,
}

impl<'w> Hardware<'w> {
    /// No simulation runs yet.
    pub fn new(workspace: &'w Workspace) -> Hardware<'w> {
        Hardware { workspace, running: HashMap::new() }
    }

    /// The hardware's answer.
    ///
    /// # Errors
    /// If a parameter is out of range or has a type that the hardware does not have, or Verilator fails.
    pub fn answer(&mut self, request: &Request) -> Result<Value> {
        match request {
            Request::Requantize(r) => {
                // Golden has no answer beyond the contract, where the hardware saturates. So golden is asked first.
                let requantization = r.requantization()?;
                requantization.check_accumulator(r.acc)?;
                let (rule, factor) = (requantization.rule(), requantization.factor());
                let acc_width = rule.accumulator_bits();
                let Output { zero_point, min, max } = r.output();
                let output = output_type(&[min, max, zero_point])?;
                let spec = RequantizerConfig { rule, acc_width, output, ..RequantizerConfig::default() };
                let (multiplier, shift) = (factor.multiplier(), factor.shift().into());
                let parameters = Parameters { bias: 0, multiplier, shift, zero_point, min, max };
                let beat = beat(&spec, r.acc.into(), 0, parameters);
                self.one(Spec::Requantizer(spec), &beat)
            }
            Request::Saturate(r) => {
                r.bounds()?;
                let spec = SaturatorConfig {
                    in_width: 64,
                    out_width: 64,
                    run_time_bounds: true,
                    ..SaturatorConfig::default()
                };
                self.one(Spec::Saturator(spec), &[r.x, r.min, r.max].map(i128::from))
            }
            Request::FullyConnected(layer) => {
                let Output { zero_point, min, max } = layer.output;
                let output = gemm::Output { zero_point, min, max };
                self.fully_connected(&layer.validate()?, output)
            }
            other => bail!("op: {} is no hardware; ask `gen golden`", other.op()),
        }
    }

    /// The simulation of a block, which is built and started if it is the first of its kind.
    fn running(&mut self, spec: Spec) -> Result<&mut (Package, Conversation)> {
        let key = format!("{spec:?}");
        if !self.running.contains_key(&key) {
            let package = Package::new(spec.block(), spec, "sim")?;
            let conversation = Simulation::of(self.workspace, &package, Build::default())?.converse()?;
            self.running.insert(key.clone(), (package, conversation));
        }
        self.running.get_mut(&key).ok_or_else(|| anyhow!("no simulation"))
    }

    /// Sends one beat, and returns its result.
    fn one(&mut self, spec: Spec, beat: &[i128]) -> Result<Value> {
        let (package, conversation) = self.running(spec)?;
        let mut script = Script::new(&package.built.interface);
        script.beat(beat);
        script.await_results(1);
        script.flush();
        let results = conversation.run(&script)?;
        let out = results.first().and_then(|beat| beat.first()).ok_or_else(|| anyhow!("no result"))?;
        Ok(json!({"out": i64::try_from(*out)?}))
    }

    fn fully_connected(&mut self, layer: &FullyConnected, output: gemm::Output) -> Result<Value> {
        let (x, w) = (&layer.input, &layer.weights);
        let (m, n, k) = (x.0.rows(), w.0.rows(), x.0.cols());
        let spec = gemm_spec(layer, output)?;
        spec.validate().map_err(|e| anyhow!(e)).with_context(|| format!("the hardware does not take K = {k}"))?;
        let channel = |c: usize| {
            let factor = layer.requantizations[c.min(layer.requantizations.len() - 1)].factor();
            Channel { bias: layer.bias[c].into(), multiplier: factor.multiplier(), shift: factor.shift().into() }
        };
        let product = Layer {
            a: x.0.clone(),
            b: w.0.transposed(),
            a_zero_point: x.1,
            b_zero_point: w.1,
            channels: (0..n).map(channel).collect(),
            output,
        };
        debug_assert_eq!((product.b.rows(), product.b.cols()), (k, n));
        // Here, too, an element whose sum lies beyond the contract has no result, and golden names it.
        product.golden(&spec).map_err(|e| anyhow!("{e}"))?;
        let y = self.product(spec, &product, m, n)?;
        Ok(json!({"shape": [m, n], "data": y.data()}))
    }

    fn product(&mut self, spec: GemmConfig, layer: &Layer, m: usize, n: usize) -> Result<Matrix> {
        let (package, conversation) = self.running(Spec::Gemm(spec.clone()))?;
        let mut script = Script::new(&package.built.interface);
        gemm_layer(&mut script, &spec, layer, None);
        let beats = conversation.run(&script)?;
        collect_results(&spec, m, n, &beats)
    }
}

/// The least of a few structures that fits a layer, so that few are ever built.
fn gemm_spec(layer: &FullyConnected, output: gemm::Output) -> Result<GemmConfig> {
    let (x, w) = (&layer.input, &layer.weights);
    let sized = |name: &str, n: usize, least: usize| {
        ensure!(n <= 1 << 16, "{name}: {n} is more than {}, the most that the simulated block takes", 1 << 16);
        Ok(Dimension::UpTo(n.next_power_of_two().max(least)))
    };
    let operand = |name: &str, (matrix, zero): &(Matrix, i32)| {
        let values = || matrix.data().iter().chain([zero]).map(|&v| i128::from(v));
        let fits = |t: &IntType| values().all(|v| t.range().contains(v));
        let found = [IntType::Int8, IntType::Uint8, IntType::Int16].into_iter().find(fits);
        let found = found.ok_or_else(|| anyhow!("{name}: data or zero point is neither int8, uint8 nor int16"))?;
        // The zero point of int16 is 0 in every framework, and without it sums are one bit shorter.
        let zero = if *zero == 0 && found == IntType::Int16 { ZeroPoint::None } else { ZeroPoint::Port };
        Ok::<_, anyhow::Error>((found, zero))
    };
    let (a, a_zero_point) = operand("input", x)?;
    let (b, b_zero_point) = operand("weights", w)?;
    let spec = GemmConfig {
        a,
        b,
        a_zero_point,
        b_zero_point,
        m: sized("batch", x.0.rows(), 1 << 12)?,
        n: sized("outputs", w.0.rows(), 256)?,
        k: sized("inputs", x.0.cols(), 256)?,
        // There is one value for all channels.
        rule: HardwareRule::Fixed(layer.requantizations[0].rule()),
        output: output_type(&[output.min, output.max, output.zero_point])?,
        ..GemmConfig::default()
    };
    // Sums of 16-bit operands could leave the accumulator at the structure's greatest K, which the layer does not
    // reach.
    let exact = GemmConfig { k: Dimension::UpTo(x.0.cols()), ..spec.clone() };
    Ok(if spec.validate().is_ok() { spec } else { exact })
}

/// The output type that has all values of a range.
fn output_type(values: &[i64]) -> Result<IntType> {
    let fits = |t: &IntType| {
        let range = t.range();
        values.iter().all(|&v| range.contains(v.into()))
    };
    let found = OUTPUTS.into_iter().find(fits);
    found.ok_or_else(|| anyhow!("zero_point, min and max: {values:?} are of neither int8, uint8 nor int16"))
}
