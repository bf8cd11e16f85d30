//! The states of the loader, and the ways between them.

use super::{Loader, Status, Target};
use crate::blocks::engine::config::MAGIC;
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
    /// the CRC is compared
    Compare,
    /// the rest of a packet that was refused
    Skip,
    /// the packet is answered
    Answer,
    /// the program runs
    Run,
}

/// A way from a state to the next: where, when, and the status of the packet, if it decides on it.
pub(super) type Way<'k> = (State, State, Int<'k>, Option<Status>);

impl Loader {
    /// The ways from state to state.
    pub(super) fn ways<'k>(&self, k: &'k Kernel, beat: Int<'k>, last: Int<'k>, ends_input: Int<'k>) -> Vec<Way<'k>> {
        use State::{Answer, Compare, Count, Crc, Fingerprint, First, Input, Run, Section, Skip, Word};
        let low = k.read(&self.in_word).bits(0, 32);
        let (image, loaded) = (k.read(&self.in_dest), k.read(&self.loaded));
        let (go_on, cut) = ((beat & !last).named("goes_on"), (beat & last).named("cut"));
        let magic = low.equals(i128::from(MAGIC)).named("magic");
        let fits = low.equals(self._fingerprint).named("fits");
        let end = low.bits(28, 3).equals(Target::End as i128).named("end");
        let (none, left) = (low.equals(0), k.read(&self.left));
        let input = (loaded & !image).named("input");
        let refused = Some(Status::Damaged);
        vec![
            (First, Input, go_on & input & !ends_input, None),
            (First, Skip, go_on & input & ends_input, Some(Status::WrongLength)),
            (First, Run, cut & input & ends_input, None),
            (First, Answer, cut & input & !ends_input, Some(Status::WrongLength)),
            (First, Skip, go_on & !image & !loaded, Some(Status::NoModel)),
            (First, Answer, cut & !image & !loaded, Some(Status::NoModel)),
            (First, Fingerprint, go_on & image & magic, None),
            (First, Skip, go_on & image & !magic, Some(Status::NoImage)),
            (First, Answer, cut & image & !magic, Some(Status::NoImage)),
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
            (Word, Section, go_on & left.equals(1), None),
            (Word, Answer, cut, refused),
            (Crc, Compare, cut, None),
            (Crc, Skip, go_on, refused),
            (Compare, Answer, self.equals(k), Some(Status::Ok)),
            (Compare, Answer, !self.equals(k), refused),
            (Skip, Answer, cut, None),
            (Answer, First, k.read(&self.room), None),
            (Run, First, k.read(&self.ends), None),
        ]
    }
}
