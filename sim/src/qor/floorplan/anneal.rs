//! Places for cells by simulated annealing: a cell moves to another place, or two cells change places, and a move that
//! makes distances longer is taken the more seldom the longer the search has been going on.

use super::affinity::Affinities;
use super::{Kind, Site};

/// Moves that are tried.
const MOVES: usize = 100_000_000;

/// Moves between two temperatures.
const STEP: usize = 20_000;

/// The temperature at the beginning, and the logarithm of how much less it is at the end.
const HOT: f64 = 300.0;
const COOLING: f64 = 10.0;

/// Columns from which on a distance counts more than twice: a long wire limits the clock, many short ones do not.
const LONG: f64 = 60.0;

/// What a column or row away from the middle costs.
const OUTWARDS: f64 = 0.02;

/// A generator of random numbers (Marsaglia, "Xorshift RNGs", 2003), because the search draws some hundred million.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 11
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// A number from 0 to 1.
    fn share(&mut self) -> f64 {
        self.next() as f64 / (1_u64 << 53) as f64
    }
}

struct Search<'a> {
    affinities: &'a Affinities,
    sites: usize,
    /// what an affinity of 1 costs between two sites
    distance: Vec<f64>,
    outwards: Vec<f64>,
    site_of: Vec<usize>,
    cell_at: Vec<Option<usize>>,
}

impl Search<'_> {
    /// What it costs to move `cell` from its site to `to`, if `other` does not count.
    fn cost(&self, cell: usize, to: usize, other: Option<usize>) -> f64 {
        let from = self.site_of[cell];
        let (here, there) = (&self.distance[from * self.sites..], &self.distance[to * self.sites..]);
        let links = self.affinities.links[cell].iter().filter(|&&(with, _)| Some(with) != other);
        let longer = links.map(|&(with, weight)| weight * (there[self.site_of[with]] - here[self.site_of[with]]));
        longer.sum::<f64>() + self.outwards[to] - self.outwards[from]
    }

    /// Moves `cell` to `to`, and what is there to where the cell was, if that costs little at this temperature.
    fn try_move(&mut self, cell: usize, to: usize, temperature: f64, random: &mut Random) {
        let (from, other) = (self.site_of[cell], self.cell_at[to]);
        if from == to {
            return;
        }
        let cost = self.cost(cell, to, other) + other.map_or(0.0, |other| self.cost(other, from, Some(cell)));
        if cost <= 0.0 || random.share() < (-cost / temperature).exp() {
            self.cell_at.swap(from, to);
            self.site_of[cell] = to;
            if let Some(other) = other {
                self.site_of[other] = from;
            }
        }
    }
}

/// The site of each cell, by its index. There are enough sites of each kind.
pub(super) fn places(affinities: &Affinities, sites: &[Site]) -> Vec<usize> {
    let cost = |dx: i32, dy: i32| f64::from(dx.abs() + dy.abs());
    let between = |a: &Site, b: &Site| {
        let distance = cost(a.x - b.x, a.y - b.y);
        distance + distance * distance / LONG
    };
    let middle = |of: fn(&Site) -> i32| sites.iter().map(of).max().unwrap_or(0) / 2;
    let (x, y) = (middle(|site| site.x), middle(|site| site.y));
    let mut search = Search {
        affinities,
        sites: sites.len(),
        distance: sites.iter().flat_map(|a| sites.iter().map(move |b| between(a, b))).collect(),
        outwards: sites.iter().map(|site| OUTWARDS * cost(site.x - x, site.y - y)).collect(),
        site_of: Vec::new(),
        cell_at: vec![None; sites.len()],
    };
    let of_kind = |kind: Kind| sites.iter().enumerate().filter(move |(_, s)| s.kind == kind).map(|(i, _)| i);
    let choices = [Kind::Memory, Kind::Multiplier].map(|kind| of_kind(kind).collect::<Vec<_>>());
    let mut free = choices.each_ref().map(|sites| sites.iter());
    for (i, cell) in affinities.cells.iter().enumerate() {
        let site = *free[cell.kind as usize].next().expect("there are enough sites");
        search.site_of.push(site);
        search.cell_at[site] = Some(i);
    }
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for moves in (0..MOVES).step_by(STEP) {
        let temperature = HOT * (-COOLING * moves as f64 / MOVES as f64).exp();
        for _ in 0..STEP {
            let cell = random.below(affinities.cells.len());
            let choice = &choices[affinities.cells[cell].kind as usize];
            let to = choice[random.below(choice.len())];
            search.try_move(cell, to, temperature, &mut random);
        }
    }
    search.site_of
}
