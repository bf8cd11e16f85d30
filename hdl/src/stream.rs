//! The valid/ready stream around a pipeline.
//!
//! A stream has four rules. A transfer happens at a clock edge where valid and ready are both 1. Once valid is 1, it
//! and the payload hold until the transfer. Valid never waits for ready. Ready depends on the valid of other streams
//! through registers only.
//!
//! A pipeline without backpressure has no ready: a beat enters at each clock with `in_valid`, and whoever takes the
//! results needs room for one in each clock. Its registers need no clock enable, so it is smaller and faster.
//!
//! A pipeline may take a beat only every `interval` clocks, because its first rank works on a beat for so long. The
//! valid bit walks through `interval` ranks, and its position says which part of the work is due. Without a ready,
//! whoever offers the beats has to keep the interval.

use rust_hdl::core::atom::Atom;
use rust_hdl::prelude::{Block, In, Logic, Out, Probe};

use crate::exact::{Int, Kernel, Maybe, Port, Reg};
use crate::interface::StreamPorts;

/// The stream ports of a block that is a pipeline: `in_valid`, `out_valid`, with backpressure `in_ready` and
/// `out_ready`, and a valid bit for each of its register ranks. All ranks move together: while the last result waits,
/// everything waits.
#[derive(Debug)]
pub struct PipelineStream {
    in_valid: Port<In>,
    in_ready: Maybe<Port<Out>>,
    out_valid: Port<Out>,
    out_ready: Maybe<Port<In>>,
    ranks: Vec<Reg>,
    interval: usize,
}

impl PipelineStream {
    /// The stream ports of a pipeline of `depth` ranks that takes a beat every `interval` clocks. A pipeline of 0 ranks
    /// is combinational. `interval` is at most `depth`, or 1.
    pub fn new(depth: usize, interval: usize, backpressure: bool) -> PipelineStream {
        let offered = match (interval, backpressure) {
            (2.., false) => format!("a beat is offered; at most one in {interval} clocks"),
            _ => "a beat is offered".to_owned(),
        };
        PipelineStream {
            in_valid: Port::bit(&offered),
            in_ready: Maybe::when(backpressure, || Port::bit("the beat is taken")),
            out_valid: Port::bit("a result is offered"),
            out_ready: Maybe::when(backpressure, || Port::bit("the result is taken")),
            ranks: (0..depth).map(|_| Reg::control(0..=1, 0)).collect(),
            interval,
        }
    }

    /// Clock edges from a beat to its result.
    pub fn depth(&self) -> usize {
        self.ranks.len()
    }

    /// Least number of clock edges from a beat to the next.
    pub fn interval(&self) -> usize {
        self.interval
    }

    /// 1 where a beat has passed exactly `ranks` ranks, at least 1.
    pub fn passed<'k>(&self, k: &'k Kernel, ranks: usize) -> Int<'k> {
        k.read(&self.ranks[ranks - 1])
    }

    /// 1 where the first rank finishes its work on the previous beat in this clock, or has none.
    pub fn begins<'k>(&self, k: &'k Kernel) -> Int<'k> {
        let pending = self.ranks[..self.interval - 1].iter().map(|rank| k.read(rank)).reduce(|a, b| a | b);
        pending.map_or(k.lit(1), |pending| (!pending).named("begins"))
    }

    /// The port on which a beat is offered.
    pub fn in_valid(&self) -> &Port<In> {
        &self.in_valid
    }

    /// The port on which a result is offered.
    pub fn out_valid(&self) -> &Port<Out> {
        &self.out_valid
    }

    /// The ports on which a beat and a result are taken, if there is backpressure.
    pub fn ready(&self) -> Option<(&Port<Out>, &Port<In>)> {
        self.in_ready.get().zip(self.out_ready.get())
    }

    /// The input stream of a block whose beats are made up of `payload`.
    pub fn input<'b>(&'b self, payload: Vec<&'b dyn Atom>) -> StreamPorts<'b> {
        let ready = self.in_ready.get().map(|port| port as &dyn Atom);
        StreamPorts { valid: Some(&self.in_valid), ready, payload }
    }

    /// The output stream of a block whose results are made up of `payload`.
    pub fn output<'b>(&'b self, payload: Vec<&'b dyn Atom>) -> StreamPorts<'b> {
        let ready = self.out_ready.get().map(|port| port as &dyn Atom);
        StreamPorts { valid: Some(&self.out_valid), ready, payload }
    }

    /// Describes the handshake, and returns the enable of every rank of the pipeline.
    pub fn describe<'k>(&'k self, k: &'k Kernel) -> Int<'k> {
        let waiting = self.ranks.last().map(|last| k.read(last));
        let advance = match (self.ready(), waiting) {
            (None, _) => k.lit(1),
            (Some((_, out_ready)), None) => k.read(out_ready),
            (Some((_, out_ready)), Some(waiting)) => (k.read(out_ready) | !waiting).named("advance"),
        };
        // Without a ready, whoever offers beats offers none where none can begin.
        let begins = self.ready().filter(|_| self.interval > 1).map(|_| self.begins(k));
        let offered = k.read(&self.in_valid);
        let mut valid = begins.map_or(offered, |begins| offered & begins);
        for rank in &self.ranks {
            k.register_when(rank, advance, valid);
            valid = k.read(rank);
        }
        if let Some((in_ready, _)) = self.ready() {
            k.drive(in_ready, begins.map_or(advance, |begins| advance & begins));
        }
        k.drive(&self.out_valid, valid);
        advance
    }
}

impl Logic for PipelineStream {
    fn update(&mut self) {}
}

/// The ports and registers of this bundle belong to the block that owns it.
impl Block for PipelineStream {
    fn connect_all(&mut self) {}
    fn update_all(&mut self) {
        self.in_valid.update_all();
        self.in_ready.update_all();
        self.out_valid.update_all();
        self.out_ready.update_all();
        self.ranks.update_all();
    }
    fn has_changed(&self) -> bool {
        let ports = self.in_valid.has_changed() || self.in_ready.has_changed();
        ports || self.out_valid.has_changed() || self.out_ready.has_changed() || self.ranks.has_changed()
    }
    fn accept(&self, _: &str, probe: &mut dyn Probe) {
        self.in_valid.accept("in_valid", probe);
        self.in_ready.accept("in_ready", probe);
        self.out_valid.accept("out_valid", probe);
        self.out_ready.accept("out_ready", probe);
        self.ranks.accept("valid", probe);
    }
}
