//! The lanes: each sums up the taps of a byte of a word.

use anyhow::{Context, Result};
use qrtl_hdl::blocks::engine::banks::READS;
use qrtl_hdl::blocks::engine::instruction::Instruction;

use super::{Interpreter, bytes_at};

impl Interpreter {
    /// The results of each pixel, a word for each of its groups.
    pub(super) fn lanes(&self, i: &Instruction) -> Result<Vec<Vec<u8>>> {
        let (lanes, requantizers) = (self.config.lanes, self.config.lane_requantizers);
        let mut pixels = vec![Vec::new(); i.pixels_1 as usize + 1];
        for item in self.items(i) {
            let item = item?;
            for lane in 0..lanes {
                let mut acc = 0;
                for (n, tap) in item.taps.iter().enumerate() {
                    let value = self.value(i, item.group * item.taps.len() + n, n == 0, lane, tap[lane])?;
                    acc = match (n, i.maximum) {
                        (0, _) => value,
                        (_, 1) => acc.max(value),
                        _ => acc + value,
                    };
                }
                let group = if i.parameters_advance == 1 { item.group } else { 0 };
                let entry = i.lane_parameters as usize + group * (lanes / requantizers) + lane / requantizers;
                let channel = entry * requantizers + lane % requantizers;
                let word = u64::from_le_bytes(bytes_at(&self.lane_parameters, 8 * channel, "the lanes' parameters")?);
                let result = self.requantized(acc, word, [i.lane_zero_point, i.lane_min, i.lane_max])?;
                pixels[item.pixel].push(result);
            }
        }
        Ok(pixels)
    }

    /// What a tap adds. `n` counts the taps of a pixel.
    fn value(&self, i: &Instruction, n: usize, first: bool, lane: usize, byte: u8) -> Result<i64> {
        let x = i64::from(byte as i8);
        if i.maximum == 1 {
            return Ok(x);
        }
        if i.table == 1 {
            let entry = (x + 128) as usize + if first { 0 } else { 256 };
            return Ok(self.tables[entry].into());
        }
        let of_round = if i.triple == 1 { n % READS } else { 0 };
        let word =
            i.lane_weights as usize / (self.config.lanes / 4) + if i.weights_advance == 1 { n } else { of_round };
        let [weight] = bytes_at(&self.lane_weights, word * self.config.lanes + lane, "the lanes' weights")?;
        Ok(x * i64::from(weight as i8))
    }

    /// Fills the tables of the lanes, or the table of the softmax.
    pub(super) fn fill_tables(&mut self, i: &Instruction) -> Result<()> {
        for n in 0..=i.taps_y_1 as usize {
            let entry: [u8; 4] = bytes_at(&self.lane_weights, 4 * (i.lane_weights as usize + n), "the lanes' weights")?;
            let table = if i.softmax_table == 1 { &mut self.exponentials[..] } else { &mut self.tables[..] };
            *table.get_mut(n).with_context(|| format!("a table has no entry {n}"))? = i32::from_le_bytes(entry);
        }
        Ok(())
    }
}
