//! The exact clocks of an instruction, from its loops and from the ranks between the units.

use qrtl_hdl::blocks::engine::EngineConfig;
use qrtl_hdl::blocks::engine::instruction::{Instruction, Kind};
use qrtl_hdl::blocks::engine::memory;
use qrtl_hdl::blocks::engine::sequencer::STEP_LATENCY;

/// Clocks that pass beside the loops, which follow from the registers between units.
struct Fixed {
    /// from the end of a step to the start of the next one
    start: u64,
    /// from the last word that the windows read to a block that the array can begin with
    fill: u64,
    /// from the last beat of the array to its last result in the activation memory
    drain: u64,
    /// from the last word that the windows read to the last result of the lanes in the activation memory
    lanes: u64,
    /// from the last result of the lanes to a block that the array can begin with
    fused: u64,
    /// from a half that the array has read to the first word of the next block
    release: u64,
    /// from the last word that the windows read to the outlet
    output: u64,
    /// of a softmax, beside three passes over its values
    softmax: u64,
}

impl Fixed {
    fn of(config: &EngineConfig) -> Fixed {
        let memory = memory::LATENCY as u64;
        let requantizer = (config.pipeline * config.passes) as u64;
        let read = 5 + memory;
        Fixed {
            start: STEP_LATENCY as u64,
            fill: read + 3,
            drain: requantizer + 6,
            lanes: read + requantizer + 5,
            fused: requantizer + 6,
            release: 2,
            output: read + 2,
            softmax: 80,
        }
    }
}

/// Clocks of an instruction, from the clock in which the sequencer begins to read it.
pub fn of(i: &Instruction, config: &EngineConfig) -> u64 {
    let fixed = Fixed::of(config);
    let [pixels, groups, rows, runs, words] =
        [i.pixels_1, i.groups_1, i.taps_y_1, i.taps_x_1, i.run_words_1].map(|less| less as u64 + 1);
    let item = rows * runs * words + i.idle as u64;
    let read = pixels * groups * item;
    fixed.start
        + match i.kind {
            k if k == Kind::Matrix as i64 => {
                blocks(i, groups * item, fixed.fill, &fixed, config) + drain(i, &fixed, config)
            }
            k if k == Kind::Fused as i64 => {
                blocks(i, groups * item, fixed.fill + fixed.fused, &fixed, config) + drain(i, &fixed, config)
            }
            k if k == Kind::Lanes as i64 => read + lane_drain(config) + fixed.lanes,
            k if k == Kind::Softmax as i64 => 3 * words * config.lanes as u64 + fixed.softmax,
            k if k == Kind::Output as i64 => read + fixed.output,
            k if k == Kind::Tables as i64 => read + fixed.output,
            _ => 1,
        }
}

/// Clocks until the array has done its last block. A block needs one of the two halves of the block buffer while it is
/// filled and while the array reads it.
fn blocks(i: &Instruction, pixel: u64, fill: u64, fixed: &Fixed, config: &EngineConfig) -> u64 {
    let (rows, pixels) = (config.rows as u64, i.pixels_1 as u64 + 1);
    let array = (i.tiles_1 as u64 + 1) * (i.terms_1 as u64 + 1 + i.tile_idle as u64);
    let (mut read, mut released) = (0, [0, 0]);
    for block in 0..pixels.div_ceil(rows) {
        let filled = rows.min(pixels - block * rows) * pixel;
        let begin = if block < 2 { read } else { read.max(released[(block % 2) as usize] + fixed.release) };
        read = begin + filled;
        let start = (read + fill).max(released[((block + 1) % 2) as usize]);
        released[(block % 2) as usize] = start + array;
    }
    released[0].max(released[1])
}

/// Clocks in which the sums of the last tile leave the array.
fn drain(i: &Instruction, fixed: &Fixed, config: &EngineConfig) -> u64 {
    let groups = (i.last_words as usize * config.lanes / config.requantizers) as u64;
    groups * (config.rows * config.passes) as u64 + fixed.drain
}

fn lane_drain(config: &EngineConfig) -> u64 {
    (config.lanes / config.lane_requantizers * config.passes) as u64
}
