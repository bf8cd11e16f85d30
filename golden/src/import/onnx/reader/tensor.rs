//! Constants: shape and elements, which stand in one of several fields.

use crate::import::onnx::{Constant, Data, ElementType, schema};

/// The constant. Errors do not name it.
pub(super) fn read_tensor(tensor: schema::Tensor) -> Result<Constant, String> {
    let element = ElementType::from_code(tensor.data_type);
    if tensor.data_location != 0 {
        return Err("its elements are in another file (external data): only models of one file are read".to_owned());
    }
    let mut elements = 1_i32;
    let mut shape = Vec::with_capacity(tensor.dims.len());
    for (dimension, &size) in tensor.dims.iter().enumerate() {
        let fits = i32::try_from(size).ok().filter(|size| *size >= 0);
        elements = fits.and_then(|size| elements.checked_mul(size)).ok_or_else(|| {
            format!("dimension {dimension} is {size}: must be at least 0, and all elements at most {}", i32::MAX)
        })?;
        shape.push(size as usize);
    }
    let elements = elements as usize;
    Ok(Constant { element, shape, data: read_data(tensor, element, elements)? })
}

fn read_data(tensor: schema::Tensor, element: ElementType, elements: usize) -> Result<Data, String> {
    let schema::Tensor { float_data, int32_data, int64_data, raw_data, .. } = tensor;
    let raw = !raw_data.is_empty();
    Ok(match element {
        ElementType::Float32 if raw => Data::F32(numbers(&raw_data, elements, f32::from_le_bytes)?),
        ElementType::Float32 => Data::F32(counted(float_data, elements)?),
        ElementType::Int32 if raw => Data::I32(numbers(&raw_data, elements, i32::from_le_bytes)?),
        ElementType::Int32 => Data::I32(counted(int32_data, elements)?),
        ElementType::Int64 if raw => Data::I64(numbers(&raw_data, elements, i64::from_le_bytes)?),
        ElementType::Int64 => Data::I64(counted(int64_data, elements)?),
        ElementType::Int8 if raw => Data::I8(numbers(&raw_data, elements, i8::from_le_bytes)?),
        ElementType::Int8 => Data::I8(narrow(counted(int32_data, elements)?)?),
        ElementType::Uint8 if raw => Data::U8(counted(raw_data, elements)?),
        ElementType::Uint8 => Data::U8(narrow(counted(int32_data, elements)?)?),
        ElementType::Int4 | ElementType::Uint4 => {
            let pairs = elements.div_ceil(2);
            let pairs = if raw { counted(raw_data, pairs)? } else { low_bytes(&counted(int32_data, pairs)?) };
            let halves = pairs.iter().flat_map(|pair| [pair & 15, pair >> 4]).take(elements);
            match element {
                // The shifts copy bit 3, the sign, into the bits above it.
                ElementType::Int4 => Data::I8(halves.map(|half| ((half << 4) as i8) >> 4).collect()),
                _ => Data::U8(halves.collect()),
            }
        }
        ElementType::Other(_) => Data::Unread,
    })
}

fn counted<T>(data: Vec<T>, elements: usize) -> Result<Vec<T>, String> {
    match data.len() {
        got if got == elements => Ok(data),
        got => Err(format!("{got} numbers of data: its shape needs {elements}")),
    }
}

fn numbers<const N: usize, T>(bytes: &[u8], elements: usize, decode: fn([u8; N]) -> T) -> Result<Vec<T>, String> {
    if elements.checked_mul(N) != Some(bytes.len()) {
        return Err(format!("{} bytes of data: its shape needs {elements} times {N}", bytes.len()));
    }
    Ok(bytes.as_chunks::<N>().0.iter().map(|chunk| decode(*chunk)).collect())
}

fn narrow<T: TryFrom<i32>>(data: Vec<i32>) -> Result<Vec<T>, String> {
    data.into_iter().map(|x| T::try_from(x).map_err(|_| format!("element {x} is beyond its type"))).collect()
}

/// Two elements of 4 bits stand in the low byte of a number.
fn low_bytes(data: &[i32]) -> Vec<u8> {
    data.iter().map(|&pair| pair as u8).collect()
}
