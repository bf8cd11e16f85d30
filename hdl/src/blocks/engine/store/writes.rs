//! What is written into the memories.

use super::Store;
use crate::blocks::delay::{open, through};
use crate::blocks::engine::loader::Target;
use crate::exact::{Int, Kernel, Maybe};
use crate::memory::WritePorts;

impl Store {
    /// Activations from units and from the loader, which never write in the same clock.
    pub(super) fn write_activations<'k>(&'k self, k: &'k Kernel, loads: Int<'k>) {
        let write = k.read(&self.write);
        let loaded = k.read(&self.load_address).bits(0, self.address.range().width());
        let address = write.mux(k.read(&self.write_address), loaded);
        let word = write.mux(k.read(&self.write_word), k.read(&self.load_word));
        let of_memory = self.activation_memory.get().map(|memory| &memory.write);
        let Some(ports) = of_memory.or(self.activation_banks.get().map(|banks| &banks.write)) else { return };
        let values = [write | loads, address, word];
        if let Some(queue) = self.activation_queue.get() {
            k.pass_clock(&self.clk, &queue.clk);
            k.drive(&queue.taken, through(&open(k, &self.until_port), "taken", k.read(&self.read)));
            for (port, value) in [&queue.put, &queue.put_address, &queue.put_word].into_iter().zip(values) {
                k.drive(port, value);
            }
            ports.drive(k, [&queue.write, &queue.write_address, &queue.write_word].map(|port| k.read(port)));
        } else {
            let rank = k.stage(&self.joined, 1);
            let [write, address, word] = values;
            let write = rank.pass("write", write);
            ports.drive(k, [write, rank.pass("write_address", address), rank.pass("write_word", word)]);
        }
    }

    /// What the loader writes into memories that hold no model from the start.
    pub(super) fn load<'k>(&'k self, k: &'k Kernel, load: Int<'k>, target: Int<'k>) {
        let (address, word) = (k.read(&self.load_address), k.read(&self.load_word));
        let rank = k.stage(&self.selected, 1);
        let to = |of: Target| load & target.equals(of as i128);
        let memories = self.weight_memory.len();
        let slot = address.bits(0, (memories.ilog2()).max(1));
        let weights: Vec<_> = (0..memories)
            .map(|m| {
                let its = if memories == 1 { k.lit(1) } else { slot.equals(m as i128) };
                rank.pass(&format!("to_weights_{m}"), to(Target::Weights) & its)
            })
            .collect();
        let lane_weights = rank.pass("to_lane_weights", to(Target::LaneWeights));
        let program = rank.pass("to_program", to(Target::Program));
        let (address, word) = (rank.pass("address", address), rank.pass("word", word));
        let load = |memory: &Maybe<WritePorts>, takes, address: Int<'k>| {
            if let Some(ports) = memory.get() {
                let [to, bits] = [&ports.address, &ports.word].map(|port| port.range().width());
                memory.drive(k, [takes, address.bits(0, to), word.bits(0, bits)]);
            }
        };
        for (memory, takes) in self.weight_memory.iter().zip(weights) {
            load(&memory.write, takes, address.bits(memories.ilog2(), 32));
        }
        let of_memory = self.lane_weight_memory.get().map(|memory| &memory.write);
        if let Some(memory) = of_memory.or(self.lane_weight_banks.get().map(|banks| &banks.write)) {
            match self.of_step.get() {
                Some(ports) => {
                    let [takes, address, word] = ports.read(k);
                    let to = self.lane_weights_address.range().width();
                    memory.drive(k, [takes, address.bits(0, to), word]);
                }
                None => load(memory, lane_weights, address),
            }
        }
        if let Some(memory) = self.program_memory.get() {
            load(&memory.write, program, address);
        }
    }
}
