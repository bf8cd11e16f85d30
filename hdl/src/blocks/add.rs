//! `y = clamp(requant(a_table[a] + b_table[b]) + zero_point)`: sum or difference of two int8, equal to TFLM's ADD and
//! SUB to the last bit.
//!
//! ```text
//!   a ---> [ a_table ] --+
//!                       (+/-) ---> [ requantizer ] ---> y
//!   b ---> [ b_table ] --+
//! ```
//!
//! TFLM shifts an operand, less its zero point, left by 20 bits and brings it to a common scale. This term depends on the
//! operand alone, so a table holds the terms of all operands (golden's `AddParameters::scaled`). The sum of two terms is
//! rounded once more. Each table is constant, or loaded as [`crate::table`] says. Parameters of the requantizer that
//! are ports travel with their operands.

use clap::Args;
use qrtl_golden::Rule;
use rust_hdl::core::atom::Atom;
use rust_hdl::prelude::*;
use serde::{Deserialize, Serialize};

use super::requantizer::{DEFAULT_PIPELINE, Parameters, Requantizer, RequantizerConfig};
use crate::exact::{Clk, Describe, Header, Kernel, Maybe, Port, Range, Reg, Stage};
use crate::interface::{StreamPorts, Streamed, Streams};
use crate::parameter::Source;
use crate::table::{self, Table};
use crate::targets::Target;
use crate::{default_from_flags, describe_logic, ports};

/// Parameters of an addition. A parameter that is described as "port or a number" is `port` or a number.
#[derive(Debug, Clone, PartialEq, Eq, Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AddConfig {
    /// the second term is subtracted
    #[arg(long)]
    pub subtract: bool,
    /// port, to be loaded at run time, or 256 numbers: the term of each a, the least a first
    #[arg(long, default_value_t = Source::Port, allow_hyphen_values = true)]
    pub a_table: Source,
    /// port, to be loaded at run time, or 256 numbers: the term of each b, the least b first
    #[arg(long, default_value_t = Source::Port, allow_hyphen_values = true)]
    pub b_table: Source,
    /// multiplier of the sum: port or a number
    #[arg(long, default_value_t = Source::Port)]
    pub multiplier: Source,
    /// shift of the sum, left is positive: port or a number
    #[arg(long, default_value_t = Source::Port, allow_hyphen_values = true)]
    pub shift: Source,
    /// output zero point: port or a number
    #[arg(long, default_value_t = Source::Port, allow_hyphen_values = true)]
    pub zero_point: Source,
    /// least result: port or a number
    #[arg(long, default_value_t = Source::Constant(-128), allow_hyphen_values = true)]
    pub min: Source,
    /// greatest result: port or a number
    #[arg(long, default_value_t = Source::Constant(127), allow_hyphen_values = true)]
    pub max: Source,
    /// register ranks of the requantizer
    #[arg(long, default_value_t = DEFAULT_PIPELINE)]
    pub pipeline: usize,
    /// device whose multipliers the block instantiates
    #[arg(long, value_enum, default_value_t = Target::Generic)]
    pub target: Target,
}

default_from_flags!(AddConfig);

/// Values of an operand.
const OPERAND: Range = Range::signed(8);

/// Values of a term: at most 255 * 2^20, by a factor of at most 1/2.
const TERM: Range = Range::signed(28);

impl AddConfig {
    /// The constant terms of `a` and of `b`; `None` where they are loaded at run time.
    ///
    /// # Errors
    /// A sentence that names the parameter, the limit and what it got.
    pub fn terms(&self) -> Result<[Option<&[i64]>; 2], String> {
        Ok([table::entries("a_table", &self.a_table, TERM)?, table::entries("b_table", &self.b_table, TERM)?])
    }

    /// The requantizer of the sum.
    pub fn requantizer(&self) -> RequantizerConfig {
        let [a, b] = [TERM; 2];
        RequantizerConfig {
            rule: Rule::TfliteDouble,
            acc: Some(if self.subtract { a - b } else { a + b }),
            multiplier: self.multiplier.clone(),
            shift: self.shift.clone(),
            zero_point: self.zero_point.clone(),
            min: self.min.clone(),
            max: self.max.clone(),
            pipeline: self.pipeline,
            target: self.target,
            ..RequantizerConfig::default()
        }
    }

    /// Clock edges from operands to their result.
    pub fn latency(&self) -> usize {
        2 + self.requantizer().latency()
    }
}

/// See the [module](self).
#[derive(LogicBlock)]
pub struct Add {
    clk: Clk,
    rst_n: Port<In>,
    in_valid: Port<In>,
    in_ready: Port<Out>,
    a: Port<In>,
    b: Port<In>,
    parameters: Parameters<Maybe<Port<In>>>,
    a_table: Table,
    b_table: Table,
    out_valid: Port<Out>,
    out_ready: Port<In>,
    y: Port<Out>,
    valid: Vec<Reg>,
    term: Stage,
    sum: Stage,
    requantizer: Requantizer,
    _config: AddConfig,
}

impl Add {
    /// An addition.
    ///
    /// # Errors
    /// The errors of [`AddConfig::terms`], and of the requantizer; a parameter of the requantizer that is a table.
    pub fn new(config: &AddConfig) -> Result<Add, String> {
        let [a, b] = config.terms()?;
        let requantizer = config.requantizer();
        for (name, source) in requantizer.sources().named() {
            if let Some(entries) = source.entries() {
                return Err(format!("{name}: expected port or a number, got {entries} numbers"));
            }
        }
        let requantizer = Requantizer::new(requantizer)?;
        let ports = requantizer.parameters.as_ref();
        let parameters =
            ports.map(|(_, port)| Maybe::when(port.get().is_some(), || port.get().map(copy).expect("it is there")));
        Ok(Add {
            clk: Clk::new(),
            rst_n: Port::bit("synchronous reset, active low"),
            in_valid: Port::bit("operands are offered"),
            in_ready: Port::bit("the operands are taken"),
            a: Port::new(OPERAND, "first operand"),
            b: Port::new(OPERAND, "second operand"),
            parameters,
            a_table: Table::new(a, OPERAND, TERM, "a"),
            b_table: Table::new(b, OPERAND, TERM, "b"),
            out_valid: Port::bit("a result is offered"),
            out_ready: Port::bit("the result is taken"),
            y: Port::new(requantizer.y.range(), "sum, requantized"),
            valid: (0..2).map(|_| Reg::control(0..=1, 0)).collect(),
            term: Stage::new(true),
            sum: Stage::new(true),
            requantizer,
            _config: config.clone(),
        })
    }
}

/// A port for the same values.
fn copy(port: &Port<In>) -> Port<In> {
    Port::new(port.range(), port.doc())
}

impl Streamed for Add {
    fn streams(&self) -> Streams<'_> {
        let mut payload: Vec<&dyn Atom> = ports![&self.a, &self.b];
        let parameters = self.parameters.as_ref().named().into_iter();
        payload.extend(parameters.filter_map(|(_, port)| port.get()).map(|port| port as &dyn Atom));
        let input = StreamPorts { valid: Some(&self.in_valid), ready: Some(&self.in_ready), payload };
        let output =
            StreamPorts { valid: Some(&self.out_valid), ready: Some(&self.out_ready), payload: ports![&self.y] };
        Streams { input, output, interval: 1 }
    }
}

describe_logic!(Add);

impl Describe for Add {
    fn header(&self) -> Header {
        let c = &self._config;
        let (word, sign) = if c.subtract { ("sub", '-') } else { ("add", '+') };
        let formula = format!("y = clamp(requant(a_table[a] {sign} b_table[b], multiplier, shift) + zero_point).");
        Header::new(word, formula)
            .fact("a_table", self.a_table.source())
            .fact("b_table", self.b_table.source())
            .fact("latency", format!("{} cycles; one result per clock", c.latency()))
            .fact("exact to", format!("{} of TFLM, int8; golden: {word}", word.to_uppercase()))
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        k.reset(&self.rst_n);
        k.pass_clock(&self.clk, &self.requantizer.clk);
        k.drive(&self.requantizer.rst_n, k.read(&self.rst_n));
        let (in_ready, out_ready) = self.requantizer.flow.ready().expect("results can wait");
        let advance = (k.read(in_ready) | !k.read(&self.valid[1])).named("advance");
        let mut valid = k.read(&self.in_valid);
        for rank in &self.valid {
            k.register_when(rank, advance, valid);
            valid = k.read(rank);
        }

        let [a, b] = [(&self.a_table, &self.a), (&self.b_table, &self.b)]
            .map(|(table, operand)| table.read(k, &self.clk, advance, k.read(operand)));
        let sum = if self._config.subtract { a - b } else { a + b };
        let ranks = [&self.term, &self.sum].map(|stage| k.stage(stage, advance));
        k.drive(&self.requantizer.acc, ranks[1].pass("sum", sum));
        let parameters = self.parameters.as_ref().zip(self.requantizer.parameters.as_ref());
        for (name, (from, to)) in parameters.named() {
            if let (Some(from), Some(to)) = (from.get(), to.get()) {
                k.drive(to, ranks.iter().fold(k.read(from), |value, rank| rank.pass(name, value)));
            }
        }
        k.drive(self.requantizer.flow.in_valid(), valid);
        k.drive(out_ready, k.read(&self.out_ready));
        k.drive(&self.in_ready, advance);
        k.drive(&self.out_valid, k.read(self.requantizer.flow.out_valid()));
        k.drive(&self.y, k.read(&self.requantizer.y));
    }
}
