//! The whole hierarchy as one list of operations, in an order in which the operands of each operation are computed
//! before it. Making the list finds combinational loops.

mod state;

use std::collections::HashMap;

use super::core::Role;
use super::netlist::{Design, Module, NetRef};
use super::node::{Lane, NodeId, Op, Place};
use super::range::Range;

/// Index into the values of a simulation.
pub(super) type Slot = usize;

/// An instance of a module in the hierarchy.
struct Scope {
    module: usize,
    path: String,
    /// the scope above, and the number of this instance in it
    parent: Option<(usize, usize)>,
    children: Vec<usize>,
}

/// An operation with the slots of its operands and of its result.
pub(super) struct Step {
    pub op: Op<NetRef>,
    pub operands: [Slot; 3],
    pub width: u32,
    pub result: Slot,
}

/// A register or the data register of a memory.
pub(super) struct State {
    pub slot: Slot,
    pub next: Slot,
    pub enable: Option<Slot>,
    /// reset value, and the slot of the reset
    pub init: Option<(i128, Slot)>,
    pub range: Range,
    pub path: String,
    pub taken: Taken,
}

/// The selections that lead from claims to a register. A claim has to hold only where its value is taken.
pub(super) enum Taken {
    Value,
    Selected { condition: Slot, yes: Box<Taken>, no: Box<Taken> },
    Claimed { slot: Slot, range: Range, claim: String },
}

/// Greatest number of selections that are followed on the way to a claim.
const TAKEN_DEPTH: usize = 6;

pub(super) struct Words {
    pub data: Slot,
    pub words: Vec<i128>,
    pub write: Option<[Slot; 3]>,
    pub read: [Slot; 2],
}

/// A design without hierarchy.
pub(super) struct FlatNetlist {
    pub steps: Vec<Step>,
    pub states: Vec<State>,
    pub memories: Vec<Words>,
    pub ports: HashMap<(String, usize), (Slot, Range, Role)>,
    pub claims: Vec<Taken>,
    pub start: Vec<i128>,
}

impl FlatNetlist {
    /// Orders the operations; a loop is reported once, as the chain of nets that it runs through.
    pub(super) fn new(design: &Design) -> Result<FlatNetlist, Vec<(String, Place)>> {
        let mut f = Flattener::new(design);
        f.run();
        if f.loops.is_empty() { Ok(f.netlist) } else { Err(f.loops) }
    }
}

struct Flattener<'a> {
    design: &'a Design,
    scopes: Vec<Scope>,
    /// per module: the node of the module that drives a lane
    drivers: Vec<HashMap<Lane<NetRef>, (NodeId, Place)>>,
    /// per scope and node: its slot once known
    slots: Vec<Vec<Option<Slot>>>,
    /// per scope: slot of each register
    registers: Vec<Vec<Slot>>,
    open: Vec<(usize, NodeId)>,
    loops: Vec<(String, Place)>,
    netlist: FlatNetlist,
}

/// A value that a node waits for.
enum Source {
    /// a node, here or in another scope
    Node(usize, NodeId),
    /// a register or an input of the top
    State(Slot),
}

impl<'a> Flattener<'a> {
    fn new(design: &'a Design) -> Flattener<'a> {
        let drivers = design.modules.iter().map(|m| m.body.drives.iter().map(|d| (d.to, (d.from, d.at))).collect());
        let netlist = FlatNetlist {
            steps: Vec::new(),
            states: Vec::new(),
            memories: Vec::new(),
            ports: HashMap::new(),
            claims: Vec::new(),
            start: Vec::new(),
        };
        let mut f = Flattener {
            design,
            scopes: Vec::new(),
            drivers: drivers.collect(),
            slots: Vec::new(),
            registers: Vec::new(),
            open: Vec::new(),
            loops: Vec::new(),
            netlist,
        };
        f.scope(design.modules.len() - 1, design.name.clone(), None);
        f
    }

    fn module(&self, scope: usize) -> &'a Module {
        &self.design.modules[self.scopes[scope].module]
    }

    fn scope(&mut self, module: usize, path: String, parent: Option<(usize, usize)>) -> usize {
        let id = self.scopes.len();
        let m = &self.design.modules[module];
        self.slots.push(vec![None; m.body.nodes.len()]);
        let registers = m.registers.iter().map(|(_, info)| self.slot(info.range.nearest(0))).collect();
        self.registers.push(registers);
        self.scopes.push(Scope { module, path: path.clone(), parent, children: Vec::new() });
        for (i, instance) in m.instances.iter().enumerate() {
            let child = self.scope(instance.module, format!("{path}.{}", instance.name), Some((id, i)));
            self.scopes[id].children.push(child);
        }
        id
    }

    fn slot(&mut self, start: i128) -> Slot {
        self.netlist.start.push(start);
        self.netlist.start.len() - 1
    }

    fn run(&mut self) {
        for (name, info) in &self.design.top().ports {
            if info.role == Role::Input {
                for lane in 0..info.lanes.unwrap_or(1) {
                    let slot = self.slot(info.range.nearest(0));
                    self.netlist.ports.insert((name.clone(), lane), (slot, info.range, Role::Input));
                }
            }
        }
        for scope in 0..self.scopes.len() {
            for node in 0..self.slots[scope].len() {
                self.order(scope, node);
            }
        }
        if self.loops.is_empty() {
            self.collect_state();
        }
    }

    /// The source of the value of a net, seen from `scope`.
    fn source(&self, scope: usize, lane: Lane<NetRef>) -> Source {
        let driver = |s: usize, net| {
            let (node, _) = self.drivers[self.scopes[s].module][&Lane { net, lane: lane.lane }];
            Source::Node(s, node)
        };
        match lane.net {
            NetRef::Register(r) => Source::State(self.registers[scope][r]),
            NetRef::Port(p) => match (self.module(scope).ports[p].1.role, self.scopes[scope].parent) {
                (Role::Output, _) => driver(scope, lane.net),
                (_, Some((parent, instance))) => driver(parent, NetRef::Pin { instance, port: p }),
                (_, None) => Source::State(self.netlist.ports[&(self.module(scope).ports[p].0.clone(), lane.lane)].0),
            },
            NetRef::Pin { instance, port } => {
                let child = self.scopes[scope].children[instance];
                match self.module(child).ports[port].1.role {
                    Role::Output => driver(child, NetRef::Port(port)),
                    _ => driver(scope, lane.net),
                }
            }
        }
    }

    fn sources(&self, scope: usize, node: NodeId) -> Vec<Source> {
        match &self.module(scope).body.nodes[node].op {
            Op::Read(lane) => vec![self.source(scope, *lane)],
            op => {
                let (operands, n) = op.operands();
                operands[..n].iter().map(|&o| Source::Node(scope, o)).collect()
            }
        }
    }

    /// The search goes depth first, on a stack of our own, because chains may be longer than the thread's stack.
    fn order(&mut self, scope: usize, node: NodeId) {
        self.open.push((scope, node));
        while let Some(&(s, n)) = self.open.last() {
            if self.slots[s][n].is_some() {
                self.open.pop();
                continue;
            }
            let sources = self.sources(s, n);
            let waiting = sources.iter().find_map(|source| match *source {
                Source::Node(s, n) if self.slots[s][n].is_none() => Some((s, n)),
                _ => None,
            });
            match waiting {
                Some(next) if self.open.contains(&next) => {
                    self.report_loop(next);
                    // Any slot will do, because a design with a loop is not simulated.
                    self.slots[s][n] = Some(0);
                }
                Some(next) => self.open.push(next),
                None => {
                    let slot = self.place(s, n, &sources);
                    self.slots[s][n] = Some(slot);
                    self.open.pop();
                }
            }
        }
    }

    fn place(&mut self, scope: usize, node: NodeId, sources: &[Source]) -> Slot {
        let slot_of = |source: &Source| match *source {
            Source::State(slot) => slot,
            Source::Node(s, n) => self.slots[s][n].expect("operands come first"),
        };
        let body = &self.module(scope).body;
        let op = &body.nodes[node].op;
        if let Op::Read(_) = op {
            return slot_of(&sources[0]);
        }
        let mut operands = [0; 3];
        sources.iter().zip(&mut operands).for_each(|(s, o)| *o = slot_of(s));
        let width = body.nodes[op.operands().0[0].min(node)].range.width();
        let result = self.slot(0);
        if let Op::Lit(v) = op {
            self.netlist.start[result] = *v;
        } else {
            self.netlist.steps.push(Step { op: op.clone(), operands, width, result });
        }
        result
    }

    /// The nets on the open stack from `start` on, one for each crossing from a description to the next.
    fn report_loop(&mut self, start: (usize, NodeId)) {
        let from = self.open.iter().position(|&o| o == start).unwrap_or(0);
        let mut names = Vec::new();
        let mut place = None;
        for &(scope, node) in &self.open[from..] {
            let module = self.module(scope);
            let Op::Read(lane) = module.body.nodes[node].op else { continue };
            let path = &self.scopes[scope].path;
            names.push(match lane.net {
                NetRef::Port(p) => format!("{path}.{}", module.ports[p].0),
                NetRef::Register(r) => format!("{path}.{}", module.registers[r].0),
                NetRef::Pin { instance, port } => {
                    let child = &module.instances[instance];
                    format!("{path}.{}.{}", child.name, self.design.modules[child.module].ports[port].0)
                }
            });
            let drivers = &self.drivers[self.scopes[scope].module];
            place = place.or_else(|| drivers.get(&lane).or_else(|| drivers.values().next()).map(|d| d.1));
        }
        names.dedup();
        names.extend(names.first().cloned());
        let chain = names.join(" <- ");
        // Every operation of the loop would lead to the same loop again.
        let known = self.loops.iter().any(|(l, _)| *l == chain);
        if let (Some(place), false) = (place, known) {
            self.loops.push((chain, place));
        }
    }
}
