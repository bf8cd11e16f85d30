//! Numbers at which code breaks, and damage that knows no structure.

use qrtl_random::Random;

/// Ends of types, limits of ours, and numbers next to them.
pub fn integer(random: &mut Random) -> i64 {
    const CORNERS: [i64; 24] = [
        0,
        1,
        -1,
        2,
        3,
        4,
        8,
        16,
        127,
        128,
        255,
        1 << 10,
        (1 << 15) - 1,
        1 << 16,
        1 << 20,
        1 << 24,
        1 << 26,
        i32::MAX as i64,
        i32::MIN as i64,
        u32::MAX as i64,
        1 << 32,
        1 << 62,
        i64::MAX,
        i64::MIN,
    ];
    let near = if random.one_in(4) { random.between(-2, 2) } else { 0 };
    match random.size(0, 7) {
        0 => random.magnitude(62),
        1 | 2 => random.between(0, 9),
        _ => random.pick(&CORNERS).wrapping_add(near),
    }
}

/// Floats that a scale must not be, and some that it may be.
pub fn float(random: &mut Random) -> f32 {
    const CORNERS: [f32; 16] = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.5,
        f32::NAN,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::MAX,
        f32::MIN_POSITIVE,
        1e-45,
        1e-30,
        1e30,
        1.0 / 256.0,
        256.0,
        4_294_967_296.0,
    ];
    if random.one_in(4) { f32::from_bits(random.bits() as u32) } else { random.pick(&CORNERS) }
}

/// Moves a byte a little, overwrites some, copies some from elsewhere or from another file, or cuts the file off.
pub fn damage(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    if bytes.is_empty() {
        return;
    }
    let at = random.size(0, bytes.len() - 1);
    let length = random.size(1, 8).min(bytes.len() - at);
    match random.size(0, 9) {
        0 => bytes.truncate(at),
        // Offsets, lengths and counts that are merely somewhat wrong get deeper than noise.
        1..=3 => bytes[at] = bytes[at].wrapping_add(random.between(-4, 4) as u8),
        4 | 5 => {
            let from = random.size(0, bytes.len() - length);
            bytes.copy_within(from..from + length, at);
        }
        6 => bytes[at..at + length].fill(random.pick(&[0, 0x7f, 0x80, 0xff])),
        7 => splice(bytes, other, random),
        8 => {
            let tail = bytes.split_off(at);
            bytes.extend_from_slice(&tail[..random.size(0, tail.len())]);
            bytes.extend_from_slice(&tail);
        }
        _ => bytes[at..at + length].fill_with(|| random.bits() as u8),
    }
}

/// A piece of another file in place of as many bytes, at a place of the same alignment.
fn splice(bytes: &mut [u8], other: &[u8], random: &mut Random) {
    let length = random.size(1, 256).min(bytes.len()).min(other.len());
    let align = |at: usize| if at >= 4 { at / 4 * 4 } else { at };
    let (to, from) = (align(random.size(0, bytes.len() - length)), align(random.size(0, other.len() - length)));
    bytes[to..to + length].copy_from_slice(&other[from..from + length]);
}

/// A number of a text in place of another or at an end, or a word in place of another.
pub fn text(bytes: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let numbers = random.one_in(2);
    let of = |byte: &u8| {
        if numbers { byte.is_ascii_digit() || *byte == b'-' } else { byte.is_ascii_alphanumeric() || *byte == b'_' }
    };
    let (own, others) = (runs(bytes, of), runs(other, of));
    let Some(&[from, to]) = own.get(random.size(0, own.len().saturating_sub(1))) else { return bytes.to_vec() };
    let new = match random.size(0, 4) {
        0 if !others.is_empty() => {
            let [from, to] = random.pick(&others);
            other[from..to].to_vec()
        }
        1 => format!("{:e}", float(random)).into_bytes(),
        2 => bytes[from..to].repeat(random.pick(&[0, 2, 40])),
        _ => integer(random).to_string().into_bytes(),
    };
    [&bytes[..from], &new, &bytes[to..]].concat()
}

/// Where bytes of a kind follow each other: from where, and up to where.
fn runs(bytes: &[u8], of: impl Fn(&u8) -> bool) -> Vec<[usize; 2]> {
    let mut runs: Vec<[usize; 2]> = Vec::new();
    for at in (0..bytes.len()).filter(|&at| of(&bytes[at])) {
        match runs.last_mut() {
            Some(last) if last[1] == at => last[1] = at + 1,
            _ => runs.push([at, at + 1]),
        }
    }
    runs
}
