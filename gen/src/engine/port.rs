//! The port of a memory of activations that has only one: a word that is finished waits until a clock reads nothing.

use std::ops::Range;

use qrtl_hdl::blocks::engine::instruction::{Instruction, Kind};
use qrtl_hdl::blocks::engine::memory::AHEAD;
use qrtl_hdl::blocks::engine::write_queue::WAITING;
use qrtl_hdl::blocks::engine::{EngineConfig, windows};

use super::clocks::{self, Block};

/// Clock edges from a word of the loops to the clock in which no word may be written because of it.
const READ_TO_PORT: usize = windows::ADDRESS_RANKS + AHEAD;

/// The instruction with as many idle clocks after each item as it needs so that no more words wait than there is room for.
pub(super) fn with_clocks_for_writes(mut i: Instruction, config: &EngineConfig) -> Instruction {
    while most_waiting(&i, config) > WAITING {
        i.idle += 1;
    }
    i
}

/// The greatest number of words that wait at a time for the port of the memory of activations; 0 if nothing has to wait.
pub(super) fn most_waiting(i: &Instruction, config: &EngineConfig) -> usize {
    if !config.activations_have_one_port() {
        return 0;
    }
    if i.kind == Kind::Lanes as i64 {
        let items = (i.pixels_1 as u64 + 1) * (i.groups_1 as u64 + 1);
        let latency = (windows::LATENCY - READ_TO_PORT + config.lanes_latency()) as u64;
        let reads: Vec<_> = reads(i, 1, items).collect();
        let words: Vec<_> = reads.iter().map(|item| item.end - 1 + latency).collect();
        return most(&reads, &words);
    }
    let (mut all_reads, mut words) = (Vec::new(), Vec::new());
    if i.kind == Kind::Matrix as i64 || i.kind == Kind::Fused as i64 {
        clocks::blocks(i, config, |block| {
            all_reads.extend(reads(i, block.first_read, block.items));
            words.extend(words_of(i, &block, config));
        });
    }
    most(&all_reads, &words)
}

/// The clocks in which the port is taken for `items` items, of which the first begins in clock `first` of the loops.
fn reads(i: &Instruction, first: u64, items: u64) -> impl Iterator<Item = Range<u64>> {
    let taps = clocks::words_of_item(i);
    let (first, period) = (first + READ_TO_PORT as u64, taps + i.idle as u64);
    (0..items).map(move |item| first + item * period).map(move |begin| begin..begin + taps)
}

/// The clocks in which the words of a block come, also of the rows without a pixel.
fn words_of(i: &Instruction, block: &Block, config: &EngineConfig) -> Vec<u64> {
    let tile = (i.terms_1 + 1 + i.tile_idle) as u64;
    // Of a split step only the last row is written.
    let rows = if i.split == 1 { config.rows - 1..config.rows } else { 0..config.rows };
    let mut clocks = Vec::new();
    for behind in (0..=i.tiles_1 as u64).rev() {
        let words = if behind == 0 { i.last_words as usize } else { config.cols / config.lanes };
        for (word, row) in (0..words).flat_map(|word| rows.clone().map(move |row| (word, row))) {
            clocks.push(block.last_beat - behind * tile + config.matrix_write(word, row) as u64);
        }
    }
    clocks
}

/// The greatest number of words that wait, if nothing is read outside of `reads` and words come in the clocks `words`.
fn most(reads: &[Range<u64>], words: &[u64]) -> usize {
    let mut reads = reads.iter().peekable();
    let (mut clock, mut waiting, mut most) = (0, 0_usize, 0);
    for &word in words {
        let next = word + 1;
        let mut taken = 0;
        while let Some(read) = reads.peek().filter(|read| read.start < next) {
            taken += read.end.min(next).saturating_sub(read.start.max(clock));
            if read.end > next {
                break;
            }
            reads.next();
        }
        let free = next - clock - taken;
        waiting = waiting.saturating_sub(free as usize) + 1;
        most = most.max(waiting);
        clock = next;
    }
    most
}

#[cfg(test)]
mod tests {
    use super::most;

    #[test]
    fn words_wait_while_the_port_is_taken() {
        assert_eq!(most(&[], &[5, 6, 7]), 1);
        assert_eq!(most(&[0..4, 4..8], &[5, 6, 7]), 3);
        assert_eq!(most(&[0..4, 4..8], &[4, 5, 6, 7, 8, 12]), 4);
        assert_eq!(most(&[0..4, 5..9, 10..14], &[2, 3, 7, 8, 12, 13]), 4);
    }
}
