//! What a beat says, and where its word goes.

use super::states::{Findings, State};
use super::{Loader, Target};
use crate::blocks::engine::config::MAGIC;
use crate::exact::{Int, Kernel};

impl Loader {
    /// The word of the beat that is held, and what it says. Comparisons are made before it is held.
    pub(super) fn findings<'k>(&'k self, k: &'k Kernel, ready: Int<'k>) -> (Int<'k>, Findings<'k>) {
        let rank = k.stage(&self.received, ready);
        let word = k.read(&self.in_word);
        let low = word.bits(0, 32);
        // Where images are refused, nothing is asked of their words.
        let asks = self.loads_images();
        let is = |name: &str, value: i128| if asks { rank.pass(name, low.equals(value)) } else { k.lit(0) };
        let ([one_input, _], ends_section) = (self.one_or_two(k), k.read(&self.one_left));
        let received = rank.pass("word", word);
        let findings = Findings {
            last: rank.pass("last", k.read(&self.in_last)),
            image: rank.pass("image", k.read(&self.in_dest)),
            magic: is("magic", MAGIC.into()),
            fits: is("fits", self._fingerprint),
            none: is("none", 0),
            ends_section,
            ends_input: self.is(k, State::First).mux(one_input, ends_section).named("ends_input"),
            low: received.bits(0, 32),
        };
        (received, findings)
    }

    /// The CRC takes the CRC of an image too: then it is the same for every image.
    pub(super) fn crc<'k>(&self, k: &'k Kernel, takes: Int<'k>, word: Int<'k>) {
        let Some((check, fits)) = self.check.get().zip(self.crc_fits.get()) else { return };
        k.pass_clock(&self.clk, &check.clk);
        k.drive(&check.valid, takes);
        k.drive(&check.first, self.is(k, State::First));
        k.drive(&check.word, word);
        k.register(fits, k.read(&check.crc).equals(self._crc));
    }

    /// Where a word is written, and how many follow. Address and number mean nothing in states that take no beats.
    pub(super) fn place<'k>(&self, k: &'k Kernel, beat: Int<'k>, word: Int<'k>, image: Int<'k>) {
        let is = |state| self.is(k, state);
        let low = word.bits(0, 32);
        let (first, section, count) = (is(State::First), is(State::Section), is(State::Count));
        let (address, left) = (k.read(&self.address), k.read(&self.left));
        let [input_address, input_words] = self.input(k);
        let at = first.mux(input_address, address);
        let next = (at + 1).wrap(address.range());
        let begins = low.bits(0, address.range().width());
        k.register_when(&self.address, beat & !count, section.mux(begins, next));
        let words = low.bits(0, left.range().width());
        let rest = first.mux(input_words, left);
        let fewer = (rest - 1).wrap(left.range());
        k.register_when(&self.left, beat, count.mux(words, fewer));
        // Nothing is counted and compared in the same clock. A model's number of words is known long before its input.
        for (reg, number) in [(&self.one_input, 1), (&self.two_inputs, 2)] {
            if let Some(reg) = reg.get() {
                k.register(reg, input_words.equals(number));
            }
        }
        let [_, two_inputs] = self.one_or_two(k);
        let one_left = count.mux(words.equals(1), first.mux(two_inputs, left.equals(2)));
        k.register_when(&self.one_left, beat, one_left);
        if let Some(target) = self.target.get() {
            k.register_when(target, beat & (first | section), first.mux(0, low.bits(28, 3)));
        }
        // Words of an input are written to the activation memory, which has target 0.
        let input = first & !image & self.has_model(k);
        let writes = (beat & (input | is(State::Input) | is(State::Word))).named("writes_now");
        let rank = k.stage(&self.written, 1);
        k.drive(&self.write, rank.pass("writes", writes));
        if let Some((port, target)) = self.write_target.get().zip(self.target.get()) {
            k.drive(port, rank.pass("target", first.mux(0, k.read(target))));
        }
        k.drive(&self.write_address, rank.pass("address", at));
        k.drive(&self.write_word, rank.pass("word", word));
        self.input_of_image(k, beat & is(State::Word), low);
    }

    /// What an image says of the model's input.
    fn input_of_image<'k>(&self, k: &'k Kernel, word: Int<'k>, low: Int<'k>) {
        let (Some(target), Some(address), Some(words)) =
            (self.target.get(), self.input_address.get(), self.input_words.get())
        else {
            return;
        };
        let model = (word & k.read(target).equals(Target::Model as i128)).named("model");
        let second = k.read(&self.address).bit(0);
        k.register_when(address, model & !second, low.bits(0, address.range().width()));
        k.register_when(words, model & second, low.bits(0, words.range().width()));
    }
}
