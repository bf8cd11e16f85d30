//! The taps of an instruction, in the order of its loops.

use std::collections::HashSet;

use anyhow::{Context, Result, ensure};
use qrtl_hdl::blocks::engine::banks::READS;
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
        let item = |[pixel, group]: [i64; 2]| {
            let bytes = |[start, y, x]: [i64; 3]| self.bytes_of_run(i, start, [y, x]);
            let taps = self.runs(i, [pixel, group]).map(bytes).collect::<Result<_>>();
            let taps = taps.with_context(|| format!("pixel {pixel}, group {group}"))?;
            Ok(Item { pixel: pixel as usize, group: group as usize, taps })
        };
        places(i).map(item)
    }

    /// The words of activations of which an instruction reads a byte.
    pub(super) fn words_read(&self, i: &Instruction) -> HashSet<i64> {
        let runs = places(i).flat_map(|place| self.runs(i, place));
        let addresses =
            runs.flat_map(|[start, y, x]| (0..i.run_bytes).filter_map(move |k| address(i, start, [y, x], k)));
        addresses.map(|address| address.div_euclid(self.config.lanes as i64)).collect()
    }

    /// The runs of a pixel and a group: the first byte, the row, and the place in the row. A tap that is none is in no row.
    fn runs<'a>(&'a self, i: &'a Instruction, [pixel, group]: [i64; 2]) -> impl Iterator<Item = [i64; 3]> + 'a {
        let (oy, ox) = (pixel / (i.out_width_1 + 1), pixel % (i.out_width_1 + 1));
        let reads = if i.triple == 1 { READS as i64 } else { 1 };
        let rounds = (0..=i.taps_y_1).flat_map(|ky| (0..=i.taps_x_1).map(move |kx| (ky, kx)));
        let taps = rounds.flat_map(move |(ky, kx)| (0..reads).map(move |n| (ky, kx, n)));
        taps.map(move |(ky, kx, n)| {
            let pixel = i.address + oy * i.row_step + ox * i.x_step + group * self.config.lanes as i64;
            let in_row = kx * i.tap_step + n * i.tap_distance;
            let absent = kx == i.taps_x_1 && n >= READS as i64 - i.absent;
            let row = if absent { -1 } else { i.y0 + oy * i.y_step + ky * i.tap_y_step };
            [pixel + ky * i.tap_row_step + in_row, row, i.x0 + ox * i.x_step + in_row]
        })
    }

    /// The bytes of a run that begins at byte `start`. Only the words that are read can hold bytes of it.
    fn bytes_of_run(&self, i: &Instruction, start: i64, place: [i64; 2]) -> Result<Vec<u8>> {
        let lanes = self.config.lanes as i64;
        let end = (start.div_euclid(lanes) + i.run_words_1 + 1) * lanes;
        let behind = start + i.run_bytes - end;
        ensure!(behind <= 0, "{behind} bytes of a run of {} lie behind the words that are read", i.run_bytes);
        let byte = |k: i64| {
            let Some(address) = address(i, start, place, k) else { return Ok(i.padding as u8) };
            let byte = usize::try_from(address).ok().and_then(|address| self.activations.get(address));
            byte.copied().with_context(|| format!("reads byte {address}, which is outside the memory"))
        };
        (0..i.run_bytes).map(byte).collect()
    }
}

/// All pixels of an instruction with all groups, in order.
fn places(i: &Instruction) -> impl Iterator<Item = [i64; 2]> + '_ {
    (0..=i.pixels_1).flat_map(|pixel| (0..=i.groups_1).map(move |group| [pixel, group]))
}

/// The address of byte `k` of a run; `None` if it lies in the padding.
fn address(i: &Instruction, start: i64, [y, x]: [i64; 2], k: i64) -> Option<i64> {
    let within = (0..i.row_bytes).contains(&(x + k)) && (0..i.height).contains(&y);
    within.then_some(start + k)
}
