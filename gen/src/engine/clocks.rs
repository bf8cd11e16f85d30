//! The exact clocks of an instruction, from its loops and from the ranks of the units.

use qrtl_hdl::blocks::engine::instruction::{Instruction, Kind};
use qrtl_hdl::blocks::engine::matrix::FIRST_BEAT;
use qrtl_hdl::blocks::engine::sequencer::STEP_LATENCY;
use qrtl_hdl::blocks::engine::{EngineConfig, aligner, windows};

/// Clocks of an instruction, from the clock in which the step before it is done to the clock in which it is done.
pub fn of(i: &Instruction, config: &EngineConfig) -> u64 {
    let items = (i.pixels_1 as u64 + 1) * (i.groups_1 as u64 + 1);
    let is = |kind: Kind| i.kind == kind as i64;
    let step = if is(Kind::Matrix) || is(Kind::Fused) {
        blocks(i, config)
    } else if is(Kind::Lanes) {
        last_read(1, items, i) + (windows::LATENCY + config.lanes_latency()) as u64
    } else if is(Kind::Softmax) {
        let values = i.pixels_1 as usize * config.lanes + i.last_bytes as usize;
        (1 + windows::LATENCY + config.softmax_clocks(values)) as u64
    } else if is(Kind::Output) {
        last_read(1, items, i) + (windows::LATENCY + aligner::LATENCY) as u64 + u64::from(i.idle > 0)
    } else if is(Kind::Tables) {
        last_read(1, items, i) + windows::LATENCY as u64
    } else {
        0
    };
    STEP_LATENCY as u64 + step
}

/// The clock in which the last word of `items` items is read, if the first is read in clock `first`.
fn last_read(first: u64, items: u64, i: &Instruction) -> u64 {
    let [rows, runs, words] = [i.taps_y_1, i.taps_x_1, i.run_words_1].map(|less| less as u64 + 1);
    let idle = i.idle as u64;
    first + items * (rows * runs * words + idle) - idle - 1
}

/// Clocks of a step of the array, from its start until it is done.
///
/// The windows read a block when fewer than two are read and not yet released. The array begins with a block when it is
/// complete and the block before it is through.
fn blocks(i: &Instruction, config: &EngineConfig) -> u64 {
    let (rows, pixels, groups) = (config.rows as u64, i.pixels_1 as u64 + 1, i.groups_1 as u64 + 1);
    let (idle, tiles) = (i.idle as u64, i.tiles_1 as u64 + 1);
    let (terms, tile) = (i.terms_1 as u64 + 1, (i.terms_1 + 1 + i.tile_idle) as u64);
    let behind =
        if i.kind == Kind::Fused as i64 { config.lanes_latency() } else { aligner::LATENCY + usize::from(idle > 0) };
    let full = (windows::LATENCY + behind + FIRST_BEAT) as u64;
    // Last clocks in which words of the block before were read, and a block was released, the one before last and the last.
    let (mut read, mut released) = (0, [0, 0]);
    let (mut free, mut last_beat) = (0, 0);
    for block in 0..pixels.div_ceil(rows) {
        let claim = if block < 2 { read + 1 } else { (read + 1).max(released[0] + 1) };
        let first = (claim + 1).max(if block == 0 { 0 } else { read + 1 + idle });
        read = last_read(first, rows.min(pixels - block * rows) * groups, i);
        let begin = free.max(read + full);
        free = begin + tiles * tile;
        last_beat = begin + (tiles - 1) * tile + terms - 1;
        released = [released[1], last_beat + config.matrix_release() as u64];
    }
    last_beat + config.matrix_done(i.last_words as usize) as u64
}
