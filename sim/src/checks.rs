//! Comparisons of hardware with a reference, on all cores, with progress, a table, and a status that says whether all
//! passed.

use std::time::Instant;

use anyhow::{Result, ensure};
use qrtl_gen::progress::Progress;
use qrtl_gen::table::{Column, Table};
use rayon::prelude::*;

use crate::simulation::Outcome;

/// A comparison that is still to be made.
pub struct Check<'a> {
    /// row of the table in which it is counted
    pub group: String,
    /// name of the comparison
    pub words: String,
    /// arguments of `sim` that repeat it
    pub again: String,
    /// function that makes the comparison
    pub run: Box<dyn Fn() -> Result<Done> + Send + Sync + 'a>,
}

/// A comparison that has been made.
#[derive(Debug, Clone, Default)]
pub struct Done {
    /// results that were compared
    pub outcome: Outcome,
    /// the first mismatches, a line each
    pub mismatches: String,
    /// remark in the table beside the numbers, if all checks of the group make it
    pub remark: String,
}

/// A row of the table: the comparisons of a group.
struct Row {
    group: String,
    checks: usize,
    failed: usize,
    outcome: Outcome,
    seconds: f64,
    remark: String,
}

const COLUMNS: [Column<Row>; 7] = [
    Column::words("block", |r| r.group.clone()),
    Column::numbers("configurations", |r| r.checks.to_string()),
    Column::numbers("vectors", |r| r.outcome.vectors.to_string()),
    Column::numbers("mismatches", |r| r.outcome.mismatches.to_string()),
    Column::numbers("failed", |r| r.failed.to_string()),
    Column::numbers("seconds", |r| format!("{:.1}", r.seconds)),
    Column::words("", |r| r.remark.clone()),
];

/// Makes all comparisons, and prints progress and the table. A fault in one comparison does not hide a fault in
/// another.
///
/// # Errors
/// If there is nothing to compare, a result differs, or something cannot be built or run. The error has all of them.
pub fn run(checks: &[Check]) -> Result<()> {
    ensure!(!checks.is_empty(), "there is nothing to compare");
    let begin = Instant::now();
    let progress = Progress::new(checks.len());
    let one = |check: &Check| {
        let begin = Instant::now();
        let done = (check.run)();
        progress.step(|| format!("{}: {}", check.group, check.words));
        (done, begin.elapsed().as_secs_f64())
    };
    let results: Vec<(Result<Done>, f64)> = checks.par_iter().with_max_len(1).map(one).collect();
    print!("{}", Table::new(&COLUMNS, &rows(checks, &results)).text());
    println!("{:.0} s in all", begin.elapsed().as_secs_f64());
    let failures: Vec<String> = (checks.iter().zip(&results))
        .filter_map(|(check, (result, _))| Some((check, fault(result)?)))
        .map(|(c, fault)| format!("{}: {}: {fault}\n  again: sim {}", c.group, c.words, c.again))
        .collect();
    ensure!(failures.is_empty(), "{} of {} failed\n{}", failures.len(), checks.len(), failures.join("\n"));
    Ok(())
}

fn rows(checks: &[Check], results: &[(Result<Done>, f64)]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for (check, (result, seconds)) in checks.iter().zip(results) {
        if rows.last().is_none_or(|row| row.group != check.group) {
            let (group, outcome, remark) = (check.group.clone(), Outcome::default(), String::new());
            rows.push(Row { group, checks: 0, failed: 0, outcome, seconds: 0.0, remark });
        }
        let Some(row) = rows.last_mut() else { continue };
        let first = row.checks == 0;
        row.checks += 1;
        row.seconds += seconds;
        row.failed += usize::from(fault(result).is_some());
        if let Ok(done) = result {
            row.outcome += done.outcome;
            if first {
                row.remark.clone_from(&done.remark);
            } else if row.remark != done.remark {
                row.remark.clear();
            }
        }
    }
    rows
}

/// The reason why a comparison failed, if it did. A comparison of nothing is a failure.
fn fault(result: &Result<Done>) -> Option<String> {
    match result {
        Ok(done) if done.outcome.passed() => None,
        Ok(Done { outcome: Outcome { vectors: 0, .. }, .. }) => Some("nothing was compared".to_owned()),
        Ok(Done { outcome, mismatches, .. }) => {
            Some(format!("{} of {} results differ\n{}", outcome.mismatches, outcome.vectors, mismatches.trim_end()))
        }
        Err(error) => Some(format!("{error:#}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<'a>(group: &str, vectors: usize, mismatches: usize) -> Check<'a> {
        let outcome = Outcome { vectors, mismatches };
        let run = move || Ok(Done { outcome, mismatches: "vector 1".to_owned(), remark: String::new() });
        let (words, again) = (format!("{vectors} vectors"), "again".to_owned());
        Check { group: group.to_owned(), words, again, run: Box::new(run) }
    }

    #[test]
    fn a_mismatch_or_no_vector_at_all_fails() {
        run(&[check("a", 3, 0), check("b", 1, 0)]).unwrap();
        let of = |checks: &[Check]| run(checks).unwrap_err().to_string();
        let words = of(&[check("a", 3, 0), check("b", 5, 2), check("c", 0, 0)]);
        let differ = "b: 5 vectors: 2 of 5 results differ\nvector 1\n  again: sim again";
        assert_eq!(words, format!("2 of 3 failed\n{differ}\nc: 0 vectors: nothing was compared\n  again: sim again"));
        assert_eq!(of(&[]), "there is nothing to compare");
    }

    #[test]
    fn a_group_is_a_row() {
        let checks = [check("a", 3, 0), check("a", 4, 1), check("b", 1, 0)];
        let results: Vec<_> = checks.iter().map(|c| ((c.run)(), 0.5)).collect();
        let text = Table::new(&COLUMNS, &rows(&checks, &results)).text();
        assert!(text.contains("a                   2        7           1       1      1.0\n"), "{text}");
    }
}
