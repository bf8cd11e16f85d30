//! Bias, multiplier and shift of the channels of one requantizer, one entry for each group of columns.

use rust_hdl::prelude::*;

use super::config::Channel;
use crate::describe_logic;
use crate::exact::{Clk, Describe, Header, Int, Kernel, Opt, Port, Ram, Range, Reg};

/// Ranges of the three parameters.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChannelRanges {
    pub bias: Range,
    pub multiplier: Range,
    pub shift: Range,
}

/// A table, or a memory that is filled through its write port. The entry appears one clock edge after its address.
#[derive(LogicBlock)]
pub struct ChannelMemory {
    /// clock
    pub clk: Clk,
    /// the entry at `address` is wanted
    pub advance: Port<In>,
    /// which entry
    pub address: Port<In>,
    /// an entry is written
    pub write: Opt<Port<In>>,
    /// which
    pub write_address: Opt<Port<In>>,
    /// its bias
    pub write_bias: Opt<Port<In>>,
    /// its multiplier
    pub write_multiplier: Opt<Port<In>>,
    /// its shift
    pub write_shift: Opt<Port<In>>,
    /// bias of the entry
    pub bias: Port<Out>,
    /// multiplier of the entry
    pub multiplier: Port<Out>,
    /// shift of the entry
    pub shift: Port<Out>,
    biases: Opt<Ram>,
    multipliers: Opt<Ram>,
    shifts: Opt<Ram>,
    entry_bias: Opt<Reg>,
    entry_multiplier: Opt<Reg>,
    entry_shift: Opt<Reg>,
    _table: Option<Vec<Channel>>,
}

impl ChannelMemory {
    /// A read-only table if `table` is given, else a memory of `entries`.
    pub(super) fn new(entries: usize, table: Option<Vec<Channel>>, ranges: ChannelRanges) -> ChannelMemory {
        let writable = table.is_none();
        let address = Range::new(0, entries as i128 - 1);
        let ChannelRanges { bias, multiplier, shift } = ranges;
        // A memory of one word is written as one of two.
        let ram = |range| Opt::when(writable, || Ram::new(entries.max(2), range));
        let reg = |range| Opt::when(!writable, || Reg::new(range));
        ChannelMemory {
            clk: Clk::new(),
            advance: Port::bit("the entry is wanted"),
            address: Port::new(address, "entry"),
            write: Opt::when(writable, || Port::bit("an entry is written")),
            write_address: Opt::when(writable, || Port::new(address, "which entry is written")),
            write_bias: Opt::when(writable, || Port::new(bias, "its bias")),
            write_multiplier: Opt::when(writable, || Port::new(multiplier, "its multiplier")),
            write_shift: Opt::when(writable, || Port::new(shift, "its shift")),
            bias: Port::new(bias, "bias of the entry"),
            multiplier: Port::new(multiplier, "multiplier of the entry"),
            shift: Port::new(shift, "shift of the entry"),
            biases: ram(bias),
            multipliers: ram(multiplier),
            shifts: ram(shift),
            entry_bias: reg(bias),
            entry_multiplier: reg(multiplier),
            entry_shift: reg(shift),
            _table: table,
        }
    }

    /// One parameter, from its memory or its table.
    fn entry<'k>(
        &self,
        k: &'k Kernel,
        ram: &Opt<Ram>,
        word: &Opt<Port<In>>,
        reg: &Opt<Reg>,
        of: fn(&Channel) -> i64,
    ) -> Int<'k> {
        let (advance, address) = (k.read(&self.advance), k.read(&self.address));
        if let (Some(table), Some(reg)) = (&self._table, reg.get()) {
            let words: Vec<i128> = table.iter().map(|c| of(c).into()).collect();
            k.register_when(reg, advance, k.rom(&words, address));
            return k.read(reg);
        }
        let ports = (ram.get(), self.write.get(), self.write_address.get(), word.get());
        let (Some(ram), Some(write), Some(to), Some(word)) = ports else {
            unreachable!("without a table there is a memory")
        };
        k.ram(ram, (k.read(write), k.read(to), k.read(word)), (advance, address))
    }
}

describe_logic!(ChannelMemory);

impl Describe for ChannelMemory {
    fn header(&self) -> Header {
        let entries = self.address.range().hi() + 1;
        let kind = if self._table.is_some() { "table" } else { "memory" };
        Header::new(format!("channel_{kind}_{entries}"), "Bias, multiplier and shift of a channel.")
            .fact("entries", entries)
            .fact("latency", "1 cycle")
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        k.drive(&self.bias, self.entry(k, &self.biases, &self.write_bias, &self.entry_bias, |c| c.bias));
        let multiplier =
            self.entry(k, &self.multipliers, &self.write_multiplier, &self.entry_multiplier, |c| c.multiplier);
        k.drive(&self.multiplier, multiplier);
        k.drive(&self.shift, self.entry(k, &self.shifts, &self.write_shift, &self.entry_shift, |c| c.shift));
    }
}
