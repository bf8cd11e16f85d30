//! A block on a target, with what was measured of it.

use qrtl_hdl::targets::Device;

use super::device::Target;
use super::flow::Measured;
use super::place::{Placed, SEEDS, has_mac16};
use super::subjects::Subject;
use super::timing::Timing;

/// A block on a target, measured.
pub struct Row<'s> {
    /// the block
    pub subject: &'s Subject,
    /// the device and the synthesis
    pub target: Target,
    /// the figures
    pub measured: Measured,
}

impl Row<'_> {
    /// Clocks and critical path, if it was placed.
    pub(super) fn timing(&self) -> Option<(&[f64], &Timing)> {
        match &self.measured.placed {
            Placed::Yes { clocks, timing, .. } => Some((clocks, timing)),
            Placed::Refused(_) | Placed::No => None,
        }
    }

    /// Median of nextpnr's clocks.
    pub(super) fn mhz(&self) -> Option<f64> {
        let mut sorted = self.timing()?.0.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted.get(SEEDS.len() / 2).copied()
    }

    /// The clock that counts: with the multiplier's delay where nextpnr leaves it out.
    pub fn true_mhz(&self) -> Option<f64> {
        if self.target.device.is_some_and(has_mac16) { Some(self.timing()?.1.mhz_with_dsp) } else { self.mhz() }
    }

    /// The critical path, or why there is none.
    pub(super) fn words(&self) -> Option<String> {
        match &self.measured.placed {
            Placed::Yes { timing, .. } if timing.in_block => Some(timing.words.clone()),
            Placed::Yes { timing, .. } => Some(format!("in the harness; {}", timing.words)),
            Placed::Refused(why) => Some(format!("not placed: {why}")),
            Placed::No => None,
        }
    }

    /// LUTs and clock over the baseline's, which was synthesized alike, or else by the usual flags.
    pub(super) fn ratios(&self, rows: &[Row]) -> Option<(f64, Option<f64>)> {
        let hand = self.subject.baseline()?;
        let mut targets = vec![self.target, Target::plain(self.target.device)];
        if self.target.device == Some(Device::Ecp5Small) {
            // One that fits only the larger ECP5 stands for the smaller: their cells and delays are the same.
            let large = Some(Device::Ecp5Large);
            targets.extend([Target { device: large, ..self.target }, Target::plain(large)]);
        }
        let of = |target: &Target| rows.iter().find(|r| r.subject.name == hand && r.target == *target);
        let hand = targets.iter().find_map(of)?;
        let clocks = self.true_mhz().zip(hand.true_mhz()).map(|(a, b)| a / b);
        Some((self.measured.area.lut as f64 / hand.measured.area.lut as f64, clocks))
    }
}
