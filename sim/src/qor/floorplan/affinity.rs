//! How closely the memories and multipliers of a netlist are connected through its logic.
//!
//! If each wire is a conductor, the logic between two cells conducts as much as the cells attract each other when the
//! logic goes where its wires are shortest. To find this, one cell after the other is set to 1 and all others to 0.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::{Map, Value};

use super::{Kind, kind};

/// Nets with more pins than this are clocks and resets, which say nothing about places.
const MOST_PINS: usize = 600;

/// A net with more pins than this becomes a node of its own, which its pins are connected to.
const STAR: usize = 3;

/// Rounds in which potentials are settled, and how many of these rounds spread them to further nodes.
const ROUNDS: usize = 14;
const SPREADING: usize = 8;

/// A node with a lower potential does not spread it.
const FAINT: f32 = 0.003;

/// A memory or multiplier.
pub(super) struct Cell {
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// The memories and multipliers of a netlist, and for each those that it is connected with, and how closely.
pub(super) struct Affinities {
    pub(super) cells: Vec<Cell>,
    pub(super) links: Vec<Vec<(usize, f64)>>,
}

/// Conductors between nodes.
struct Graph {
    links: Vec<Vec<(usize, f32)>>,
}

impl Graph {
    /// The nodes are the cells of a netlist in order, and then the nets that have nodes of their own.
    fn of(cells: &Map<String, Value>) -> Result<Graph> {
        let mut nets: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for (node, (name, cell)) in cells.iter().enumerate() {
            let pins = cell["connections"].as_object().with_context(|| format!("{name} has no connections"))?;
            for net in pins.values().filter_map(Value::as_array).flatten().filter_map(Value::as_u64) {
                let nodes = nets.entry(net).or_default();
                if nodes.last() != Some(&node) {
                    nodes.push(node);
                }
            }
        }
        let mut graph = Graph { links: vec![Vec::new(); cells.len()] };
        nets.values().filter(|nodes| nodes.len() <= MOST_PINS).for_each(|nodes| graph.add(nodes));
        Ok(graph)
    }

    fn add(&mut self, nodes: &[usize]) {
        let pins = nodes.len() as f32;
        if nodes.len() > STAR {
            let star = self.links.len();
            self.links.push(Vec::new());
            nodes.iter().for_each(|&node| self.link(node, star, pins / (pins - 1.0)));
            return;
        }
        for (i, &node) in nodes.iter().enumerate() {
            nodes[..i].iter().for_each(|&other| self.link(node, other, 1.0 / (pins - 1.0)));
        }
    }

    fn link(&mut self, a: usize, b: usize, weight: f32) {
        self.links[a].push((b, weight));
        self.links[b].push((a, weight));
    }

    /// Settles the potentials of the nodes around `source`, which has 1. Those in `fixed` have 0, and so has what is far.
    /// `potential` holds 0 before; the nodes that have another potential behind are returned.
    fn settle(&self, source: usize, fixed: &[bool], potential: &mut [f32]) -> Vec<usize> {
        let mut reached = vec![false; self.links.len()];
        let mut nodes = Vec::new();
        let spread = |from: usize, nodes: &mut Vec<usize>, reached: &mut Vec<bool>| {
            for &(to, _) in &self.links[from] {
                if !fixed[to] && !reached[to] {
                    reached[to] = true;
                    nodes.push(to);
                }
            }
        };
        potential[source] = 1.0;
        spread(source, &mut nodes, &mut reached);
        for round in 0..ROUNDS {
            for i in 0..nodes.len() {
                let links = &self.links[nodes[i]];
                let flow: f32 = links.iter().map(|&(to, weight)| weight * potential[to]).sum();
                let mean = flow / links.iter().map(|(_, weight)| weight).sum::<f32>();
                potential[nodes[i]] = mean;
                if round < SPREADING && mean > FAINT {
                    spread(nodes[i], &mut nodes, &mut reached);
                }
            }
        }
        nodes.push(source);
        nodes
    }
}

impl Affinities {
    /// The affinities in the cells of a netlist of Yosys.
    ///
    /// # Errors
    /// If the cells are no cells of Yosys.
    pub(super) fn of(cells: &Map<String, Value>) -> Result<Affinities> {
        let graph = Graph::of(cells)?;
        let kinds = cells.values().map(|cell| cell["type"].as_str().and_then(kind));
        let mut fixed: Vec<bool> = kinds.clone().map(|kind| kind.is_some()).collect();
        fixed.resize(graph.links.len(), false);
        let nodes: Vec<usize> = (0..fixed.len()).filter(|&node| fixed[node]).collect();
        let named = cells.keys().zip(kinds);
        let cells = named.filter_map(|(name, kind)| Some(Cell { name: name.clone(), kind: kind? })).collect();

        let mut potential = vec![0.0; graph.links.len()];
        let mut links = vec![Vec::new(); nodes.len()];
        for (a, &source) in nodes.iter().enumerate() {
            let settled = graph.settle(source, &fixed, &mut potential);
            for (b, &node) in nodes.iter().enumerate().filter(|&(b, _)| b != a) {
                let flow: f32 = graph.links[node].iter().map(|&(to, weight)| weight * potential[to]).sum();
                if flow > FAINT {
                    links[a].push((b, f64::from(flow)));
                }
            }
            settled.into_iter().for_each(|node| potential[node] = 0.0);
        }
        let mut affinities = Affinities { cells, links };
        affinities.make_mutual();
        Ok(affinities)
    }

    /// The sum of both directions, because the potentials are not settled to the end.
    fn make_mutual(&mut self) {
        let mut both = vec![BTreeMap::new(); self.links.len()];
        for (a, links) in self.links.iter().enumerate() {
            for &(b, flow) in links {
                *both[a].entry(b).or_insert(0.0) += flow / 2.0;
                *both[b].entry(a).or_insert(0.0) += flow / 2.0;
            }
        }
        self.links = both.into_iter().map(|links| links.into_iter().collect()).collect();
    }
}
