//! Steps with two inputs, which must have the same layout.

use anyhow::{Result, bail, ensure};
use qrtl_golden::graph::{Step, Value};
use qrtl_golden::import::quoted;

use super::{Kind, Plan};
use crate::engine::layout::{Layout, Place};

impl<'g> Plan<'g> {
    pub(super) fn binary(&mut self, step: &'g Step) -> Result<()> {
        let shape = self.shape(step.output);
        let elements: usize = shape.iter().product();
        let constant = |&tensor: &usize| self.graph.tensors[tensor].constant.is_some();
        let [a, b] = step.inputs[..] else { bail!("has {} inputs: must have 2", step.inputs.len()) };
        ensure!(!constant(&a) || !constant(&b), "has two constant inputs");
        let places = if constant(&a) {
            let b = self.read(step, b)?;
            [self.constant_like(a, b, shape)?, b]
        } else if constant(&b) {
            let a = self.read(step, a)?;
            [a, self.constant_like(b, a, shape)?]
        } else {
            for tensor in [a, b] {
                let got = self.shape(tensor);
                ensure!(got.iter().product::<usize>() == elements, "an input of shape {got:?} repeats: not supported");
            }
            let places = [self.read(step, a)?, self.read(step, b)?];
            self.same_layout(step, places)?
        };
        let layout = self.elementwise(places[0], shape);
        self.push(Kind::Step, vec![step], places.to_vec(), layout);
        Ok(())
    }

    fn same_layout(&mut self, step: &'g Step, places: [usize; 2]) -> Result<[usize; 2]> {
        let [a, b] = places.map(|place| &self.places[place]);
        let same = a.layout.pitch == b.layout.pitch && a.layout.positions == b.layout.positions;
        let aligned = [a, b].iter().all(|place| place.offset.is_multiple_of(self.lanes));
        if same && aligned {
            return Ok(places);
        }
        let standard = |place: &Place| {
            place.is_in_words(self.lanes)
                && place.layout.is_in_order()
                && place.layout.pitch == place.layout.positions.len().next_multiple_of(self.lanes)
        };
        let stay = places.map(|place| standard(&self.places[place]));
        let mut moved = places;
        for (place, stays) in moved.iter_mut().zip(stay) {
            if !stays {
                *place = self.standard(step, *place)?;
            }
        }
        Ok(moved)
    }

    /// The place of a constant, repeated to the shape of the output, in the layout of the other input.
    fn constant_like(&mut self, tensor: usize, other: usize, shape: &[usize]) -> Result<usize> {
        let layout = self.places[other].layout.clone();
        let elements = layout.pixels() * layout.positions.len();
        ensure!(elements == shape.iter().product::<usize>(), "its input repeats: not supported");
        self.constant(tensor, layout, shape)
    }

    /// The place of a constant in this layout, repeated to this shape.
    pub(super) fn constant(&mut self, tensor: usize, layout: Layout, shape: &[usize]) -> Result<usize> {
        let tensor = &self.graph.tensors[tensor];
        let Some(Value::Integer(array)) = &tensor.constant else {
            bail!("reads tensor {}, which is not there", quoted(&tensor.name))
        };
        let place = self.place(&tensor.name, layout.clone());
        let buffer = &mut self.buffers[self.places[place].buffer];
        let mut bytes = vec![0; buffer.bytes];
        for (flat, address) in layout.addresses().enumerate() {
            bytes[address] = array.data()[repeated(shape, array.shape(), flat)] as u8;
        }
        buffer.contents = Some(bytes);
        Ok(place)
    }
}

/// The element of an operand that stands at place `flat` of the result. Sizes are aligned at the last one, and an element
/// repeats where the operand has size 1.
fn repeated(shape: &[usize], operand: &[usize], flat: usize) -> usize {
    let (mut rest, mut place, mut stride) = (flat, 0, 1);
    for (axis, &size) in shape.iter().rev().enumerate() {
        let own = operand.iter().rev().nth(axis).copied().unwrap_or(1);
        place += if own == 1 { 0 } else { rest % size * stride };
        rest /= size;
        stride *= own;
    }
    place
}
