//! The verdict of the study.

use std::fmt;

use super::configuration::Row;
use super::layers::{HEAD, LayerLoss, mean};
use crate::digits::Architecture;

/// The verdict: which network suffers most, and why.
pub struct Report {
    rows: usize,
    /// mean loss of each network over all of its rows, in points
    means: Vec<(Architecture, f64)>,
    layers: Vec<LayerLoss>,
}

impl Report {
    pub(super) fn new(rows: &[Row], layers: Vec<LayerLoss>) -> Report {
        let mean = |a| mean(rows.iter().filter(|r| r.configuration.architecture == a).map(Row::loss));
        Report { rows: rows.len(), means: Architecture::ALL.map(|a| (a, mean(a))).to_vec(), layers }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} configurations; accuracy lost, mean over the configurations of a network:", self.rows)?;
        for (architecture, loss) in &self.means {
            writeln!(f, "  {architecture:6}  {loss:6.2} points")?;
        }
        writeln!(f, "\n{HEAD}")?;
        for layer in &self.layers {
            writeln!(f, "{layer}")?;
        }
        let Some((worst, _)) = self.means.iter().max_by(|a, b| a.1.total_cmp(&b.1)) else { return Ok(()) };
        write!(f, "\n{worst} suffers most")?;
        let alone = self.layers.iter().filter(|l| l.architecture == *worst);
        match alone.max_by(|a, b| a.losses[0].total_cmp(&b.losses[0])) {
            Some(layer) => write!(f, ", and in it {}", layer.why()),
            None => Ok(()),
        }
    }
}
