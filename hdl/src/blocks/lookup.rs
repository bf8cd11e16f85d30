//! `y = table[x]`, with an entry for each of the 256 values of `x`. The block computes any function of an int8 or
//! uint8.
//!
//! ```text
//!   x ---> [ lookup ] ---> y        table_write, table_x, table_y: where the table is loaded
//! ```
//!
//! Entry 0 belongs to the least `x`, -128 or 0. The table is constant, or loaded as [`table`] says. The one
//! register rank is the read register of the memory.

use clap::Args;
use rust_hdl::prelude::*;
use serde::{Deserialize, Serialize};

use crate::exact::{Clk, Describe, Header, Kernel, Port};
use crate::interface::{Streamed, Streams};
use crate::parameter::{IntType, Source};
use crate::stream::PipelineStream;
use crate::table::{self, Table};
use crate::{default_from_flags, describe_logic, ports};

/// Parameters of a lookup.
#[derive(Debug, Clone, PartialEq, Eq, Args, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LookupConfig {
    /// type of x: int8 or uint8
    #[arg(long, value_enum, default_value_t = IntType::Int8)]
    pub input: IntType,
    /// type of y: int8, uint8, int16 or int32
    #[arg(long, value_enum, default_value_t = IntType::Int8)]
    pub output: IntType,
    /// port, to be loaded at run time, or 256 numbers: y for each x, the least x first
    #[arg(long, default_value_t = Source::Port, allow_hyphen_values = true)]
    pub table: Source,
}

default_from_flags!(LookupConfig);

impl LookupConfig {
    /// The constant entries; `None` if the table is loaded at run time.
    ///
    /// # Errors
    /// A sentence that names the parameter, the limit and what it got.
    pub fn entries(&self) -> Result<Option<&[i64]>, String> {
        self.input.among("input", &[IntType::Int8, IntType::Uint8])?;
        self.output.among("output", &[IntType::Int8, IntType::Uint8, IntType::Int16, IntType::Int32])?;
        table::entries("table", &self.table, self.output.range())
    }
}

/// See the [module](self).
#[derive(LogicBlock)]
pub struct Lookup {
    clk: Clk,
    rst_n: Port<In>,
    flow: PipelineStream,
    x: Port<In>,
    table: Table,
    y: Port<Out>,
}

impl Lookup {
    /// A lookup.
    ///
    /// # Errors
    /// The errors of [`LookupConfig::entries`].
    pub fn new(config: &LookupConfig) -> Result<Lookup, String> {
        let entries = config.entries()?;
        let (input, output) = (config.input.range(), config.output.range());
        Ok(Lookup {
            clk: Clk::new(),
            rst_n: Port::bit("synchronous reset, active low"),
            flow: PipelineStream::new(1, 1, true),
            x: Port::new(input, "value"),
            table: Table::new(entries, input, output, "x"),
            y: Port::new(output, "entry of x"),
        })
    }
}

impl Streamed for Lookup {
    fn streams(&self) -> Streams<'_> {
        Streams { input: self.flow.input(ports![&self.x]), output: self.flow.output(ports![&self.y]), interval: 1 }
    }
}

describe_logic!(Lookup);

impl Describe for Lookup {
    fn header(&self) -> Header {
        let (x, y) = (self.x.range(), self.y.range());
        Header::new(format!("lookup_{}_to_{}", x.width(), y.width()), "y = table[x].")
            .fact("x", x)
            .fact("y", y)
            .fact("table", self.table.source())
            .fact("latency", "1 cycle; one result per clock")
            .fact("exact to", "table kernels of TFLM and TFLite for 8 bits; golden: lookup")
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        k.reset(&self.rst_n);
        let advance = self.flow.describe(k);
        k.drive(&self.y, self.table.read(k, &self.clk, advance, k.read(&self.x)));
    }
}
