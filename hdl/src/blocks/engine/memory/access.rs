//! How a write and a read come to the cells of a memory, and the word from them.

use super::Memory;
use crate::exact::{Int, Kernel, Ram};
use crate::targets::ice40::SbSpram256ka;

/// Number of cells that one copy of an address drives. With 16, memories of ECP5-85 pass 200 MHz.
const GROUP: usize = 16;

/// Bits of a word for which one copy chooses the section.
const CHOSEN: u32 = 16;

/// A write and a read, on their way.
pub(super) struct Access<'k> {
    /// enable, address and word, if words are written
    pub write: Option<[Int<'k>; 3]>,
    pub read: Int<'k>,
    pub address: Int<'k>,
}

impl Memory {
    pub(super) fn in_ram<'k>(&'k self, k: &'k Kernel, ram: &'k Ram, first: &Access<'k>) -> Int<'k> {
        let second = k.stage(&self.second, 1);
        let write = match first.write {
            Some([enable, to, word]) if !self._writes_directly => {
                let to = second.pass("write_address", to);
                Some([second.pass("write", enable), to, second.pass("write_word", word)])
            }
            direct => direct,
        };
        // In LUTs the address of a word is a long wire to each of its bits, so that each memory has a copy.
        let asks = if self._in_luts { k.stage(&self.copies, 1) } else { second };
        let read = self.through_third(k, asks.pass("read", first.read), asks.pass("address", first.address));
        let word = match write {
            Some([enable, to, word]) => k.ram(ram, (enable, to, word), read),
            None => k.read_ram(ram, read),
        };
        k.stage(&self.output, 1).pass("word", word)
    }

    /// What is read, behind the rank that stands in place of the rank of the word.
    fn through_third<'k>(&'k self, k: &'k Kernel, read: Int<'k>, address: Int<'k>) -> (Int<'k>, Int<'k>) {
        let third = k.stage(&self.third, 1);
        (third.pass("read", read), third.pass("address", address))
    }

    /// The output rank lies within the cells.
    pub(super) fn in_ebr<'k>(&'k self, k: &'k Kernel, first: &Access<'k>) -> Int<'k> {
        let copies = k.stage(&self.copies, 1);
        // Each memory has a copy of the word that is written, too: one for all memories would lie far from most.
        let word = first.write.map(|[.., word]| copies.pass("write_word", word));
        let (mut group, mut cells, mut words) = (0, &self.ebr[..], Vec::new());
        for section in &self._sections {
            let within = |access: Int<'k>, address| match self._sections.len() {
                1 => access,
                _ => access & section.has(address),
            };
            let write = first.write.map(|[write, to, _]| [within(write, to), to]);
            let read = within(first.read, first.address);
            let (ours, others) = cells.split_at(section.cells);
            let (mut low, mut parts) = (0, Vec::new());
            for cells in ours.chunks(GROUP) {
                let copy = |name: &str, value| copies.pass(&format!("{name}_{group}"), value);
                let write = write.map(|[write, to]| [copy("write", write), copy("write_address", to)]);
                let (read, from) = (copy("read", read), copy("address", first.address));
                for cell in cells {
                    let (bits, address) = (cell.word.range().width(), cell.address.range());
                    k.pass_clock(&self.clk, &cell.clk);
                    if let Some(([write, to], word)) = write.zip(word) {
                        cell.write.drive(k, [write, to.wrap(address), word.bits(low, bits)]);
                    }
                    k.drive(&cell.read, read);
                    k.drive(&cell.address, from.wrap(address));
                    parts.push(k.read(&cell.word));
                    low += bits;
                }
                group += 1;
            }
            words.push(joined(&parts));
            cells = others;
        }
        if words.len() == 1 { words[0] } else { self.chosen(k, first, &words) }
    }

    /// The word of the section from which a word was read last.
    fn chosen<'k>(&'k self, k: &'k Kernel, first: &Access<'k>, words: &[Int<'k>]) -> Int<'k> {
        let (copies, rank, choices) = (
            k.stage(&self.until_word[0], 1).when(first.read),
            k.stage(&self.until_word[1], 1),
            k.stage(&self.choices, 1),
        );
        let before = &words[..words.len() - 1];
        let chosen = self._sections[..before.len()].iter().map(|section| section.has(first.address));
        let chosen: Vec<_> = chosen.map(|of| rank.pass("chosen", copies.pass("chosen", of))).collect();
        let (last, width) = (words[before.len()], self.word.range().width());
        let part = |low: u32| {
            let bits = CHOSEN.min(width - low);
            before.iter().zip(&chosen).rev().fold(last.bits(low, bits), |other, (word, &of)| {
                choices.pass(&format!("chosen_{low}"), of).mux(word.bits(low, bits), other)
            })
        };
        joined(&(0..width).step_by(CHOSEN as usize).map(part).collect::<Vec<_>>())
    }

    pub(super) fn in_spram<'k>(&'k self, k: &'k Kernel, first: &Access<'k>) -> Vec<Int<'k>> {
        let Some([enable, to, word]) = first.write else { unreachable!("such a memory is written") };
        let (second, output) = (k.stage(&self.second, 1), k.stage(&self.output, 1));
        let (read, from) = self.through_third(k, first.read, first.address);
        let select = second.pass("select", enable | read);
        let write = second.pass("write", enable);
        // Nothing is written where a word is read, and what is read is known sooner.
        let address = second.pass("address", read.mux(from, to));
        let word = second.pass("write_word", word);
        let (bits, mut parts) = (SbSpram256ka::WORD.width(), Vec::new());
        for (i, cell) in self.spram.iter().enumerate() {
            k.pass_clock(&self.clk, &cell.clk);
            k.drive(&cell.select, select);
            k.drive(&cell.write, write);
            k.drive(&cell.address, address);
            k.drive(&cell.write_word, word.bits(i as u32 * bits, bits));
            parts.push(output.pass(&format!("word_{i}"), k.read(&cell.word)));
        }
        parts
    }
}

/// The parts of a word side by side, the lowest first.
pub(super) fn joined<'k>(parts: &[Int<'k>]) -> Int<'k> {
    let mut low = parts[0].range().width();
    let join = |word: Int<'k>, part: &Int<'k>| {
        let joined = part.concat(word, low);
        low += part.range().width();
        joined
    };
    parts[1..].iter().fold(parts[0], join)
}
