//! The exact schedule of a product on a GEMM block: its clocks, the beats that wait, and how well the array is used.
//! Operands are always offered and results always taken.

use std::fmt;

use anyhow::{Result, ensure};
use qrtl_hdl::blocks::gemm::GemmConfig;

/// A product of matrices in a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// its operator: index and name
    pub name: String,
    /// M, N and K
    pub size: [usize; 3],
}

impl Product {
    /// The text M x N x K.
    pub fn shape(&self) -> String {
        self.size.map(|v| v.to_string()).join(" x ")
    }
}

/// The clocks of a product on a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// clocks from the first beat of operands to the last result, both included
    pub clocks: u128,
    /// clocks from the first beat of operands to the last sums at the end of the array, both included
    pub array_clocks: u128,
    /// number of beats of operands
    pub beats: u128,
    /// clocks after the first beat in which a beat was offered and not taken
    pub stalls: u128,
    /// products that the result needs: M N K
    pub products: u128,
    /// products that the array can do in a clock
    pub elements: usize,
}

/// The limit on the speed of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// the beats of operands: a larger array, or one that fits M and N better, is faster
    Array,
    /// the drain: sums leave more slowly than they are made, and more requantizers are faster
    Drain,
    /// the latency: more than half of the clocks follow the last beat, and more rows in one product are more efficient
    Latency,
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Bound::Array => "array",
            Bound::Drain => "drain",
            Bound::Latency => "latency",
        })
    }
}

impl Schedule {
    /// The head of a table of schedules.
    pub const HEAD: [&str; 7] = ["product", "M x N x K", "clocks", "stalls", "utilization", "overall", "bound by"];

    /// The schedule of an M x K by K x N product.
    ///
    /// # Errors
    /// If the block does not take a product of this size.
    pub fn new(config: &GemmConfig, [m, n, k]: [usize; 3]) -> Result<Schedule> {
        for (name, size, most) in [("m", m, config.m.max()), ("n", n, config.n.max()), ("k", k, config.k.max())] {
            ensure!((1..=most).contains(&size), "{name}: {size} is outside 1..={most}");
        }
        let wide = |v: usize| v as u128;
        let (rows, cols) = (config.rows, config.cols);
        let tile_cols = n.div_ceil(cols);
        // Tiles with all their rows come first.
        let [whole, tiles] = [m / rows * tile_cols, m.div_ceil(rows) * tile_cols].map(wide);
        let (last_rows, last_cols) = ((m - 1) % rows + 1, (n - 1) % cols + 1);
        let [after_whole, after_partial] = [rows, m % rows].map(|r| wide(config.tile_clocks(r, k)));
        // The clocks from the last beat of the first tile to the last beat of the tile `count` further.
        let distance = |count: u128| whole.min(count) * after_whole + count.saturating_sub(whole) * after_partial;
        let last_beat = wide(k - 1) + distance(tiles - 1);
        let last_sums = (last_rows - 1) * config.groups() + last_cols.div_ceil(config.requantizers()) - 1;
        let last_sums = last_sums * config.passes;
        let array_clocks = last_beat + wide(config.clocks_to_sums() + last_sums) + 1;
        Ok(Schedule {
            clocks: array_clocks + wide(config.clocks_to_results()),
            array_clocks,
            beats: tiles * wide(k),
            stalls: distance(tiles - 1) - (tiles - 1) * wide(k),
            products: wide(m) * wide(n) * wide(k),
            elements: rows * cols,
        })
    }

    /// The products, divided by the products that the array could have made from the first beat of operands to the last
    /// sums at its end, without the clocks in which a beat had to wait.
    pub fn utilization(&self) -> f64 {
        self.share(self.array_clocks - self.stalls)
    }

    /// The products, divided by the products that the array could have made in all clocks up to the last result.
    pub fn overall(&self) -> f64 {
        self.share(self.clocks)
    }

    /// A row of a table.
    pub fn row(&self, product: &Product) -> [String; 7] {
        [
            product.name.clone(),
            product.shape(),
            self.clocks.to_string(),
            self.stalls.to_string(),
            format!("{:.2} %", 100.0 * self.utilization()),
            format!("{:.2} %", 100.0 * self.overall()),
            self.bound().to_string(),
        ]
    }

    fn share(&self, clocks: u128) -> f64 {
        self.products as f64 / (self.elements as f64 * clocks as f64)
    }

    /// The limit on the speed of the product.
    pub fn bound(&self) -> Bound {
        match self.beats + self.stalls {
            flowing if 2 * flowing < self.clocks => Bound::Latency,
            _ if self.stalls > 0 => Bound::Drain,
            _ => Bound::Array,
        }
    }
}
