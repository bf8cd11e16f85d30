//! Windows that move over images, and pools.

use super::Lowering;
use super::fuse::Call;
use super::parameters::bounds_of;
use super::place::{Value, channels_last};
use crate::graph::{Operator, Quantized};
use crate::import::onnx::Node;
use crate::numerics::AnyRequantization;
use crate::operators::{Axis, OrtAveragePool, Window};
use crate::{RealRequantization, RealRule};

/// A window and its size.
pub(super) struct Windows {
    pub(super) filter: [usize; 2],
    pub(super) window: Window,
    /// height and width of the output
    pub(super) outputs: [usize; 2],
}

impl<'a> Lowering<'a> {
    /// The window of a convolution or a pool over an image of this height and width, whose height is 1 for a sequence.
    pub(super) fn window(
        &self,
        node: &Node,
        rank: usize,
        image: [usize; 2],
        filter: [usize; 2],
    ) -> Result<Windows, String> {
        let strides = self.of_axes(node, "strides", rank, 1)?;
        let dilations = self.of_axes(node, "dilations", rank, 1)?;
        let (before, after) = self.pads(node, rank)?;
        let ceil = self.integer(node, "ceil_mode", 0)? != 0;
        let mode = self.text(node, "auto_pad", "NOTSET")?;
        let axis = |i: usize| -> Result<Axis, String> {
            let (stride, dilation) = (strides[i], dilations[i]);
            let same = Axis::same(image[i], filter[i], stride, dilation);
            let covered = image[i].div_ceil(stride.max(1)).saturating_sub(1).saturating_mul(stride) + 1;
            if mode.starts_with("SAME") && covered + (filter[i] - 1).saturating_mul(dilation) < image[i] {
                return Err(format!(
                    "auto_pad {mode:?} with stride {stride}: ONNX Runtime has a negative padding there"
                ));
            }
            let axis = match mode {
                "NOTSET" => Axis { stride, dilation, before: before[i], after: after[i] },
                "VALID" => Axis::valid(stride, dilation),
                "SAME_UPPER" => same,
                "SAME_LOWER" => Axis { before: same.after, after: same.before, ..same },
                other => return Err(format!("auto_pad {other:?} is not supported")),
            };
            Ok(if ceil { to_the_end(axis, image[i], filter[i])? } else { axis })
        };
        let window = Window { rows: axis(0)?, cols: axis(1)? };
        let outputs = |axis: Axis, i: usize| axis.outputs(image[i], filter[i]).map_err(|e| e.to_string());
        Ok(Windows { filter, window, outputs: [outputs(window.rows, 0)?, outputs(window.cols, 1)?] })
    }

    /// An attribute with a number for height and width, or for the width of a sequence alone.
    pub(super) fn of_axes(&self, node: &Node, name: &str, rank: usize, default: usize) -> Result<[usize; 2], String> {
        let Some(list) = self.list(node, name)? else { return Ok([default; 2]) };
        // Stride, dilation and padding are bounded where the window is checked.
        let size = |v: i64| {
            usize::try_from(v).ok().filter(|&v| v <= 1 << 16).ok_or(format!("{name} has {v}: must be in 0..=65536"))
        };
        match (list, rank) {
            (&[width], 3) => Ok([1, size(width)?]),
            (&[height, width], 4) => Ok([size(height)?, size(width)?]),
            _ => Err(format!("{name} {list:?} for {} dimensions of an image", rank.saturating_sub(2))),
        }
    }

    /// Padding at the start and at the end.
    fn pads(&self, node: &Node, rank: usize) -> Result<([usize; 2], [usize; 2]), String> {
        let Some(list) = self.list(node, "pads")? else { return Ok(([0; 2], [0; 2])) };
        let size = |v: i64| usize::try_from(v).map_err(|_| format!("pads {list:?}: must be at least 0"));
        match (list, rank) {
            (&[left, right], 3) => Ok(([0, size(left)?], [0, size(right)?])),
            (&[top, left, bottom, right], 4) => Ok(([size(top)?, size(left)?], [size(bottom)?, size(right)?])),
            _ => Err(format!("pads {list:?} for {} dimensions of an image", rank.saturating_sub(2))),
        }
    }

    /// The window of a pool over an image.
    fn of_pool(&self, node: &Node, value: &Value) -> Result<Windows, String> {
        let [_, _, height, width] = value.image()?;
        let rank = value.shape.len();
        if self.list(node, "kernel_shape")?.is_none() {
            return Err("kernel_shape is missing".to_owned());
        }
        let filter = self.of_axes(node, "kernel_shape", rank, 1)?;
        if filter.contains(&0) {
            return Err("kernel_shape has 0: must be at least 1".to_owned());
        }
        self.window(node, rank, [height, width], filter)
    }

    pub(super) fn max_pool(&mut self, node: &Node, value: &Value) -> Result<Value, String> {
        self.refuse_attributes(node, &["storage_order"])?;
        if node.outputs.len() > 1 && self.readers.contains_key(&*node.outputs[1]) {
            return Err("its second output, the indices, is not supported".to_owned());
        }
        let Windows { filter, window, outputs } = self.of_pool(node, value)?;
        let element = self.element(value);
        let bounds = bounds_of(element);
        let scale = self.tensors[value.place].quantization;
        let operator = Operator::MaxPool { filter, window, bounds };
        let [batch, channels, ..] = value.image()?;
        let sizes = [batch, channels, outputs[0], outputs[1]];
        let place = self.image(node, value)?;
        self.image_output(node, &node.outputs[0], vec![place], value.shape.len(), sizes, (element, scale), operator)
    }

    /// Appends a step whose output is an image of these sizes, or a sequence where `rank` is 3.
    #[expect(clippy::too_many_arguments, reason = "each of them is another property of the step")]
    pub(super) fn image_output(
        &mut self,
        node: &Node,
        name: &str,
        inputs: Vec<usize>,
        rank: usize,
        sizes: [usize; 4],
        (element, scale): (crate::graph::Element, Option<Quantized>),
        operator: Operator,
    ) -> Result<Value, String> {
        let (layout, stored) = channels_last(sizes);
        let place = self.tensor(name, stored, element, scale)?;
        self.step(node, inputs, place, operator);
        let [batch, channels, height, width] = sizes;
        let shape = if rank == 3 { vec![batch, channels, width] } else { vec![batch, channels, height, width] };
        Ok(Value { place, shape, layout })
    }

    pub(super) fn average_pool(&mut self, call: &Call<'a>) -> Result<Value, String> {
        let (x, node, output) = (call.activation(0)?.clone(), call.node, &call.output);
        let Windows { filter, window, outputs } = self.of_pool(node, &x.value)?;
        if [window.rows.dilation, window.cols.dilation] != [1, 1] {
            return Err("dilations are not supported".to_owned());
        }
        self.refuse_attributes(node, &["ceil_mode"])?;
        let count_padding = self.integer(node, "count_include_pad", 0)? != 0;
        let bounds = bounds_of(output.element);
        let scales = [x.scale.scale, output.scale.scale];
        let parameters = OrtAveragePool::new(scales, output.scale.zero_point, bounds, count_padding);
        let parameters = parameters.map_err(|e| e.to_string())?;
        let operator = Operator::OrtAveragePool { filter, window, zero_point: x.scale.zero_point, parameters };
        let [batch, channels, ..] = x.value.image()?;
        let sizes = [batch, channels, outputs[0], outputs[1]];
        let place = self.image(node, &x.value)?;
        let kind = (output.element, Some(output.scale));
        self.image_output(node, &output.name, vec![place], x.value.shape.len(), sizes, kind, operator)
    }

    /// The mean of each channel, by the factor `sx / (sy n)` in `f32`.
    pub(super) fn global_average_pool(&mut self, call: &Call<'a>) -> Result<Value, String> {
        let (x, node, output) = (call.activation(0)?.clone(), call.node, &call.output);
        let [batch, channels, height, width] = x.value.image()?;
        let factor = x.scale.scale / (output.scale.scale * (height * width) as f32);
        let (zero_point, bounds) = (output.scale.zero_point.into(), bounds_of(output.element));
        let requantization = RealRequantization::new(RealRule::F32Even, factor.into(), zero_point, bounds);
        let requantization = AnyRequantization::Real(requantization.map_err(|e| e.to_string())?);
        let operator = Operator::OrtMean { axes: vec![1, 2], zero_point: x.scale.zero_point, requantization };
        let place = self.image(node, &x.value)?;
        let (sizes, kind) = ([batch, channels, 1, 1], (output.element, Some(output.scale)));
        self.image_output(node, &output.name, vec![place], x.value.shape.len(), sizes, kind, operator)
    }
}

/// Padding at the end so that the last window reaches over it, as long as it begins within the image or before it.
fn to_the_end(axis: Axis, size: usize, filter: usize) -> Result<Axis, String> {
    let whole = axis.outputs(size, filter).map_err(|e| e.to_string())?;
    let covered = (filter - 1) * axis.dilation + 1 + (whole - 1) * axis.stride;
    let padded = size + axis.before + axis.after;
    let begins_within = whole * axis.stride < size + axis.before;
    let more = if covered < padded && begins_within { covered + axis.stride - padded } else { 0 };
    Ok(Axis { after: axis.after + more, ..axis })
}
