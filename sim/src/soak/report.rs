//! What a soak has compared so far.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use qrtl_gen::emit::write_file;
use qrtl_gen::spec::Spec;
use qrtl_gen::table::{Column, Table};
use serde_json::Value;

use super::drawn::fields;
use crate::simulation::Outcome;

/// A round in which nothing differed.
pub struct Round {
    /// the row of the report in which it is counted
    pub name: String,
    /// what was drawn
    pub drawn: String,
    /// networks of an engine, or models
    pub networks: u64,
    /// results that were compared
    pub compared: u64,
}

impl Round {
    /// Vectors through the Verilog of a block.
    pub fn block(spec: &Spec, outcome: Outcome, networks: usize) -> Round {
        let drawn = serde_json::to_string(spec).unwrap_or_default();
        Round { name: name(spec), drawn, networks: networks as u64, compared: outcome.vectors as u64 }
    }
}

/// The sum of all rounds of a block and a rule, or of a comparison with the runtimes.
#[derive(Default)]
struct Row {
    name: String,
    rounds: usize,
    networks: u64,
    compared: u64,
}

const COLUMNS: [Column<Row>; 4] = [
    Column::words("of what", |row| row.name.clone()),
    Column::numbers("configurations or rounds", |row| row.rounds.to_string()),
    Column::numbers(
        "networks or models",
        |row| if row.networks > 0 { row.networks.to_string() } else { String::new() },
    ),
    Column::numbers("results compared", |row| row.compared.to_string()),
];

/// The log of a soak, a line for each round, and its report.
pub struct Log {
    first: u64,
    lines: File,
    report: PathBuf,
    rows: BTreeMap<String, Row>,
}

impl Log {
    /// The log of a soak that begins with the seed `first`, in the directory `place`.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn new(place: &Path, first: u64) -> Result<Log> {
        let path = place.join("log.txt");
        let lines = File::create(&path).with_context(|| format!("{}: cannot write", path.display()))?;
        Ok(Log { first, lines, report: place.join("report.md"), rows: BTreeMap::new() })
    }

    /// Adds a round, and writes the report anew.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn add(&mut self, seed: u64, round: Round, elapsed: Duration) -> Result<()> {
        let Round { name, drawn, networks, compared } = round;
        writeln!(self.lines, "seed {seed}: {name}, {compared} results, 0 differ {drawn}")
            .context("log.txt: cannot write")?;
        let row = self.rows.entry(name.clone()).or_default();
        *row =
            Row { name, rounds: row.rounds + 1, networks: row.networks + networks, compared: row.compared + compared };
        let text = self.text(elapsed);
        write_file(&self.report, |place| Ok(std::fs::write(place, text)?))
    }

    /// Results that were compared.
    pub fn compared(&self) -> u64 {
        self.rows.values().map(|row| row.compared).sum()
    }

    /// The report, in Markdown.
    pub fn text(&self, elapsed: Duration) -> String {
        let (rounds, networks) = self.rows.values().fold((0, 0), |(r, n), row| (r + row.rounds, n + row.networks));
        let mut text = String::new();
        let (minutes, compared) = (elapsed.as_secs() / 60, self.compared());
        let _ = writeln!(
            text,
            "{minutes} minutes, {rounds} rounds from seed {} on: {compared} results of the blocks and of",
            self.first
        );
        let _ = writeln!(text, "{networks} networks and models were compared, and 0 differ.\n");
        text + &Table::new(&COLUMNS, self.rows.values()).markdown()
    }
}

/// A block and its rule.
fn name(spec: &Spec) -> String {
    let fields = fields(spec).unwrap_or_default();
    let rule = ["rule", "rounding"].into_iter().find_map(|name| fields.get(name)).and_then(Value::as_str);
    rule.map_or(spec.block().to_owned(), |rule| format!("{}, {rule}", spec.block()))
}

/// The last number, with commas or without, that stands before these words.
pub fn number_before(text: &str, words: &str) -> Option<u64> {
    let before = text[..text.rfind(words)?].rsplit(' ').next()?;
    before.replace(',', "").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_with_commas() {
        let text = "1,500 models, 3,649 comparisons with a runtime, 2,351,836 outputs: 0 differ.";
        assert_eq!((number_before(text, " outputs"), number_before(text, " models")), (Some(2_351_836), Some(1_500)));
        assert_eq!(number_before("no outputs", " results"), None);
    }
}
