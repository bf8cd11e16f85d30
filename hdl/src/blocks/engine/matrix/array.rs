//! The array of elements and the way of the sums out of it.

use rust_hdl::prelude::*;

use super::row::Row;
use super::timing::INT8;
use crate::blocks::engine::EngineConfig;
use crate::describe_logic;
use crate::exact::{Bus, Clk, Describe, Header, Kernel, Maybe, Port};

/// `rows` x `cols` elements. The drain registers form one chain, in which a step moves the sums of `requantizers`
/// neighbouring columns of a row. The first columns leave first, and among the rows row 0:
///
/// ```text
///             columns 0, 1    columns 2, 3
///   out <--   row 0       /-- row 0            2 requantizers
///               ^         |     ^
///             row 1       |   row 1
///               ^         |     ^
///             row 2  <----/   row 2  <-- 0
/// ```
#[derive(LogicBlock)]
pub struct Array {
    /// clock
    pub clk: Clk,
    /// activations, one for each row
    pub a: Bus<In>,
    /// a weight for each element, row by row
    pub b: Bus<In>,
    /// sums begin with the product of two clocks later
    pub first: Port<In>,
    /// sums are complete two clocks later
    pub load: Port<In>,
    /// drain registers take a sum two clocks later
    pub moves: Maybe<Port<In>>,
    /// sums on their way out
    pub sums: Bus<Out>,
    row: Vec<Row>,
}

impl Array {
    /// The array of the engine that `config` describes.
    pub fn new(config: &EngineConfig) -> Array {
        Array {
            clk: Clk::new(),
            a: Bus::new(config.rows, INT8, "activations, one for each row"),
            b: Bus::new(config.rows * config.cols, INT8, "a weight for each element, row by row"),
            first: Port::bit("sums begin"),
            load: Port::bit("sums are complete"),
            moves: Maybe::when(config.passes > 1, || Port::bit("drain registers take a sum")),
            sums: Bus::new(config.requantizers, config.element_sum(), "sums on their way out"),
            row: (0..config.rows).map(|r| Row::new(config, r)).collect(),
        }
    }
}

describe_logic!(Array);

impl Describe for Array {
    fn header(&self) -> Header {
        let (rows, cols, width) = (self.row.len(), self.row[0].b.lanes(), self.sums.lanes());
        Header::new(format!("matrix_array_{rows}x{cols}"), format!("{rows} x {cols} elements."))
            .fact("drain", format!("sums of {width} columns a step, columns in order, and of each all rows"))
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        let (cols, width) = (self.row[0].b.lanes(), self.sums.lanes());
        for (r, row) in self.row.iter().enumerate() {
            k.pass_clock(&self.clk, &row.clk);
            k.drive(&row.a, k.lane(&self.a, r));
            k.drive(&row.first, k.read(&self.first));
            k.drive(&row.load, k.read(&self.load));
            if let Some((to, from)) = row.moves.get().zip(self.moves.get()) {
                k.drive(to, k.read(from));
            }
            for c in 0..cols {
                k.drive_lane(&row.b, c, k.lane(&self.b, r * cols + c));
                let behind = match self.row.get(r + 1) {
                    Some(next) => k.lane(&next.drain_out, c),
                    None if c + width < cols => k.lane(&self.row[0].drain_out, c + width),
                    None => k.lit(0),
                };
                k.drive_lane(&row.drain_in, c, behind);
            }
        }
        for q in 0..width {
            k.drive_lane(&self.sums, q, k.lane(&self.row[0].drain_out, q));
        }
    }
}
