//! The requirements on the tensors of an operator with weights, which are the same for fully connected layers and
//! convolutions.

use super::operands::Operands;
use crate::Bounds;
use crate::gemm::Matrix;
use crate::graph::Weighted;
use crate::import::Runtime;
use crate::import::runtime::Layer;
use crate::import::tflite::{Activation, Data, ElementType, Quantization, Tensor};
use crate::operators::{Array, in_whole_group};

/// Symmetric weights, with one scale or one for each output.
struct Weights<'a> {
    data: Vec<i32>,
    scales: &'a [f32],
}

impl<'a> Operands<'a> {
    /// Weights, bias and requantization of a fully connected layer, whose weights are `[outputs, inputs]`.
    pub(super) fn fully_connected(
        &self,
        keep_num_dims: bool,
        activation: Activation,
    ) -> Result<Weighted<Matrix>, String> {
        let index = self.weights()?;
        let &[outputs, inputs] = &self.tensor(index).shape[..] else {
            let shape = &self.tensor(index).shape;
            return Err(format!("tensor {index} has shape {shape:?}: weights must have shape [outputs, inputs]"));
        };
        let weighted =
            self.weighted(index, activation, |scales, _| Layer::FullyConnected { per_channel: scales > 1 })?;
        self.check_int4(index)?;
        self.check_rows(inputs, outputs, keep_num_dims)?;
        self.check_bias_scale(index)?;
        weighted.try_map(|data| Matrix::new("weights", outputs, inputs, data))
    }

    /// TFLM takes weights of INT4 with one scale (tflite-micro 90b983c2, `micro/kernels/fully_connected.cc`).
    fn check_int4(&self, weights: usize) -> Result<(), String> {
        let tensor = self.tensor(weights);
        let scales = tensor.quantization.as_ref().map_or(0, |q| q.scales.len());
        match self.runtime {
            _ if tensor.element != ElementType::Int4 => Ok(()),
            Runtime::Tflm if scales > 1 => Err(format!("weights of INT4 have {scales} scales: must have 1 for tflm")),
            Runtime::Xnnpack => Err("what XNNPACK computes with INT4 is not known to the last bit".to_owned()),
            _ => Ok(()),
        }
    }

    /// Checks the shapes. The input has rows of as many elements as there are inputs, in any shape, and the output is
    /// `[rows, outputs]`. If dimensions are kept, the sizes of input and output are equal except for the last.
    fn check_rows(&self, inputs: usize, outputs: usize, keep_num_dims: bool) -> Result<(), String> {
        let (x, y) = (&self.tensor(self.input(0)?).shape, &self.tensor(self.output()?).shape);
        let elements: usize = x.iter().product();
        let rows = elements.checked_div(inputs).unwrap_or(0);
        let expected = match x.split_last() {
            Some((&last, leading)) if keep_num_dims && last == inputs => [leading, &[outputs]].concat(),
            _ => vec![rows, outputs],
        };
        if outputs > 0 && rows > 0 && rows * inputs == elements && *y == expected {
            return Ok(());
        }
        Err(format!(
            "input of shape {x:?} and weights of shape [{outputs}, {inputs}] do not give an output of shape {y:?}"
        ))
    }

    /// Weights, bias and requantization of a convolution, whose weights are `[outputs, height, width, channels]`.
    pub(super) fn convolution(&self, activation: Activation) -> Result<Weighted<Array>, String> {
        let index = self.weights()?;
        let ([.., channels], [.., depth]) = (self.sizes(self.input(0)?)?, self.sizes(index)?);
        self.weighted_image(index, activation, |_, _| Layer::Convolution { grouped: depth != channels })
    }

    /// Weights, bias and requantization of a depthwise convolution, whose weights are `[1, height, width, outputs]`.
    pub(super) fn depthwise(&self, activation: Activation) -> Result<Weighted<Array>, String> {
        let index = self.weights()?;
        let [.., outputs] = self.sizes(index)?;
        // LiteRT f6745779, `optimized_ops.h`, `Quantize`: channels of a pixel are rounded 8 at a time.
        let in_group = |channel| in_whole_group(channel, outputs, 8);
        self.weighted_image(index, activation, |_, c| Layer::DepthwiseConvolution { in_group: in_group(c) })
    }

    /// Weights, bias and requantization of a transposed convolution, whose weights are `[outputs, height, width,
    /// channels]`. LiteRT's own kernel and XNNPACK have ways of their own.
    pub(super) fn transpose_convolution(&self, activation: Activation) -> Result<Weighted<Array>, String> {
        self.check_reference()?;
        let index = self.weights()?;
        if self.tensor(index).element == ElementType::Int4 {
            return Err("weights of INT4: no runtime takes them here".to_owned());
        }
        self.weighted_image(index, activation, |_, _| Layer::Convolution { grouped: false })
    }

    /// The same as [`weighted`](Operands::weighted), for images.
    fn weighted_image(
        &self,
        index: usize,
        activation: Activation,
        layer: impl Fn(usize, usize) -> Layer,
    ) -> Result<Weighted<Array>, String> {
        let sizes = self.sizes(index)?;
        self.sizes(self.output()?)?;
        let weighted = self.weighted(index, activation, layer)?;
        weighted.try_map(|data| Array::new("weights", sizes.to_vec(), data))
    }

    /// Index of the weights of an operator with input, weights and perhaps a bias.
    fn weights(&self) -> Result<usize, String> {
        match self.operator.inputs[..] {
            [_, Some(weights)] | [_, Some(weights), _] => Ok(weights),
            _ => {
                let inputs = self.operator.inputs.len();
                Err(format!("{inputs} inputs: must be input, weights and an optional bias"))
            }
        }
    }

    /// The parameters that do not depend on the shape of the weights. The weights are tensor `index`. `layer` gets the number of their scales and the output channel of a factor.
    fn weighted(
        &self,
        index: usize,
        activation: Activation,
        layer: impl Fn(usize, usize) -> Layer,
    ) -> Result<Weighted<Vec<i32>>, String> {
        let ([x, y], whole) = self.activations([self.input(0)?, self.output()?])?;
        let wide = whole == Bounds::INT16 && self.sums_are_wide()?;
        let (tensor, axis) = (self.tensor(index), self.operator.channel_axis().unwrap_or(0));
        let Weights { data, scales } = weights(tensor, axis).map_err(|what| format!("tensor {index}{what}"))?;
        let bounds = self.runtime.bounds(activation, y, whole)?;
        let outputs = tensor.shape[axis];
        let requantization = |c: usize| {
            let scales_of_c = [x.scale, scales[c.min(scales.len() - 1)]];
            let layer = if wide { Layer::Wide } else { layer(scales.len(), c) };
            let formed = self.runtime.requantization(layer, scales_of_c, y, bounds);
            formed.map_err(|why| format!("factor {c}: {why}"))
        };
        // Channels with one common scale may still be rounded differently.
        let alike = scales.len() == 1 && (1..outputs).all(|c| layer(1, c) == layer(1, 0));
        let requantizations =
            (0..if alike { 1 } else { outputs }).map(requantization).collect::<Result<Vec<_>, _>>()?;
        let bias = match self.operator.inputs.get(2).copied().flatten() {
            Some(index) => bias(self.tensor(index), outputs, wide).map_err(|what| format!("tensor {index}{what}"))?,
            None => vec![0; outputs],
        };
        Ok(Weighted { weights: data, bias, requantizations, input_zero_point: x.zero_point })
    }

    /// Whether TFLM sums products of int16 in 64 bits and rounds by [`Rule::Reduced16`](crate::Rule::Reduced16). The type
    /// of the bias decides; a depthwise convolution takes INT64 alone (tflite-micro 90b983c2,
    /// `micro/kernels/conv.cc`, `depthwise_conv.cc`, `fully_connected.cc`).
    fn sums_are_wide(&self) -> Result<bool, String> {
        if self.tensor_of(1).is_some_and(|weights| weights.element == ElementType::Int4) {
            return Err("weights of INT4 beside INT16: TensorFlow Lite Micro has no such kernel".to_owned());
        }
        let of_32_bits = self.tensor_of(2).is_some_and(|bias| bias.element == ElementType::Int32);
        match (&*self.operator.name, of_32_bits) {
            ("CONV_2D" | "FULLY_CONNECTED", of_32_bits) => Ok(!of_32_bits),
            ("DEPTHWISE_CONV_2D", false) => Ok(true),
            ("DEPTHWISE_CONV_2D", true) => Err("a bias of INT32 beside INT16: must be INT64".to_owned()),
            _ => Err("has activations of INT16: not supported".to_owned()),
        }
    }

    /// For a fully connected layer whose weights have one scale, TFLite lets the scale of the bias stray from the scale of
    /// the sum by 2 % of an output step (tflite-micro 90b983c2, `kernels/kernel_util.cc`,
    /// `GetQuantizedConvolutionMultipler`). A bias without a scale counts as one of scale 0. No runtime compares the
    /// scales of other layers, and XNNPACK compares none.
    fn check_bias_scale(&self, weights: usize) -> Result<(), String> {
        const MAX_STRAY: f64 = 0.02;
        let scales = |index| self.tensor(index).quantization.as_ref().map_or(&[][..], |q| &q.scales);
        let (Some(bias), &[weight]) = (self.operator.inputs.get(2).copied().flatten(), scales(weights)) else {
            return Ok(());
        };
        let ([x, y], _) = self.activations([self.input(0)?, self.output()?])?;
        let (sum, scale) = (f64::from(x.scale) * f64::from(weight), scales(bias).first().map_or(0.0, |&s| s.into()));
        if self.runtime == Runtime::Xnnpack || (sum - scale).abs() / f64::from(y.scale) <= MAX_STRAY {
            return Ok(());
        }
        Err(format!("tensor {bias}: scale 0 is {scale:e}: must be {sum:e}, the scale of the input times the weights'"))
    }
}

impl Weighted<Vec<i32>> {
    /// Brings the weights into a shape.
    fn try_map<W>(self, shape: impl Fn(Vec<i32>) -> Result<W, crate::Error>) -> Result<Weighted<W>, String> {
        let Weighted { weights, bias, requantizations, input_zero_point } = self;
        let weights = shape(weights).map_err(|e| e.to_string())?;
        Ok(Weighted { weights, bias, requantizations, input_zero_point })
    }
}

/// The weights of an operator. Their dimension `axis` is the outputs.
fn weights(tensor: &Tensor, axis: usize) -> Result<Weights<'_>, String> {
    let Some(Data::I8(data)) = &tensor.data else {
        return Err(format!(" is {}: weights must be a constant of INT8", kind(tensor)));
    };
    let quantization = tensor.quantization.as_ref().ok_or_else(|| " is not quantized".to_owned())?;
    let Quantization { scales, zero_points, dimension } = quantization;
    check_zero_points(zero_points, "int8 weights")?;
    if scales.len() > 1 && *dimension != axis {
        return Err(format!(": scales along dimension {dimension}: must be {axis}, the outputs"));
    }
    Ok(Weights { data: data.iter().map(|&w| w.into()).collect(), scales })
}

/// The bias of each output, whatever its shape.
fn bias(tensor: &Tensor, outputs: usize, wide: bool) -> Result<Vec<i32>, String> {
    let bias = match &tensor.data {
        Some(Data::I32(bias)) => bias.clone(),
        // Sums of more than 32 bits have biases of 64 bits, of which 32 are enough for all layers that we have seen.
        Some(Data::I64(bias)) if wide => {
            let narrow = |&b: &i64| i32::try_from(b).map_err(|_| format!(": a bias is {b}: more than 32 bits"));
            bias.iter().map(narrow).collect::<Result<Vec<i32>, String>>()?
        }
        _ if wide => return Err(format!(" is {}: a bias must be a constant of INT64 or INT32", kind(tensor))),
        _ => return Err(format!(" is {}: a bias must be a constant of INT32", kind(tensor))),
    };
    if bias.len() != outputs {
        return Err(format!(" has shape {:?}: a bias must have {outputs} elements", tensor.shape));
    }
    if let Some(Quantization { zero_points, .. }) = &tensor.quantization {
        check_zero_points(zero_points, "a bias")?;
    }
    Ok(bias)
}

fn check_zero_points(zero_points: &[i64], what: &str) -> Result<(), String> {
    match zero_points.iter().position(|zero_point| *zero_point != 0) {
        Some(c) => Err(format!(": zero point {c} is {}: must be 0 for {what}", zero_points[c])),
        None => Ok(()),
    }
}

/// The kind of a tensor, for messages.
fn kind(tensor: &Tensor) -> String {
    let kind = if tensor.data.is_some() { "a constant" } else { "an activation" };
    format!("{kind} of {}", tensor.element)
}
