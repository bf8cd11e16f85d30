//! Bugs put into emitted Verilog on purpose, each of which the vectors that ship with it have to find.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail, ensure};
use qrtl_gen::emit::Package;
use qrtl_gen::script::Script;
use qrtl_gen::spec::Spec;
use qrtl_hdl::names::base_name;
use serde::Deserialize;

use crate::verilator::{Build, build};

/// Where the lists of bugs are, one for each block.
const LISTS: &str = "sim/mutations";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    designs: BTreeMap<String, Spec>,
    mutation: Vec<Mutation>,
}

impl List {
    /// The bugs of all blocks.
    fn all() -> Result<List> {
        let mut all = List { designs: BTreeMap::new(), mutation: Vec::new() };
        for block in Spec::WORDS {
            let List { designs, mutation } = List::of(block)?;
            for (name, spec) in designs {
                ensure!(!all.designs.contains_key(&name), "{block}: another block has a design called {name}");
                all.designs.insert(name, spec);
            }
            all.mutation.extend(mutation);
        }
        Ok(all)
    }

    /// The bugs of a block.
    fn of(block: &str) -> Result<List> {
        let path = Path::new(LISTS).join(format!("{block}.toml"));
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let list: List = toml::from_str(&text).with_context(|| path.display().to_string())?;
        let foreign = list.designs.iter().find(|(_, spec)| spec.block() != block);
        ensure!(foreign.is_none(), "{}: a design is no {block}", path.display());
        ensure!(!list.mutation.is_empty(), "{}: no bug", path.display());
        Ok(list)
    }
}

/// One bug: a text of one file, replaced.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mutation {
    name: String,
    design: String,
    /// the module, without the fingerprint in its name
    file: String,
    from: String,
    to: String,
    /// why it may live
    #[serde(default)]
    survives: Option<String>,
}

/// A design with its vectors, in files that a bench reads.
struct Subject {
    package: Package,
    script: Script,
    dir: tempfile::TempDir,
}

/// Runs every mutation and prints a table of what found it.
///
/// # Errors
/// If a mutation is not found that should be, or found that is said to survive, or its text is not in the Verilog.
pub fn run() -> Result<()> {
    let list = List::all()?;
    let subjects: BTreeMap<&str, Subject> =
        list.designs.iter().map(|(name, spec)| Ok((name.as_str(), subject(spec)?))).collect::<Result<_>>()?;
    println!("| mutation | design, file | found at |\n|---|---|---|");
    let mut wrong = Vec::new();
    for (i, m) in list.mutation.iter().enumerate() {
        eprintln!("[{}/{}] {}", i + 1, list.mutation.len(), m.name);
        let subject = subjects.get(m.design.as_str());
        let subject = subject.with_context(|| format!("{}: no design is called {}", m.name, m.design))?;
        let found = subject.find(m).with_context(|| m.name.clone())?;
        if found.is_some() != m.survives.is_none() {
            wrong.push(m.name.as_str());
        }
        let outcome = found.unwrap_or_else(|| format!("not found: {}", m.survives.as_deref().unwrap_or("?")));
        println!("| {} | {}, {} | {outcome} |", m.name, m.design, m.file);
    }
    ensure!(wrong.is_empty(), "mutations: not as listed: {}", wrong.join("; "));
    println!("\n{} mutations, all as listed", list.mutation.len());
    Ok(())
}

fn subject(spec: &Spec) -> Result<Subject> {
    let package = Package::new(spec.block(), spec.clone(), "sim")?;
    let script = package.vectors()?;
    let dir = tempfile::tempdir()?;
    fs::write(dir.path().join("in.txt"), &script.input)?;
    fs::write(dir.path().join("expected.txt"), &script.expected)?;
    Ok(Subject { package, script, dir })
}

impl Subject {
    /// What told of the bug: the first wrong result, or the bench's complaint; without stalls, else with them.
    fn find(&self, m: &Mutation) -> Result<Option<String>> {
        ensure!(self.script.vectors > 0, "no vectors");
        let mut files = self.package.simulated();
        let mut called = files.iter_mut().filter(|f| base_name(&f.name) == m.file);
        let file = called.next().with_context(|| format!("no file {}", m.file))?;
        ensure!(called.next().is_none(), "several files are called {}", m.file);
        let count = file.text.matches(&m.from).count();
        ensure!(count == 1, "{:?} is {count} times in {}, expected once", m.from, m.file);
        file.text = file.text.replace(&m.from, &m.to);
        // As a netlist: lint must not find the bug before the vectors do.
        let executable = build(&files, &self.package.built.interface, Build { netlist: true, ..Build::default() })?;
        for stall in [0, 30] {
            if let Some(words) = self.complaint(&executable, stall)? {
                let when = if stall == 0 { "" } else { "with stalls: " };
                return Ok(Some(format!("{when}{words}")));
            }
        }
        Ok(None)
    }

    fn complaint(&self, executable: &Path, stall: u32) -> Result<Option<String>> {
        let output = Command::new(executable)
            .arg("--vectors")
            .arg(self.dir.path().join("in.txt"))
            .arg("--expect")
            .arg(self.dir.path().join("expected.txt"))
            .args(["--stall", &stall.to_string()])
            .output()?;
        let text = String::from_utf8_lossy(&output.stderr);
        match output.status.code() {
            Some(0) => Ok(None),
            Some(1 | 3) => Ok(Some(first_words(&text)?)),
            other => bail!("the bench ended with {other:?}: {text}"),
        }
    }
}

/// `vector 4` of `vector 4, cycle 9: got …`, or what follows the cycle of an error.
fn first_words(text: &str) -> Result<String> {
    let line = text.lines().next().ok_or_else(|| anyhow!("no word of a bug"))?;
    if let Some((vector, _)) = line.split_once(", cycle") {
        return Ok(vector.to_owned());
    }
    Ok(line
        .split_once("cycle ")
        .and_then(|(_, rest)| rest.split_once(": "))
        .map_or(line, |(_, words)| words)
        .to_owned())
}
