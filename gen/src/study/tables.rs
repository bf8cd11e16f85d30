//! The rows of the study as CSV, and its verdict and tables as Markdown.

use std::fmt::Write;

use qrtl_golden::quantization::{Calibration, Granularity};

use super::configuration::{BITS, CALIBRATIONS, Configuration, GRANULARITIES, Row, SYMMETRIES, symmetries_name};
use super::report::Report;
use crate::digits::Architecture;
use crate::quantize::{percent, symmetry_name};

/// The choice that a table or plot varies. The other choices are then per channel, min-max, and symmetric weights with
/// asymmetric activations.
#[derive(Debug, Clone, Copy)]
pub enum Axis {
    /// granularity: who shares a scale
    Granularity,
    /// calibration: which range a scale covers
    Calibration,
    /// symmetries of weights and activations
    Symmetry,
}

impl Axis {
    /// All axes, each with the file of a plot and a title.
    pub const ALL: [(Axis, &'static str, &'static str); 3] = [
        (Axis::Granularity, "granularity.svg", "Who shares a scale"),
        (Axis::Calibration, "calibration.svg", "Which range a scale covers (per channel)"),
        (Axis::Symmetry, "symmetry.svg", "Zero points of weights/activations (per channel)"),
    ];

    /// Each choice by its name, with granularity, calibration and symmetries.
    fn choices(self) -> Vec<(String, Configuration)> {
        let fixed = Configuration {
            architecture: Architecture::Mlp,
            bits: 8,
            granularity: Granularity::PerChannel,
            calibration: Calibration::MinMax,
            symmetries: SYMMETRIES[0],
        };
        match self {
            Axis::Granularity => {
                GRANULARITIES.map(|g| (g.to_string(), Configuration { granularity: g, ..fixed })).to_vec()
            }
            Axis::Calibration => {
                CALIBRATIONS.map(|c| (c.to_string(), Configuration { calibration: c, ..fixed })).to_vec()
            }
            Axis::Symmetry => {
                SYMMETRIES.map(|s| (symmetries_name(s), Configuration { symmetries: s, ..fixed })).to_vec()
            }
        }
    }

    /// For each choice its name and the rows of `architecture` by bit width.
    pub fn series(self, rows: &[Row], architecture: Architecture) -> Vec<(String, Vec<Row>)> {
        let rows_of = |choice: Configuration| {
            let wanted = BITS.map(move |bits| Configuration { architecture, bits, ..choice });
            wanted.filter_map(|c| rows.iter().find(|r| r.configuration == c).copied()).collect()
        };
        self.choices().into_iter().map(|(name, choice)| (name, rows_of(choice))).collect()
    }
}

/// All rows as CSV.
pub fn csv(rows: &[Row]) -> String {
    let mut text = "model,weight_bits,granularity,calibration,weights,activations,computed_in,recognized_float,\
                    recognized,accuracy_percent,lost_points,bytes\n"
        .to_owned();
    for row in rows {
        let Configuration { architecture, bits, granularity, calibration, symmetries } = row.configuration;
        let [weights, activations] = symmetries.map(symmetry_name);
        let computed = if row.integer { "integers" } else { "rounded floats" };
        let ([float, recognized], bytes) = (row.recognized, row.bytes);
        let (accuracy, loss) = (percent(recognized), row.loss());
        let line = format!(
            "{architecture},{bits},{granularity},{calibration},{weights},{activations},{computed},{float},{recognized},\
             {accuracy:.2},{loss:.2},{bytes}\n"
        );
        text.push_str(&line);
    }
    text
}

/// The verdict, and a table for each choice.
pub fn markdown(rows: &[Row], report: &Report) -> String {
    let mut text = format!("# Study: the digits networks at 2 to 8 bits\n\n```text\n{report}\n```\n");
    for (axis, plot, title) in Axis::ALL {
        let _ = write!(text, "\n## {title}\n\nRecognized test images in percent, by bits of a weight.\n\n");
        text += &table(axis, rows);
        let _ = write!(text, "\n![{title}]({plot})\n");
    }
    text
}

fn table(axis: Axis, rows: &[Row]) -> String {
    let cells: String = BITS.map(|bits| format!(" {bits} |")).collect();
    let rules: String = BITS.map(|_| "---|").collect();
    let mut text = format!("| model | | float |{cells}\n|---|---|---|{rules}\n");
    for architecture in Architecture::ALL {
        for (name, rows) in axis.series(rows, architecture) {
            let float = rows.first().map_or(0, |r| r.recognized[0]);
            let cells: String = rows.iter().map(|r| format!(" {:.1} |", percent(r.recognized[1]))).collect();
            let _ = writeln!(text, "| {architecture} | {name} | {:.1} |{cells}", percent(float));
        }
    }
    text
}
