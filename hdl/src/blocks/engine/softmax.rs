//! The softmax of a row of the activation memory.

use rust_hdl::prelude::*;

use super::EngineConfig;
use super::instruction::{self, InstructionPorts, Kept, Kind};
use crate::blocks::softmax::{Softmax, SoftmaxConfig};
use crate::describe_logic;
use crate::exact::{BIT, Bus, Clk, Describe, Header, Kernel, Port, Range, Reg};
use crate::targets::Target;

/// Taps are taken apart into values, which the block [`Softmax`] takes one a clock; its results become words of the activation
/// memory. A tap may come every `lanes` clocks. The step is done with its last word.
#[derive(LogicBlock)]
pub struct SoftmaxUnit {
    /// clock
    pub clk: Clk,
    /// reset: no row is under way
    pub rst_n: Port<In>,
    /// the instruction
    pub instruction: InstructionPorts,
    /// the instruction has been shown
    pub start: Port<In>,
    /// a tap comes
    pub tap_valid: Port<In>,
    /// its values
    pub tap: Bus<In>,
    /// it is the last of the step
    pub tap_step_end: Port<In>,
    /// an entry of the table comes
    pub entry_valid: Port<In>,
    /// the entry
    pub entry: Port<In>,
    /// a word of results is written
    pub write: Port<Out>,
    /// its address
    pub write_address: Port<Out>,
    /// the word
    pub write_word: Port<Out>,
    /// the step is done
    pub done: Port<Out>,
    kept: Kept,
    softmax: Softmax,
    values: Vec<Reg>,
    left: Reg,
    final_tap: Reg,
    entry_at: Reg,
    results: Vec<Reg>,
    result_at: Reg,
    address: Reg,
    writes: Reg,
    ends: Reg,
}

/// The block that computes rows. Four bits a clock are four LUTs in a row and more, which is too slow for the rest of an
/// engine.
fn block(target: Target) -> SoftmaxConfig {
    let default = SoftmaxConfig::default();
    let bits = match target {
        Target::Generic => default.bits,
        Target::Ecp5 => 2,
        Target::Ice40 => 1,
    };
    SoftmaxConfig { bits, target, ..default }
}

/// Values of a row.
const INT8: Range = Range::signed(8);

impl EngineConfig {
    /// Greatest number of values of a row.
    pub fn softmax_values() -> usize {
        SoftmaxConfig::default().max_length as usize
    }

    /// Clock edges from the first tap of a row of `values` values to `done`.
    pub fn softmax_clocks(&self, values: usize) -> usize {
        block(self.target).clocks(values) + 1
    }
}

impl SoftmaxUnit {
    /// The softmax of an engine.
    ///
    /// # Errors
    /// The errors of [`Softmax::new`].
    pub fn new(config: &EngineConfig) -> Result<SoftmaxUnit, String> {
        let lanes = config.lanes;
        let lane = Range::new(0, lanes as i128 - 1);
        let address = config.activation_address();
        let flag = || Reg::control(BIT, 0);
        let kept = [instruction::KIND, instruction::LAST_BYTES].map(|field| (field, field.range()));
        let kept = kept.into_iter().chain([(instruction::OUT, address), (instruction::SOFTMAX_TABLE, BIT)]);
        Ok(SoftmaxUnit {
            clk: Clk::new(),
            rst_n: Port::bit("synchronous reset, active low"),
            instruction: InstructionPorts::default(),
            start: Port::bit("the instruction has been shown"),
            tap_valid: Port::bit("a tap comes"),
            tap: Bus::new(lanes, INT8, "its values"),
            tap_step_end: Port::bit("it is the last of the step"),
            entry_valid: Port::bit("an entry of the table comes"),
            entry: Port::new(Range::signed(32), "the entry"),
            write: Port::bit("a word of results is written"),
            write_address: Port::new(address, "its address"),
            write_word: Port::new(config.word(), "the word"),
            done: Port::bit("the step is done"),
            kept: Kept::new(config.target, &kept.collect::<Vec<_>>()),
            softmax: Softmax::new(&block(config.target))?,
            values: (0..lanes).map(|_| Reg::new(INT8)).collect(),
            left: Reg::control(0..=lanes as i128, 0),
            final_tap: Reg::new(BIT),
            entry_at: Reg::new(Range::unsigned(8)),
            results: (0..lanes).map(|_| Reg::new(INT8)).collect(),
            result_at: Reg::control(lane, 0),
            address: Reg::new(address),
            writes: flag(),
            ends: flag(),
        })
    }

    /// The table, entry after entry.
    fn table(&self, k: &Kernel) {
        let field = |field| self.kept.read(k, field);
        let ours = field(instruction::KIND).equals(Kind::Tables as i128) & field(instruction::SOFTMAX_TABLE);
        let writes = (k.read(&self.entry_valid) & ours).named("table_writes");
        let at = k.read(&self.entry_at);
        let start = k.read(&self.start);
        k.register_when(&self.entry_at, start | writes, start.mux(0, (at + 1).wrap(at.range())));
        let entry = k.read(&self.entry).bits(0, 31);
        self.softmax.table.load(k, writes, at, entry);
    }

    /// The values of a tap leave one after the other, the lowest lane first.
    fn take_apart(&self, k: &Kernel) {
        let (comes, left) = (k.read(&self.tap_valid), k.read(&self.left));
        let last_tap = k.read(&self.tap_step_end);
        let n = self.values.len() as i128;
        let bytes = self.kept.read(k, instruction::LAST_BYTES).within(left.range());
        let fewer = (left - !left.equals(0)).bounded(left.range(), "there are values");
        k.register(&self.left, comes.mux(last_tap.mux(bytes, n), fewer));
        k.register_when(&self.final_tap, comes, last_tap);
        for (l, reg) in self.values.iter().enumerate() {
            let above = self.values.get(l + 1).map_or(k.lit(0), |above| k.read(above));
            k.register(reg, comes.mux(k.lane(&self.tap, l), above));
        }
        k.drive(&self.softmax.in_valid, !left.equals(0));
        k.drive(&self.softmax.x, k.read(&self.values[0]));
        k.drive(&self.softmax.x_last, k.read(&self.final_tap) & left.equals(1));
    }
}

describe_logic!(SoftmaxUnit);

impl Describe for SoftmaxUnit {
    fn header(&self) -> Header {
        Header::new("softmax_unit", "The softmax of a row of the activation memory.")
            .fact("values of a row", format!("at most {}", EngineConfig::softmax_values()))
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        k.reset(&self.rst_n);
        k.pass_clock(&self.clk, &self.softmax.clk);
        k.drive(&self.softmax.rst_n, k.read(&self.rst_n));
        self.kept.describe(k, &self.instruction);
        self.table(k);
        self.take_apart(k);

        k.drive(&self.softmax.out_ready, 1);
        let (comes, last) = (k.read(&self.softmax.out_valid), k.read(&self.softmax.y_last));
        let at = k.read(&self.result_at);
        let ends_word = (comes & (last | at.equals(at.range().hi()))).named("ends_word");
        k.register_when(&self.result_at, comes, last.mux(0, (at + 1).wrap(at.range())));
        for (l, reg) in self.results.iter().enumerate() {
            k.register_when(reg, comes & at.equals(l as i128), k.read(&self.softmax.y));
        }
        let (start, address) = (k.read(&self.start), k.read(&self.address));
        let out = self.kept.read(k, instruction::OUT);
        let writes = k.read(&self.writes);
        k.register_when(&self.address, start | writes, start.mux(out, (address + 1).wrap(address.range())));
        k.register(&self.writes, ends_word);
        k.register(&self.ends, comes & last);
        let bytes = self.results.iter().rev().map(|reg| k.read(reg).bits(0, 8));
        let word = bytes.reduce(|high, low| high.concat(low, 8)).expect("a word has bytes");
        k.drive(&self.write, writes);
        k.drive(&self.write_address, address);
        k.drive(&self.write_word, word);
        k.drive(&self.done, k.read(&self.ends));
    }
}
