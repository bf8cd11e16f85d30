//! Tensors: shape, quantization and constant data.

use flatbuffers::{Follow, Vector, VectorIter};

use crate::import::quoted;
use crate::import::tflite::error::{Budget, Error};
use crate::import::tflite::schema_generated::tflite as schema;
use crate::import::tflite::{Data, ElementType, Quantization, Tensor};

pub(super) fn read_tensor(
    model: &schema::Model<'_>,
    file: &[u8],
    index: usize,
    tensor: schema::Tensor<'_>,
    budget: &mut Budget,
) -> Result<Tensor, Error> {
    let name = tensor.name().unwrap_or_default();
    let fail = |what| Error::Tensor { index, name: quoted(name), what };

    if tensor.sparsity().is_some() {
        return Err(fail("is sparse: only dense tensors are supported".to_owned()));
    }
    if tensor.is_variable() {
        return Err(fail("is a variable by a flag: only state in the variables of VAR_HANDLE is supported".to_owned()));
    }
    let element = element_type(tensor.type_());
    let (shape, elements) = read_shape(tensor.shape()).map_err(fail)?;
    let Buffer { bytes, outside } = constant_bytes(model, file, tensor.buffer()).map_err(fail)?;
    let constant = !bytes.is_empty();
    let quantization = tensor.quantization().map(|q| read_quantization(q, element, &shape, constant));
    let quantization = quantization.transpose().map_err(fail)?.flatten();
    budget.take(bytes.len())?;
    let data = constant.then(|| decode(bytes, element, elements)).transpose().map_err(fail)?;
    Ok(Tensor { name: name.to_owned(), shape, element, quantization, data, outside })
}

pub(super) fn element_type(code: schema::TensorType) -> ElementType {
    match code {
        schema::TensorType::FLOAT32 => ElementType::Float32,
        schema::TensorType::INT4 => ElementType::Int4,
        schema::TensorType::INT8 => ElementType::Int8,
        schema::TensorType::UINT8 => ElementType::Uint8,
        schema::TensorType::INT16 => ElementType::Int16,
        schema::TensorType::INT32 => ElementType::Int32,
        schema::TensorType::INT64 => ElementType::Int64,
        schema::TensorType::RESOURCE => ElementType::Resource,
        other => ElementType::Other(other.0),
    }
}

fn read_shape(shape: Option<Vector<'_, i32>>) -> Result<(Vec<usize>, usize), String> {
    let mut elements = 1_i32;
    let mut sizes = Vec::with_capacity(shape.map_or(0, |shape| shape.len()));
    for (dimension, size) in items(shape).enumerate() {
        sizes.push(usize::try_from(size).map_err(|_| format!("dimension {dimension} is {size}: must be at least 0"))?);
        elements = elements
            .checked_mul(size)
            .ok_or_else(|| format!("more than {} elements up to dimension {dimension}", i32::MAX))?;
    }
    let elements = usize::try_from(elements).map_err(|error| error.to_string())?;
    Ok((sizes, elements))
}

/// `None` for a table without a scale, which converters write for float tensors.
fn read_quantization(
    quantization: schema::QuantizationParameters<'_>,
    element: ElementType,
    shape: &[usize],
    constant: bool,
) -> Result<Option<Quantization>, String> {
    if quantization.details_type() != schema::QuantizationDetails::NONE {
        return Err("quantization is of a custom kind: only scale and zero point are supported".to_owned());
    }
    let scales: Vec<f32> = items(quantization.scale()).collect();
    if scales.is_empty() {
        return Ok(None);
    }
    // A channel of weights that are all zeros may have scale 0. Its output is the zero point, whatever the weights are.
    let (valid, limit): (fn(f32) -> bool, _) = match constant {
        true => (|scale| scale >= 0.0, "at least 0"),
        false => (|scale| scale > 0.0, "above 0"),
    };
    if let Some((c, scale)) = scales.iter().enumerate().find(|(_, scale)| !(scale.is_finite() && valid(**scale))) {
        return Err(format!("scale {c} is {scale:?}: must be finite and {limit}"));
    }

    let zero_points: Vec<i64> = items(quantization.zero_point()).collect();
    if zero_points.len() != scales.len() {
        return Err(format!("{} zero points for {} scales", zero_points.len(), scales.len()));
    }
    let (min, max) = element.zero_point_range();
    if let Some((c, zero_point)) = zero_points.iter().enumerate().find(|(_, z)| !(min..=max).contains(*z)) {
        return Err(format!("zero point {c} is {zero_point}: must be in {min}..={max} for {element}"));
    }

    // With one scale, or with one dimension, this number has no meaning, and converters leave any number there.
    let dimension = match (&scales[..], shape) {
        ([_], _) | (_, [_]) => 0,
        _ => quantization.quantized_dimension(),
    };
    let size = usize::try_from(dimension).ok().and_then(|dimension| shape.get(dimension));
    if scales.len() > 1 && size != Some(&scales.len()) {
        return Err(format!("{} scales along dimension {dimension} of shape {shape:?}", scales.len()));
    }
    let dimension = dimension.unsigned_abs() as usize;
    Ok(Some(Quantization { scales, zero_points, dimension }))
}

/// The bytes of a buffer.
struct Buffer<'a> {
    /// empty for a tensor that is no constant
    bytes: &'a [u8],
    /// whether the bytes stand in the file beside the flatbuffer
    outside: bool,
}

/// The bytes in a buffer, or else the bytes of the file to which the buffer refers.
fn constant_bytes<'a>(model: &schema::Model<'a>, file: &'a [u8], index: u32) -> Result<Buffer<'a>, String> {
    let buffers = items(model.buffers());
    let count = buffers.len();
    let buffer = usize::try_from(index)
        .ok()
        .and_then(|index| model.buffers().filter(|_| index < count).map(|buffers| buffers.get(index)))
        .ok_or_else(|| format!("refers to buffer {index} of {count}"))?;
    let inside = buffer.data().map_or(&[][..], |data| data.bytes());
    // An offset of 0 or 1 refers to nothing: TFLite writes it for a buffer without data.
    if !inside.is_empty() || buffer.offset() <= 1 {
        return Ok(Buffer { bytes: inside, outside: false });
    }
    let (start, size) = (buffer.offset(), buffer.size());
    let range = start.checked_add(size).and_then(|end| Some(start.try_into().ok()?..end.try_into().ok()?));
    let bytes = range.and_then(|range: std::ops::Range<usize>| file.get(range));
    let bytes =
        bytes.ok_or_else(|| format!("{size} bytes of data from byte {start} on, in a file of {} bytes", file.len()))?;
    Ok(Buffer { bytes, outside: true })
}

fn decode(bytes: &[u8], element: ElementType, elements: usize) -> Result<Data, String> {
    if let Some(size) = element.size() {
        // No overflow is possible: there are fewer than 2^31 elements of at most 8 bytes.
        let expected = elements as u64 * size as u64;
        if bytes.len() as u64 != expected {
            return Err(format!("{} bytes of data for {elements} elements of {element}", bytes.len()));
        }
    }
    Ok(match element {
        ElementType::Float32 => Data::F32(little_endian(bytes, f32::from_le_bytes)),
        ElementType::Int4 => Data::I8(halves(bytes, elements)?),
        ElementType::Int8 => Data::I8(little_endian(bytes, i8::from_le_bytes)),
        ElementType::Uint8 => Data::U8(bytes.to_vec()),
        ElementType::Int16 => Data::I16(little_endian(bytes, i16::from_le_bytes)),
        ElementType::Int32 => Data::I32(little_endian(bytes, i32::from_le_bytes)),
        ElementType::Int64 => Data::I64(little_endian(bytes, i64::from_le_bytes)),
        ElementType::Resource | ElementType::Other(_) => Data::Bytes(bytes.to_vec()),
    })
}

/// Integers of 4 bits, the lower half of a byte first.
fn halves(bytes: &[u8], elements: usize) -> Result<Vec<i8>, String> {
    if bytes.len() != elements.div_ceil(2) {
        return Err(format!("{} bytes of data for {elements} elements of {}", bytes.len(), ElementType::Int4));
    }
    let signed = |half: u8| (half << 4) as i8 >> 4;
    Ok(bytes.iter().flat_map(|&byte| [signed(byte), signed(byte >> 4)]).take(elements).collect())
}

fn little_endian<const N: usize, T>(bytes: &[u8], decode: fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks::<N>().0.iter().map(|chunk| decode(*chunk)).collect()
}

/// The elements of a vector, or none if it is absent.
pub(super) fn items<'a, T: Follow<'a> + 'a>(vector: Option<Vector<'a, T>>) -> VectorIter<'a, T> {
    vector.unwrap_or_default().iter()
}
