//! Distributes the parameters of the channels, which come one after the other, over the parameter memories.

use rust_hdl::prelude::*;

use super::config::GemmConfig;
use crate::describe_logic;
use crate::exact::{Bus, Clk, Describe, Header, Kernel, Port, Range, Reg};

/// Channel `c` goes to entry `c / requantizers` of memory `c mod requantizers`, without a division: the next channel is
/// the next memory. `first` starts again at channel 0.
#[derive(LogicBlock)]
pub struct Loader {
    /// clock
    pub clk: Clk,
    /// reset to channel 0
    pub rst_n: Port<In>,
    /// a channel is given
    pub valid: Port<In>,
    /// the given channel is channel 0
    pub first: Port<In>,
    /// memory that takes the channel
    pub write: Bus<Out>,
    /// entry that takes the channel
    pub address: Port<Out>,
    lane: Reg,
    entry: Reg,
}

impl Loader {
    /// A loader for the memories of `config`.
    pub fn new(config: &GemmConfig) -> Loader {
        let lanes = config.requantizers();
        let entry = Range::new(0, config.entries() as i128 - 1);
        Loader {
            clk: Clk::new(),
            rst_n: Port::bit("synchronous reset, active low"),
            valid: Port::bit("a channel is given"),
            first: Port::bit("it is channel 0"),
            write: Bus::new(lanes, 0..=1, "which memory takes it"),
            address: Port::new(entry, "at which entry"),
            lane: Reg::control(0..=lanes as i128 - 1, 0),
            entry: Reg::control(entry, 0),
        }
    }
}

describe_logic!(Loader);

impl Describe for Loader {
    fn header(&self) -> Header {
        Header::new("loader", "Where the parameters of each channel are stored.")
            .line("Channel c goes to entry c / L of memory c mod L.")
            .fact("L", self.write.lanes())
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        k.reset(&self.rst_n);
        let (valid, first) = (k.read(&self.valid), k.read(&self.first));
        let (lane, entry) = (k.read(&self.lane), k.read(&self.entry));
        let (lanes, entries) = (self.write.lanes() as i128, self.entry.range().hi() + 1);
        // The place of the channel behind channel 0 is a constant.
        let end = lane.equals(lanes - 1).named("last_lane");
        let next_lane = end.mux(0, (lane + 1).bounded(self.lane.range(), "another memory follows"));
        k.register_when(&self.lane, valid, first.mux(1 % lanes, next_lane));
        // Channels beyond the last entry are outside the contract. They overwrite the last entry and nothing else.
        let full = entry.equals(entries - 1).named("last_entry");
        let next_entry = full.mux(entry, (entry + 1).bounded(self.entry.range(), "another entry follows"));
        k.register_when(&self.entry, valid, first.mux(1 / lanes, end.mux(next_entry, entry)));
        let lane = first.mux(0, lane).named("lane_now");
        for i in 0..self.write.lanes() {
            k.drive_lane(&self.write, i, valid & lane.equals(i as i128));
        }
        k.drive(&self.address, first.mux(0, entry));
    }
}
