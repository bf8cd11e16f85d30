//! The second and the third tap of a clock.

use rust_hdl::prelude::{In, Out};

use crate::blocks::delay::through;
use crate::blocks::engine::EngineConfig;
use crate::blocks::engine::banks::READS;
use crate::blocks::engine::instruction::{self, InstructionPorts, Kept};
use crate::bundle;
use crate::exact::{Bus, Int, Kernel, Port, Range, Rank};

/// The taps of a clock behind the first. They are whole words, as many bytes apart as the instruction says. A tap outside
/// the tensor is replaced by the padding. Where a step has one tap a clock, they mean nothing.
#[derive(Debug)]
pub struct Further {
    /// words from a tap to the next
    pub distance: Port<Out>,
    /// words of the activation memory, in the clock of the first word
    pub word: Bus<In>,
    /// bytes of the taps, those of the second first
    pub tap: Bus<Out>,
    kept: Kept,
}

bundle!(Further { distance, word, tap, kept });

impl Further {
    /// The further taps of an engine.
    pub(super) fn new(config: &EngineConfig) -> Further {
        use instruction as i;
        let further = READS - 1;
        let kept = [i::ABSENT, i::TAP_DISTANCE, i::ROW_BYTES].map(|field| (field, field.range()));
        Further {
            distance: Port::new(config.activation_address(), "words from a tap to the next"),
            word: Bus::new(further, config.word(), "further words of the activation memory"),
            tap: Bus::new(further * config.lanes, Range::signed(8), "bytes of the further taps"),
            kept: Kept::new(config.target, &kept),
        }
    }

    /// Describes them, beside the first tap in the ranks of the windows: `place` is the first tap's place in its row,
    /// behind rank 1; `in_height` says whether the row is one of the tensor, behind rank 6; `last_run` comes from the
    /// loops.
    pub(super) fn describe<'k>(
        &self,
        k: &'k Kernel,
        ranks: &[Rank<'k>],
        shown: &InstructionPorts,
        [place, in_height, last_run]: [Int<'k>; 3],
        padding: Int<'k>,
    ) {
        use instruction as i;
        self.kept.describe(k, shown);
        let field = |field| self.kept.read(k, field);
        let lanes = self.tap.lanes() / (READS - 1);
        let bytes = field(i::TAP_DISTANCE);
        let address = self.distance.range().width();
        k.drive(&self.distance, bytes.bits(lanes.ilog2(), address).wrap(self.distance.range()));
        let last_run = through(&ranks[..3], "last_run", last_run);
        let absent = last_run.mux(field(i::ABSENT), 0);
        for n in 0..READS - 1 {
            let tap = n as i128 + 1;
            let name = |what: &str| format!("{what}_{tap}");
            let place = ranks[2].pass(&name("place"), place + bytes * tap);
            // The last taps of a round are those that may be none.
            let present = absent.lt(READS as i128 - tap);
            let inside = !place.lt(0) & place.lt(field(i::ROW_BYTES));
            let inside = through(&ranks[3..7], &name("inside"), present & inside);
            let real = ranks[7].pass(&name("further_real"), inside & in_height);
            let word = k.lane(&self.word, n);
            for l in 0..lanes {
                let byte = word.bits(8 * l as u32, 8).as_signed();
                let tap = ranks[8].pass(&format!("{}_{l}", name("tap")), real.mux(byte, padding));
                k.drive_lane(&self.tap, n * lanes + l, tap);
            }
        }
    }
}
