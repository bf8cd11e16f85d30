//! The array: sums of products, a pixel in each row and an output channel in each column.

use anyhow::{Result, ensure};
use qrtl_hdl::blocks::engine::instruction::Instruction;

use super::{Interpreter, bytes_at};

impl Interpreter {
    /// Computes and writes the outputs of all pixels. `pixels` are the bytes that each pixel brings.
    pub(super) fn array(&mut self, i: &Instruction, pixels: &[Vec<u8>]) -> Result<()> {
        let (rows, terms) = (self.config.rows, (i.terms_1 + 1) as usize);
        ensure!(terms <= self.config.terms, "sums {terms} terms");
        for (block, pixels) in pixels.chunks(rows).enumerate() {
            let bytes = pixels.iter().map(Vec::len);
            ensure!(
                bytes.clone().all(|bytes| bytes == terms),
                "{:?} bytes for {terms} terms",
                bytes.collect::<Vec<_>>()
            );
            for tile in 0..=i.tiles_1 as usize {
                self.tile(i, block, tile, pixels)?;
            }
        }
        Ok(())
    }

    fn tile(&mut self, i: &Instruction, block: usize, tile: usize, pixels: &[Vec<u8>]) -> Result<()> {
        let (rows, lanes) = (self.config.rows, self.config.lanes);
        let last = block as i64 == i.pixels_1 / rows as i64;
        let of_tile = self.config.cols / lanes;
        let words = if tile as i64 == i.tiles_1 { i.last_words as usize } else { of_tile };
        for (row, pixel) in pixels.iter().enumerate() {
            let shown = if i.split == 1 { row == rows - 1 } else { !last || (row as i64) < i.last_rows };
            if !shown {
                continue;
            }
            let mut results = Vec::new();
            for col in 0..words * lanes {
                let sum = match i.split {
                    1 => (0..rows).map(|row| self.sum(i, tile, row, col, &pixels[row])).sum::<Result<i64>>()?,
                    _ => self.sum(i, tile, row, col, pixel)?,
                };
                let channel = i.parameters as usize * self.config.requantizers + tile * self.config.cols + col;
                let word = u64::from_le_bytes(bytes_at(&self.parameters, 8 * channel, "the parameters")?);
                results.push(self.requantized(sum, word, [i.zero_point, i.min, i.max])?);
            }
            let pixel = if i.split == 1 { 0 } else { (block * rows + row) as i64 };
            for (n, word) in results.chunks(lanes).enumerate() {
                self.write(i.out + pixel * i.out_pitch + (tile * of_tile + n) as i64, word)?;
            }
        }
        Ok(())
    }

    /// The sum of a row and a column. In a split step each row has a weight of its own in each beat.
    fn sum(&self, i: &Instruction, tile: usize, row: usize, col: usize, bytes: &[u8]) -> Result<i64> {
        let mut sum = 0;
        for (k, &byte) in bytes.iter().enumerate() {
            let beat = tile * bytes.len() + k;
            let word = i.weights as usize + if i.split == 1 { beat * self.config.rows + row } else { beat };
            let [weight] = bytes_at(&self.weights, word * self.config.cols + col, "the weights")?;
            sum += i64::from(byte as i8) * i64::from(weight as i8);
        }
        Ok(sum)
    }
}
