//! Configuration of the requantizer: which parameters are constants, ports or tables.

use std::ops::RangeInclusive;

use clap::Args;
use qrtl_golden::{MultiplierWidth, Rule};
use serde::{Deserialize, Serialize};

use super::parameters::Parameters;
use super::rounding::Rounding;
use crate::default_from_flags;
use crate::exact::Range;
use crate::parameter::{IntType, Source, multiplier_width, rule, within};
use crate::targets::ice40::chain::Chain;
use crate::targets::{Multiplier, Target};

/// Parameters of a requantizer. A parameter that is described as "port or numbers" is `port`, a number, or numbers with
/// commas (one for each channel).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RequantizerConfig {
    /// rounding rule
    #[arg(long, value_parser = rule(), default_value_t = Rule::TfliteDouble)]
    pub rule: Rule,
    /// bits of the accumulator, 2..=32 (48 for reduced_16)
    #[arg(long, default_value_t = 32)]
    pub acc_width: u32,
    /// values of the accumulator, if they are fewer than `acc_width` bits hold. Only a requantizer within another block
    /// has them; a description cannot.
    #[arg(skip)]
    #[serde(skip)]
    pub acc: Option<Range>,
    /// bits of the multiplier, sign included: 8, 16 or 32
    #[arg(long, value_parser = multiplier_width, default_value = "32")]
    pub multiplier_width: MultiplierWidth,
    /// type of the result, and of the ports of zero point and bounds: int8, uint8 or int16
    #[arg(long, value_enum, default_value_t = IntType::Int8, hide_possible_values = true)]
    pub output: IntType,
    /// multiplier: port or numbers
    #[arg(long, default_value_t = Source::Port, allow_hyphen_values = true)]
    pub multiplier: Source,
    /// shift, left is positive: port or numbers
    #[arg(long, default_value_t = Source::Port, allow_hyphen_values = true)]
    pub shift: Source,
    /// added to the accumulator: port or numbers
    #[arg(long, default_value_t = Source::Constant(0), allow_hyphen_values = true)]
    pub bias: Source,
    /// values of the port of the bias, if they are fewer than 32 bits hold. Only a requantizer within another block has
    /// them; a description cannot.
    #[arg(skip)]
    #[serde(skip)]
    pub biases: Option<Range>,
    /// output zero point: port or numbers
    #[arg(long, default_value_t = Source::Port, allow_hyphen_values = true)]
    pub zero_point: Source,
    /// least result: port or numbers
    #[arg(long, default_value_t = Source::Port, allow_hyphen_values = true)]
    pub min: Source,
    /// greatest result: port or numbers
    #[arg(long, default_value_t = Source::Port, allow_hyphen_values = true)]
    pub max: Source,
    /// register ranks, 0..=11, or 0..=12 for ecp5 and ice40; 2..=12 where there are passes
    #[arg(long, default_value_t = DEFAULT_PIPELINE)]
    pub pipeline: usize,
    /// passes of the product through its multipliers: 1, or 2 or 4 with a half or a quarter of the multipliers and a
    /// result every 2 or 4 clocks
    #[arg(long, default_value_t = 1)]
    pub passes: usize,
    /// no in_ready, no out_ready: results do not wait, and one is taken at each clock
    #[arg(long)]
    pub no_backpressure: bool,
    /// Zero point and bounds stay as they are while results are on their way, and need no ranks. It is no flag: only a
    /// block around the requantizer can promise it.
    #[arg(skip)]
    #[serde(skip)]
    pub steady: bool,
    /// device whose multipliers the block instantiates
    #[arg(long, value_enum, default_value_t = Target::Generic)]
    pub target: Target,
}

/// The default depth: a rank after each of product, shifts by 4 places and more, zero point, and result.
pub const DEFAULT_PIPELINE: usize = 4;

/// Types that results can have.
pub const OUTPUTS: [IntType; 3] = [IntType::Int8, IntType::Uint8, IntType::Int16];

default_from_flags!(RequantizerConfig);

impl RequantizerConfig {
    /// Values of the accumulator.
    pub fn acc(&self) -> Range {
        self.acc.unwrap_or(Range::signed(self.acc_width))
    }

    /// Whether results can wait.
    pub fn backpressure(&self) -> bool {
        !self.no_backpressure
    }

    /// Entries of the tables, if there are any.
    pub fn channels(&self) -> Option<usize> {
        self.sources().named().into_iter().filter_map(|(_, source)| source.entries()).max()
    }

    /// The source of each parameter.
    pub fn sources(&self) -> Parameters<&Source> {
        let RequantizerConfig { bias, multiplier, shift, zero_point, min, max, .. } = self;
        Parameters { bias, multiplier, shift, zero_point, min, max }
    }

    /// Values that the port of each parameter can hold.
    pub fn port_ranges(&self) -> Parameters<Range> {
        let (shifts, output) = (self.rule.shift_range(), self.output.range());
        Parameters {
            bias: self.biases.unwrap_or(Range::signed(32)),
            multiplier: Range::unsigned(self.multiplier_width.bits() - 1),
            shift: Range::new((*shifts.start()).into(), (*shifts.end()).into()),
            // The zero point is a value of the output type, because it represents the real number 0.
            zero_point: output,
            min: output,
            max: output,
        }
    }

    /// The numbers of register ranks that are possible: at most as many as there are places. Passes need two ranks, of
    /// operands and product.
    pub fn pipelines(&self) -> RangeInclusive<usize> {
        let least = if self.passes > 1 { 2 } else { 0 };
        least..=self.target.traits().places(self.passes).len()
    }

    /// Clock edges from an accumulator to its result: one for each rank, and one for each pass but the first.
    pub fn latency(&self) -> usize {
        self.pipeline + self.passes.saturating_sub(1)
    }

    /// Clock edges from a result to the next.
    pub fn interval(&self) -> usize {
        self.passes
    }

    /// Values of `acc + bias`, kept within what the rule defines.
    pub(super) fn sum(&self) -> Range {
        let bias = self.bias.range(self.port_ranges().bias);
        (self.acc() + bias).clamp(self.rule.accumulator().into())
    }

    /// Values of the multiplier that the product sees.
    fn factor(&self) -> Range {
        Rounding::of(self.rule).factor.range(self.multiplier.range(self.port_ranges().multiplier))
    }

    /// The operands of its product.
    pub fn operands(&self) -> [Range; 2] {
        [self.sum(), self.factor()]
    }

    /// Multiplier cells of ECP5 that its product takes.
    pub(super) fn cells(&self) -> usize {
        let traits = self.target.traits();
        match traits.multiplier {
            Multiplier::Mult18x18d => traits.nonzero_products(self.operands()).unwrap_or(0),
            Multiplier::Inferred | Multiplier::SbMac16 => 0,
        }
    }

    /// Whether multipliers of iCE40 put the product together.
    pub(super) fn chained(&self) -> bool {
        match self.target.traits().multiplier {
            Multiplier::SbMac16 => Chain::fits(self.operands()),
            Multiplier::Inferred | Multiplier::Mult18x18d => false,
        }
    }

    /// Checks the limits that the types do not express.
    ///
    /// # Errors
    /// A sentence that names the parameter, the limit and what it got.
    pub fn validate(&self) -> Result<(), String> {
        let accumulator = Range::from(self.rule.accumulator());
        within("acc_width", self.acc_width, 2, accumulator.width())?;
        self.output.among("output", &OUTPUTS)?;
        if ![1, 2, 4].contains(&self.passes) {
            return Err(format!("passes: {} is none of 1, 2, 4", self.passes));
        }
        let pipelines = self.pipelines();
        if !pipelines.contains(&self.pipeline) {
            return Err(format!("pipeline: {} is outside {pipelines:?}", self.pipeline));
        }
        if let Some(width) = Rounding::of(self.rule).factor.width()
            && width != self.multiplier_width
        {
            return Err(format!(
                "multiplier_width: {} reduces a multiplier of {} bits itself",
                self.rule,
                width.bits()
            ));
        }
        if !accumulator.covers(self.acc()) {
            return Err(format!("acc: {} is outside {accumulator}, the accumulator of {}", self.acc(), self.rule));
        }
        for (name, (source, limit)) in self.sources().zip(self.port_ranges()).named() {
            source.check(name, limit)?;
            if let (Some(entries), Some(channels)) = (source.entries(), self.channels())
                && (entries == 0 || entries != channels)
            {
                return Err(format!("{name}: a table of {entries} entries beside one of {channels}"));
            }
        }
        self.validate_passes()?;
        self.validate_bounds()
    }

    /// Checks that there are no more passes than products, and that a multiplier of iCE40 that adds makes all products.
    fn validate_passes(&self) -> Result<(), String> {
        let [x, m] = self.operands();
        if self.chained() && self.passes == 2 {
            return Err("passes: 2 is none of 1, 4, those of four products in multipliers of ice40".to_owned());
        }
        let products = self.target.traits().products([x, m]).unwrap_or(1);
        if self.passes > products {
            let (passes, x, m) = (self.passes, x.width(), m.width());
            let plural = if products == 1 { "" } else { "s" };
            return Err(format!("passes: {passes} is more than {products}, the product{plural} of {x} by {m} bits"));
        }
        Ok(())
    }

    /// Checks that bounds are in order, channel by channel.
    fn validate_bounds(&self) -> Result<(), String> {
        (0..self.channels().unwrap_or(1)).try_for_each(|channel| bounds_in_order(&self.min, &self.max, channel))
    }
}

/// Checks that the bounds of a channel are in order, where both are known.
pub(in crate::blocks) fn bounds_in_order(min: &Source, max: &Source, channel: usize) -> Result<(), String> {
    match (min.value(channel), max.value(channel)) {
        (Some(min), Some(max)) if min > max => Err(format!("min: {min} is greater than max, {max}")),
        _ => Ok(()),
    }
}
