//! What a memory is made of: cells that a device has, or what synthesis infers.

use crate::exact::Int;
use crate::targets::ecp5::Ebr;
use crate::targets::ice40::SbSpram256ka;
use crate::targets::{self, Device, Target};

/// Bits of a block memory of iCE40.
const RAM40_BITS: usize = 4_096;

/// What a memory is made of.
pub(super) enum Cells {
    /// a memory that synthesis infers, in LUTs or in what it finds best
    Inferred { in_luts: bool },
    /// numbers of words of sections of [`Ebr`]
    Ebr(Vec<usize>),
    /// number of [`SbSpram256ka`]
    Spram(usize),
}

impl Cells {
    /// `apart`: the owner keeps reads and writes apart if the memory has one port.
    pub(super) fn new(target: Target, words: usize, width: u32, apart: bool) -> Cells {
        let in_luts = target.in_luts(words * width as usize);
        match target.traits().memory {
            targets::Memory::Ebr if !in_luts => Cells::Ebr(sections(words, width)),
            targets::Memory::Spram => {
                let fits = words * width as usize <= Device::Up5k.capacity().ram as usize * RAM40_BITS;
                let bits = SbSpram256ka::WORD.width();
                let spram = apart && !fits && words <= SbSpram256ka::WORDS && width.is_multiple_of(bits);
                if spram { Cells::Spram((width / bits) as usize) } else { Cells::Inferred { in_luts } }
            }
            targets::Memory::Ebr | targets::Memory::Inferred => Cells::Inferred { in_luts },
        }
    }
}

/// The words of the sections of a memory of ECP5, the first section first: those that take the fewest cells, and one
/// section where that takes no more. Each has a power of two of words, and none has more than the one before it. So the
/// low bits of an address are the address in a section.
fn sections(words: usize, width: u32) -> Vec<usize> {
    let whole = words.next_power_of_two();
    let first = if words.is_power_of_two() { words } else { whole / 2 }.min(Ebr::WORDS);
    if words == first {
        return vec![words];
    }
    let parts = [vec![first], sections(words - first, width)].concat();
    let cells = |words: &[usize]| words.iter().map(|&words| cells(words, width).len()).sum::<usize>();
    if whole <= Ebr::WORDS && cells(&[whole]) <= cells(&parts) { vec![whole] } else { parts }
}

/// The bits of a word in each cell of a section.
pub(super) fn cells(words: usize, width: u32) -> Vec<u32> {
    let widest = Ebr::widest(words).expect("a section has as many words as a cell");
    let bits = width.div_ceil(width.div_ceil(widest));
    (0..width).step_by(bits as usize).map(|low| bits.min(width - low)).collect()
}

/// Cells side by side, which hold a part of the words.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) cells: usize,
    /// its first word, and the number of its words
    pub(super) place: [usize; 2],
}

impl Section {
    /// Whether a word lies in the section, if its address is one of the section or of those behind it.
    pub(super) fn has<'k>(&self, address: Int<'k>) -> Int<'k> {
        let [from, words] = self.place;
        (address >> words.ilog2()).equals((from / words) as i128)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_take_as_few_cells_as_they_can() {
        for (words, width, expected, count) in [
            (4_096, 64, vec![4_096], 16),
            (7_168, 64, vec![4_096, 2_048, 1_024], 28),
            (3_584, 64, vec![2_048, 1_024, 512], 14),
            // 512 words and 256 words would take as many cells.
            (768, 64, vec![1_024], 4),
            (40_960, 8, vec![16_384, 16_384, 8_192], 20),
        ] {
            let sections = sections(words, width);
            assert_eq!(sections, expected, "{words} words");
            assert_eq!(sections.iter().map(|&words| cells(words, width).len()).sum::<usize>(), count, "{words} words");
        }
    }
}
