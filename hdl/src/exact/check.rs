//! The checks of elaboration on one block.

use std::collections::{HashMap, HashSet};

use super::core::{AtomInfo, Role};
use super::describe::Header;
use super::faults::Faults;
use super::kernel::Problem;
use super::netlist::{Instance, Module, Named, NetRef, is_port};
use super::node::{AtomId, Body, Drive, Lane, Memory, Node, NodeId, Op, Place, Update};
use super::scan::Tree;

/// One block while it becomes a module.
pub(crate) struct Scope<'a> {
    tree: &'a Tree,
    path: &'a str,
    faults: &'a mut Faults,
    nets: HashMap<AtomId, NetRef>,
    ports: Vec<Named>,
    registers: Vec<Named>,
    instances: Vec<Instance>,
}

impl<'a> Scope<'a> {
    /// `modules[i]` is the module of the `i`th child.
    pub(crate) fn new(tree: &'a Tree, path: &'a str, modules: &[usize], faults: &'a mut Faults) -> Scope<'a> {
        let mut scope = Scope {
            tree,
            path,
            faults,
            nets: HashMap::new(),
            ports: Vec::new(),
            registers: Vec::new(),
            instances: Vec::new(),
        };
        for (name, id, info) in &tree.atoms {
            let Some(info) = info else {
                scope.fault(name, "not a port, bus, register or clock of qrtl", None);
                continue;
            };
            let list = if is_port(info) { &mut scope.ports } else { &mut scope.registers };
            let make = if is_port(info) { NetRef::Port } else { NetRef::Register };
            scope.nets.insert(*id, make(list.len()));
            list.push((name.clone(), info.clone()));
        }
        for (instance, (child, &module)) in tree.children.iter().zip(modules).enumerate() {
            let ports = child.atoms.iter().filter(|(.., info)| info.as_ref().is_some_and(is_port));
            for (port, (_, id, _)) in ports.enumerate() {
                scope.nets.insert(*id, NetRef::Pin { instance, port });
            }
            scope.instances.push(Instance { name: child.name.clone(), module });
        }
        scope
    }

    fn fault(&mut self, name: &str, message: impl Into<String>, place: Option<Place>) {
        let path = if name.is_empty() { self.path.to_owned() } else { format!("{}.{name}", self.path) };
        self.faults.add(path, message.into(), place);
    }

    /// Name of an atom within this block: `y`, `y[2]`, `pe_0.acc`, `row_0.pe_0.acc`.
    fn name(&self, to: Lane<AtomId>) -> String {
        fn find(tree: &Tree, to: Lane<AtomId>) -> Option<String> {
            let own = tree.atoms.iter().find(|(_, id, _)| *id == to.net);
            let own = own.map(|(name, _, info)| match info {
                Some(info) if info.lanes.is_some() => format!("{name}[{}]", to.lane),
                _ => name.clone(),
            });
            own.or_else(|| tree.children.iter().find_map(|c| find(c, to).map(|n| format!("{}.{n}", c.name))))
        }
        find(self.tree, to).unwrap_or_default()
    }

    /// Role of a net of this block or of a port of its children.
    fn role(&self, net: NetRef) -> Role {
        match net {
            NetRef::Port(i) => self.ports[i].1.role,
            NetRef::Register(_) => Role::Register,
            NetRef::Pin { instance, port } => {
                let atoms = self.tree.children[instance].atoms.iter().filter_map(|(.., info)| info.as_ref());
                atoms.filter(|i| is_port(i)).nth(port).map_or(Role::Input, |i| i.role)
            }
        }
    }

    /// The module, after every fault of it is reported.
    pub(crate) fn module(mut self) -> Module {
        let empty = (Header::default(), Body::default(), Vec::new());
        let said = self.tree.said.as_ref();
        if said.is_none() {
            self.fault("", "the block has no description", None);
        }
        let (header, body, problems) = said.unwrap_or(&empty);
        for Problem { subject, message, place } in problems {
            let name = subject.map(|s| self.name(s)).unwrap_or_default();
            self.fault(&name, message.clone(), Some(*place));
        }
        let body = self.renamed(&pruned(body));
        self.check_driven(&body);
        let Scope { ports, registers, instances, .. } = self;
        Module { header: header.clone(), ports, registers, instances, body }
    }

    /// The body with nets by position. A net out of reach is reported. Its drives are left out, and its reads become
    /// reads of port 0, which nobody will see because of the fault.
    fn renamed(&mut self, body: &Body<AtomId>) -> Body<NetRef> {
        let mut body = body.clone();
        body.drives.retain(|d| self.reaches(d.to, Some(d.at)));
        body.updates.retain(|u| self.reaches(Lane { net: u.to, lane: 0 }, Some(u.at)));
        body.memories.retain(|m| self.reaches(Lane { net: m.data, lane: 0 }, Some(m.at)));
        let clocks = body.clock.iter().chain(&body.reset).chain(&body.child_clocks);
        let reads = body.nodes.iter().filter_map(|n| if let Op::Read(lane) = n.op { Some(lane) } else { None });
        for lane in clocks.map(|&net| Lane { net, lane: 0 }).chain(reads) {
            self.reaches(lane, None);
        }
        let net = |id: AtomId| self.nets.get(&id).copied().unwrap_or(NetRef::Port(0));
        let lane = |l: Lane<AtomId>, net: NetRef| Lane { net, lane: l.lane };
        let rename =
            |n: &Node<AtomId>| Node { op: n.op.map(|id| id, |r| net(*r)), range: n.range, name: n.name.clone() };
        Body {
            nodes: body.nodes.iter().map(rename).collect(),
            drives: (body.drives.iter())
                .map(|d| Drive { to: lane(d.to, net(d.to.net)), from: d.from, at: d.at })
                .collect(),
            updates: (body.updates.iter())
                .map(|u| Update {
                    to: net(u.to),
                    next: u.next,
                    enable: u.enable,
                    init: u.init,
                    kept: u.kept,
                    starts: u.starts,
                    at: u.at,
                })
                .collect(),
            memories: (body.memories.iter())
                .map(|m| Memory {
                    data: net(m.data),
                    depth: m.depth,
                    in_luts: m.in_luts,
                    in_blocks: m.in_blocks,
                    apart: m.apart,
                    contents: m.contents.clone(),
                    write: m.write,
                    read: m.read,
                    at: m.at,
                })
                .collect(),
            clock: body.clock.map(net),
            reset: body.reset.map(net),
            child_clocks: body.child_clocks.iter().map(|&id| net(id)).collect(),
        }
    }

    /// Whether `to` is a net of this block or a port of a sub-block. Any other net is reported.
    fn reaches(&mut self, to: Lane<AtomId>, place: Option<Place>) -> bool {
        let reached = self.nets.contains_key(&to.net);
        if !reached {
            let name = self.name(to);
            let text = "the description uses a net that is neither of this block nor a port of its sub-blocks";
            self.fault(&name, text, place);
        }
        reached
    }

    /// Checks that the block drives every net that it must drive, and no other net.
    fn check_driven(&mut self, body: &Body<NetRef>) {
        let mut driven: HashSet<Lane<NetRef>> = HashSet::new();
        for drive in &body.drives {
            let (role, own) = (self.role(drive.to.net), matches!(drive.to.net, NetRef::Port(_)));
            if role != if own { Role::Output } else { Role::Input } {
                let what = if own { "an input of this block" } else { "an output of the sub-block" };
                let name = self.name_of(drive.to);
                self.fault(&name, format!("driven, but it is {what}"), Some(drive.at));
            }
            driven.insert(drive.to);
        }
        let clocked: HashSet<NetRef> = body.child_clocks.iter().copied().collect();
        let registered: HashSet<NetRef> =
            body.updates.iter().map(|u| u.to).chain(body.memories.iter().map(|m| m.data)).collect();
        for (net, lanes) in self.own_duties() {
            let done = |lane| match self.role(net) {
                Role::Register => registered.contains(&net),
                Role::Clock => clocked.contains(&net),
                _ => driven.contains(&Lane { net, lane }),
            };
            for lane in (0..lanes).filter(|&l| !done(l)).collect::<Vec<_>>() {
                let name = self.name_of(Lane { net, lane });
                self.fault(&name, "not driven", None);
            }
        }
    }

    /// Nets that this block must drive, with their numbers of lanes.
    fn own_duties(&self) -> Vec<(NetRef, usize)> {
        let lanes = |i: &AtomInfo| i.lanes.unwrap_or(1);
        let outputs = self.ports.iter().enumerate().filter(|(_, (_, i))| i.role == Role::Output);
        let mut duties: Vec<_> = outputs.map(|(p, (_, i))| (NetRef::Port(p), lanes(i))).collect();
        duties.extend((0..self.registers.len()).map(|r| (NetRef::Register(r), 1)));
        for (instance, child) in self.tree.children.iter().enumerate() {
            let ports = child.atoms.iter().filter_map(|(.., i)| i.as_ref()).filter(|i| is_port(i));
            let inputs = ports.enumerate().filter(|(_, i)| i.role != Role::Output);
            duties.extend(inputs.map(|(port, i)| (NetRef::Pin { instance, port }, lanes(i))));
        }
        duties
    }

    fn name_of(&self, to: Lane<NetRef>) -> String {
        let id = self.nets.iter().find(|(_, n)| **n == to.net).map(|(id, _)| *id);
        id.map(|net| self.name(Lane { net, lane: to.lane })).unwrap_or_default()
    }
}

/// The body without nodes that nothing needs.
fn pruned(body: &Body<AtomId>) -> Body<AtomId> {
    let mut needed = vec![false; body.nodes.len()];
    let drives = body.drives.iter().map(|d| d.from);
    let updates = body.updates.iter().flat_map(|u| [Some(u.next), u.enable]).flatten();
    let memories = body.memories.iter().flat_map(Memory::operands);
    drives.chain(updates).chain(memories).for_each(|n| needed[n] = true);
    for id in (0..body.nodes.len()).rev() {
        if needed[id] {
            let (operands, n) = body.nodes[id].op.operands();
            operands[..n].iter().for_each(|&o| needed[o] = true);
        }
    }
    let mut place: Vec<NodeId> = Vec::with_capacity(needed.len());
    let mut count = 0;
    for n in &needed {
        place.push(count);
        count += usize::from(*n);
    }
    let kept = body.nodes.iter().zip(&needed).filter(|(_, n)| **n).map(|(node, _)| node);
    let mut pruned = body.clone();
    pruned.nodes =
        kept.map(|n| Node { op: n.op.map(|o| place[o], |r| *r), range: n.range, name: n.name.clone() }).collect();
    pruned.drives.iter_mut().for_each(|d| d.from = place[d.from]);
    for u in &mut pruned.updates {
        u.next = place[u.next];
        u.enable = u.enable.map(|e| place[e]);
    }
    for m in &mut pruned.memories {
        m.write = m.write.map(|(enable, address, word)| (place[enable], place[address], place[word]));
        m.read = (place[m.read.0], place[m.read.1]);
    }
    pruned
}
