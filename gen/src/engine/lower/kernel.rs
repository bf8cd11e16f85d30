//! The weights of a convolution as the array takes them.

use anyhow::{Result, ensure};
use qrtl_golden::graph::Weighted;
use qrtl_golden::operators::Array;
use qrtl_hdl::blocks::engine::{EngineConfig, EngineRule};

use super::scale::{Scale, Sums};

/// Weights of 8 bits, `[outputs, rows, cols, channels]`.
#[derive(Debug, Clone)]
pub(super) struct Kernel {
    pub(super) outputs: usize,
    pub(super) rows: usize,
    pub(super) cols: usize,
    pub(super) channels: usize,
    pub(super) weights: Vec<i8>,
}

/// Weights of 8 bits.
pub(super) fn bytes(weights: &[i32]) -> Result<Vec<i8>> {
    let byte = |&w: &i32| i8::try_from(w).ok();
    let bytes: Option<Vec<i8>> = weights.iter().map(byte).collect();
    ensure!(bytes.is_some(), "has a weight outside -128..=127");
    Ok(bytes.unwrap_or_default())
}

impl Kernel {
    /// Of weights in this shape.
    pub(super) fn new([outputs, rows, cols, channels]: [usize; 4], weights: &[i32]) -> Result<Kernel> {
        Ok(Kernel { outputs, rows, cols, channels, weights: bytes(weights)? })
    }

    /// Output `positions[c]` is channel `c`, and the others of `outputs` outputs are 0.
    pub(super) fn choice(positions: &[usize], outputs: usize) -> Kernel {
        let channels = positions.len();
        let mut weights = vec![0; outputs * channels];
        positions.iter().enumerate().for_each(|(c, position)| weights[position * channels + c] = 1);
        Kernel { outputs, rows: 1, cols: 1, channels, weights }
    }

    /// Groups `first..first + count` of a grouped convolution as a convolution over all their channels. `group` is the
    /// number of outputs of a group.
    pub(super) fn of_groups(weights: &Array, group: usize, first: usize, count: usize) -> Result<Kernel> {
        let &[_, rows, cols, depth] = weights.shape() else { anyhow::bail!("weights of {:?}", weights.shape()) };
        let (outputs, channels) = (count * group, count * depth);
        let own = bytes(&weights.data()[first * group * rows * cols * depth..][..outputs * rows * cols * depth])?;
        let mut spread = vec![0; outputs * rows * cols * channels];
        for (flat, weight) in own.into_iter().enumerate() {
            let (output, tap, c) = (flat / (rows * cols * depth), flat / depth % (rows * cols), flat % depth);
            spread[(output * rows * cols + tap) * channels + output / group * depth + c] = weight;
        }
        Ok(Kernel { outputs, rows, cols, channels, weights: spread })
    }

    fn at(&self, output: usize, [row, col, channel]: [usize; 3]) -> i8 {
        self.weights[((output * self.rows + row) * self.cols + col) * self.channels + channel]
    }

    /// The weights as the array reads them: beat after beat, `config.cols` weights each, for the terms with the row, column
    /// and channel of their weights. The terms are shared out among `rows` rows, which have a beat each in turn.
    pub(super) fn beats(&self, terms: &[Option<[usize; 3]>], rows: usize, config: &EngineConfig) -> Vec<u8> {
        let share = terms.len() / rows;
        let beat = |tile: usize, term: Option<[usize; 3]>| {
            (tile * config.cols..(tile + 1) * config.cols).map(move |output| match term {
                Some(place) if output < self.outputs => self.at(output, place) as u8,
                _ => 0,
            })
        };
        (0..self.outputs.div_ceil(config.cols))
            .flat_map(|tile| (0..share).flat_map(move |k| (0..rows).map(move |row| (tile, row * share + k))))
            .flat_map(|(tile, k)| beat(tile, terms[k]))
            .collect()
    }
}

/// The scale of a layer, from its weights for each output: the zero point of the input becomes a part of the bias,
/// `sum (x - zx) w + b = sum x w + (b - zx sum w)`.
pub(super) fn scale_of<W>(
    layer: &Weighted<W>,
    weights: impl Iterator<Item = impl Iterator<Item = i32>>,
    rule: EngineRule,
) -> Result<Scale> {
    let zero_point = layer.input_zero_point.into();
    let outputs = layer.bias.iter().zip(weights);
    let sums: Vec<Sums> = outputs.map(|(&bias, weights)| Sums::new(weights, bias.into(), zero_point)).collect();
    Scale::new(&sums, &layer.requantizations, rule)
}

/// How many groups of a grouped convolution are computed at once, as a convolution with zeros between the groups: as many
/// as cost the least clocks of the array. It depends on shapes only, because it decides where the outputs stand.
pub(in crate::engine) fn merged_groups(weights: &[usize], groups: usize, config: &EngineConfig) -> usize {
    let (outputs, terms) = (weights[0] / groups, weights[1..].iter().product::<usize>());
    let cost = |&merged: &usize| {
        let tiles = (merged * outputs).div_ceil(config.cols);
        let drain = config.rows * config.cols / config.requantizers * config.passes;
        let block = tiles * (merged * terms).max(drain);
        (groups / merged * block, merged)
    };
    let fits = |merged: &usize| groups.is_multiple_of(*merged) && merged * terms <= config.terms;
    (1..=groups).filter(fits).min_by_key(cost).unwrap_or(1)
}
