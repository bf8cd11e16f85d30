//! The parts of a design beside its operations: registers, memories, outputs, and claims about values.

use std::collections::HashSet;

use super::{Flattener, Source, State, TAKEN_DEPTH, Taken, Words};
use crate::exact::core::Role;
use crate::exact::netlist::NetRef;
use crate::exact::node::{Lane, NodeId, Op};

impl Flattener<'_> {
    /// The claims that follow from taking `node`, through at most `depth` selections.
    fn taken(&self, scope: usize, node: NodeId, depth: usize) -> Taken {
        let at = |n: NodeId| self.slots[scope][n].expect("every node is placed");
        match &self.module(scope).body.nodes[node].op {
            Op::Mux(c, yes, no) if depth > 0 => {
                let [yes, no] = [yes, no].map(|n| self.taken(scope, *n, depth - 1));
                match (&yes, &no) {
                    (Taken::Value, Taken::Value) => Taken::Value,
                    _ => Taken::Selected { condition: at(*c), yes: Box::new(yes), no: Box::new(no) },
                }
            }
            Op::Bounded(a, range, why) => {
                let claim = format!("{}: outside {range}, claimed because {why}", self.scopes[scope].path);
                Taken::Claimed { slot: at(*a), range: *range, claim }
            }
            _ => Taken::Value,
        }
    }

    /// Claims whose values go to something other than a selection or a register. Such a claim always has to hold.
    fn collect_claims(&mut self, scope: usize) {
        let body = &self.module(scope).body;
        let mut looked_at: HashSet<NodeId> = body.drives.iter().map(|d| d.from).collect();
        for node in &body.nodes {
            let (operands, n) = node.op.operands();
            let skip = if matches!(node.op, Op::Mux(..)) { 1 } else { n };
            looked_at.extend(&operands[..skip]);
        }
        for node in looked_at {
            if matches!(body.nodes[node].op, Op::Bounded(..)) {
                let claim = self.taken(scope, node, 0);
                self.netlist.claims.push(claim);
            }
        }
    }

    pub(super) fn collect_state(&mut self) {
        for scope in 0..self.scopes.len() {
            self.collect_claims(scope);
            let module = self.module(scope);
            let at = |n: NodeId| self.slots[scope][n].expect("every node is placed");
            let register = |net: NetRef| match net {
                NetRef::Register(r) => r,
                _ => unreachable!("elaboration lets only registers be registered"),
            };
            let reset = module.body.reset.map(|net| match self.source(scope, Lane { net, lane: 0 }) {
                Source::State(slot) => slot,
                Source::Node(s, n) => self.slots[s][n].expect("every node is placed"),
            });
            for u in &module.body.updates {
                let r = register(u.to);
                self.netlist.states.push(State {
                    slot: self.registers[scope][r],
                    next: at(u.next),
                    enable: u.enable.map(at),
                    init: u.init.zip(reset),
                    range: module.registers[r].1.range,
                    path: format!("{}.{}", self.scopes[scope].path, module.registers[r].0),
                    taken: self.taken(scope, u.next, TAKEN_DEPTH),
                });
            }
            for m in &module.body.memories {
                let r = register(m.data);
                self.netlist.memories.push(Words {
                    data: self.registers[scope][r],
                    words: match &m.contents {
                        Some(contents) => contents.to_vec(),
                        None => vec![module.registers[r].1.range.nearest(0); m.depth],
                    },
                    write: m.write.map(|(enable, address, word)| [enable, address, word].map(at)),
                    read: [at(m.read.0), at(m.read.1)],
                });
            }
        }
        for (p, (name, info)) in self.design.top().ports.iter().enumerate() {
            if info.role == Role::Output {
                for lane in 0..info.lanes.unwrap_or(1) {
                    if let Source::Node(s, n) = self.source(0, Lane { net: NetRef::Port(p), lane }) {
                        let slot = self.slots[s][n].expect("every node is placed");
                        self.netlist.ports.insert((name.clone(), lane), (slot, info.range, Role::Output));
                    }
                }
            }
        }
    }
}
