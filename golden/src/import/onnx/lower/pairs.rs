//! Two pairs of QuantizeLinear and DequantizeLinear in a row, which ONNX Runtime makes one, with parameters of its own.

use std::collections::HashMap;

use super::Lowering;
use super::parameters::bounds_of;
use crate::graph::{Element, Quantized};
use crate::import::onnx::{ElementType, Node};

impl<'a> Lowering<'a> {
    /// Finds these pairs, in the order of the model, and notes the parameters of all four nodes (ONNX Runtime 1.32.0,
    /// `double_qdq_pairs_remover.cc`).
    pub(super) fn merge_pairs(&mut self) {
        // Of a QuantizeLinear that is gone: the pair before it, which took its place.
        let mut before: HashMap<usize, [usize; 2]> = HashMap::new();
        for node in self.model.nodes() {
            let Some(four) = self.pairs_around(node) else { continue };
            let [Ok(first), Ok(first_back), Ok(second), Ok(second_back)] = four.map(|node| self.pair_parameters(node))
            else {
                continue;
            };
            if first != first_back || second != second_back || first.1 != second.1 {
                continue;
            }
            let [quantizer, dequantizer, gone, last] = four.map(|node| node.index);
            before.insert(gone, [quantizer, dequantizer]);
            if first == second {
                continue;
            }
            let merged = intersection(first, second);
            self.merged.extend([quantizer, dequantizer, gone, last].map(|node| (node, merged)));
            let mut first = quantizer;
            while let Some(&[quantizer, dequantizer]) = before.get(&first) {
                self.merged.extend([quantizer, dequantizer].map(|node| (node, merged)));
                first = quantizer;
            }
        }
    }

    /// The pair that ends in the DequantizeLinear `node` and the pair behind it, if nothing else reads what is between.
    fn pairs_around(&self, node: &'a Node) -> Option<[&'a Node; 4]> {
        let only_reader = |node: &'a Node| match self.readers.get(node.outputs.first()?.as_str())?[..] {
            [Some(reader)] => Some(reader),
            _ => None,
        };
        let written = node.input(0).filter(|_| node.operator == "DequantizeLinear")?;
        let first = *self.writers.get(written)?;
        only_reader(first).filter(|reader| reader.index == node.index)?;
        let second = only_reader(node)?;
        let last = only_reader(second)?;
        let quantizes = first.operator == "QuantizeLinear" && second.operator == "QuantizeLinear";
        let of_constant = first.input(0).is_none_or(|name| self.model.constants().contains_key(name));
        (quantizes && last.operator == "DequantizeLinear" && !of_constant).then_some([first, node, second, last])
    }

    /// The parameters of a QuantizeLinear or DequantizeLinear of activations.
    pub(super) fn pair_parameters(&self, node: &Node) -> Result<(Quantized, Element), String> {
        match self.merged.get(&node.index) {
            Some(Some(merged)) => Ok(*merged),
            Some(None) => Err("pairs in a row whose ranges have no scale in common".to_owned()),
            None => self.parameters(node, [1, 2], ElementType::Uint8)?.of_activation(),
        }
    }
}

/// The parameters of the range that both have in common, all in `f32`. `None` if it is empty or a point, for which ONNX
/// Runtime divides by a scale of 0.
fn intersection((a, element): (Quantized, Element), (b, _): (Quantized, Element)) -> Option<(Quantized, Element)> {
    let bounds = bounds_of(element);
    let [least, greatest] =
        [bounds.min(), bounds.max()].map(|end| [a, b].map(|q| (end - i64::from(q.zero_point)) as f32 * q.scale));
    let (least, greatest) = (least[0].max(least[1]), greatest[0].min(greatest[1]));
    let scale = (greatest - least) / (bounds.max() - bounds.min()) as f32;
    let zero_point = (bounds.min() as f32 - least / scale).round();
    let fits = scale.is_finite() && scale > 0.0 && bounds.contains(zero_point as i128);
    fits.then_some((Quantized { scale, zero_point: zero_point as i32 }, element))
}
