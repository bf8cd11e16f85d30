//! The taps of an instruction, in the order of its loops.

use anyhow::{Context, Result};
use qrtl_hdl::blocks::engine::instruction::Instruction;

use super::Interpreter;

/// The runs of a pixel, or of a group of words of a pixel.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) pixel: usize,
    pub(super) group: usize,
    /// the bytes of each run
    pub(super) taps: Vec<Vec<u8>>,
}

impl Item {
    /// The bytes of all runs one after the other.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.taps.concat()
    }
}

impl Interpreter {
    /// All items of an instruction.
    pub(super) fn items<'a>(&'a self, i: &'a Instruction) -> impl Iterator<Item = Result<Item>> + 'a {
        (0..=i.pixels_1).flat_map(move |pixel| (0..=i.groups_1).map(move |group| self.item(i, pixel, group)))
    }

    fn item(&self, i: &Instruction, pixel: i64, group: i64) -> Result<Item> {
        let width = i.out_width_1 + 1;
        let (oy, ox) = (pixel / width, pixel % width);
        let mut taps = Vec::new();
        for ky in 0..=i.taps_y_1 {
            for kx in 0..=i.taps_x_1 {
                let start = i.address
                    + oy * i.row_step
                    + ox * i.x_step
                    + group * self.config.lanes as i64
                    + ky * i.tap_row_step
                    + kx * i.tap_step;
                let x = i.x0 + ox * i.x_step + kx * i.tap_step;
                let y = i.y0 + oy * i.y_step + ky * i.tap_y_step;
                taps.push(
                    self.bytes_of_run(i, start, [y, x]).with_context(|| format!("pixel {pixel}, group {group}"))?,
                );
            }
        }
        Ok(Item { pixel: pixel as usize, group: group as usize, taps })
    }

    /// The bytes of a run that begins at byte `start`. Only the words that are read can hold bytes of it.
    fn bytes_of_run(&self, i: &Instruction, start: i64, [y, x]: [i64; 2]) -> Result<Vec<u8>> {
        let lanes = self.config.lanes as i64;
        let end = (start.div_euclid(lanes) + i.run_words_1 + 1) * lanes;
        let byte = |k: i64| {
            let address = start + k;
            if address >= end {
                anyhow::bail!("byte {k} of a run of {} lies behind the words that are read", i.run_bytes);
            }
            if !(0..i.row_bytes).contains(&(x + k)) || !(0..i.height).contains(&y) {
                return Ok(i.padding as u8);
            }
            let byte = usize::try_from(address).ok().and_then(|address| self.activations.get(address));
            byte.copied().with_context(|| format!("reads byte {address}, which is outside the memory"))
        };
        (0..i.run_bytes).map(byte).collect()
    }
}
