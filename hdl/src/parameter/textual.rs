//! Parameters that are written as a number or as a word: a number, `port`, a list of numbers, `..MAX`.

use std::fmt;
use std::str::FromStr;

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::exact::Range;

/// The source of a parameter. It is written as a number, as `port`, or as numbers separated by commas.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Source {
    /// The parameter always has this value: it has no port, and takes as little logic as the value needs.
    Constant(i64),
    /// The parameter is a port.
    Port,
    /// The parameter has a value for each channel, from a read-only table.
    Table(Vec<i64>),
}

impl Source {
    /// The values that it can give. `port` has the values that a port can hold.
    pub fn range(&self, port: Range) -> Range {
        match self {
            Source::Constant(v) => Range::constant((*v).into()),
            Source::Port => port,
            Source::Table(values) => {
                let lo = values.iter().copied().min().unwrap_or(0);
                let hi = values.iter().copied().max().unwrap_or(0);
                Range::new(lo.into(), hi.into())
            }
        }
    }

    /// The value for a channel; `None` if the source is a port.
    pub fn value(&self, channel: usize) -> Option<i64> {
        match self {
            Source::Constant(v) => Some(*v),
            Source::Table(values) => values.get(channel).copied(),
            Source::Port => None,
        }
    }

    /// Checks that the values of the parameter `name` lie in a range. A port takes all of them.
    ///
    /// # Errors
    /// A sentence that names the parameter, its values and the range.
    pub fn check(&self, name: &str, limit: Range) -> Result<(), String> {
        let got = self.range(limit);
        if limit.covers(got) {
            return Ok(());
        }
        let got = got.singleton().map_or(got.to_string(), |v| v.to_string());
        Err(format!("{name}: {got} is outside {limit}"))
    }

    /// Number of entries, if the source is a table.
    pub fn entries(&self) -> Option<usize> {
        match self {
            Source::Table(values) => Some(values.len()),
            Source::Constant(_) | Source::Port => None,
        }
    }
}

/// The zero point of an operand. It is written as `none`, as `port`, or as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ZeroPoint {
    /// The zero point is 0, or was folded into the bias beforehand.
    None,
    /// The zero point is a port.
    Port,
    /// The zero point always has this value.
    Constant(i64),
}

/// A dimension of a product. It is written as a number, or as `..MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dimension {
    /// The dimension always has this size.
    Fixed(usize),
    /// The dimension is a port, which is read while beats flow, and has at most this size.
    UpTo(usize),
}

impl Dimension {
    /// The greatest size that it can have.
    pub const fn max(self) -> usize {
        match self {
            Dimension::Fixed(n) | Dimension::UpTo(n) => n,
        }
    }
}

impl FromStr for Source {
    type Err = String;
    fn from_str(s: &str) -> Result<Source, String> {
        if s == "port" {
            return Ok(Source::Port);
        }
        let number = |t: &str| {
            t.trim()
                .parse()
                .map_err(|_| format!("{t} is no number of 64 bits; use port, a number, or numbers and commas"))
        };
        let mut values = s.split(',').map(number).collect::<Result<Vec<i64>, _>>()?;
        Ok(if values.len() == 1 { Source::Constant(values.remove(0)) } else { Source::Table(values) })
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Constant(v) => write!(f, "{v}"),
            Source::Table(values) => {
                let texts: Vec<String> = values.iter().map(i64::to_string).collect();
                f.write_str(&texts.join(","))
            }
            Source::Port => f.write_str("port"),
        }
    }
}

impl FromStr for ZeroPoint {
    type Err = String;
    fn from_str(s: &str) -> Result<ZeroPoint, String> {
        match s {
            "none" => Ok(ZeroPoint::None),
            "port" => Ok(ZeroPoint::Port),
            _ => s.parse().map(ZeroPoint::Constant).map_err(|_| format!("{s} is neither none, port nor a number")),
        }
    }
}

impl fmt::Display for ZeroPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ZeroPoint::None => f.write_str("none"),
            ZeroPoint::Port => f.write_str("port"),
            ZeroPoint::Constant(v) => write!(f, "{v}"),
        }
    }
}

impl FromStr for Dimension {
    type Err = String;
    fn from_str(s: &str) -> Result<Dimension, String> {
        let number = |t: &str| t.parse().map_err(|_| format!("{s} is neither a number nor ..MAX"));
        match s.strip_prefix("..") {
            Some(max) => Ok(Dimension::UpTo(number(max)?)),
            None => Ok(Dimension::Fixed(number(s)?)),
        }
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Dimension::Fixed(n) => write!(f, "{n}"),
            Dimension::UpTo(n) => write!(f, "..{n}"),
        }
    }
}

impl Serialize for Source {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Source::Constant(v) => serializer.serialize_i64(*v),
            Source::Table(values) => values.serialize(serializer),
            Source::Port => serializer.serialize_str("port"),
        }
    }
}

// By hand, not as an untagged enum: that would forget where in the file a wrong value stands.
impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Source, D::Error> {
        struct Expected;
        impl<'de> Visitor<'de> for Expected {
            type Value = Source;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"port\", a number, or a list of numbers")
            }
            fn visit_i64<E: de::Error>(self, v: i64) -> Result<Source, E> {
                Ok(Source::Constant(v))
            }
            fn visit_u64<E: de::Error>(self, v: u64) -> Result<Source, E> {
                i64::try_from(v).map(Source::Constant).map_err(E::custom)
            }
            fn visit_str<E: de::Error>(self, v: &str) -> Result<Source, E> {
                v.parse().map_err(E::custom)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Source, A::Error> {
                let mut values = Vec::new();
                while let Some(v) = seq.next_element()? {
                    values.push(v);
                }
                if values.is_empty() { Err(de::Error::invalid_length(0, &self)) } else { Ok(Source::Table(values)) }
            }
        }
        deserializer.deserialize_any(Expected)
    }
}

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
                    fn visit_u64<E: de::Error>(self, v: u64) -> Result<$type, E> {
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
textual!(ZeroPoint, "\"none\", \"port\" or a number");
textual!(Dimension, "a number or \"..MAX\"");
