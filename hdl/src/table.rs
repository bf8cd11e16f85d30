//! A table with an entry for each of the 256 values of 8 bits: constant, or a memory that is loaded through ports.
//!
//! In a memory, the entry of `x` becomes `y` at each clock edge with `write`. A reset keeps all entries. An `x` that is
//! read while its entry is written gets the old entry. An entry that was never written is undefined.

use rust_hdl::prelude::{Block, In, Logic, Probe};

use crate::exact::{Clk, Int, Kernel, Maybe, Port, Ram, Range, Stage};
use crate::memory::Memory;
use crate::parameter::Source;
use crate::targets::Target;

/// Number of entries of a table.
pub const ENTRIES: usize = 256;

/// The table of a block, and the ports through which it is loaded. In a field `table` they are called `table_write`,
/// `table_x` and `table_y`.
pub struct Table {
    write: Maybe<Port<In>>,
    x: Maybe<Port<In>>,
    y: Maybe<Port<In>>,
    memory: Maybe<Ram>,
    registered: Maybe<Memory>,
    ranks: [Stage; 2],
    entries: Option<Vec<i128>>,
    range: Range,
}

/// The constant entries of the parameter `name`, each within `range`; `None` if the table is loaded at run time.
///
/// # Errors
/// A sentence that names the parameter, the limit and what it got.
pub fn entries<'t>(name: &str, table: &'t Source, range: Range) -> Result<Option<&'t [i64]>, String> {
    let entries = match table {
        Source::Port => return Ok(None),
        Source::Table(entries) if entries.len() == ENTRIES => entries,
        other => return Err(format!("{name}: expected {ENTRIES} entries, got {}", other.entries().unwrap_or(1))),
    };
    let beyond = entries.iter().position(|&entry| !range.contains(entry.into()));
    beyond.map_or(Ok(Some(entries)), |i| Err(format!("{name}: entry {i} is {}, outside {range}", entries[i])))
}

impl Table {
    /// A table from `x` of 8 bits to `y`, with these entries, the entry of the least `x` first; without entries it is
    /// loaded. `what` says what `x` is.
    ///
    /// # Panics
    /// If `x` has not the values of 8 bits.
    pub fn new(entries: Option<&[i64]>, x: Range, y: Range, what: &str) -> Table {
        assert!([Range::signed(8), Range::unsigned(8)].contains(&x), "a table from {x}");
        let loaded = entries.is_none();
        Table {
            write: Maybe::when(loaded, || Port::bit("an entry is written")),
            x: Maybe::when(loaded, || Port::new(x, &format!("the {what} whose entry is written"))),
            y: Maybe::when(loaded, || Port::new(y, "the entry that is written")),
            memory: Maybe::when(loaded, || Ram::new(ENTRIES, y)),
            registered: Maybe::when(false, || unreachable!("there is no second register")),
            ranks: [!loaded, false].map(Stage::new),
            entries: entries.map(|entries| entries.iter().map(|&entry| entry.into()).collect()),
            range: y,
        }
    }

    /// The same table with a second register, at the output of its memory.
    pub fn registered(self, target: Target) -> Table {
        let loaded = self.entries.is_none();
        Table {
            memory: Maybe::when(false, || unreachable!("the memory has a register")),
            registered: Maybe::when(loaded, || Memory::new(target, ENTRIES, self.range)),
            ranks: [!loaded; 2].map(Stage::new),
            ..self
        }
    }

    /// Where the entries come from, for the head of a module.
    pub fn source(&self) -> &'static str {
        if self.entries.is_some() { "constant" } else { "loaded through a port" }
    }

    /// Lets the block around it load the entry of `x` where `write` is 1.
    ///
    /// # Panics
    /// If the table is constant.
    pub fn load<'k>(&self, k: &'k Kernel, write: Int<'k>, x: Int<'k>, y: Int<'k>) {
        for (port, value) in [(&self.write, write), (&self.x, x), (&self.y, y)] {
            k.drive(port.get().expect("the table is loaded"), value);
        }
    }

    /// The entry of `x`, a clock edge with `enable` later; with a second register, which needs an `enable` of 1, two. `clk`
    /// is the clock of the block that has the table. A description reads a table once.
    pub fn read<'k>(&'k self, k: &'k Kernel, clk: &Clk, enable: Int<'k>, x: Int<'k>) -> Int<'k> {
        let x = address(x);
        if let Some(entries) = &self.entries {
            let entry = k.rom(entries, x);
            return self.ranks.iter().fold(entry, |entry, rank| k.stage(rank, enable).pass("y", entry));
        }
        let ports = (self.write.get(), self.x.get(), self.y.get());
        let (Some(write), Some(of), Some(entry)) = ports else { unreachable!("a table without entries is loaded") };
        let write = (k.read(write), address(k.read(of)), k.read(entry));
        match (self.memory.get(), self.registered.get()) {
            (Some(memory), _) => k.ram(memory, write, (enable, x)),
            (_, Some(memory)) => memory.read(k, clk, write, x),
            _ => unreachable!("a table that is loaded is a memory"),
        }
    }
}

/// The address of the entry of `x`: the least `x` has address 0, so the sign of a signed `x` is inverted.
fn address(x: Int<'_>) -> Int<'_> {
    if x.range().is_signed() { (x.bits(0, 8) ^ x.lit(1 << 7)).named("address") } else { x }
}

impl Logic for Table {
    fn update(&mut self) {}
}

/// The ports and registers of this bundle belong to the block that owns it.
impl Block for Table {
    fn connect_all(&mut self) {
        self.registered.connect_all();
    }
    fn update_all(&mut self) {
        self.write.update_all();
        self.x.update_all();
        self.y.update_all();
        self.memory.update_all();
        self.registered.update_all();
        self.ranks.update_all();
    }
    fn has_changed(&self) -> bool {
        let ports = self.write.has_changed() || self.x.has_changed() || self.y.has_changed();
        ports || self.memory.has_changed() || self.registered.has_changed() || self.ranks.has_changed()
    }
    fn accept(&self, name: &str, probe: &mut dyn Probe) {
        self.write.accept(&format!("{name}_write"), probe);
        self.x.accept(&format!("{name}_x"), probe);
        self.y.accept(&format!("{name}_y"), probe);
        self.memory.accept(&format!("{name}_memory"), probe);
        self.registered.accept(&format!("{name}_memory"), probe);
        self.ranks.accept(name, probe);
    }
}
