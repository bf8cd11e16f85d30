//! NumPy's `.npy` files, versions 1 and 2: arrays from and to Python. [`npz`] reads archives of such files.
//!
//! # Contract
//!
//! Little-endian arrays of `i8`, `u8`, `i16`, `i32`, `i64` and `f32` in C order. Any other file, and any damaged file, gives
//! an [`Error`]. Nothing panics, and no memory is allocated only because a header says so.
//!
//! The format is a magic, a version, the length of a header, the header (a Python literal with three keys) and the
//! elements. The crate for it, npyz 0.9.1, brings 28 crates and panics on a shape whose product overflows.

mod header;
pub mod npz;

use std::path::{Path, PathBuf};

use header::Header;

const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// The longest header that is read. NumPy has the same limit.
const MAX_HEADER: usize = 10_000;

/// An array, row-major.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Array<T> {
    /// Sizes, slowest first.
    pub shape: Vec<usize>,
    /// The elements, as many as the product of the sizes.
    pub data: Vec<T>,
}

/// Why a file is not the array that was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file could not be read or written.
    #[error("{}: {cause}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The message of the operating system.
        cause: std::io::Error,
    },
    /// Not an array file, or a damaged one.
    #[error("not a .npy file that can be read: {what}")]
    Format {
        /// The finding.
        what: String,
    },
    /// Elements of another type than asked for.
    #[error("elements are of type '{got}': expected '{expected}'")]
    ElementType {
        /// NumPy's name of the type asked for.
        expected: &'static str,
        /// NumPy's name of the type in the file.
        got: String,
    },
    /// The file is shorter or longer than its header says.
    #[error("shape {shape:?} of '{element}' needs {expected} bytes of data: the file has {got}")]
    Length {
        /// The shape in the header.
        shape: Vec<usize>,
        /// NumPy's name of the type.
        element: &'static str,
        /// Bytes that the shape needs.
        expected: u128,
        /// Bytes that follow the header.
        got: usize,
    },
    /// Not an archive of arrays, or a damaged one.
    #[error("not a .npz file that can be read: {what}")]
    Archive {
        /// The finding.
        what: String,
    },
    /// An array of an archive that cannot be read.
    #[error("{name}: {cause}")]
    Member {
        /// The name of the array, quoted and shortened.
        name: String,
        /// The error of the array.
        cause: Box<Error>,
    },
}

mod sealed {
    /// How an element stands in a file.
    pub trait Encoding: Sized {
        const DESCR: &'static str;
        const SIZE: usize;
        fn decode(bytes: &[u8]) -> Vec<Self>;
        fn encode(elements: &[Self], bytes: &mut Vec<u8>);
    }
}
use sealed::Encoding;

/// A type of elements that an [`Array`] file can hold.
pub trait Element: Encoding {}

macro_rules! element {
    ($($type:ty: $descr:literal),*) => {$(
        impl Element for $type {}
        impl Encoding for $type {
            const DESCR: &'static str = $descr;
            const SIZE: usize = size_of::<$type>();
            fn decode(bytes: &[u8]) -> Vec<Self> {
                bytes.as_chunks().0.iter().map(|chunk| <$type>::from_le_bytes(*chunk)).collect()
            }
            fn encode(elements: &[Self], bytes: &mut Vec<u8>) {
                bytes.extend(elements.iter().flat_map(|element| element.to_le_bytes()));
            }
        }
    )*};
}
element!(i8: "|i1", u8: "|u1", i16: "<i2", i32: "<i4", i64: "<i8", f32: "<f4");

impl<T: Element> Array<T> {
    /// Reads the array in the file at `path`.
    ///
    /// # Errors
    ///
    /// The errors of [`Array::from_bytes`]; and if the file cannot be read.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|cause| Error::Io { path: path.to_owned(), cause })?;
        Self::from_bytes(&bytes)
    }

    /// Reads an array from the bytes of a `.npy` file.
    ///
    /// # Errors
    ///
    /// If the bytes are not a `.npy` file in C order, hold elements of another type, or do not have the length that
    /// their shape needs.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let (header, data) = split(bytes).map_err(|what| Error::Format { what })?;
        let Header { descr, fortran_order, shape } = Header::parse(header).map_err(|what| Error::Format { what })?;
        if descr != T::DESCR {
            return Err(Error::ElementType { expected: T::DESCR, got: descr.escape_debug().to_string() });
        }
        // Both orders are the same for at most one dimension.
        if fortran_order && shape.len() > 1 {
            return Err(Error::Format { what: "the array is in Fortran order: only C order is supported".to_owned() });
        }
        check_length::<T>(&shape, data.len())?;
        Ok(Self { shape, data: T::decode(data) })
    }

    /// The bytes of a `.npy` file, version 1, as NumPy writes it.
    ///
    /// # Errors
    ///
    /// If the data does not have the length that the shape needs, or the shape has thousands of dimensions.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        let Self { shape, data } = self;
        check_length::<T>(shape, data.len().saturating_mul(T::SIZE))?;
        let sizes: String = shape.iter().map(|size| format!("{size}, ")).collect();
        // Python writes a tuple as (2, 3) or (), but with one element as (2,).
        let sizes = if shape.len() == 1 { sizes.trim_end() } else { sizes.trim_end_matches(", ") };
        let mut header = format!("{{'descr': '{}', 'fortran_order': False, 'shape': ({sizes}), }}", T::DESCR);
        // The data begins at a multiple of 64 bytes, so the header is filled up with spaces and ends in a newline.
        let preamble = MAGIC.len() + 4;
        let padded = (preamble + header.len() + 1).next_multiple_of(64) - preamble;
        let length = u16::try_from(padded)
            .map_err(|_| Error::Format { what: format!("{} dimensions do not fit a header", shape.len()) })?;
        header.extend(std::iter::repeat_n(' ', padded - header.len() - 1));
        header.push('\n');

        let mut bytes = Vec::with_capacity(preamble + padded + data.len() * T::SIZE);
        bytes.extend(MAGIC);
        bytes.extend([1, 0]);
        bytes.extend(length.to_le_bytes());
        bytes.extend(header.as_bytes());
        T::encode(data, &mut bytes);
        Ok(bytes)
    }

    /// Writes the array to the file at `path`.
    ///
    /// # Errors
    ///
    /// The errors of [`Array::to_bytes`]; and if the file cannot be written.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = path.as_ref();
        std::fs::write(path, self.to_bytes()?).map_err(|cause| Error::Io { path: path.to_owned(), cause })
    }
}

fn check_length<T: Element>(shape: &[usize], got: usize) -> Result<(), Error> {
    let expected = shape.iter().try_fold(T::SIZE as u128, |bytes, size| bytes.checked_mul(*size as u128));
    match expected {
        Some(expected) if expected == got as u128 => Ok(()),
        _ => Err(Error::Length {
            shape: shape.to_vec(),
            element: T::DESCR,
            expected: expected.unwrap_or(u128::MAX),
            got,
        }),
    }
}

/// The text of the header, and the bytes of the elements.
fn split(bytes: &[u8]) -> Result<(&str, &[u8]), String> {
    let rest = bytes.strip_prefix(MAGIC).ok_or("it does not begin with \"\\x93NUMPY\"")?;
    let cut = || format!("it ends within the header, after {} bytes", bytes.len());
    let (length, rest) = match rest {
        [1, _, a, b, rest @ ..] => (u32::from(u16::from_le_bytes([*a, *b])), rest),
        [2, _, a, b, c, d, rest @ ..] => (u32::from_le_bytes([*a, *b, *c, *d]), rest),
        [1 | 2, ..] | [] => return Err(cut()),
        [version, ..] => {
            return Err(format!("format version is {version}: only 1 and 2 are supported"));
        }
    };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length > MAX_HEADER {
        return Err(format!("the header has {length} bytes: at most {MAX_HEADER} are read"));
    }
    let (header, data) = rest.split_at_checked(length).ok_or_else(cut)?;
    let header = std::str::from_utf8(header).map_err(|error| format!("the header is not text: {error}"))?;
    Ok((header, data))
}
