//! Parameters of operators beside their tensors.

use super::Activation;
use crate::operators::Alignment;

/// Padding of an image before a window moves over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// As much padding as gives `ceil(size / stride)` outputs.
    Same,
    /// No padding.
    Valid,
}

/// What each dimension of a `STRIDED_SLICE` leaves out: a bit for each dimension, the first dimension lowest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SliceMasks {
    /// The slice begins where the dimension does.
    pub begin: i32,
    /// The slice ends where the dimension does.
    pub end: i32,
    /// All dimensions that are not named stand here.
    pub ellipsis: i32,
    /// A dimension of size 1 comes in.
    pub new_axis: i32,
    /// The slice has one element, and the dimension is dropped.
    pub shrink_axis: i32,
}

/// Options of the operators that we can compute. An option that the file leaves out has the format's default. Pairs are
/// height and width, from 1 to 65,536.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Options {
    /// Options of `CONV_2D`.
    Conv2d {
        /// Padding of the image.
        padding: Padding,
        /// Step from one output to the next.
        stride: [usize; 2],
        /// Step from one tap to the next.
        dilation: [usize; 2],
        /// Activation that is fused into the bounds of the output.
        activation: Activation,
    },
    /// Options of `DEPTHWISE_CONV_2D`.
    DepthwiseConv2d {
        /// Padding of the image.
        padding: Padding,
        /// Step from one output to the next.
        stride: [usize; 2],
        /// Step from one tap to the next.
        dilation: [usize; 2],
        /// Outputs for each channel. TensorFlow Lite Micro obeys this number. LiteRT divides outputs by channels
        /// instead, and old converters have left 0 here.
        depth_multiplier: usize,
        /// Activation that is fused into the bounds of the output.
        activation: Activation,
    },
    /// Options of `TRANSPOSE_CONV`.
    TransposeConv {
        /// Padding of the output, which is cut off.
        padding: Padding,
        /// Step from one element of the input to the next, in elements of the output.
        stride: [usize; 2],
        /// Activation that is fused into the bounds of the output.
        activation: Activation,
    },
    /// Options of `AVERAGE_POOL_2D` and `MAX_POOL_2D`.
    Pool2d {
        /// Padding of the image.
        padding: Padding,
        /// Step from one output to the next.
        stride: [usize; 2],
        /// Size of the window.
        filter: [usize; 2],
        /// Activation that is fused into the bounds of the output.
        activation: Activation,
    },
    /// Options of `ADD`, `SUB` and `MUL`.
    Elementwise {
        /// Activation that is fused into the bounds of the output.
        activation: Activation,
    },
    /// Options of `SOFTMAX`.
    Softmax {
        /// The factor of the exponents.
        beta: f32,
    },
    /// Options of `CONCATENATION`.
    Concatenation {
        /// The dimension along which the inputs follow each other; below 0 it counts from behind.
        axis: i32,
        /// Activation that is fused into the bounds of the output.
        activation: Activation,
    },
    /// Options of `MEAN`, `SUM`, `REDUCE_MAX` and `REDUCE_MIN`.
    Reducer {
        /// Whether a dimension that is reduced stays as a size of 1.
        keep_dims: bool,
    },
    /// Options of `STRIDED_SLICE`.
    StridedSlice {
        /// What the numbers of the tensors do not say.
        masks: SliceMasks,
        /// Whether the ends count from the begins.
        offset: bool,
    },
    /// Options of `PACK`.
    Pack {
        /// The new dimension of the output; below 0 it counts from behind.
        axis: i32,
    },
    /// Options of `UNPACK`.
    Unpack {
        /// The dimension of the input that the outputs do not have; below 0 it counts from behind.
        axis: i32,
    },
    /// Options of `RESIZE_BILINEAR` and `RESIZE_NEAREST_NEIGHBOR`.
    Resize(Alignment),
    /// Options of `LEAKY_RELU`.
    LeakyRelu {
        /// The factor of numbers below 0.
        alpha: f32,
    },
    /// Options of `VAR_HANDLE`.
    VarHandle {
        /// The number of the variable among the variables of the model.
        variable: usize,
    },
    /// Options of `CALL_ONCE`.
    CallOnce {
        /// The number of the subgraph that is run before the first run of the network.
        subgraph: usize,
    },
    /// Options of operators whose tensors say everything, such as `RESHAPE` and `QUANTIZE`.
    None,
    /// Options of `FULLY_CONNECTED`.
    FullyConnected {
        /// Whether the output has the shape of the input but for the last size. Otherwise it is `[rows, units]`.
        keep_num_dims: bool,
        /// Activation that is fused into the bounds of the output.
        activation: Activation,
    },
    /// Options of an operator that we cannot compute, which are not read.
    Unread,
}
