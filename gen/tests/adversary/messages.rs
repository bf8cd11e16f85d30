//! The fields of an `.onnx` file as a tree, and how they are replaced: the file that is written from it is a sound message.

use qrtl_random::Random;

use crate::values::{damage, float, integer};

/// The fields of a message.
pub type Message = Vec<(u32, Value)>;

/// What a field holds.
#[derive(Debug, Clone)]
pub enum Value {
    Number(u64),
    Eight([u8; 8]),
    Four([u8; 4]),
    Bytes(Vec<u8>),
    Message(Kind, Message),
}

/// The messages whose fields are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Model,
    OperatorSet,
    Graph,
    Node,
    Attribute,
    Tensor,
    ValueInfo,
    Type,
    TensorType,
    Shape,
    Dimension,
}

/// The message in a field, by the numbers of ONNX's schema.
fn inside(kind: Kind, field: u32) -> Option<Kind> {
    match (kind, field) {
        (Kind::Model, 7) | (Kind::Attribute, 6) => Some(Kind::Graph),
        (Kind::Model, 8) => Some(Kind::OperatorSet),
        (Kind::Graph, 1) => Some(Kind::Node),
        (Kind::Graph, 5) | (Kind::Attribute, 5) => Some(Kind::Tensor),
        (Kind::Graph, 11..=13) => Some(Kind::ValueInfo),
        (Kind::Node, 5) => Some(Kind::Attribute),
        (Kind::ValueInfo, 2) => Some(Kind::Type),
        (Kind::Type, 1) => Some(Kind::TensorType),
        (Kind::TensorType, 2) => Some(Kind::Shape),
        (Kind::Shape, 1) => Some(Kind::Dimension),
        _ => None,
    }
}

/// The fields of a sound file.
pub fn parse(bytes: &[u8]) -> Message {
    message(bytes, Kind::Model).unwrap()
}

fn message(mut bytes: &[u8], kind: Kind) -> Option<Message> {
    let mut fields = Message::new();
    while !bytes.is_empty() {
        let key = number(&mut bytes)?;
        let field = u32::try_from(key >> 3).ok()?;
        let value = match key & 7 {
            0 => Value::Number(number(&mut bytes)?),
            1 => Value::Eight(take(&mut bytes, 8)?.try_into().ok()?),
            5 => Value::Four(take(&mut bytes, 4)?.try_into().ok()?),
            2 => {
                let length = usize::try_from(number(&mut bytes)?).ok()?;
                let within = take(&mut bytes, length)?;
                let of = inside(kind, field);
                of.and_then(|of| Some(Value::Message(of, message(within, of)?)))
                    .unwrap_or(Value::Bytes(within.to_vec()))
            }
            _ => return None,
        };
        fields.push((field, value));
    }
    Some(fields)
}

fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (head, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(head)
}

fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(bytes, 1)?[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

fn write(fields: &Message, bytes: &mut Vec<u8>) {
    for (field, value) in fields {
        let mut key = |wire: u64| put(u64::from(*field) << 3 | wire, bytes);
        match value {
            Value::Number(number) => {
                key(0);
                put(*number, bytes);
            }
            Value::Eight(eight) => {
                key(1);
                bytes.extend(eight);
            }
            Value::Four(four) => {
                key(5);
                bytes.extend(four);
            }
            Value::Bytes(within) => {
                key(2);
                put(within.len() as u64, bytes);
                bytes.extend(within);
            }
            Value::Message(_, fields) => {
                key(2);
                let mut within = Vec::new();
                write(fields, &mut within);
                put(within.len() as u64, bytes);
                bytes.extend(within);
            }
        }
    }
}

fn put(mut number: u64, bytes: &mut Vec<u8>) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Replaces some fields of a file by others, of the same file or of another one, and damages some bytes without looking.
pub fn mutate(file: &Message, other: &Message, bytes_of_other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut fields = file.clone();
    let blind = random.one_in(12);
    if !blind {
        for _ in 0..random.pick(&[1, 1, 1, 1, 2, 2, 3]) {
            change(&mut fields, other, random);
        }
    }
    let mut bytes = Vec::new();
    write(&fields, &mut bytes);
    if blind || random.one_in(40) {
        damage(&mut bytes, bytes_of_other, random);
    }
    bytes
}

fn change(fields: &mut Message, other: &Message, random: &mut Random) {
    if random.one_in(8) {
        let sizes: Vec<u64> = all(fields, Kind::Model).into_iter().filter_map(size).collect();
        if !sizes.is_empty() {
            let (old, new) = (random.pick(&sizes), integer(random) as u64);
            return resize(fields, Kind::Model, old, new);
        }
    }
    let mut kind = Kind::Model;
    let mut within = fields;
    // Down the tree: as often into a message as to a field of this one.
    loop {
        if within.is_empty() {
            return;
        }
        let at = random.size(0, within.len() - 1);
        let deeper = matches!(&within[at].1, Value::Message(..)) && !random.one_in(8);
        if !deeper {
            return replace(within, at, kind, other, random);
        }
        let Value::Message(of, below) = &mut within[at].1 else { return };
        (kind, within) = (*of, below);
    }
}

/// Another value, a field of the same kind from elsewhere, no field, or the field twice.
fn replace(fields: &mut Message, at: usize, kind: Kind, other: &Message, random: &mut Random) {
    match random.size(0, 9) {
        0 => drop(fields.remove(at)),
        1 => fields.insert(random.size(0, fields.len()), fields[at].clone()),
        2 | 3 => {
            let field = fields[at].0;
            let same = |(of, found): &(Kind, &(u32, Value))| *of == kind && found.0 == field;
            let found: Vec<_> = all(other, Kind::Model).into_iter().filter(same).collect();
            if !found.is_empty() {
                fields[at] = random.pick(&found).1.clone();
            }
        }
        4 => {
            let from = random.size(0, fields.len() - 1);
            fields[at].1 = fields[from].1.clone();
        }
        _ => value(&mut fields[at].1, random),
    }
}

fn value(value: &mut Value, random: &mut Random) {
    match value {
        Value::Number(number) if random.one_in(4) => *number = number.wrapping_add(random.between(-2, 2) as u64),
        Value::Number(number) => *number = integer(random) as u64,
        Value::Four(four) => *four = float(random).to_le_bytes(),
        Value::Eight(eight) => *eight = integer(random).to_le_bytes(),
        Value::Message(_, fields) => {
            let keep = random.size(0, fields.len());
            fields.truncate(keep);
        }
        Value::Bytes(bytes) => match random.size(0, 5) {
            0 => bytes.truncate(random.size(0, bytes.len())),
            1 => *bytes = bytes.repeat(random.pick(&[0, 2, 3, 100])),
            2 => {
                // Packed numbers.
                bytes.clear();
                (0..random.size(0, 6)).for_each(|_| put(integer(random) as u64, bytes));
            }
            3 | 4 if bytes.len() >= 4 => {
                let at = random.size(0, bytes.len() / 4 - 1) * 4;
                let four = if random.one_in(2) { float(random).to_bits() } else { integer(random) as u32 };
                bytes[at..at + 4].copy_from_slice(&four.to_le_bytes());
            }
            _ => damage(bytes, &[], random),
        },
    }
}

/// All fields, each with the kind of its message.
fn all(fields: &Message, kind: Kind) -> Vec<(Kind, &(u32, Value))> {
    let mut found = Vec::new();
    for field in fields {
        found.push((kind, field));
        if let (_, Value::Message(of, below)) = field {
            found.extend(all(below, *of));
        }
    }
    found
}

fn size((kind, field): (Kind, &(u32, Value))) -> Option<u64> {
    match (kind, field) {
        (Kind::Dimension | Kind::Tensor, (1, Value::Number(number))) => Some(*number),
        _ => None,
    }
}

/// One size in place of another, in all tensors.
fn resize(fields: &mut Message, kind: Kind, old: u64, new: u64) {
    for (field, value) in fields {
        match (kind, *field, value) {
            (Kind::Dimension | Kind::Tensor, 1, Value::Number(number)) if *number == old => *number = new,
            (_, _, Value::Message(of, below)) => resize(below, *of, old, new),
            _ => {}
        }
    }
}
