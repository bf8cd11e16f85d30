//! Bias, multiplier and shift of the channels of one requantizer, one entry for each group of columns.

use rust_hdl::prelude::*;

use super::config::{Channel, GemmConfig};
use super::requantizer::ChannelRanges;
use crate::describe_logic;
use crate::exact::{Clk, Describe, Header, Int, Kernel, Maybe, Port, Ram, Range, Reg, Stage};
use crate::targets::Memory;
use crate::targets::ecp5::Ebr;

/// Words of the cell of a parameter.
const CELL_WORDS: usize = 512;

/// Values of a word of the cell.
const WORD: Range = Range::unsigned(36);

/// A table, or a memory that is filled through its write port. The entry at an address appears as many clock edges
/// later as the configuration has memory ranks. Nothing is read while an entry is written, so that the result of such a
/// read need not be defined.
#[derive(LogicBlock)]
pub struct ChannelMemory {
    /// clock
    pub clk: Clk,
    /// entry whose bias is wanted
    pub bias_address: Port<In>,
    /// entry whose multiplier and shift, or float32, are wanted
    pub scale_address: Port<In>,
    /// an entry is written
    pub write: Maybe<Port<In>>,
    /// address of the entry that is written
    pub write_address: Maybe<Port<In>>,
    /// bias of the written entry
    pub write_bias: Maybe<Port<In>>,
    /// multiplier of the written entry
    pub write_multiplier: Maybe<Port<In>>,
    /// shift of the written entry
    pub write_shift: Maybe<Port<In>>,
    /// bias of the entry
    pub bias: Port<Out>,
    /// multiplier of the entry, or its float32
    pub multiplier: Port<Out>,
    /// shift of the entry, if channels have one
    pub shift: Maybe<Port<Out>>,
    biases: Maybe<Ram>,
    multipliers: Maybe<Ram>,
    shifts: Maybe<Ram>,
    bias_cell: Maybe<Ebr>,
    multiplier_cell: Maybe<Ebr>,
    shift_cell: Maybe<Ebr>,
    entry_bias: Maybe<Reg>,
    entry_multiplier: Maybe<Reg>,
    entry_shift: Maybe<Reg>,
    output: Vec<Stage>,
    _table: Option<Vec<Channel>>,
    _ranks: usize,
}

impl ChannelMemory {
    /// A read-only table if `table` is given, else a memory.
    pub(super) fn new(config: &GemmConfig, table: Option<Vec<Channel>>, ranges: ChannelRanges) -> ChannelMemory {
        let (writable, entries) = (table.is_none(), config.entries());
        let in_cells = match config.target.traits().memory {
            Memory::Ebr => writable && entries <= CELL_WORDS,
            Memory::Inferred | Memory::Spram => false,
        };
        let address = Range::new(0, entries as i128 - 1);
        let ChannelRanges { bias, multiplier, shift: shifts } = ranges;
        let (has_shift, shift) = (shifts.is_some(), shifts.unwrap_or(Range::constant(0)));
        // A memory of one word is described as a memory of two words.
        let ram = |there, range| Maybe::when(there && writable && !in_cells, || Ram::new(entries.max(2), range));
        let cell = |there| Maybe::when(there && in_cells, || Ebr::new(CELL_WORDS, WORD.width()));
        let reg = |there, range| Maybe::when(there && !writable, || Reg::new(range));
        ChannelMemory {
            clk: Clk::new(),
            bias_address: Port::new(address, "entry whose bias is wanted"),
            scale_address: Port::new(
                address,
                if has_shift { "entry whose multiplier and shift are wanted" } else { "entry whose float32 is wanted" },
            ),
            write: Maybe::when(writable, || Port::bit("an entry is written")),
            write_address: Maybe::when(writable, || Port::new(address, "which entry is written")),
            write_bias: Maybe::when(writable, || Port::new(bias, "its bias")),
            write_multiplier: Maybe::when(writable, || Port::new(multiplier, "its multiplier")),
            write_shift: Maybe::when(has_shift && writable, || Port::new(shift, "its shift")),
            bias: Port::new(bias, "bias of the entry"),
            multiplier: Port::new(
                multiplier,
                if has_shift { "multiplier of the entry" } else { "float32 of the entry" },
            ),
            shift: Maybe::when(has_shift, || Port::new(shift, "shift of the entry")),
            biases: ram(true, bias),
            multipliers: ram(true, multiplier),
            shifts: ram(has_shift, shift),
            bias_cell: cell(true),
            multiplier_cell: cell(true),
            shift_cell: cell(has_shift),
            entry_bias: reg(true, bias),
            entry_multiplier: reg(true, multiplier),
            entry_shift: reg(has_shift, shift),
            // The register of the memory itself is the first rank. A cell has two ranks itself.
            output: (1 + usize::from(in_cells)..config.memory_ranks()).map(|_| Stage::new(true)).collect(),
            _table: table,
            _ranks: config.memory_ranks(),
        }
    }

    /// One parameter, from its memory or its table.
    fn entry<'k>(&'k self, k: &'k Kernel, parameter: &Parameter<'k>) -> Int<'k> {
        let address = k.read(parameter.address);
        if let (Some(table), Some(reg)) = (&self._table, parameter.reg.get()) {
            let words: Vec<i128> = table.iter().map(|c| (parameter.of)(c).into()).collect();
            k.register(reg, k.rom(&words, address));
            return k.read(reg);
        }
        let ports = (self.write.get(), self.write_address.get(), parameter.word.get());
        let (Some(write), Some(to), Some(word)) = ports else { unreachable!("without a table there is a memory") };
        let write = (k.read(write), k.read(to), k.read(word));
        match (parameter.ram.get(), parameter.cell.get()) {
            (Some(ram), _) => k.ram(ram, write, (!write.0, address)),
            (_, Some(cell)) => self.in_cell(k, cell, write, address),
            _ => unreachable!("a memory is in a cell or in none"),
        }
    }

    /// The word at `address` of a memory cell. The words of `write` are extended to the cell's width.
    fn in_cell<'k>(
        &'k self,
        k: &'k Kernel,
        cell: &'k Ebr,
        write: (Int<'k>, Int<'k>, Int<'k>),
        address: Int<'k>,
    ) -> Int<'k> {
        let range = write.2.range();
        k.pass_clock(&self.clk, &cell.clk);
        cell.write.drive(k, [write.0, write.1, write.2.wrap(WORD)]);
        k.drive(&cell.read, !write.0);
        k.drive(&cell.address, address);
        let bits = k.read(&cell.word).bits(0, range.width());
        let value = if range.is_signed() { bits.as_signed() } else { bits };
        value.bounded(range, "it is a word that was written")
    }
}

/// The address, the memory or table, and the output of one parameter.
struct Parameter<'a> {
    name: &'a str,
    address: &'a Port<In>,
    ram: &'a Maybe<Ram>,
    cell: &'a Maybe<Ebr>,
    word: &'a Maybe<Port<In>>,
    reg: &'a Maybe<Reg>,
    of: fn(&Channel) -> i64,
    /// a shift may not be there
    to: Option<&'a Port<Out>>,
}

describe_logic!(ChannelMemory);

impl Describe for ChannelMemory {
    fn header(&self) -> Header {
        let entries = self.bias_address.range().hi() + 1;
        let kind = if self._table.is_some() { "table" } else { "memory" };
        let what = match self.shift.get() {
            Some(_) => "Bias, multiplier and shift of a channel.",
            None => "Bias and float32 of a channel.",
        };
        Header::new(format!("channel_{kind}_{entries}"), what)
            .fact("entries", entries)
            .fact("latency", format!("{} cycles", self._ranks))
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        let ranks: Vec<_> = self.output.iter().map(|stage| k.stage(stage, 1)).collect();
        let parameters = [
            Parameter {
                name: "bias",
                address: &self.bias_address,
                ram: &self.biases,
                cell: &self.bias_cell,
                word: &self.write_bias,
                reg: &self.entry_bias,
                of: |c| c.bias,
                to: Some(&self.bias),
            },
            Parameter {
                name: "multiplier",
                address: &self.scale_address,
                ram: &self.multipliers,
                cell: &self.multiplier_cell,
                word: &self.write_multiplier,
                reg: &self.entry_multiplier,
                of: |c| c.multiplier,
                to: Some(&self.multiplier),
            },
            Parameter {
                name: "shift",
                address: &self.scale_address,
                ram: &self.shifts,
                cell: &self.shift_cell,
                word: &self.write_shift,
                reg: &self.entry_shift,
                of: |c| c.shift,
                to: self.shift.get(),
            },
        ];
        for (parameter, to) in parameters.iter().filter_map(|parameter| Some((parameter, parameter.to?))) {
            let word = self.entry(k, parameter);
            k.drive(to, ranks.iter().fold(word, |word, rank| rank.pass(parameter.name, word)));
        }
    }
}
