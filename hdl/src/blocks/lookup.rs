//! `y = table[x]`, with an entry for each of the 256 values of `x`. The block computes any function of an int8 or
//! uint8.
//!
//! ```text
//!   x ---> [ lookup ] ---> y        table_write, table_x, table_y: where the table is loaded
//! ```
//!
//! Entry 0 belongs to the least `x`, -128 or 0. The table is constant, or a memory. In a memory, the entry of `table_x`
//! becomes `table_y` at each clock edge with `table_write`. A reset keeps all entries. An `x` that is taken while its
//! entry is written gets the old entry. An entry that was never written is undefined. The one register rank is the read
//! register of the memory.

use clap::Args;
use rust_hdl::prelude::*;
use serde::{Deserialize, Serialize};

use crate::exact::{Clk, Describe, Header, Int, Kernel, Maybe, Port, Ram, Stage};
use crate::interface::{Streamed, Streams};
use crate::parameter::{IntType, Source};
use crate::stream::PipelineStream;
use crate::{default_from_flags, describe_logic, ports};

/// Number of entries of a table, one for each value of 8 bits.
pub const ENTRIES: usize = 256;

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
        let entries = match &self.table {
            Source::Port => return Ok(None),
            Source::Table(entries) if entries.len() == ENTRIES => entries,
            other => return Err(format!("table: expected {ENTRIES} entries, got {}", other.entries().unwrap_or(1))),
        };
        let range = self.output.range();
        let beyond = entries.iter().position(|&entry| !range.contains(entry.into()));
        beyond.map_or(Ok(Some(entries)), |i| Err(format!("table: entry {i} is {}, outside {range}", entries[i])))
    }
}

/// See the [module](self).
#[derive(LogicBlock)]
pub struct Lookup {
    clk: Clk,
    rst_n: Port<In>,
    flow: PipelineStream,
    x: Port<In>,
    table_write: Maybe<Port<In>>,
    table_x: Maybe<Port<In>>,
    table_y: Maybe<Port<In>>,
    y: Port<Out>,
    memory: Maybe<Ram>,
    output: Stage,
    _entries: Option<Vec<i128>>,
}

impl Lookup {
    /// A lookup.
    ///
    /// # Errors
    /// The errors of [`LookupConfig::entries`].
    pub fn new(config: &LookupConfig) -> Result<Lookup, String> {
        let entries = config.entries()?.map(|entries| entries.iter().map(|&entry| entry.into()).collect());
        let (input, output, loaded) = (config.input.range(), config.output.range(), entries.is_none());
        Ok(Lookup {
            clk: Clk::new(),
            rst_n: Port::bit("synchronous reset, active low"),
            flow: PipelineStream::new(1, 1, true),
            x: Port::new(input, "value"),
            table_write: Maybe::when(loaded, || Port::bit("an entry is written")),
            table_x: Maybe::when(loaded, || Port::new(input, "the x whose entry is written")),
            table_y: Maybe::when(loaded, || Port::new(output, "the entry that is written")),
            y: Port::new(output, "entry of x"),
            memory: Maybe::when(loaded, || Ram::new(ENTRIES, output)),
            output: Stage::new(!loaded),
            _entries: entries,
        })
    }
}

impl Streamed for Lookup {
    fn streams(&self) -> Streams<'_> {
        Streams { input: self.flow.input(ports![&self.x]), output: self.flow.output(ports![&self.y]), interval: 1 }
    }
}

/// The address of the entry of `x`: the least `x` has address 0, so the sign of a signed `x` is inverted.
fn address(x: Int<'_>) -> Int<'_> {
    if x.range().is_signed() { (x.bits(0, 8) ^ x.lit(1 << 7)).named("address") } else { x }
}

describe_logic!(Lookup);

impl Describe for Lookup {
    fn header(&self) -> Header {
        let (x, y) = (self.x.range(), self.y.range());
        Header::new(format!("lookup_{}_to_{}", x.width(), y.width()), "y = table[x].")
            .fact("x", x)
            .fact("y", y)
            .fact("table", if self._entries.is_some() { "constant" } else { "loaded through a port" })
            .fact("latency", "1 cycle; one result per clock")
            .fact("exact to", "table kernels of TFLM and TFLite for 8 bits; golden: lookup")
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        k.reset(&self.rst_n);
        let advance = self.flow.describe(k);
        let x = address(k.read(&self.x));
        let loading = (self.memory.get(), self.table_write.get(), self.table_x.get(), self.table_y.get());
        let y = match (loading, &self._entries) {
            ((Some(memory), Some(write), Some(of), Some(entry)), _) => {
                k.ram(memory, (k.read(write), address(k.read(of)), k.read(entry)), (advance, x))
            }
            (_, Some(entries)) => k.stage(&self.output, advance).pass("y", k.rom(entries, x)),
            _ => unreachable!("a table that is not constant is loaded"),
        };
        k.drive(&self.y, y);
    }
}
