//! NumPy's `.npz` files as `numpy.savez` writes them: a ZIP archive whose members are stored, not compressed.
//!
//! # Contract
//!
//! Members are read from front to back by their local headers, each of which must have the member's size. ZIP64 sizes
//! are read as NumPy writes them. Checksums are not compared. A compressed member and a damaged file give an [`Error`].
//! Nothing panics. Archives are written as far as they need no ZIP64.
//!
//! The crate zip would bring 20 crates, among them a random number generator and a second `syn`, for the sake of a
//! dozen small files.

use std::path::Path;

use super::{Array, Element, Error};
use crate::import::quoted;

/// The begin of a member's local header.
const MEMBER: &[u8; 4] = b"PK\x03\x04";

/// The begin of an entry of the directory, which follows the last member.
const ENTRY: &[u8; 4] = b"PK\x01\x02";

/// The begin of the end of an archive.
const END: &[u8; 4] = b"PK\x05\x06";

/// The fixed part of a local header.
const HEADER: usize = 30;

/// The 32-bit size that says that the true size is in a ZIP64 field.
const IN_ZIP64: u32 = u32::MAX;

/// An archive of arrays, each as the bytes of its `.npy` file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Archive {
    members: Vec<(String, Vec<u8>)>,
}

impl Archive {
    /// Reads the archive in the file at `path`.
    ///
    /// # Errors
    /// The errors of [`Archive::from_bytes`]; and if the file cannot be read.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|cause| Error::Io { path: path.to_owned(), cause })?;
        Self::from_bytes(&bytes)
    }

    /// Reads an archive from the bytes of a `.npz` file.
    ///
    /// # Errors
    /// If the bytes are no ZIP archive or end too early, or a member is compressed.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let (mut rest, mut members) = (bytes, Vec::new());
        while let Some(header) = rest.strip_prefix(MEMBER) {
            let at = bytes.len() - rest.len();
            let (name, data, after) = member(header).map_err(|what| archive(format!("member at byte {at}: {what}")))?;
            members.push((name, data.to_vec()));
            rest = after;
        }
        if !rest.starts_with(ENTRY) && !rest.starts_with(END) {
            return Err(archive(format!("no member and no directory at byte {}", bytes.len() - rest.len())));
        }
        Ok(Self { members })
    }

    /// Appends an array.
    ///
    /// # Errors
    /// The errors of [`Array::to_bytes`].
    pub fn push<T: Element>(&mut self, name: &str, array: &Array<T>) -> Result<(), Error> {
        self.members.push((name.to_owned(), array.to_bytes()?));
        Ok(())
    }

    /// The bytes of a `.npz` file.
    ///
    /// # Errors
    /// If a size does not fit its field.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        let (mut bytes, mut directory) = (Vec::new(), Vec::new());
        for (name, data) in &self.members {
            let (name, place) = (format!("{name}.npy"), field(bytes.len())?);
            // Version 2.0, flags, method, time and date (1980-01-01), checksum, both sizes, lengths of name and extra field.
            let mut common = vec![20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
            common.extend(crc32(data).to_le_bytes());
            common.extend([field(data.len())?, field(data.len())?].concat());
            common.extend([&short(name.len())?[..], &[0, 0]].concat());
            bytes.extend([&MEMBER[..], &common, name.as_bytes(), data].concat());
            // Version that wrote it; behind the lengths a comment, a disk and attributes, none of which there are.
            directory.extend([&ENTRY[..], &[20, 0], &common, &[0; 10], &place, name.as_bytes()].concat());
        }
        let (count, size, place) = (short(self.members.len())?, field(directory.len())?, field(bytes.len())?);
        bytes.extend([&directory[..], END, &[0; 4], &count, &count, &size, &place, &[0, 0]].concat());
        Ok(bytes)
    }

    /// The names of the arrays, in the order of the file.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|(name, _)| name.as_str())
    }

    /// The array of this name.
    ///
    /// # Errors
    /// If there is no such array; and the errors of [`Array::from_bytes`].
    pub fn array<T: Element>(&self, name: &str) -> Result<Array<T>, Error> {
        let member = self.members.iter().find(|(other, _)| other == name);
        let (_, bytes) = member.ok_or_else(|| archive(format!("it has no array {name:?}")))?;
        Array::from_bytes(bytes).map_err(|cause| Error::Member { name: quoted(name), cause: Box::new(cause) })
    }
}

/// A number of 4 bytes; the greatest says that the true number is in a ZIP64 field.
fn field(number: usize) -> Result<[u8; 4], Error> {
    let fits = u32::try_from(number).ok().filter(|&number| number != IN_ZIP64);
    fits.map(u32::to_le_bytes).ok_or_else(|| archive(format!("{number} bytes: at most 4 GiB are written")))
}

fn short(number: usize) -> Result<[u8; 2], Error> {
    let fits = u16::try_from(number).ok().filter(|&number| number != u16::MAX);
    fits.map(u16::to_le_bytes).ok_or_else(|| archive(format!("{number}: names and arrays are at most 65534")))
}

/// CRC-32 as ZIP has it: reflected, polynomial 0xEDB88320.
fn crc32(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut i = 0;
        while i < 256 {
            let (mut rest, mut bit) = (i as u32, 0);
            while bit < 8 {
                rest = if rest & 1 == 1 { rest >> 1 ^ 0xedb8_8320 } else { rest >> 1 };
                bit += 1;
            }
            table[i] = rest;
            i += 1;
        }
        table
    };
    !bytes.iter().fold(!0, |crc: u32, &byte| crc >> 8 ^ TABLE[usize::from(crc as u8 ^ byte)])
}

fn archive(what: String) -> Error {
    Error::Archive { what }
}

/// Name and data of the member whose local header, without its first four bytes, begins here, and the bytes after the
/// member.
fn member(header: &[u8]) -> Result<(String, &[u8], &[u8]), String> {
    let cut = || "the file ends within it".to_owned();
    let (fixed, rest) = header.split_at_checked(HEADER - MEMBER.len()).ok_or_else(cut)?;
    let half = |at: usize| u16::from_le_bytes([fixed[at], fixed[at + 1]]);
    let (flags, method) = (half(2), half(4));
    if method != 0 {
        return Err(format!("compression method is {method}: only stored members, method 0, are supported"));
    }
    // Bit 0 says that the member is encrypted, bit 3 that the size comes after the data.
    if flags & 0b1001 != 0 {
        return Err(format!("flags are {flags:#06x}: members must be plain, with their size in front"));
    }
    let size = u32::from_le_bytes([fixed[18], fixed[19], fixed[20], fixed[21]]);
    let (name, rest) = rest.split_at_checked(half(22).into()).ok_or_else(cut)?;
    let (extra, rest) = rest.split_at_checked(half(24).into()).ok_or_else(cut)?;
    let size = if size == IN_ZIP64 { zip64_size(extra)? } else { size.into() };
    let size = usize::try_from(size).map_err(|_| cut())?;
    let (data, rest) = rest.split_at_checked(size).ok_or_else(cut)?;
    let name = std::str::from_utf8(name).map_err(|error| format!("its name is not text: {error}"))?;
    Ok((name.strip_suffix(".npy").unwrap_or(name).to_owned(), data, rest))
}

/// NumPy puts the size into the first extra field, of kind 1.
fn zip64_size(extra: &[u8]) -> Result<u64, String> {
    match extra {
        [1, 0, _, _, size @ ..] if size.len() >= 8 => {
            Ok(size[..8].iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte)))
        }
        _ => Err("its size is said to be in a ZIP64 field, which is missing".to_owned()),
    }
}
