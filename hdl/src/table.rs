//! A table with an entry for each of the 256 values of 8 bits: constant, or a memory that is loaded through ports.
//!
//! In a memory, the entry of `x` becomes `y` at each clock edge with `write`. A reset keeps all entries. An `x` that is
//! read while its entry is written gets the old entry. An entry that was never written is undefined.

use rust_hdl::prelude::{Block, In, Logic, Probe};

use crate::exact::{Int, Kernel, Maybe, Port, Ram, Range, Stage};
use crate::parameter::Source;

/// Number of entries of a table.
pub const ENTRIES: usize = 256;

/// The table of a block, and the ports through which it is loaded. In a field `table` they are called `table_write`,
/// `table_x` and `table_y`.
#[derive(Debug)]
pub struct Table {
    write: Maybe<Port<In>>,
    x: Maybe<Port<In>>,
    y: Maybe<Port<In>>,
    memory: Maybe<Ram>,
    rank: Stage,
    entries: Option<Vec<i128>>,
}

/// The constant entries of the parameter `table`, each within `range`; `None` if the table is loaded at run time.
///
/// # Errors
/// A sentence that names the parameter, the limit and what it got.
pub fn entries(table: &Source, range: Range) -> Result<Option<&[i64]>, String> {
    let entries = match table {
        Source::Port => return Ok(None),
        Source::Table(entries) if entries.len() == ENTRIES => entries,
        other => return Err(format!("table: expected {ENTRIES} entries, got {}", other.entries().unwrap_or(1))),
    };
    let beyond = entries.iter().position(|&entry| !range.contains(entry.into()));
    beyond.map_or(Ok(Some(entries)), |i| Err(format!("table: entry {i} is {}, outside {range}", entries[i])))
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
            rank: Stage::new(!loaded),
            entries: entries.map(|entries| entries.iter().map(|&entry| entry.into()).collect()),
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

    /// The entry of `x`, a clock edge with `enable` later. A description reads a table once.
    pub fn read<'k>(&'k self, k: &'k Kernel, enable: Int<'k>, x: Int<'k>) -> Int<'k> {
        let x = address(x);
        let loading = (self.memory.get(), self.write.get(), self.x.get(), self.y.get());
        match (loading, &self.entries) {
            ((Some(memory), Some(write), Some(of), Some(entry)), _) => {
                k.ram(memory, (k.read(write), address(k.read(of)), k.read(entry)), (enable, x))
            }
            (_, Some(entries)) => k.stage(&self.rank, enable).pass("y", k.rom(entries, x)),
            _ => unreachable!("a table that is not constant is loaded"),
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
    fn connect_all(&mut self) {}
    fn update_all(&mut self) {
        self.write.update_all();
        self.x.update_all();
        self.y.update_all();
        self.memory.update_all();
        self.rank.update_all();
    }
    fn has_changed(&self) -> bool {
        let ports = self.write.has_changed() || self.x.has_changed() || self.y.has_changed();
        ports || self.memory.has_changed() || self.rank.has_changed()
    }
    fn accept(&self, name: &str, probe: &mut dyn Probe) {
        self.write.accept(&format!("{name}_write"), probe);
        self.x.accept(&format!("{name}_x"), probe);
        self.y.accept(&format!("{name}_y"), probe);
        self.memory.accept(&format!("{name}_memory"), probe);
        self.rank.accept(name, probe);
    }
}
