//! Where the numbers of a `.tflite` file stand, by the fields of `schema.fbs`, and how they are replaced.

use qrtl_random::Random;

use crate::values::{damage, float, integer};

/// What stands at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// a size of a tensor
    Size,
    Scale,
    ZeroPoint,
    /// stride, filter, axis, activation and the like
    Option,
    /// an index of a tensor, buffer, operator code or subgraph
    Index,
    /// a type, or the code of an operator
    Code,
    /// the length of a vector or string
    Length,
    /// where a table or vector is
    Offset,
    /// in the description of a table: where a field is, or 0 for a field that is absent
    Entry,
    /// a byte of a constant
    Data,
}

const ROLES: [Role; 10] = [
    Role::Size,
    Role::Scale,
    Role::ZeroPoint,
    Role::Option,
    Role::Index,
    Role::Code,
    Role::Length,
    Role::Offset,
    Role::Entry,
    Role::Data,
];

/// A place in a file.
#[derive(Debug, Clone, Copy)]
pub struct Site {
    pub at: usize,
    pub bytes: usize,
    pub role: Role,
}

/// What a field of a table is.
enum Field {
    Number(Role),
    Numbers(usize, Role),
    Table(&'static [(usize, Field)]),
    Tables(&'static [(usize, Field)]),
    /// a table of which all fields are numbers
    Options,
}

use Field::{Number, Numbers, Options, Table, Tables};

const MODEL: &[(usize, Field)] =
    &[(0, Number(Role::Code)), (1, Tables(CODE)), (2, Tables(SUBGRAPH)), (4, Tables(BUFFER))];
const CODE: &[(usize, Field)] = &[(0, Number(Role::Code)), (2, Number(Role::Code)), (3, Number(Role::Code))];
const BUFFER: &[(usize, Field)] = &[(0, Numbers(1, Role::Data)), (1, Number(Role::Offset)), (2, Number(Role::Length))];
const SUBGRAPH: &[(usize, Field)] =
    &[(0, Tables(TENSOR)), (1, Numbers(4, Role::Index)), (2, Numbers(4, Role::Index)), (3, Tables(OPERATOR))];
const TENSOR: &[(usize, Field)] = &[
    (0, Numbers(4, Role::Size)),
    (1, Number(Role::Code)),
    (2, Number(Role::Index)),
    (3, Numbers(1, Role::Data)),
    (4, Table(QUANTIZATION)),
    (5, Number(Role::Code)),
];
const QUANTIZATION: &[(usize, Field)] =
    &[(2, Numbers(4, Role::Scale)), (3, Numbers(8, Role::ZeroPoint)), (6, Number(Role::Index))];
const OPERATOR: &[(usize, Field)] = &[
    (0, Number(Role::Index)),
    (1, Numbers(4, Role::Index)),
    (2, Numbers(4, Role::Index)),
    (3, Number(Role::Code)),
    (4, Options),
];

/// All places of a sound file.
pub fn sites(bytes: &[u8]) -> Vec<Site> {
    let mut walk = Walk { bytes, sites: vec![Site { at: 0, bytes: 4, role: Role::Offset }] };
    walk.table(walk.follow(0), MODEL);
    walk.sites
}

struct Walk<'a> {
    bytes: &'a [u8],
    sites: Vec<Site>,
}

impl Walk<'_> {
    fn table(&mut self, table: usize, fields: &[(usize, Field)]) {
        for (id, field) in fields {
            let Some((at, bytes)) = self.field(table, *id) else { continue };
            match field {
                Number(role) => self.push(at, bytes, *role),
                Numbers(bytes, role) => drop(self.vector(at, *bytes, *role)),
                Table(fields) => {
                    self.push(at, 4, Role::Offset);
                    self.table(self.follow(at), fields);
                }
                Tables(fields) => {
                    let first = self.vector(at, 4, Role::Offset);
                    let count = self.number(first - 4, 4);
                    (0..count).for_each(|i| self.table(self.follow(first + 4 * i), fields));
                }
                Options => {
                    self.push(at, 4, Role::Offset);
                    let options = self.follow(at);
                    for id in 0..(self.number(self.description(options), 2) - 4) / 2 {
                        if let Some((at, bytes)) = self.field(options, id) {
                            self.push(at, bytes, Role::Option);
                        }
                    }
                }
            }
        }
    }

    /// The vector to which `at` refers. Where its first element stands.
    fn vector(&mut self, at: usize, bytes: usize, role: Role) -> usize {
        self.push(at, 4, Role::Offset);
        let vector = self.follow(at);
        self.push(vector, 4, Role::Length);
        (0..self.number(vector, 4)).for_each(|i| self.push(vector + 4 + bytes * i, bytes, role));
        vector + 4
    }

    /// Place and size of a field, whose entry is a place of its own.
    fn field(&mut self, table: usize, id: usize) -> Option<(usize, usize)> {
        let description = self.description(table);
        let (length, entry) = (self.number(description, 2), 4 + 2 * id);
        if entry >= length {
            return None;
        }
        self.push(description + entry, 2, Role::Entry);
        let offset = self.number(description + entry, 2);
        let others = (4..length).step_by(2).map(|entry| self.number(description + entry, 2));
        let end = others.filter(|other| *other > offset).min().unwrap_or(self.number(description + 2, 2));
        // Padding is no part of a number.
        let bytes = [8, 4, 2, 1].into_iter().find(|bytes| *bytes <= end.saturating_sub(offset))?;
        (offset != 0).then_some((table + offset, bytes))
    }

    fn description(&self, table: usize) -> usize {
        table.wrapping_sub(self.number(table, 4) as u32 as i32 as usize)
    }

    fn push(&mut self, at: usize, bytes: usize, role: Role) {
        self.sites.push(Site { at, bytes, role });
    }

    fn follow(&self, at: usize) -> usize {
        at + self.number(at, 4)
    }

    fn number(&self, at: usize, bytes: usize) -> usize {
        number(self.bytes, at, bytes) as usize
    }
}

fn number(file: &[u8], at: usize, bytes: usize) -> u64 {
    file[at..at + bytes].iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn put(file: &mut [u8], site: Site, value: u64) {
    file[site.at..site.at + site.bytes].copy_from_slice(&value.to_le_bytes()[..site.bytes]);
}

/// Replaces some numbers of a file, and damages some without looking.
pub fn mutate(file: &[u8], sites: &[Site], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = file.to_vec();
    if random.one_in(12) {
        damage(&mut bytes, other, random);
        return bytes;
    }
    for _ in 0..random.pick(&[1, 1, 1, 1, 2, 2, 3]) {
        // Bytes of constants are most of a file, but not what breaks a reader.
        let role = random.pick(&ROLES);
        let of_role: Vec<Site> = sites.iter().copied().filter(|site| site.role == role).collect();
        if of_role.is_empty() {
            continue;
        }
        match random.size(0, 9) {
            0 | 1 if role == Role::Size => resize(&mut bytes, &of_role, random),
            0 | 1 if role == Role::Offset => forge(&mut bytes, random.pick(&of_role), random),
            _ => replace(&mut bytes, &of_role, random),
        }
    }
    if random.one_in(40) {
        damage(&mut bytes, other, random);
    }
    bytes
}

/// A number of the same kind, one more or less, or one at an end.
fn replace(bytes: &mut [u8], of_role: &[Site], random: &mut Random) {
    let site = random.pick(of_role);
    let old = number(bytes, site.at, site.bytes);
    let value = match random.size(0, 5) {
        0 => old.wrapping_add(random.between(-2, 2) as u64),
        1 | 2 if site.role == Role::Offset => {
            // What another offset refers to, from here.
            let from = random.pick(of_role);
            (from.at as u64 + number(bytes, from.at, from.bytes)).wrapping_sub(site.at as u64)
        }
        1 | 2 => {
            let from = random.pick(of_role);
            number(bytes, from.at, from.bytes)
        }
        3 if site.role == Role::Entry => 0,
        3 | 4 if site.role == Role::Scale || (site.bytes == 4 && random.one_in(8)) => float(random).to_bits().into(),
        _ => integer(random) as u64,
    };
    put(bytes, site, value);
}

/// One size in place of another, in all tensors: shapes still agree.
fn resize(bytes: &mut [u8], sizes: &[Site], random: &mut Random) {
    let first = random.pick(sizes);
    let (old, new) = (number(bytes, first.at, first.bytes), integer(random) as u64);
    for site in sizes {
        if number(bytes, site.at, site.bytes) == old {
            put(bytes, *site, new);
        }
    }
}

/// A new vector of 4-byte numbers behind the file, of any length, in place of what an offset refers to.
fn forge(bytes: &mut Vec<u8>, offset: Site, random: &mut Random) {
    bytes.resize(bytes.len().next_multiple_of(8) + 4, 0);
    let (vector, length) = (bytes.len(), random.pick(&[0, 1, 2, 3, 4, 5, 6, 8, 17, 300]));
    bytes.extend((length as u32).to_le_bytes());
    let floats = random.one_in(4);
    for _ in 0..length {
        let number = match random.size(0, 3) {
            0 if floats => float(random).to_bits(),
            0 => integer(random) as u32,
            _ if floats => 0.5f32.to_bits(),
            _ => random.size(0, 4) as u32,
        };
        bytes.extend(number.to_le_bytes());
    }
    // Room for a vector that is read as one of 8-byte numbers.
    bytes.resize(bytes.len() + 4 * length, 0);
    put(bytes, offset, (vector - offset.at) as u64);
}
