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
        of_blocks(i, config)
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
    let idle = i.idle as u64;
    first + items * (words_of_item(i) + idle) - idle - 1
}

/// Words that are read for an item.
pub(super) fn words_of_item(i: &Instruction) -> u64 {
    [i.taps_y_1, i.taps_x_1, i.run_words_1].map(|less| less as u64 + 1).iter().product()
}

/// Clocks of a step of the array, from its start until it is done.
fn of_blocks(i: &Instruction, config: &EngineConfig) -> u64 {
    let mut last_beat = 0;
    blocks(i, config, |block| last_beat = block.last_beat);
    last_beat + config.matrix_done(i.last_words as usize) as u64
}

/// The clocks of a block of a step of the array, from the start of the step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block {
    /// its first word is read
    pub(super) first_read: u64,
    /// its items
    pub(super) items: u64,
    /// its last beat
    pub(super) last_beat: u64,
}

/// Gives each block of a step of the array.
///
/// The windows read a block when fewer than two are read and not yet released. The array begins with a block when it is
/// complete and the block before it is through.
pub(super) fn blocks(i: &Instruction, config: &EngineConfig, mut each: impl FnMut(Block)) {
    let (rows, pixels, groups) = (config.rows as u64, i.pixels_1 as u64 + 1, i.groups_1 as u64 + 1);
    let (idle, tiles) = (i.idle as u64, i.tiles_1 as u64 + 1);
    let (terms, tile) = (i.terms_1 as u64 + 1, (i.terms_1 + 1 + i.tile_idle) as u64);
    let behind =
        if i.kind == Kind::Fused as i64 { config.lanes_latency() } else { aligner::LATENCY + usize::from(idle > 0) };
    let full = (windows::LATENCY + behind + FIRST_BEAT) as u64;
    // Last clocks in which words of the block before were read, and a block was released, the one before last and the last.
    let (mut read, mut released) = (0, [0, 0]);
    let mut free = 0;
    for block in 0..pixels.div_ceil(rows) {
        let claim = if block < 2 { read + 1 } else { (read + 1).max(released[0] + 1) };
        let first_read = (claim + 1).max(if block == 0 { 0 } else { read + 1 + idle });
        let items = rows.min(pixels - block * rows) * groups;
        read = last_read(first_read, items, i);
        let begin = free.max(read + full);
        free = begin + tiles * tile;
        let last_beat = begin + (tiles - 1) * tile + terms - 1;
        released = [released[1], last_beat + config.matrix_release() as u64];
        each(Block { first_read, items, last_beat });
    }
}
