//! What the parameters of a GEMM block can be, as users write it.

use std::fmt;
use std::str::FromStr;

use clap::ValueEnum;
use qrtl_hdl::blocks::gemm::{Dimension, Forwarding};
use qrtl_hdl::exact::Range;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The integer type of an operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperandType {
    /// -8..=7
    Int4,
    /// -128..=127
    Int8,
    /// 0..=255
    Uint8,
    /// -32768..=32767
    Int16,
}

impl OperandType {
    /// Its values.
    pub fn range(self) -> Range {
        match self {
            OperandType::Int4 => Range::signed(4),
            OperandType::Int8 => Range::signed(8),
            OperandType::Uint8 => Range::unsigned(8),
            OperandType::Int16 => Range::signed(16),
        }
    }
}

/// How a zero point takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StrategySpec {
    /// subtracted from each operand at the edge of the array
    Subtract,
    /// corrected by run-time sums as results drain
    Correct,
}

/// How operands reach the elements of the array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForwardingSpec {
    /// to all elements of a row or column in the same clock
    Broadcast,
    /// from element to element, one a clock
    Systolic,
}

impl ForwardingSpec {
    /// As the hardware takes it.
    pub(super) fn forwarding(self) -> Forwarding {
        match self {
            ForwardingSpec::Broadcast => Forwarding::Broadcast,
            ForwardingSpec::Systolic => Forwarding::Systolic,
        }
    }
}

/// `none`, `port` or a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZeroPointSpec {
    /// 0, or folded into the bias
    None,
    /// decided at run time
    Port,
    /// always the same
    Constant(i64),
}

/// A number of rows, columns or terms: fixed, or a port with a greatest value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DimensionSpec(pub Dimension);

/// Serde through text, in which a number may stand as such. By hand, not as an untagged enum: that would forget where in
/// the file a wrong value stands.
macro_rules! textual {
    ($type:ty, $expected:literal) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let text = self.to_string();
                match text.parse() {
                    Ok(number) => serializer.serialize_i64(number),
                    Err(_) => serializer.serialize_str(&text),
                }
            }
        }
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                struct Expected;
                impl Visitor<'_> for Expected {
                    type Value = $type;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str($expected)
                    }
                    fn visit_i64<E: de::Error>(self, v: i64) -> Result<$type, E> {
                        self.visit_str(&v.to_string())
                    }
                    fn visit_str<E: de::Error>(self, v: &str) -> Result<$type, E> {
                        v.parse().map_err(E::custom)
                    }
                }
                deserializer.deserialize_any(Expected)
            }
        }
    };
}
textual!(ZeroPointSpec, "\"none\", \"port\" or a number");
textual!(DimensionSpec, "a number or \"..MAX\"");

impl FromStr for ZeroPointSpec {
    type Err = String;
    fn from_str(s: &str) -> Result<ZeroPointSpec, String> {
        match s {
            "none" => Ok(ZeroPointSpec::None),
            "port" => Ok(ZeroPointSpec::Port),
            _ => s.parse().map(ZeroPointSpec::Constant).map_err(|_| format!("{s} is neither none, port nor a number")),
        }
    }
}

impl fmt::Display for ZeroPointSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ZeroPointSpec::None => f.write_str("none"),
            ZeroPointSpec::Port => f.write_str("port"),
            ZeroPointSpec::Constant(v) => write!(f, "{v}"),
        }
    }
}

impl FromStr for DimensionSpec {
    type Err = String;
    fn from_str(s: &str) -> Result<DimensionSpec, String> {
        let number = |t: &str| t.parse().map_err(|_| format!("{s} is neither a number nor ..MAX"));
        match s.strip_prefix("..") {
            Some(max) => Ok(DimensionSpec(Dimension::UpTo(number(max)?))),
            None => Ok(DimensionSpec(Dimension::Fixed(number(s)?))),
        }
    }
}

impl fmt::Display for DimensionSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Dimension::Fixed(n) => write!(f, "{n}"),
            Dimension::UpTo(n) => write!(f, "..{n}"),
        }
    }
}
