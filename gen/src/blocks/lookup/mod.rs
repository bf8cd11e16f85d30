//! The lookup. Its vectors are every `x` in order and as many at random, for one table after the other.

mod formal;

use anyhow::{Error, Result};
use qrtl_golden::operators::{Array, lookup};
use qrtl_hdl::blocks::lookup::{Lookup, LookupConfig};
use qrtl_hdl::exact::Range;
use qrtl_hdl::interface::{Built, Streamed};
use qrtl_hdl::parameter::{IntType, Source};
use qrtl_hdl::table::ENTRIES;
use qrtl_hdl::targets::Device;
use qrtl_random::Random;

use super::{Block, Subject, Summary};
use crate::formal::Formal;
use crate::script::Script;

/// Number of vectors of each configuration. With a loaded table, they use about 20 tables.
const VECTORS: usize = 10_000;

impl Block for LookupConfig {
    fn hardware(&self) -> Result<Box<dyn Streamed>, String> {
        Ok(Box::new(Lookup::new(self)?))
    }

    fn summary(&self) -> Summary {
        let kind = if self.table == Source::Port { "loaded" } else { "constant" };
        let parameters = format!("{} -> {}, {kind}", self.input, self.output);
        Summary { parameters, latency: 1, throughput: "1 result/clock".to_owned() }
    }

    fn vectors(&self, script: &mut Script, random: &mut Random, count: usize) -> Result<()> {
        let (input, output) = (self.input.range(), self.output.range());
        while script.vectors < count {
            let table: Vec<i32> = match self.entries().map_err(Error::msg)? {
                Some(entries) => entries.iter().map(|&entry| entry as i32).collect(),
                None => loaded(script, random, input, output),
            };
            let any = (0..ENTRIES).map(|_| random.within(input.lo(), input.hi()));
            let xs =
                Array::new("x", vec![2 * ENTRIES], (input.lo()..=input.hi()).chain(any).map(|x| x as i32).collect())?;
            for (&x, &y) in xs.data().iter().zip(lookup(&xs, input.lo() as i32, &table)?.data()) {
                script.beat(&[x.into()]);
                script.expect(&[Some(y.into())]);
                // A reset keeps the table.
                if random.one_in(500) {
                    script.reset();
                }
            }
            script.flush();
        }
        Ok(())
    }

    fn formal(&self, built: &Built) -> Formal {
        formal::proofs(self, built)
    }

    fn suite() -> Vec<(LookupConfig, usize)> {
        let outputs = [IntType::Int8, IntType::Uint8, IntType::Int16, IntType::Int32];
        let loaded = [IntType::Int8, IntType::Uint8].into_iter();
        let loaded = loaded.flat_map(|input| outputs.map(|output| LookupConfig { input, output, table: Source::Port }));
        loaded.flat_map(|config| [(constant(&config), VECTORS), (config, VECTORS)]).collect()
    }

    fn subjects() -> Vec<Subject<LookupConfig>> {
        let loaded = LookupConfig::default();
        let constant = Subject::alone("lookup_constant", "int8 -> int8, random entries", constant(&loaded));
        let all = [constant, Subject::alone("lookup", "int8 -> int8, loaded through a port", loaded)];
        all.map(|subject| subject.on(&[Device::Ecp5Small, Device::Up5k])).into()
    }

    fn catalogue() -> Vec<(&'static str, LookupConfig)> {
        vec![("lookup", LookupConfig::default())]
    }
}

/// The same configuration with random constant entries.
fn constant(config: &LookupConfig) -> LookupConfig {
    let entries = drawn(&mut Random::new(1), config.output.range());
    LookupConfig { table: Source::Table(entries.into_iter().map(i64::from).collect()), ..config.clone() }
}

fn drawn(random: &mut Random, output: Range) -> Vec<i32> {
    (0..ENTRIES).map(|_| random.corner(output.lo(), output.hi()) as i32).collect()
}

/// Draws a table and loads it; the order begins anywhere, and its odd step reaches each entry once. What stands at the port
/// when nothing is written is another value.
fn loaded(script: &mut Script, random: &mut Random, input: Range, output: Range) -> Vec<i32> {
    let (table, first) = (drawn(random, output), random.within(0, ENTRIES as i128 - 1) as usize);
    script.set("table_write", &[1]);
    for at in (0..ENTRIES).map(|i| (first + 77 * i) % ENTRIES) {
        script.set("table_x", &[input.lo() + at as i128]);
        script.set("table_y", &[table[at].into()]);
        script.idle(1);
    }
    script.set("table_write", &[0]);
    script.set("table_x", &[input.lo()]);
    script.set("table_y", &[i128::from(table[0] ^ 1)]);
    table
}
