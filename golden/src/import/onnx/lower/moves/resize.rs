//! Resize by the nearest element.

use super::Lowering;
use crate::import::onnx::{Data, Node};

impl Lowering<'_> {
    /// For each dimension the elements that Resize takes (ONNX Runtime 1.32.0, `upsample.cc`), with coordinates in `f32`.
    pub(super) fn nearest(&mut self, node: &Node, from: &[usize]) -> Result<Vec<Vec<usize>>, String> {
        let mode = self.text(node, "mode", "nearest")?;
        if mode != "nearest" {
            return Err(format!("mode {mode:?}: only \"nearest\" is supported"));
        }
        self.refuse_attributes(node, &["antialias", "axes", "exclude_outside", "keep_aspect_ratio_policy"])?;
        let transformation = self.text(node, "coordinate_transformation_mode", "half_pixel")?;
        let rounding = self.text(node, "nearest_mode", "round_prefer_floor")?;
        let (sizes, scales) = self.sizes_and_scales(node, from)?;
        self.take(sizes.iter().fold(0, |sum: usize, &size| sum.saturating_add(size)).saturating_mul(8))?;
        let axis = |axis: usize| {
            let (from, to, scale) = (from[axis], sizes[axis], scales[axis]);
            let element = |i| match scale == 1.0 && from == to {
                true => Ok(i),
                // The cast saturates.
                false => {
                    let x = coordinate(i, [from, to], scale, transformation)?;
                    Ok((rounded(x, rounding)? as usize).min(from - 1))
                }
            };
            (0..to).map(element).collect()
        };
        (0..from.len()).map(axis).collect()
    }

    /// The sizes of the output, and its scales, one of which is given.
    fn sizes_and_scales(&self, node: &Node, from: &[usize]) -> Result<(Vec<usize>, Vec<f32>), String> {
        let length = |got: usize| match got == from.len() {
            true => Ok(()),
            false => Err(format!("{got} sizes or scales for {} dimensions", from.len())),
        };
        // An empty constant stands for an absent one.
        let given = |position: usize| match node.input(position) {
            None => Ok(None),
            Some(_) => {
                Ok::<_, String>(Some(self.constant(node, position, "sizes or scales")?).filter(|c| c.elements() > 0))
            }
        };
        if let Some(sizes) = given(3)? {
            let Data::I64(sizes) = sizes.data else { return Err("sizes are no constant of INT64".to_owned()) };
            length(sizes.len())?;
            let sizes: Vec<usize> = sizes.iter().map(|&size| usize::try_from(size).unwrap_or(0)).collect();
            let scales = sizes.iter().zip(from).map(|(&to, &from)| to as f32 / from as f32).collect();
            return Ok((sizes, scales));
        }
        let Some(Data::F32(scales)) = given(2)?.map(|scales| scales.data) else {
            return Err("it has neither sizes nor scales that are constants".to_owned());
        };
        length(scales.len())?;
        match scales.iter().find(|scale| !(scale.is_finite() && **scale > 0.0)) {
            Some(scale) => Err(format!("a scale is {scale:?}: must be finite and above 0")),
            // The cast saturates.
            None => {
                Ok((from.iter().zip(&scales).map(|(&size, scale)| (size as f32 * scale) as usize).collect(), scales))
            }
        }
    }
}

/// Where element `i` of `to` elements stands among `from` elements.
fn coordinate(i: usize, [from, to]: [usize; 2], scale: f32, transformation: &str) -> Result<f32, String> {
    let x = i as f32;
    Ok(match transformation {
        "asymmetric" => x / scale,
        "pytorch_half_pixel" | "align_corners" if to == 1 => 0.0,
        "half_pixel" | "pytorch_half_pixel" => (x + 0.5) / scale - 0.5,
        "align_corners" => x * (from - 1) as f32 / (to - 1) as f32,
        other => return Err(format!("coordinate_transformation_mode {other:?} is not supported")),
    })
}

/// A coordinate as the index of an element.
fn rounded(x: f32, mode: &str) -> Result<f32, String> {
    // A coordinate this near to a half counts as one.
    let tie = (x - x.floor() - 0.5).abs() < 1e-6;
    Ok(match mode {
        "round_prefer_floor" if tie => x.floor(),
        "round_prefer_ceil" if tie => x.ceil(),
        "round_prefer_floor" | "round_prefer_ceil" => x.round(),
        "floor" => x.floor(),
        "ceil" => x.ceil(),
        other => return Err(format!("nearest_mode {other:?} is not supported")),
    })
}
