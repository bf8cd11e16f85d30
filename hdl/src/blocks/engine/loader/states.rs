//! The states of the loader, and the ways between them.

use super::{Loader, Status, Target};
use crate::exact::{Int, Kernel};

/// States of the loader: what the next beat is, or what happens without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// the first beat of a packet
    First,
    /// a word of the input
    Input,
    /// the fingerprint of the image's configuration
    Fingerprint,
    /// target and address of a section
    Section,
    /// number of words of the section
    Count,
    /// a word of the section
    Word,
    /// the CRC of the image
    Crc,
    /// the CRC takes account of the last word
    Settle,
    /// the CRC has been compared
    Compare,
    /// the rest of a packet that was refused
    Skip,
    /// the packet is answered
    Answer,
    /// the program runs
    Run,
}

/// What has been found out about a beat when it was received, or before.
pub(super) struct Findings<'k> {
    /// the low 32 bits of the word
    pub(super) low: Int<'k>,
    /// it is the last of its packet
    pub(super) last: Int<'k>,
    /// the packet is an image
    pub(super) image: Int<'k>,
    /// the word is the magic word
    pub(super) magic: Int<'k>,
    /// the word is the configuration's fingerprint
    pub(super) fits: Int<'k>,
    /// the word is 0
    pub(super) none: Int<'k>,
    /// it is the last word of the section
    pub(super) ends_section: Int<'k>,
    /// it is the last word of the model's input
    pub(super) ends_input: Int<'k>,
}

impl State {
    /// All states, in their order.
    pub(super) const ALL: [State; 12] = {
        use State::{Answer, Compare, Count, Crc, Fingerprint, First, Input, Run, Section, Settle, Skip, Word};
        [First, Input, Fingerprint, Section, Count, Word, Crc, Settle, Compare, Skip, Answer, Run]
    };

    /// Whether it is part of loading an image.
    pub(super) fn loads(self) -> bool {
        use State::{Compare, Count, Crc, Fingerprint, Section, Settle, Word};
        matches!(self, Fingerprint | Section | Count | Word | Crc | Settle | Compare)
    }
}

/// A way from a state to the next: where, when, and the status of the packet, if it decides on it.
pub(super) type Way<'k> = (State, State, Int<'k>, Option<Status>);

impl Loader {
    /// The ways from state to state. Where the memories hold a model from the start, no word of an image is magic, and
    /// there are no ways out of states that the loader lacks.
    pub(super) fn ways<'k>(&self, k: &'k Kernel, beat: Int<'k>, found: &Findings<'k>) -> Vec<Way<'k>> {
        use State::{Answer, Compare, Count, Crc, Fingerprint, First, Input, Run, Section, Settle, Skip, Word};
        let Findings { low, last, image, magic, fits, none, ends_section, ends_input } = *found;
        let loaded = self.has_model(k);
        let (go_on, cut) = ((beat & !last).named("goes_on"), (beat & last).named("cut"));
        let end = low.bits(28, 3).equals(Target::End as i128).named("end");
        let input = (loaded & !image).named("input");
        let refused = Some(Status::Damaged);
        let no_image = Some(if self.loads_images() { Status::NoImage } else { Status::HoldsModel });
        let crc_fits = self.crc_fits.get().map_or(k.lit(0), |reg| k.read(reg));
        let busy = self.check.get().map_or(k.lit(0), |check| k.read(&check.busy));
        let ways = vec![
            (First, Input, go_on & input & !ends_input, None),
            (First, Skip, go_on & input & ends_input, Some(Status::WrongLength)),
            (First, Run, cut & input & ends_input, None),
            (First, Answer, cut & input & !ends_input, Some(Status::WrongLength)),
            (First, Skip, go_on & !image & !loaded, Some(Status::NoModel)),
            (First, Answer, cut & !image & !loaded, Some(Status::NoModel)),
            (First, Fingerprint, go_on & image & magic, None),
            (First, Skip, go_on & image & !magic, no_image),
            (First, Answer, cut & image & !magic, no_image),
            (First, Answer, cut & image & magic, refused),
            (Input, Skip, go_on & ends_input, Some(Status::WrongLength)),
            (Input, Run, cut & ends_input, None),
            (Input, Answer, cut & !ends_input, Some(Status::WrongLength)),
            (Fingerprint, Section, go_on & fits, None),
            (Fingerprint, Skip, go_on & !fits, Some(Status::OtherConfiguration)),
            (Fingerprint, Answer, cut, refused),
            (Section, Crc, go_on & end, None),
            (Section, Count, go_on & !end, None),
            (Section, Answer, cut, refused),
            (Count, Section, go_on & none, None),
            (Count, Word, go_on & !none, None),
            (Count, Answer, cut, refused),
            (Word, Section, go_on & ends_section, None),
            (Word, Answer, cut, refused),
            (Crc, Settle, cut, None),
            (Crc, Skip, go_on, refused),
            (Settle, Compare, !busy, None),
            (Compare, Answer, crc_fits, Some(Status::Ok)),
            (Compare, Answer, !crc_fits, refused),
            (Skip, Answer, cut, None),
            (Answer, First, k.read(&self.room), None),
            (Run, First, k.read(&self.ends), None),
        ];
        ways.into_iter().filter(|way| self.state[way.0 as usize].get().is_some()).collect()
    }
}
