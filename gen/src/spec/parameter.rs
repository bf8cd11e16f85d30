//! A parameter that is a number, a port, or a table of numbers.

use std::fmt;
use std::str::FromStr;

use qrtl_hdl::blocks::requantizer::Source;
use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// `port`, a number, or numbers separated by commas (one for each channel).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parameter {
    /// always the same
    Constant(i64),
    /// one for each channel
    Table(Vec<i64>),
    /// decided at run time
    Port,
}

impl Parameter {
    /// As the hardware takes it.
    pub fn source(&self) -> Source {
        match self {
            Parameter::Constant(v) => Source::Constant(*v),
            Parameter::Table(values) => Source::Table(values.clone()),
            Parameter::Port => Source::Port,
        }
    }

    /// The value for a channel, unless it is a port.
    pub fn value(&self, channel: usize) -> Option<i64> {
        match self {
            Parameter::Constant(v) => Some(*v),
            Parameter::Table(values) => values.get(channel).copied(),
            Parameter::Port => None,
        }
    }
}

impl FromStr for Parameter {
    type Err = String;
    fn from_str(s: &str) -> Result<Parameter, String> {
        if s == "port" {
            return Ok(Parameter::Port);
        }
        let number = |t: &str| {
            t.trim()
                .parse()
                .map_err(|_| format!("{t} is no number of 64 bits; use port, a number, or numbers and commas"))
        };
        let mut values = s.split(',').map(number).collect::<Result<Vec<i64>, _>>()?;
        Ok(if values.len() == 1 { Parameter::Constant(values.remove(0)) } else { Parameter::Table(values) })
    }
}

impl Serialize for Parameter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Parameter::Constant(v) => serializer.serialize_i64(*v),
            Parameter::Table(values) => values.serialize(serializer),
            Parameter::Port => serializer.serialize_str("port"),
        }
    }
}

// By hand, not as an untagged enum: that would forget where in the file a wrong value stands.
impl<'de> Deserialize<'de> for Parameter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Parameter, D::Error> {
        struct Expected;
        impl<'de> Visitor<'de> for Expected {
            type Value = Parameter;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"port\", a number, or a list of numbers")
            }
            fn visit_i64<E: de::Error>(self, v: i64) -> Result<Parameter, E> {
                Ok(Parameter::Constant(v))
            }
            fn visit_u64<E: de::Error>(self, v: u64) -> Result<Parameter, E> {
                i64::try_from(v).map(Parameter::Constant).map_err(E::custom)
            }
            fn visit_str<E: de::Error>(self, v: &str) -> Result<Parameter, E> {
                v.parse().map_err(E::custom)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Parameter, A::Error> {
                let mut values = Vec::new();
                while let Some(v) = seq.next_element()? {
                    values.push(v);
                }
                if values.is_empty() { Err(de::Error::invalid_length(0, &self)) } else { Ok(Parameter::Table(values)) }
            }
        }
        deserializer.deserialize_any(Expected)
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Parameter::Constant(v) => write!(f, "{v}"),
            Parameter::Table(values) => {
                let texts: Vec<String> = values.iter().map(i64::to_string).collect();
                f.write_str(&texts.join(","))
            }
            Parameter::Port => f.write_str("port"),
        }
    }
}
