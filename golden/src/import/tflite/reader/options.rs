//! Parameters of operators beside their tensors.

use std::collections::HashMap;

use super::tensor::element_type;
use crate::import::tflite::schema_generated::tflite as schema;
use crate::import::tflite::{Activation, Options, Padding, SliceMasks};
use crate::operators::Alignment;

/// Greatest stride, dilation and size of a filter. A greater number is a sign of damage.
const LIMIT: i32 = 1 << 16;

/// The options of a builtin operator, by its name. The file may leave out a single number, or all options of an
/// operator. They then have the format's defaults.
pub(super) fn read_options(name: &str, operator: schema::Operator<'_>) -> Result<Options, String> {
    match name {
        "FULLY_CONNECTED" => fully_connected(operator),
        "CONV_2D" => conv2d(operator),
        "DEPTHWISE_CONV_2D" => depthwise_conv2d(operator),
        "TRANSPOSE_CONV" => transpose_conv(operator),
        "AVERAGE_POOL_2D" | "MAX_POOL_2D" => pool2d(operator),
        "ADD" | "SUB" | "MUL" => elementwise(name, operator),
        "SOFTMAX" => softmax(operator),
        "CONCATENATION" => concatenation(operator),
        "MEAN" | "SUM" | "REDUCE_MAX" | "REDUCE_MIN" => reducer(operator),
        "STRIDED_SLICE" => strided_slice(operator),
        "PACK" => pack(operator),
        "UNPACK" => unpack(operator),
        "RESIZE_NEAREST_NEIGHBOR" => resize_nearest_neighbor(operator),
        "RESIZE_BILINEAR" => resize_bilinear(operator),
        "LEAKY_RELU" => leaky_relu(operator),
        "RESHAPE" | "SQUEEZE" | "EXPAND_DIMS" | "SHAPE" | "PAD" | "PADV2" | "TRANSPOSE" | "SLICE" | "SPLIT"
        | "SPLIT_V" => Ok(Options::None),
        "QUANTIZE" | "DEQUANTIZE" | "MAXIMUM" | "MINIMUM" | "PRELU" | "SQUARED_DIFFERENCE" => Ok(Options::None),
        "CALL_ONCE" => call_once(operator),
        "READ_VARIABLE" | "ASSIGN_VARIABLE" => Ok(Options::None),
        "ABS" | "HARD_SWISH" | "LOGISTIC" | "LOG_SOFTMAX" | "NEG" | "RELU" | "RELU6" | "TANH" => Ok(Options::None),
        _ => Ok(Options::Unread),
    }
}

/// The options as the table that they must be; `None` where they are absent.
fn table<T>(operator: schema::Operator<'_>, options: Option<T>, expected: &str) -> Result<Option<T>, String> {
    match operator.builtin_options_type() {
        schema::BuiltinOptions::NONE => Ok(None),
        other => options.map(Some).ok_or_else(|| format!("options are of kind {}: must be {expected}", other.0)),
    }
}

fn fully_connected(operator: schema::Operator<'_>) -> Result<Options, String> {
    let options = table(operator, operator.builtin_options_as_fully_connected_options(), "FullyConnectedOptions")?;
    let Some(options) = options else {
        return Ok(Options::FullyConnected { keep_num_dims: false, activation: Activation::None });
    };
    if options.weights_format() != schema::WeightsFormat::DEFAULT {
        return Err(format!("weights format is {}: only 0, row-major, is supported", options.weights_format().0));
    }
    check_bias_type(options.quantized_bias_type())?;
    Ok(Options::FullyConnected {
        keep_num_dims: options.keep_num_dims(),
        activation: Activation::from_schema(options.fused_activation_function())?,
    })
}

/// The schema has FLOAT32 where nothing is said.
fn check_bias_type(code: schema::TensorType) -> Result<(), String> {
    match code {
        schema::TensorType::FLOAT32 | schema::TensorType::INT32 | schema::TensorType::INT64 => Ok(()),
        other => Err(format!("bias type is {}: only INT32 and INT64 are supported", element_type(other))),
    }
}

/// Without options the stride is 0, which no runtime takes.
fn conv2d(operator: schema::Operator<'_>) -> Result<Options, String> {
    let options = table(operator, operator.builtin_options_as_conv_2_doptions(), "Conv2DOptions")?;
    let Some(options) = options else { return Err(out_of_range("stride", 0)) };
    check_bias_type(options.quantized_bias_type())?;
    Ok(Options::Conv2d {
        padding: padding(options.padding())?,
        stride: pair("stride", options.stride_h(), options.stride_w())?,
        dilation: pair("dilation", options.dilation_h_factor(), options.dilation_w_factor())?,
        activation: Activation::from_schema(options.fused_activation_function())?,
    })
}

fn depthwise_conv2d(operator: schema::Operator<'_>) -> Result<Options, String> {
    let options = table(operator, operator.builtin_options_as_depthwise_conv_2_doptions(), "DepthwiseConv2DOptions")?;
    let Some(options) = options else { return Err(out_of_range("stride", 0)) };
    let depth_multiplier = options.depth_multiplier();
    Ok(Options::DepthwiseConv2d {
        padding: padding(options.padding())?,
        stride: pair("stride", options.stride_h(), options.stride_w())?,
        dilation: pair("dilation", options.dilation_h_factor(), options.dilation_w_factor())?,
        depth_multiplier: usize::try_from(depth_multiplier)
            .map_err(|_| format!("depth multiplier is {depth_multiplier}: must be at least 0"))?,
        activation: Activation::from_schema(options.fused_activation_function())?,
    })
}

fn transpose_conv(operator: schema::Operator<'_>) -> Result<Options, String> {
    let options = table(operator, operator.builtin_options_as_transpose_conv_options(), "TransposeConvOptions")?;
    let Some(options) = options else { return Err(out_of_range("stride", 0)) };
    check_bias_type(options.quantized_bias_type())?;
    Ok(Options::TransposeConv {
        padding: padding(options.padding())?,
        stride: pair("stride", options.stride_h(), options.stride_w())?,
        activation: Activation::from_schema(options.fused_activation_function())?,
    })
}

fn pool2d(operator: schema::Operator<'_>) -> Result<Options, String> {
    let options = table(operator, operator.builtin_options_as_pool_2_doptions(), "Pool2DOptions")?;
    let Some(options) = options else { return Err(out_of_range("stride", 0)) };
    Ok(Options::Pool2d {
        padding: padding(options.padding())?,
        stride: pair("stride", options.stride_h(), options.stride_w())?,
        filter: pair("filter", options.filter_height(), options.filter_width())?,
        activation: Activation::from_schema(options.fused_activation_function())?,
    })
}

fn elementwise(name: &str, operator: schema::Operator<'_>) -> Result<Options, String> {
    let code = match name {
        "ADD" => operator.builtin_options_as_add_options().map(|options| options.fused_activation_function()),
        "SUB" => operator.builtin_options_as_sub_options().map(|options| options.fused_activation_function()),
        _ => operator.builtin_options_as_mul_options().map(|options| options.fused_activation_function()),
    };
    let code = table(operator, code, &format!("those of {name}"))?;
    Ok(Options::Elementwise { activation: code.map_or(Ok(Activation::None), Activation::from_schema)? })
}

fn softmax(operator: schema::Operator<'_>) -> Result<Options, String> {
    let options = table(operator, operator.builtin_options_as_softmax_options(), "SoftmaxOptions")?;
    Ok(Options::Softmax { beta: options.map_or(0.0, |options| options.beta()) })
}

fn concatenation(operator: schema::Operator<'_>) -> Result<Options, String> {
    let options = table(operator, operator.builtin_options_as_concatenation_options(), "ConcatenationOptions")?;
    let Some(options) = options else { return Ok(Options::Concatenation { axis: 0, activation: Activation::None }) };
    Ok(Options::Concatenation {
        axis: options.axis(),
        activation: Activation::from_schema(options.fused_activation_function())?,
    })
}

fn reducer(operator: schema::Operator<'_>) -> Result<Options, String> {
    let options = table(operator, operator.builtin_options_as_reducer_options(), "ReducerOptions")?;
    Ok(Options::Reducer { keep_dims: options.is_some_and(|options| options.keep_dims()) })
}

fn strided_slice(operator: schema::Operator<'_>) -> Result<Options, String> {
    let options = table(operator, operator.builtin_options_as_strided_slice_options(), "StridedSliceOptions")?;
    let masks = options.map(|options| SliceMasks {
        begin: options.begin_mask(),
        end: options.end_mask(),
        ellipsis: options.ellipsis_mask(),
        new_axis: options.new_axis_mask(),
        shrink_axis: options.shrink_axis_mask(),
    });
    let offset = options.is_some_and(|options| options.offset());
    Ok(Options::StridedSlice { masks: masks.unwrap_or_default(), offset })
}

fn pack(operator: schema::Operator<'_>) -> Result<Options, String> {
    let options = table(operator, operator.builtin_options_as_pack_options(), "PackOptions")?;
    Ok(Options::Pack { axis: options.map_or(0, |options| options.axis()) })
}

fn unpack(operator: schema::Operator<'_>) -> Result<Options, String> {
    let options = table(operator, operator.builtin_options_as_unpack_options(), "UnpackOptions")?;
    Ok(Options::Unpack { axis: options.map_or(0, |options| options.axis()) })
}

fn resize_nearest_neighbor(operator: schema::Operator<'_>) -> Result<Options, String> {
    let options = operator.builtin_options_as_resize_nearest_neighbor_options();
    let flags = options.map(|options| [options.align_corners(), options.half_pixel_centers()]);
    Ok(resize(table(operator, flags, "ResizeNearestNeighborOptions")?))
}

fn resize_bilinear(operator: schema::Operator<'_>) -> Result<Options, String> {
    let options = operator.builtin_options_as_resize_bilinear_options();
    let flags = options.map(|options| [options.align_corners(), options.half_pixel_centers()]);
    Ok(resize(table(operator, flags, "ResizeBilinearOptions")?))
}

fn resize(flags: Option<[bool; 2]>) -> Options {
    let [align_corners, half_pixel_centers] = flags.unwrap_or_default();
    Options::Resize(Alignment { align_corners, half_pixel_centers })
}

fn leaky_relu(operator: schema::Operator<'_>) -> Result<Options, String> {
    let options = table(operator, operator.builtin_options_as_leaky_relu_options(), "LeakyReluOptions")?;
    let alpha = options.map_or(0.0, |options| options.alpha());
    match alpha.is_finite() {
        true => Ok(Options::LeakyRelu { alpha }),
        false => Err(format!("alpha is {alpha}: must be finite")),
    }
}

fn call_once(operator: schema::Operator<'_>) -> Result<Options, String> {
    let options = table(operator, operator.builtin_options_as_call_once_options(), "CallOnceOptions")?;
    let index = options.map_or(0, |options| options.init_subgraph_index());
    let subgraph = usize::try_from(index).map_err(|_| format!("subgraph is {index}: must be at least 0"))?;
    Ok(Options::CallOnce { subgraph })
}

/// The number of the variable that a `VAR_HANDLE` names, which gets one if it is new.
pub(super) fn var_handle(
    operator: schema::Operator<'_>,
    variables: &mut HashMap<String, usize>,
) -> Result<Options, String> {
    let options = table(operator, operator.builtin_options_as_var_handle_options(), "VarHandleOptions")?;
    let (container, name) = options.map_or((None, None), |options| (options.container(), options.shared_name()));
    let name = match container.unwrap_or_default() {
        "" => name.unwrap_or_default().to_owned(),
        container => format!("{container}/{}", name.unwrap_or_default()),
    };
    let next = variables.len();
    Ok(Options::VarHandle { variable: *variables.entry(name).or_insert(next) })
}

fn padding(code: schema::Padding) -> Result<Padding, String> {
    match code {
        schema::Padding::SAME => Ok(Padding::Same),
        schema::Padding::VALID => Ok(Padding::Valid),
        other => Err(format!("padding is number {}: only SAME and VALID are supported", other.0)),
    }
}

fn size(what: &str, value: i32) -> Result<usize, String> {
    let size = usize::try_from(value).ok().filter(|_| (1..=LIMIT).contains(&value));
    size.ok_or_else(|| out_of_range(what, value))
}

fn out_of_range(what: &str, value: i32) -> String {
    format!("{what} is {value}: must be in 1..={LIMIT}")
}

fn pair(what: &str, height: i32, width: i32) -> Result<[usize; 2], String> {
    Ok([size(what, height)?, size(what, width)?])
}
