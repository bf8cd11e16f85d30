//! NumPy's `.npz` files as `numpy.savez` writes them: a ZIP archive whose members are stored, not compressed.
//!
//! Only what the recorded files need, read front to back. The crate for it (zip) brings a random number generator,
//! a second `syn` and others, 20 crates for the sake of six small files.

#![allow(clippy::unwrap_used)] // helpers of tests

use qrtl_golden::npy::Array;

/// The members, by the name of the array.
pub fn read(path: &str) -> Vec<(String, Array<i8>)> {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let number = |at: usize, size: usize| bytes[at..at + size].iter().rev().fold(0u64, |n, b| n << 8 | u64::from(*b));
    let (mut at, mut arrays) = (0, Vec::new());
    // A local header for each member; the directory comes after the last.
    while bytes[at..].starts_with(b"PK\x03\x04") {
        let (flags, method) = (number(at + 6, 2), number(at + 8, 2));
        assert_eq!((flags & 8, method), (0, 0), "{path}: members must be stored, with their size in front");
        let [name_len, extra_len] = [number(at + 26, 2), number(at + 28, 2)].map(|n| n as usize);
        let name = std::str::from_utf8(&bytes[at + 30..][..name_len]).unwrap();
        let data = at + 30 + name_len + extra_len;
        let size = member_size(number(at + 22, 4), &bytes[at + 30 + name_len..data]);
        arrays.push((name.trim_end_matches(".npy").to_owned(), Array::from_bytes(&bytes[data..][..size]).unwrap()));
        at = data + size;
    }
    arrays
}

/// NumPy writes ZIP64 headers: the size stands in the first extra field, of kind 1.
fn member_size(size: u64, extra: &[u8]) -> usize {
    if size != 0xffff_ffff {
        return size as usize;
    }
    assert_eq!(extra[..2], [1, 0], "ZIP64");
    u64::from_le_bytes(extra[4..12].try_into().unwrap()) as usize
}
