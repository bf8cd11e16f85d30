//! The GEMM block as users describe it.

mod words;

use anyhow::{Result, anyhow, ensure};
use clap::Args;
use qrtl_golden::Rule;
use qrtl_hdl::blocks::gemm::{
    Channel, Channels, Dimension, Gemm, GemmAxis, GemmConfig, OperandConfig, ZeroPointConfig, ZeroPointStrategy,
};
use qrtl_hdl::blocks::requantizer::{DEFAULT_PIPELINE, Source};
use serde::{Deserialize, Serialize};
pub use words::{DimensionSpec, ForwardingSpec, OperandType, StrategySpec, ZeroPointSpec};

use super::{Built, OutputSpec, Parameter, StreamPorts, Summary, TargetSpec, built, multiplier_width, word};

/// Greatest number of rows or columns of processing elements.
const MAX_SIDE: usize = 256;

/// Parameters of a GEMM block: C (M x N) = requant(A (M x K) * B (K x N)).
#[derive(Debug, Clone, PartialEq, Eq, Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GemmSpec {
    /// rows of processing elements
    #[arg(long, default_value_t = 4)]
    pub rows: usize,
    /// columns of processing elements
    #[arg(long, default_value_t = 4)]
    pub cols: usize,
    /// requantizers; divides cols. If left out, the fewest with which the array never waits for them; for a K of 64 if K is
    /// a port
    #[arg(long)]
    pub requantizers: Option<usize>,
    /// type of A
    #[arg(long, value_enum, default_value_t = OperandType::Int8)]
    pub a: OperandType,
    /// type of B
    #[arg(long, value_enum, default_value_t = OperandType::Int8)]
    pub b: OperandType,
    /// zero point of A: none (0, or folded into the bias), port, or a number
    #[arg(long, default_value_t = ZeroPointSpec::Port, allow_hyphen_values = true)]
    pub a_zero_point: ZeroPointSpec,
    /// zero point of B: none (0, or folded into the bias), port, or a number
    #[arg(long, default_value_t = ZeroPointSpec::None, allow_hyphen_values = true)]
    pub b_zero_point: ZeroPointSpec,
    /// how the zero point of A takes effect
    #[arg(long, value_enum, default_value_t = StrategySpec::Subtract)]
    pub a_strategy: StrategySpec,
    /// how the zero point of B takes effect
    #[arg(long, value_enum, default_value_t = StrategySpec::Subtract)]
    pub b_strategy: StrategySpec,
    /// rows of C: a number, or ..MAX for a port
    #[arg(long, default_value_t = DimensionSpec(Dimension::UpTo(4096)))]
    pub m: DimensionSpec,
    /// columns of C: a number, or ..MAX for a port
    #[arg(long, default_value_t = DimensionSpec(Dimension::UpTo(256)))]
    pub n: DimensionSpec,
    /// terms of a sum: a number, or ..MAX for a port
    #[arg(long, default_value_t = DimensionSpec(Dimension::UpTo(1024)))]
    pub k: DimensionSpec,
    /// rounding rule
    #[arg(long, default_value_t = Rule::TfliteDouble)]
    pub rule: Rule,
    /// bits of the multipliers, sign included: 8, 16 or 32
    #[arg(long, default_value_t = 32)]
    pub multiplier_width: u32,
    /// bias of the channels: a number, one for each channel, or port (a memory that cfg_* fills)
    #[arg(long, default_value_t = Parameter::Port, allow_hyphen_values = true)]
    pub bias: Parameter,
    /// multiplier of the channels, as bias
    #[arg(long, default_value_t = Parameter::Port, allow_hyphen_values = true)]
    pub multiplier: Parameter,
    /// shift of the channels, as bias
    #[arg(long, default_value_t = Parameter::Port, allow_hyphen_values = true)]
    pub shift: Parameter,
    /// type of C
    #[arg(long, value_enum, default_value_t = OutputSpec::Int8)]
    pub output: OutputSpec,
    /// zero point of C: port or a number
    #[arg(long, default_value_t = Parameter::Port, allow_hyphen_values = true)]
    pub zero_point: Parameter,
    /// least result: port or a number
    #[arg(long, default_value_t = Parameter::Port, allow_hyphen_values = true)]
    pub min: Parameter,
    /// greatest result: port or a number
    #[arg(long, default_value_t = Parameter::Port, allow_hyphen_values = true)]
    pub max: Parameter,
    /// register ranks of the requantizers, 0..=11, or 0..=12 for ecp5 and ice40
    #[arg(long, default_value_t = DEFAULT_PIPELINE)]
    pub pipeline: usize,
    /// passes of a requantizer's product through its multipliers: 1, 2 or 4; each takes a sum in so many clocks
    #[arg(long, default_value_t = 1)]
    pub passes: usize,
    /// whose multipliers it instantiates
    #[arg(long, value_enum, default_value_t = TargetSpec::Generic)]
    pub target: TargetSpec,
    /// elements whose product is a multiplier of the device, the others make it in LUTs; all if left out
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dsp_elements: Option<usize>,
    /// how operands reach the elements
    #[arg(long, value_enum, default_value_t = ForwardingSpec::Broadcast)]
    pub forwarding: ForwardingSpec,
    /// AXI4-Stream ports for operands and results
    #[arg(long)]
    pub axis: bool,
}

impl Default for GemmSpec {
    fn default() -> GemmSpec {
        GemmSpec {
            rows: 4,
            cols: 4,
            requantizers: None,
            a: OperandType::Int8,
            b: OperandType::Int8,
            a_zero_point: ZeroPointSpec::Port,
            b_zero_point: ZeroPointSpec::None,
            a_strategy: StrategySpec::Subtract,
            b_strategy: StrategySpec::Subtract,
            m: DimensionSpec(Dimension::UpTo(4096)),
            n: DimensionSpec(Dimension::UpTo(256)),
            k: DimensionSpec(Dimension::UpTo(1024)),
            rule: Rule::TfliteDouble,
            multiplier_width: 32,
            bias: Parameter::Port,
            multiplier: Parameter::Port,
            shift: Parameter::Port,
            output: OutputSpec::Int8,
            zero_point: Parameter::Port,
            min: Parameter::Port,
            max: Parameter::Port,
            pipeline: DEFAULT_PIPELINE,
            passes: 1,
            target: TargetSpec::Generic,
            dsp_elements: None,
            forwarding: ForwardingSpec::Broadcast,
            axis: false,
        }
    }
}

impl GemmSpec {
    /// As the hardware takes it.
    ///
    /// # Errors
    /// If a parameter is out of range.
    pub fn config(&self) -> Result<GemmConfig> {
        let operand = |of: OperandType, zero: ZeroPointSpec, strategy: StrategySpec| {
            let strategy = match strategy {
                StrategySpec::Subtract => ZeroPointStrategy::Subtract,
                StrategySpec::Correct => ZeroPointStrategy::Correct,
            };
            let zero_point = match zero {
                ZeroPointSpec::None | ZeroPointSpec::Constant(0) => None,
                ZeroPointSpec::Port => Some(ZeroPointConfig { value: None, strategy }),
                ZeroPointSpec::Constant(v) => Some(ZeroPointConfig { value: Some(v), strategy }),
            };
            OperandConfig { range: of.range(), zero_point }
        };
        for (name, zero, strategy) in
            [("a", self.a_zero_point, self.a_strategy), ("b", self.b_zero_point, self.b_strategy)]
        {
            let unused = zero == ZeroPointSpec::None && strategy != StrategySpec::Subtract;
            ensure!(!unused, "{name}_strategy: without {name}_zero_point it has no effect");
        }
        // Elaboration visits every processing element: beyond this it would take minutes, then all memory.
        for (name, n) in [("rows", self.rows), ("cols", self.cols)] {
            ensure!((1..=MAX_SIDE).contains(&n), "{name}: {n} is outside 1..={MAX_SIDE}");
        }
        let config = GemmConfig {
            rows: self.rows,
            cols: self.cols,
            requantizers: self.requantizers.unwrap_or(self.cols),
            a: operand(self.a, self.a_zero_point, self.a_strategy),
            b: operand(self.b, self.b_zero_point, self.b_strategy),
            m: self.m.0,
            n: self.n.0,
            k: self.k.0,
            channels: self.channels()?,
            rule: self.rule,
            multiplier_width: multiplier_width(self.multiplier_width)?,
            output: self.output.output_type(),
            zero_point: self.zero_point.source(),
            min: self.min.source(),
            max: self.max.source(),
            pipeline: self.pipeline,
            passes: self.passes,
            target: self.target.target(),
            dsp_elements: self.dsp_elements,
            forwarding: self.forwarding.forwarding(),
        };
        let config = if self.requantizers.is_none() { config.with_fewest_requantizers() } else { config };
        config.validate().map_err(|e| anyhow!(e))?;
        Ok(config)
    }

    fn channels(&self) -> Result<Channels> {
        let all = [("bias", &self.bias), ("multiplier", &self.multiplier), ("shift", &self.shift)];
        let ports = all.iter().filter(|(_, p)| p.source() == Source::Port).count();
        if ports == 3 {
            return Ok(Channels::Memory);
        }
        let not_port: Vec<&str> = all.iter().filter(|(_, p)| p.source() != Source::Port).map(|(n, _)| *n).collect();
        let not_port = not_port.join(", ");
        ensure!(ports == 0, "bias, multiplier, shift: all are port (the default), or none; not port: {not_port}");
        let channel = |c| {
            let [bias, multiplier, shift] = all.map(|(_, p)| p.value(c).unwrap_or(0));
            Channel { bias, multiplier, shift }
        };
        let lengths = all.iter().filter_map(|(name, p)| match p {
            Parameter::Table(values) => Some((name, values.len())),
            _ => None,
        });
        let Some(n) = lengths.clone().map(|(_, l)| l).max() else { return Ok(Channels::Same(channel(0))) };
        for (name, length) in lengths {
            ensure!(length == n, "{name}: {length} entries beside a table of {n}");
        }
        Ok(Channels::Table((0..n).map(channel).collect()))
    }

    pub(super) fn build(&self, name: &str) -> Result<Built> {
        let config = self.config()?;
        let stream = |valid, ready, payload| StreamPorts { valid: Some(valid), ready: Some(ready), payload };
        if self.axis {
            let block = GemmAxis::new(config).map_err(|e| anyhow!(e))?;
            let input = stream("s_axis_tvalid", "s_axis_tready", vec!["s_axis_tdata"]);
            let results = vec!["m_axis_tdata", "m_axis_tkeep", "m_axis_tlast"];
            return built(&block, name, input, stream("m_axis_tvalid", "m_axis_tready", results));
        }
        let block = Gemm::new(config).map_err(|e| anyhow!(e))?;
        let input = stream("in_valid", "in_ready", vec!["a", "b"]);
        built(&block, name, input, stream("out_valid", "out_ready", vec!["y", "keep", "last"]))
    }

    pub(super) fn summary(&self) -> Summary {
        // A description that is refused has no latency; whoever builds it says why.
        let latency = self.config().map_or_else(|_| "-".to_owned(), |c| c.latency().to_string());
        let axis = if self.axis { ", AXI4-Stream" } else { "" };
        Summary {
            parameters: format!(
                "{} x {}, {} x {} -> {}, {}{axis}",
                self.rows,
                self.cols,
                word(self.a),
                word(self.b),
                word(self.output),
                self.rule
            ),
            latency,
            throughput: format!("{} MAC/clock", self.rows * self.cols),
        }
    }
}
