//! The places of tools, models and builds in a checkout.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context, Result};

use crate::verilator::Verilator;

/// A checkout of the repository. Simulations and measurements look for their files below its root.
pub struct Workspace {
    root: PathBuf,
    simulations: PathBuf,
    pub(crate) verilator: Verilator,
}

impl Workspace {
    /// The checkout at `root`.
    ///
    /// # Errors
    /// If there is no such directory.
    pub fn new(root: &Path) -> Result<Workspace> {
        let root = root.canonicalize().with_context(|| format!("root: {}", root.display()))?;
        let simulations = root.join("build/sim-cache");
        Ok(Workspace { root, simulations, verilator: Verilator::default() })
    }

    /// The same checkout, with another directory for simulations.
    #[must_use]
    pub fn building_in(self, place: &Path) -> Workspace {
        Workspace { simulations: place.to_owned(), ..self }
    }

    /// Its directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The checkout that this crate was compiled in, one for all tests of a program.
    ///
    /// # Errors
    /// If it is gone.
    pub fn compiled_in() -> Result<&'static Workspace> {
        static WORKSPACE: OnceLock<Workspace> = OnceLock::new();
        if let Some(workspace) = WORKSPACE.get() {
            return Ok(workspace);
        }
        let workspace = Workspace::new(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))?;
        Ok(WORKSPACE.get_or_init(|| workspace))
    }

    /// Directory that `gen` writes blocks to.
    pub fn emitted(&self) -> PathBuf {
        self.root.join("build")
    }

    /// Directory of simulations that have been built.
    pub fn simulations(&self) -> PathBuf {
        self.simulations.clone()
    }

    /// Directory of measurements of area and clock.
    pub fn measurements(&self) -> PathBuf {
        self.root.join("build/qor")
    }

    /// Directory of the baselines, which were written by hand.
    pub fn baselines(&self) -> PathBuf {
        self.root.join("bench/baselines")
    }

    /// Directory of the lists of bugs, a file for each block.
    pub fn mutations(&self) -> PathBuf {
        self.root.join("sim/mutations")
    }

    /// Directory of the digits models.
    pub fn models(&self) -> PathBuf {
        self.root.join("models/digits")
    }

    /// Directory of the documents.
    pub fn docs(&self) -> PathBuf {
        self.root.join("docs")
    }

    /// The file that a trace is written to.
    pub fn trace(&self, name: &str, stall: u32) -> PathBuf {
        self.root.join(format!("build/{name}_stall{stall}.vcd"))
    }

    /// Directory of the tools of `make qor`, which `scripts/setup.sh qor` fills.
    pub fn qor_tools(&self) -> PathBuf {
        self.root.join(".tools/qor/bin")
    }

    /// The Python that has the runtimes of `make fidelity`, which `scripts/setup.sh fidelity` installs.
    pub fn fidelity_python(&self) -> PathBuf {
        self.root.join(".tools/fidelity/bin/python")
    }

    /// A tool from `.tools/bin`, where `make setup` puts what the system does not have, or from the path.
    pub fn tool(&self, name: &str) -> PathBuf {
        let local = self.root.join(".tools/bin").join(name);
        if local.exists() { local } else { PathBuf::from(name) }
    }

    /// A temporary directory among the simulations: tools that run in a sandbox do not see the system's.
    ///
    /// # Errors
    /// If the directory cannot be made.
    pub fn staging(&self) -> Result<tempfile::TempDir> {
        let place = self.simulations();
        let shown = place.display();
        fs::create_dir_all(&place).with_context(|| format!("{shown}: cannot create"))?;
        tempfile::Builder::new().prefix(".build-").tempdir_in(&place).with_context(|| format!("{shown}: cannot write"))
    }
}

/// Puts a finished directory into its place, unless another build was there first.
pub(crate) fn put(from: &Path, place: &Path) -> Result<()> {
    match fs::rename(from, place) {
        Err(error) if !place.exists() => Err(error).with_context(|| format!("{}: cannot write", place.display())),
        _ => Ok(()),
    }
}

/// FNV-1a of 128 bits, in hex: names builds, guards nothing.
pub(crate) fn hash(text: &str) -> String {
    let step = |h: u128, b: u8| (h ^ u128::from(b)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
    format!("{:032x}", text.bytes().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, step))
}
