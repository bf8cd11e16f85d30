//! Bugs that are put into emitted Verilog on purpose. The vectors that ship with the Verilog have to find each of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use qrtl_gen::blocks::engine::holding;
use qrtl_gen::emit::Package;
use qrtl_gen::progress::Progress;
use qrtl_gen::script::Script;
use qrtl_gen::spec::Spec;
use qrtl_gen::table::{Column, Table};
use qrtl_hdl::interface::Interface;
use qrtl_hdl::names::base_name;
use qrtl_hdl::verilog::File;
use rayon::prelude::*;
use serde::Deserialize;

use crate::simulation::{Run, Simulation};
use crate::verilator::Build;
use crate::workspace::Workspace;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    designs: BTreeMap<String, Design>,
    mutation: Vec<Mutation>,
}

/// A block in which bugs are put.
#[derive(Deserialize)]
struct Design {
    /// seed of the network that an engine holds from the start
    network: Option<u64>,
    #[serde(flatten)]
    spec: Spec,
}

impl Design {
    /// The block, and the vectors that ship with it.
    fn package(&self) -> Result<(Package, Script)> {
        match (&self.spec, self.network) {
            (Spec::Engine(config), Some(seed)) => holding(config, seed),
            (spec, _) => {
                let package = Package::new(spec.block(), spec.clone(), "sim")?;
                let vectors = package.vectors()?;
                Ok((package, vectors))
            }
        }
    }
}

impl List {
    /// The bugs of these blocks. Each block has a file in the directory.
    fn read(lists: &Path, blocks: &[&str]) -> Result<List> {
        let mut all = List { designs: BTreeMap::new(), mutation: Vec::new() };
        for block in blocks {
            let List { designs, mutation } = List::of(lists, block)?;
            for (name, design) in designs {
                ensure!(!all.designs.contains_key(&name), "{block}: another block has a design called {name}");
                all.designs.insert(name, design);
            }
            all.mutation.extend(mutation);
        }
        Ok(all)
    }

    /// The bugs of a block.
    fn of(lists: &Path, block: &str) -> Result<List> {
        let path = lists.join(format!("{block}.toml"));
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let list: List = toml::from_str(&text).with_context(|| path.display().to_string())?;
        let foreign = list.designs.values().find(|design| design.spec.block() != block);
        ensure!(foreign.is_none(), "{}: a design is no {block}", path.display());
        ensure!(!list.mutation.is_empty(), "{}: no bug", path.display());
        Ok(list)
    }
}

/// A bug: a text of one file that is replaced.
#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct Mutation {
    name: String,
    design: String,
    /// name of the module, without its fingerprint
    file: String,
    from: String,
    to: String,
    /// reason why the bug may live
    #[serde(default)]
    survives: Option<String>,
}

impl Mutation {
    /// The files of a design with the bug in them.
    ///
    /// # Errors
    /// If the text does not stand in the Verilog, or stands there more than once.
    fn put_into(&self, mut files: Vec<File>) -> Result<Vec<File>> {
        let mut called = files.iter_mut().filter(|f| base_name(&f.name) == self.file);
        let file = called.next().with_context(|| format!("no file {}", self.file))?;
        ensure!(called.next().is_none(), "several files are called {}", self.file);
        let count = file.text.matches(&self.from).count();
        ensure!(count == 1, "{:?} is {count} times in {}, expected once", self.from, self.file);
        file.text = file.text.replace(&self.from, &self.to);
        Ok(files)
    }
}

/// A design with its vectors.
struct Subject {
    files: Vec<File>,
    interface: Interface,
    script: Script,
}

/// Runs every mutation of a block, or of all blocks, and prints a table of the vectors that found them.
///
/// # Errors
/// If a mutation is not found although it should be, or is found although it should survive, or its text is not in the
/// Verilog.
pub fn run(workspace: &Workspace, block: Option<&str>) -> Result<()> {
    let list = List::read(&workspace.mutations(), block.as_ref().map_or(Spec::WORDS, std::slice::from_ref))?;
    let subjects: BTreeMap<&str, Subject> =
        list.designs.iter().map(|(name, design)| Ok((name.as_str(), subject(design)?))).collect::<Result<_>>()?;
    let progress = Progress::new(list.mutation.len());
    let run = |m: &Mutation| {
        let subject = subjects.get(m.design.as_str());
        let subject = subject.with_context(|| format!("{}: no design is called {}", m.name, m.design))?;
        let found = subject.find(workspace, m).with_context(|| m.name.clone())?;
        progress.step(|| m.name.clone());
        Ok((m.clone(), found))
    };
    let rows: Vec<Row> = list.mutation.par_iter().map(run).collect::<Result<_>>()?;
    print!("{}", Table::new(&COLUMNS, &rows).markdown());
    let wrong = rows.iter().filter(|(m, found)| found.is_some() != m.survives.is_none());
    let wrong: Vec<&str> = wrong.map(|(m, _)| m.name.as_str()).collect();
    ensure!(wrong.is_empty(), "mutations: not as listed: {}", wrong.join("; "));
    println!("\n{} mutations, all as listed", rows.len());
    Ok(())
}

/// Most clocks without a transfer: a block with a bug may wait for ever, and none of these designs has to wait longer.
const PATIENCE: usize = 1_000_000;

/// A bug, and the finding that showed it.
type Row = (Mutation, Option<String>);

const COLUMNS: [Column<Row>; 3] = [
    Column::words("mutation", |(m, _)| m.name.clone()),
    Column::words("design, file", |(m, _)| format!("{}, {}", m.design, m.file)),
    Column::words("found at", |(m, found)| {
        let not = || format!("not found: {}", m.survives.as_deref().unwrap_or("?"));
        found.clone().unwrap_or_else(not)
    }),
];

fn subject(design: &Design) -> Result<Subject> {
    let (package, script) = design.package()?;
    let files = package.simulated();
    let patience = package.built.interface.patience.min(PATIENCE);
    Ok(Subject { files, interface: Interface { patience, ..package.built.interface }, script })
}

impl Subject {
    /// The finding that shows the bug: the first wrong result, or the bench's complaint, in the run without stalls or
    /// else in the run with stalls.
    fn find(&self, workspace: &Workspace, m: &Mutation) -> Result<Option<String>> {
        let files = m.put_into(self.files.clone())?;
        // The build is lenient, so that lint does not find the bug before the vectors do.
        let how = Build { lenient: true, ..Build::default() };
        let simulation = Simulation::build(workspace, &self.interface, &files, how)?;
        let trial = simulation.with(&self.script)?;
        for stall in simulation.stalls() {
            if let Some(words) = trial.fault(&Run { stall, seed: 1, trace: None })? {
                let words = first_words(&words);
                return Ok(Some(if stall == 0 { words } else { format!("with stalls: {words}") }));
            }
        }
        Ok(None)
    }
}

/// `vector 4` of `vector 4, cycle 9: got …`, or the text behind the cycle of an error.
fn first_words(line: &str) -> String {
    let words = match line.split_once(", cycle") {
        Some((vector, _)) => vector,
        None => line.split_once("cycle ").and_then(|(_, rest)| rest.split_once(": ")).map_or(line, |(_, words)| words),
    };
    words.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_one_line() {
        assert_eq!(first_words("vector 4, cycle 9: got 1, expected 2\n"), "vector 4");
        assert_eq!(first_words("error: cycle 7: no transfer for 100 cycles\n"), "no transfer for 100 cycles");
    }

    /// What `sim mutations` needs before it runs anything, so that a changed text shows at once.
    #[test]
    fn every_block_has_bugs_whose_texts_stand_in_its_verilog() {
        let list = List::read(&Workspace::compiled_in().unwrap().mutations(), Spec::WORDS).unwrap();
        let files = |design: &Design| design.package().unwrap().0.simulated();
        let designs: BTreeMap<&str, Vec<File>> =
            list.designs.iter().map(|(name, design)| (name.as_str(), files(design))).collect();
        for m in &list.mutation {
            let design = designs.get(m.design.as_str()).unwrap_or_else(|| panic!("{}: no design {}", m.name, m.design));
            m.put_into(design.clone()).unwrap_or_else(|e| panic!("{}: {e}", m.name));
        }
    }
}
