//! A parameter that is a number, a port, or a table of numbers.

use std::fmt;
use std::str::FromStr;

use qrtl_hdl::blocks::requantizer::Source;
use serde::{Deserialize, Serialize};

/// `port`, a number, or numbers separated by commas (one for each channel).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Parameter {
    /// always the same
    Constant(i64),
    /// one for each channel
    Table(Vec<i64>),
    /// decided at run time
    Port(Port),
}

/// The word `port`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Port {
    /// `port`
    Port,
}

impl Parameter {
    /// `port`
    pub const PORT: Parameter = Parameter::Port(Port::Port);

    /// As the hardware takes it.
    pub fn source(&self) -> Source {
        match self {
            Parameter::Constant(v) => Source::Constant(*v),
            Parameter::Table(values) => Source::Table(values.clone()),
            Parameter::Port(_) => Source::Port,
        }
    }

    /// The value for a channel, unless it is a port.
    pub fn value(&self, channel: usize) -> Option<i64> {
        match self {
            Parameter::Constant(v) => Some(*v),
            Parameter::Table(values) => values.get(channel).copied(),
            Parameter::Port(_) => None,
        }
    }
}

impl FromStr for Parameter {
    type Err = String;
    fn from_str(s: &str) -> Result<Parameter, String> {
        if s == "port" {
            return Ok(Parameter::PORT);
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

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Parameter::Constant(v) => write!(f, "{v}"),
            Parameter::Table(values) => {
                let texts: Vec<String> = values.iter().map(i64::to_string).collect();
                f.write_str(&texts.join(","))
            }
            Parameter::Port(_) => f.write_str("port"),
        }
    }
}
