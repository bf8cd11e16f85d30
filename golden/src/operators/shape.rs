//! Operators that move elements and change none.

use super::Array;
use crate::Error;

/// The same elements in another shape.
///
/// # Errors
/// If the shape has another number of elements.
pub fn reshape<T: Clone>(input: &Array<T>, shape: &[usize]) -> Result<Array<T>, Error> {
    Array::new("shape", shape.to_vec(), input.data().to_vec())
}

/// The dimensions in another order: dimension `i` of the result is dimension `permutation[i]` of the input.
///
/// # Errors
/// If the permutation does not name each dimension once.
pub fn transpose<T: Clone>(input: &Array<T>, permutation: &[usize]) -> Result<Array<T>, Error> {
    let sizes = input.shape();
    if !(0..sizes.len()).all(|axis| permutation.contains(&axis)) || permutation.len() != sizes.len() {
        let expected = format!("each of {} dimensions once", sizes.len());
        return Err(Error::Shape { what: "permutation", got: permutation.to_vec(), expected });
    }
    let indices = permutation.iter().map(|&axis| (strides(sizes)[axis], 0..sizes[axis]));
    picked(input, indices.map(|(stride, range)| range.map(|i| i * stride).collect()).collect())
}

/// For each dimension the elements of the input that the result takes, by their index: slices, repetitions, and images
/// enlarged by the nearest element.
///
/// # Errors
/// If there is no list for a dimension, or an index is beyond its dimension.
pub fn select<T: Clone>(input: &Array<T>, indices: &[Vec<usize>]) -> Result<Array<T>, Error> {
    let sizes = input.shape();
    let fits = |(indices, &size): (&Vec<usize>, &usize)| indices.iter().all(|&i| i < size);
    if indices.len() != sizes.len() || !indices.iter().zip(sizes).all(fits) {
        let got = indices.iter().map(Vec::len).collect();
        return Err(Error::Shape { what: "indices", got, expected: format!("indices within {sizes:?}") });
    }
    let places = indices.iter().zip(strides(sizes)).map(|(of, stride)| of.iter().map(|i| i * stride).collect());
    picked(input, places.collect())
}

/// From one element of each dimension to the next.
fn strides(sizes: &[usize]) -> Vec<usize> {
    (0..sizes.len()).map(|axis| sizes[axis + 1..].iter().product()).collect()
}

/// The elements whose places are sums of one number of each list, the last list fastest.
fn picked<T: Clone>(input: &Array<T>, lists: Vec<Vec<usize>>) -> Result<Array<T>, Error> {
    let shape = lists.iter().map(Vec::len).collect();
    let sums = |places: Vec<usize>, list: Vec<usize>| {
        places.iter().flat_map(|&place| list.iter().map(move |&more| place + more)).collect::<Vec<usize>>()
    };
    let places = lists.into_iter().fold(vec![0], sums);
    Array::new("output", shape, places.into_iter().map(|place| input.data()[place].clone()).collect())
}

/// The elements of all inputs, one input after the other along dimension `axis`.
///
/// # Errors
/// If there is no input, the first input has no such dimension, or two inputs differ in another size than `axis`.
pub fn concatenation(inputs: &[&Array], axis: usize) -> Result<Array, Error> {
    let shape = concatenated_shape(&inputs.iter().map(|input| input.shape()).collect::<Vec<_>>(), axis)?;
    let mut data = Vec::new();
    for outer in 0..shape[..axis].iter().product() {
        for input in inputs {
            let run = input.shape()[axis..].iter().product::<usize>();
            data.extend(&input.data()[outer * run..][..run]);
        }
    }
    Array::new("output", shape, data)
}

/// Inputs of one shape side by side along a new dimension `axis` of the result.
///
/// # Errors
/// If there is no input, two inputs differ in shape, or `axis` is beyond the dimensions of the result.
pub fn pack(inputs: &[&Array], axis: usize) -> Result<Array, Error> {
    let widened = |input: &&Array| {
        let mut shape = input.shape().to_vec();
        if axis > shape.len() {
            let expected = format!("at least {axis} dimensions");
            return Err(Error::Shape { what: "input", got: shape, expected });
        }
        shape.insert(axis, 1);
        reshape(input, &shape)
    };
    let widened = inputs.iter().map(widened).collect::<Result<Vec<_>, _>>()?;
    concatenation(&widened.iter().collect::<Vec<_>>(), axis)
}

/// The shape of a [`concatenation`], with the errors of that function.
pub(crate) fn concatenated_shape(shapes: &[&[usize]], axis: usize) -> Result<Vec<usize>, Error> {
    let first = shapes.first().copied().unwrap_or_default();
    let error = |got: &[usize], expected| Error::Shape { what: "input", got: got.to_vec(), expected };
    if axis >= first.len() {
        return Err(error(first, format!("at least {} dimensions", axis + 1)));
    }
    let others = |shape: &[usize]| [&shape[..axis], &shape[axis + 1..]].concat();
    if let Some(shape) = shapes.iter().find(|s| s.len() != first.len() || others(s) != others(first)) {
        return Err(error(shape, format!("{first:?}, but for dimension {axis}")));
    }
    let mut shape = first.to_vec();
    shape[axis] = shapes.iter().fold(0, |size, shape| shape[axis].saturating_add(size));
    Ok(shape)
}

/// Puts `value` before and after the elements, as often as `padding` says for each dimension. TFLite pads with the zero
/// point.
///
/// # Errors
/// If there are not as many pairs as dimensions, or the result is beyond 2^31 - 1 elements.
pub fn pad<T: Copy>(input: &Array<T>, padding: &[[usize; 2]], value: T) -> Result<Array<T>, Error> {
    let rank = input.shape().len();
    if padding.len() != rank {
        return Err(Error::Shape { what: "padding", got: vec![padding.len(), 2], expected: format!("[{rank}, 2]") });
    }
    let sizes = input.shape().iter().zip(padding);
    let shape: Vec<usize> =
        sizes.map(|(&n, &[before, after])| n.saturating_add(before).saturating_add(after)).collect();
    let elements = shape.iter().try_fold(1usize, |n, &size| n.checked_mul(size)).filter(|&n| n < 1 << 31);
    let Some(elements) = elements else {
        return Err(Error::Shape { what: "padding", got: shape, expected: "fewer than 2^31 elements".to_owned() });
    };
    let data =
        (0..elements).map(|flat| source(input.shape(), padding, &shape, flat).map_or(value, |i| input.data()[i]));
    let data = data.collect();
    Array::new("padding", shape, data)
}

/// The element of the input that stands at place `flat` of the result; `None` in the padding.
fn source(input: &[usize], padding: &[[usize; 2]], shape: &[usize], flat: usize) -> Option<usize> {
    let (mut rest, mut place, mut stride) = (flat, 0, 1);
    for axis in (0..shape.len()).rev() {
        let index = (rest % shape[axis]).checked_sub(padding[axis][0]).filter(|&i| i < input[axis])?;
        rest /= shape[axis];
        place += index * stride;
        stride *= input[axis];
    }
    Some(place)
}
