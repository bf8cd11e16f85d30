//! Configuration of the requantizer: what is fixed, what is a port, what a table gives.

use std::ops::RangeInclusive;

use qrtl_golden::{MultiplierWidth, Rule};

use super::product::products;
use super::rank_order;
use super::rounding::Rounding;
use crate::exact::Range;
use crate::targets::Target;
use crate::targets::ice40::chain::Chain;

/// Where a parameter comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Source {
    /// always the same value: no port, and as little logic as the value needs
    Constant(i64),
    /// a port, sampled with each accumulator
    Port,
    /// an entry of a read-only table, addressed by the channel of each accumulator
    Table(Vec<i64>),
}

impl Source {
    /// The values that it can give, of those that `port` can hold.
    pub fn range(&self, port: Range) -> Range {
        let all = |values: &[i64]| {
            let lo = values.iter().copied().min().unwrap_or(0);
            let hi = values.iter().copied().max().unwrap_or(0);
            Range::new(lo.into(), hi.into())
        };
        match self {
            Source::Constant(v) => Range::constant((*v).into()),
            Source::Port => port,
            Source::Table(values) => all(values),
        }
    }
}

/// The integer type of the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OutputType {
    /// -128..=127
    Int8,
    /// 0..=255
    Uint8,
    /// -32768..=32767
    Int16,
}

impl OutputType {
    /// Its values.
    pub const fn range(self) -> Range {
        match self {
            OutputType::Int8 => Range::signed(8),
            OutputType::Uint8 => Range::unsigned(8),
            OutputType::Int16 => Range::signed(16),
        }
    }

    /// Its name as NumPy and TFLite write it.
    pub const fn name(self) -> &'static str {
        match self {
            OutputType::Int8 => "int8",
            OutputType::Uint8 => "uint8",
            OutputType::Int16 => "int16",
        }
    }
}

/// Configuration of a [`Requantizer`](super::Requantizer). Only widths, the rule and the depth of the pipeline have to
/// be decided before synthesis; everything else is a [`Source`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RequantizerConfig {
    /// rounding rule
    pub rule: Rule,
    /// values of the accumulator
    pub acc: Range,
    /// width of the multiplier, sign included
    pub multiplier_width: MultiplierWidth,
    /// multiplier, `0..2^(B-1)`
    pub multiplier: Source,
    /// shift with TFLite's sign: left is positive
    pub shift: Source,
    /// values of a shift port
    pub shift_range: Range,
    /// added to the accumulator
    pub bias: Source,
    /// added to the scaled value
    pub zero_point: Source,
    /// least result
    pub min: Source,
    /// greatest result
    pub max: Source,
    /// type of the result, and of the ports of zero point and bounds
    pub output: OutputType,
    /// register ranks, `pipelines()`
    pub pipeline: usize,
    /// 1, 2 or 4: in how many passes through its multipliers a product is made; a result each so many clocks
    pub passes: usize,
    /// results can wait; without, whoever takes them takes one at each clock
    pub backpressure: bool,
    /// whose multipliers it instantiates
    pub target: Target,
}

/// The default depth: a rank after each of product, shifts by 4 places and more, zero point, and result.
pub const DEFAULT_PIPELINE: usize = 4;

impl RequantizerConfig {
    /// Everything a port: one model of it serves every layer.
    pub fn run_time(rule: Rule, acc: Range, output: OutputType) -> RequantizerConfig {
        let shifts = rule.shift_range();
        RequantizerConfig {
            rule,
            acc,
            multiplier_width: MultiplierWidth::W32,
            multiplier: Source::Port,
            shift: Source::Port,
            shift_range: Range::new((*shifts.start()).into(), (*shifts.end()).into()),
            bias: Source::Constant(0),
            zero_point: Source::Port,
            min: Source::Port,
            max: Source::Port,
            output,
            pipeline: DEFAULT_PIPELINE,
            passes: 1,
            backpressure: true,
            target: Target::Generic,
        }
    }

    /// Entries of the tables, if there are any.
    pub fn channels(&self) -> Option<usize> {
        let lengths = self.sources().into_iter().filter_map(|(_, s)| match s {
            Source::Table(values) => Some(values.len()),
            _ => None,
        });
        lengths.max()
    }

    /// Every parameter with its name.
    pub fn sources(&self) -> [(&'static str, &Source); 6] {
        [
            ("bias", &self.bias),
            ("multiplier", &self.multiplier),
            ("shift", &self.shift),
            ("zero_point", &self.zero_point),
            ("min", &self.min),
            ("max", &self.max),
        ]
    }

    /// Values that the port of a parameter can hold.
    pub fn port_range(&self, parameter: &str) -> Range {
        match parameter {
            "bias" => Range::signed(32),
            "multiplier" => Range::unsigned(self.multiplier_width.bits() - 1),
            "shift" => self.shift_range,
            // The zero point is a value of the output type: it stands for the real number 0.
            _ => self.output.range(),
        }
    }

    /// How many register ranks there can be: as many as there are places for. Passes need two, of operands and product.
    pub fn pipelines(&self) -> RangeInclusive<usize> {
        let least = if self.passes > 1 { 2 } else { 0 };
        least..=rank_order(self.target, self.passes).len()
    }

    /// Clock edges from an accumulator to its result: one for each rank, and each pass but one.
    pub fn latency(&self) -> usize {
        self.pipeline + self.passes.saturating_sub(1)
    }

    /// Clock edges from a result to the next.
    pub fn interval(&self) -> usize {
        self.passes
    }

    /// Values of `acc + bias`, kept within what the rule defines.
    pub(super) fn sum(&self) -> Range {
        let limit = self.rule.accumulator();
        let bias = self.bias.range(self.port_range("bias"));
        (self.acc + bias).clamp(Range::new(limit.min().into(), limit.max().into()))
    }

    /// Values of the multiplier that the product sees.
    fn factor(&self) -> Range {
        Rounding::of(self.rule).factor.range(self.multiplier.range(self.port_range("multiplier")))
    }

    /// The operands of its product.
    pub(super) fn operands(&self) -> [Range; 2] {
        [self.sum(), self.factor()]
    }

    /// Multiplier cells of ECP5 that its product takes.
    pub(super) fn cells(&self) -> usize {
        if self.target == Target::Ecp5 { products(self.target, self.operands()).unwrap_or(0) } else { 0 }
    }

    /// Multipliers of iCE40 put its product together.
    pub(super) fn chained(&self) -> bool {
        Chain::fits(self.target, self.operands())
    }

    /// Checks what the types do not say.
    ///
    /// # Errors
    /// A sentence that names the parameter, the limit and what it got.
    pub fn validate(&self) -> Result<(), String> {
        if ![1, 2, 4].contains(&self.passes) {
            return Err(format!("passes: {} is none of 1, 2, 4", self.passes));
        }
        let pipelines = self.pipelines();
        if !pipelines.contains(&self.pipeline) {
            return Err(format!("pipeline: {} is outside {pipelines:?}", self.pipeline));
        }
        let shifts = self.rule.shift_range();
        let shifts = Range::new((*shifts.start()).into(), (*shifts.end()).into());
        if !shifts.covers(self.shift_range) {
            return Err(format!("shift_range: {} is outside {shifts}, the range of {}", self.shift_range, self.rule));
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
        let accumulator = self.rule.accumulator();
        let accumulator = Range::new(accumulator.min().into(), accumulator.max().into());
        if !accumulator.covers(self.acc) {
            let (acc, rule) = (self.acc, self.rule);
            return Err(format!("acc: {acc} is outside the {} bits of {rule}", accumulator.width()));
        }
        for (name, source) in self.sources() {
            let (got, limit) = (source.range(self.port_range(name)), self.port_range(name));
            if !limit.covers(got) {
                let got = got.singleton().map_or(got.to_string(), |v| v.to_string());
                return Err(format!("{name}: {got} is outside {limit}"));
            }
            if let (Source::Table(values), Some(channels)) = (source, self.channels())
                && (values.is_empty() || values.len() != channels)
            {
                return Err(format!("{name}: a table of {} entries beside one of {channels}", values.len()));
            }
        }
        self.validate_passes()?;
        self.validate_bounds()
    }

    /// There are no more passes than products, and a multiplier of iCE40 that adds makes all of them.
    fn validate_passes(&self) -> Result<(), String> {
        let [x, m] = self.operands();
        if self.chained() && self.passes == 2 {
            return Err("passes: 2 is none of 1, 4, those of four products in multipliers of ice40".to_owned());
        }
        let products = products(self.target, [x, m]).unwrap_or(1);
        if self.passes > products {
            let (passes, x, m) = (self.passes, x.width(), m.width());
            let plural = if products == 1 { "" } else { "s" };
            return Err(format!("passes: {passes} is more than {products}, the product{plural} of {x} by {m} bits"));
        }
        Ok(())
    }

    /// Where both bounds are known, they are in order, channel by channel.
    fn validate_bounds(&self) -> Result<(), String> {
        let at = |s: &Source, c: usize| match s {
            Source::Constant(v) => Some(*v),
            Source::Table(values) => values.get(c).copied(),
            Source::Port => None,
        };
        for channel in 0..self.channels().unwrap_or(1) {
            if let (Some(min), Some(max)) = (at(&self.min, channel), at(&self.max, channel))
                && min > max
            {
                return Err(format!("min: {min} is greater than max, {max}"));
            }
        }
        Ok(())
    }
}
