//! Requests as JSON lines, and golden's answers. `sim rtl` parses the same requests and asks the hardware.

use std::io::{self, BufRead, Write};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::Error;

mod convert;
mod convolution;
mod elementwise;
mod layer;
mod pool;
mod scalar;
mod scaling;
mod tensor;

pub use convert::{DequantizeRequest, QuantizeRequest};
pub use convolution::ConvolutionRequest;
pub use elementwise::{AddRequest, MulRequest};
pub use layer::{FullyConnected, FullyConnectedRequest};
pub use pool::{Clamp, PoolRequest};
pub use scalar::{QuantizeMultiplierRequest, RequantizeRequest, SaturateRequest};
pub use tensor::{MAX_ELEMENTS, MAX_TERMS, Output, Tensor};

/// Defines [`Request`] and everything that follows from the list of operators: for each operator its parameters, its
/// name in requests, and golden's answer.
macro_rules! requests {
    ($($(#[$doc:meta])* $Operator:ident($Parameters:ty) = $name:literal => $answer:path,)+) => {
        /// One line of input.
        #[derive(Debug, Clone, PartialEq, Deserialize)]
        #[serde(tag = "op", deny_unknown_fields)]
        pub enum Request {
            $($(#[$doc])* #[serde(rename = $name)] $Operator($Parameters),)+
        }

        impl Request {
            /// The operator by its name in requests.
            pub const fn op(&self) -> &'static str {
                match self {
                    $(Request::$Operator(_) => $name,)+
                }
            }
        }

        /// Golden's answer.
        ///
        /// # Errors
        /// If a parameter is out of range, or the reference does not define the result.
        pub fn answer(request: &Request) -> Result<Value, Error> {
            match request {
                $(Request::$Operator(parameters) => $answer(parameters),)+
            }
        }
    };
}

requests! {
    /// `{"op":"quantize_multiplier","real":0.2,"bits":32}`
    QuantizeMultiplier(QuantizeMultiplierRequest) = "quantize_multiplier" => QuantizeMultiplierRequest::answer,
    /// `{"op":"requantize","rule":…,"acc":…,"multiplier":…,"shift":…,"zero_point":…,"min":…,"max":…}`
    /// or, by a real factor, `{"op":"requantize","rule":…,"acc":…,"real_multiplier":…,"zero_point":…,"min":…,"max":…}`
    Requantize(RequantizeRequest) = "requantize" => RequantizeRequest::answer,
    /// `{"op":"saturate","x":…,"min":…,"max":…}`
    Saturate(SaturateRequest) = "saturate" => SaturateRequest::answer,
    /// `{"op":"fully_connected","rule":…,"input":…,"weights":…,"bias":[…],"multiplier":[…],"shift":[…],"output":…}`
    /// or with `"real_multiplier":[…]` in place of the two
    FullyConnected(Box<FullyConnectedRequest>) = "fully_connected" => FullyConnectedRequest::answer,
    /// the fields of `fully_connected`, and
    /// `"stride":[h,w],"dilation":[h,w],"padding":[top,bottom,left,right],"groups":…`
    Conv2d(Box<ConvolutionRequest>) = "conv2d" => ConvolutionRequest::conv2d,
    /// the fields of `conv2d`, with `"depth_multiplier":…` in place of `groups`
    DepthwiseConv2d(Box<ConvolutionRequest>) = "depthwise_conv2d" => ConvolutionRequest::depthwise_conv2d,
    /// `{"op":"add","input1":…,"input2":…,"left_shift":20,"input1_multiplier":…,"input1_shift":…,…,"output":…}`
    Add(Box<AddRequest>) = "add" => AddRequest::add,
    /// the fields of `add`
    Sub(Box<AddRequest>) = "sub" => AddRequest::sub,
    /// `{"op":"mul","input1":…,"input2":…,"multiplier":…,"shift":…,"output":…}`
    Mul(Box<MulRequest>) = "mul" => MulRequest::answer,
    /// `{"op":"average_pool","input":…,"filter":[h,w],"stride":…,"padding":…,"output":{"min":…,"max":…}}`
    AveragePool(Box<PoolRequest>) = "average_pool" => PoolRequest::average_pool,
    /// the fields of `average_pool`
    MaxPool(Box<PoolRequest>) = "max_pool" => PoolRequest::max_pool,
    /// `{"op":"quantize","real":[…],"scale":…,"zero_point":…,"min":…,"max":…,"rounding":…}`
    Quantize(QuantizeRequest) = "quantize" => QuantizeRequest::answer,
    /// `{"op":"dequantize","input":…,"scale":…}`
    Dequantize(DequantizeRequest) = "dequantize" => DequantizeRequest::answer,
}

impl Request {
    /// Reads one line.
    ///
    /// # Errors
    /// If it is no request: not JSON, an unknown operation or field, a value of the wrong type.
    pub fn parse(line: &str) -> Result<Request, Error> {
        let mut json = serde_json::Deserializer::from_str(line);
        let request = tensor::object(&mut json).and_then(|request| json.end().map(|()| request));
        request.map_err(|e| Error::Request(e.to_string()))
    }
}

/// Answers each line of `input` in a line of `output` as it comes. Empty lines have no answer. Returns whether an
/// answer is an error.
///
/// # Errors
/// If the input cannot be read, or the output written.
pub fn answer_lines(
    mut input: impl BufRead,
    mut output: impl Write,
    mut answer: impl FnMut(&Request) -> Result<Value, String>,
) -> io::Result<bool> {
    let (mut line, mut failed) = (Vec::new(), false);
    while input.read_until(b'\n', &mut line)? > 0 {
        // A line that is no UTF-8 is no JSON either, and gets the error for bad JSON.
        let text = String::from_utf8_lossy(&line);
        if !text.trim().is_empty() {
            let (answer, error) = answer_line(text.trim_end(), &mut answer);
            failed |= error;
            writeln!(output, "{answer}")?;
            output.flush()?;
        }
        line.clear();
    }
    Ok(failed)
}

/// The answer to one line, and whether it is an error.
pub fn answer_line(line: &str, answer: impl FnOnce(&Request) -> Result<Value, String>) -> (String, bool) {
    match Request::parse(line).map_err(|e| e.to_string()).and_then(|r| answer(&r)) {
        Ok(value) => (value.to_string(), false),
        Err(error) => (json!({"error": error}).to_string(), true),
    }
}
