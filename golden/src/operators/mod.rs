//! The operators of a small quantized network, one file each, as obvious loops over integers.
//!
//! Activations are `[batch, height, width, channels]`. Sums are exact, whatever their size. A
//! [`Requantize`](crate::numerics::requantizer::Requantize) turns a sum into an output: it has rounding rule, zero point and
//! clamp. So an operator is here once for all runtimes that differ only in the requantization that they pass
//! ([`graph`](crate::graph)). Where the kernel of a runtime takes other steps, it has an operator of its own: `litert_`,
//! `xnnpack_`, and `ort_` for ONNX Runtime.

mod array;
mod broadcast;
mod conv2d;
mod convert;
mod depthwise_conv2d;
mod elementwise;
mod fixed_point;
mod groups;
mod hard_swish;
mod litert_add;
mod litert_mul;
mod log_softmax;
mod mean;
mod ort_add;
mod ort_function;
mod ort_pool;
mod ort_products;
mod ort_softmax;
mod pool;
mod resize;
mod shape;
mod softmax;
mod squared_difference;
mod table;
mod transpose_conv;
mod window;
mod xnnpack_add;

pub use array::{Array, Operand};
pub(crate) use broadcast::common_shape;
pub use conv2d::{conv2d, conv2d_fast};
pub use convert::{
    DequantizeRounding, QuantizeRounding, Quantizer, XnnpackConvert, dequantize, litert_requantize, quantize,
    requantize, xnnpack_convert,
};
pub use depthwise_conv2d::depthwise_conv2d;
pub use elementwise::*;
pub(crate) use groups::in_whole_group;
pub use hard_swish::hard_swish_table;
pub use litert_add::litert_add;
pub use litert_mul::{LitertMul, litert_mul};
pub use log_softmax::{LogSoftmaxParameters, log_softmax};
pub use mean::{extremum_over, mean, mean_factor};
pub use ort_add::{Innermost, OrtAdd, OrtMul, ort_add, ort_mul};
pub use ort_function::{Function, ort_quantize, ort_sigmoid, ort_table};
pub use ort_pool::{OrtAveragePool, ort_average_pool};
pub use ort_products::{InPairs, ToFloat, conv2d_in_pairs, fully_connected_in_pairs};
pub use ort_softmax::{OrtSoftmax, ort_softmax};
pub use pool::{average_factor, average_pool, max_pool};
pub use resize::{Alignment, Between, nearest, resize_bilinear};
pub(crate) use shape::concatenated_shape;
pub use shape::{concatenation, pack, pad, reshape, select, transpose};
pub use softmax::{SoftmaxParameters, softmax, softmax_by_table};
pub use squared_difference::{SquaredDifference, squared_difference};
pub use table::{
    Table, abs_table, clamp_table, leaky_relu_table, logistic_table, neg_table, relu_table, tanh_table,
    xnnpack_square_table,
};
pub use transpose_conv::{Spread, transpose_conv};
pub use window::{Axis, Window};
pub use xnnpack_add::{XnnpackAdd, xnnpack_add};
