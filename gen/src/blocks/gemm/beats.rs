//! The order of the beats of a GEMM block, and the contents of each beat.

use std::ops::Range;

use anyhow::{Result, ensure};
use qrtl_golden::gemm::Matrix;
use qrtl_hdl::blocks::gemm::GemmConfig;
use qrtl_hdl::parameter::IntType;

use super::layer::Layer;

/// First row and first column of each tile of an M x N product, in order.
pub(super) fn tiles(config: &GemmConfig, m: usize, n: usize) -> impl Iterator<Item = (usize, usize)> + use<> {
    let (rows, cols) = (config.rows, config.cols);
    (0..m).step_by(rows).flat_map(move |r| (0..n).step_by(cols).map(move |c| (r, c)))
}

/// The lanes of each beat of operands, tile after tile: a column of A and a row of B. Lanes are elements on plain
/// ports, and bytes on AXI4-Stream.
pub(super) fn operands<'a>(config: &'a GemmConfig, layer: &'a Layer) -> impl Iterator<Item = Vec<i128>> + 'a {
    let (m, n, k) = (layer.a.rows(), layer.b.cols(), layer.a.cols());
    // Lanes beyond the edge of C do not matter, and carry a value that is not zero.
    let a = move |row: usize, t| (row..row + config.rows).map(move |r| if r < m { layer.a.at(r, t).into() } else { 1 });
    let b = move |col: usize, t| (col..col + config.cols).map(move |c| if c < n { layer.b.at(t, c).into() } else { 1 });
    let lanes = move |v: i128, of: IntType| lanes(config, v, of);
    let beat = move |row, col, t| {
        let (a, b) = (a(row, t).flat_map(|v| lanes(v, config.a)), b(col, t).flat_map(|v| lanes(v, config.b)));
        a.chain(b).collect()
    };
    tiles(config, m, n).flat_map(move |(row, col)| (0..k).map(move |t| beat(row, col, t)))
}

/// The lanes that an element takes: its bytes, lowest first, on AXI4-Stream.
fn lanes(config: &GemmConfig, v: i128, of: IntType) -> Vec<i128> {
    if config.axis { (0..of.bytes()).map(|i| v >> (8 * i) & 0xff).collect() } else { vec![v] }
}

/// A beat of results: neighbouring elements of a row of C.
pub(super) struct ResultBeat {
    row: usize,
    /// the columns of its lanes; a lane beyond C holds no result
    columns: Range<usize>,
    /// whether it ends the product
    last: bool,
}

/// The beats of results of a tile of an M x N product, in order.
pub(super) fn results_of_tile(
    config: &GemmConfig,
    [m, n]: [usize; 2],
    (row, col): (usize, usize),
) -> impl Iterator<Item = ResultBeat> + use<> {
    let lanes = config.requantizers();
    let groups = (col..(col + config.cols).min(n)).step_by(lanes);
    let beat = move |row, first| {
        let last = row + 1 == m && first + lanes >= n;
        ResultBeat { row, columns: first..first + lanes, last }
    };
    (row..(row + config.rows).min(m)).flat_map(move |row| groups.clone().map(move |first| beat(row, first)))
}

/// All beats of results of an M x N product, in order.
pub(super) fn results(config: &GemmConfig, size: [usize; 2]) -> impl Iterator<Item = ResultBeat> + use<'_> {
    tiles(config, size[0], size[1]).flat_map(move |tile| results_of_tile(config, size, tile))
}

impl ResultBeat {
    /// The lanes of `y`, `keep` and `last` that a bench must see; `None` where the value does not matter.
    pub(super) fn expected(&self, config: &GemmConfig, c: &Matrix) -> Vec<Option<i128>> {
        let (mut y, mut keep) = (Vec::new(), Vec::new());
        for column in self.columns.clone() {
            let value = (column < c.cols()).then(|| i128::from(c.at(self.row, column)));
            let lanes = lanes(config, value.unwrap_or(0), config.output);
            keep.extend(lanes.iter().map(|_| Some(i128::from(value.is_some()))));
            y.extend(lanes.into_iter().map(|lane| value.map(|_| lane)));
        }
        y.extend(keep);
        y.push(Some(self.last.into()));
        y
    }
}

/// C (M x N) from the beats of results of a block with plain ports.
///
/// # Errors
/// If the number of beats is not the number of beats of C, or `keep` or `last` is wrong.
pub fn collect_results(config: &GemmConfig, m: usize, n: usize, beats: &[Vec<i128>]) -> Result<Matrix> {
    let lanes = config.requantizers();
    let expected = results(config, [m, n]).count();
    ensure!(expected == beats.len(), "{} beats of results, expected {expected}", beats.len());
    let mut data = vec![0; m * n];
    for (i, (place, beat)) in results(config, [m, n]).zip(beats).enumerate() {
        let last = i128::from(place.last);
        ensure!(beat.len() == 2 * lanes + 1 && beat[2 * lanes] == last, "beat {i}: last is wrong: {beat:?}");
        for (lane, column) in place.columns.enumerate() {
            let kept = column < n;
            ensure!(beat[lanes + lane] == i128::from(kept), "beat {i}: keep is wrong: {beat:?}");
            if kept {
                data[place.row * n + column] = beat[lane] as i32;
            }
        }
    }
    Ok(Matrix::new("results", m, n, data)?)
}
