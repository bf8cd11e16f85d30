//! The proofs that ship with a block, in `formal/`: a specification as a plain module, modules that compare the block with
//! it, and the list of proofs, which `prove.py` runs without Rust. Each block states its proofs in its own folder
//! ([`Block::formal`](crate::blocks::Block::formal)).

mod harness;
mod inside;
mod products;
mod streams;

use std::fs;
use std::path::Path;

use anyhow::Result;
use serde::Serialize;

pub use harness::{Harness, number, signed};
pub use inside::Inside;
pub use products::Product;
pub use streams::prove_streams;

/// What runs the proofs, and the versions of the tools that it needs.
const RUNNER: [(&str, &str); 3] = [
    ("prove.py", include_str!("prove.py")),
    ("questions.py", include_str!("questions.py")),
    ("requirements.txt", include_str!("requirements.txt")),
];

/// The proofs of a block.
#[derive(Debug, Default)]
pub struct Formal {
    /// names and texts of the files that the proofs read beside the block's own
    pub files: Vec<(String, String)>,
    /// the proofs
    pub proofs: Vec<Proof>,
    /// what is not proved
    pub unproved: Vec<Unproved>,
    /// declarations of the nets that are cut where the rules of the streams are proved
    pub cuts: String,
}

/// A proof, as `prove.py` reads it.
#[derive(Debug, Clone, Serialize)]
pub struct Proof {
    /// its name among the block's
    pub name: String,
    /// what is proved, as a sentence
    pub claim: String,
    /// how
    pub method: Method,
    /// by which solver
    pub engine: Engine,
    /// the module whose assertions hold; empty for a law
    pub top: String,
    /// files that it reads, from the block's directory. A block states the files of its `formal/`; the emitter adds the
    /// Verilog of the block.
    pub files: Vec<String>,
    /// clocks from the first state to the one whose assertions hold
    pub steps: usize,
    /// multiplications are unknown functions of their operands
    pub products: bool,
    /// seconds after which it has failed
    pub timeout: u32,
    /// seconds that it takes, roughly: the longest begin first
    pub expected: u32,
    /// texts with a bug, whose proofs must fail
    pub twins: Vec<Twin>,
}

/// How something is proved: `prove.py` says what each method means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// from any first state
    Unroll,
    /// by k-induction
    Induct,
    /// by k-induction, and in each state a stream does not look where it may not
    Streams,
    /// no register changes
    Hold,
    /// about all integers
    Law,
}

/// A solver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// for arithmetic
    Bitwuzla,
    /// for control
    Yices,
    /// for integers
    Z3,
}

/// A text with a bug, whose proof must fail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Twin {
    /// the bug in a few words
    pub what: String,
    /// the file that has it
    pub file: String,
    /// the text that stands there once
    pub find: String,
    /// the text in its place
    pub replace: String,
}

impl Twin {
    /// A bug in a file of `formal/`.
    pub fn new(what: &str, file: &str, find: impl Into<String>, replace: impl Into<String>) -> Twin {
        Twin { what: what.to_owned(), file: format!("formal/{file}"), find: find.into(), replace: replace.into() }
    }
}

/// Something that is not proved.
#[derive(Debug, Clone, Serialize)]
pub struct Unproved {
    /// what
    pub what: &'static str,
    /// the reason
    pub why: &'static str,
    /// what stands in its place
    pub instead: &'static str,
}

impl Formal {
    /// A block of which nothing is proved.
    pub fn none(what: &'static str, why: &'static str, instead: &'static str) -> Formal {
        Formal { unproved: vec![Unproved { what, why, instead }], ..Formal::default() }
    }

    /// Adds a proof, with the file that states it: the text of its top module, or a law.
    pub fn prove(&mut self, proof: Proof, file: &str, text: String) {
        self.files.push((file.to_owned(), text));
        self.proofs.push(proof);
    }

    /// Name and claim of each proof.
    pub fn claims(&self) -> Vec<[&str; 2]> {
        self.proofs.iter().map(|proof| [proof.name.as_str(), proof.claim.as_str()]).collect()
    }

    /// Writes `formal/` of `dir`, given word, module and command of the block. Proofs of the design read the files
    /// `design`, too.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub(crate) fn write(&self, dir: &Path, [block, module, command]: [&str; 3], design: &[String]) -> Result<()> {
        #[derive(Serialize)]
        struct Stated<'a> {
            block: &'a str,
            module: &'a str,
            command: &'a str,
            proofs: Vec<Proof>,
            unproved: &'a [Unproved],
        }
        let with_design = |proof: &Proof| match proof.method {
            Method::Law => proof.clone(),
            _ => Proof { files: design.iter().chain(&proof.files).cloned().collect(), ..proof.clone() },
        };
        let proofs = self.proofs.iter().map(with_design).collect();
        let stated = Stated { block, module, command, proofs, unproved: &self.unproved };
        let formal = dir.join("formal");
        fs::create_dir(&formal)?;
        fs::write(formal.join("proofs.json"), serde_json::to_string_pretty(&stated)? + "\n")?;
        for (name, text) in RUNNER {
            fs::write(formal.join(name), text)?;
        }
        for (name, text) in &self.files {
            fs::write(formal.join(name), text)?;
        }
        Ok(())
    }
}
