//! What operators that move elements refuse, and slices at their extremes.

use qrtl_golden::import::Runtime::{LitertReference, Tflm};

use crate::operators::{int8, output, refusal};
use crate::tiny::{Field, Tensor, model};

const PACK: i8 = 83;
const RESIZE_NEAREST_NEIGHBOR: i8 = 97;
const SLICE: i8 = 65;
const SPLIT: i8 = 49;
const STRIDED_SLICE: i8 = 45;
const TRANSPOSE: i8 = 39;

fn quantized(shape: &[i32]) -> Tensor {
    Tensor::int8(shape, 1.0, 0)
}

fn numbers(numbers: &[i32]) -> Tensor {
    Tensor::int32(&[numbers.len() as i32], numbers)
}

/// A STRIDED_SLICE of `[size]` to `[count]`.
fn slice(size: i32, count: i32, range: [i32; 3], fields: &[Field]) -> Vec<u8> {
    let [begin, end, stride] = range.map(|v| numbers(&[v]));
    model(&[quantized(&[size]), begin, end, stride, quantized(&[count])], STRIDED_SLICE, Some((32, fields)))
}

#[test]
fn slices_at_the_ends_of_numbers() {
    let (min, max) = (i32::MIN, i32::MAX);
    let x = int8(&[4], &[1, 2, 3, 4]);
    for (range, expected) in [
        ([min, max, 1], vec![1, 2, 3, 4]),
        ([max, min, -1], vec![4, 3, 2, 1]),
        ([0, max, max], vec![1]),
        ([3, min, min], vec![4]),
        ([-3, -1, 1], vec![2, 3]),
    ] {
        let bytes = slice(4, expected.len() as i32, range, &[]);
        assert_eq!(output(&bytes, &x, Tflm).unwrap(), int8(&[expected.len()], &expected), "{range:?}");
    }
    let offset = slice(4, 2, [1, 2, 1], &[Field::Byte(5, 1)]);
    assert_eq!(output(&offset, &x, Tflm).unwrap(), int8(&[2], &[2, 3]));
}

#[test]
fn slices_that_are_none() {
    let refused = |bytes: &[u8]| refusal(bytes, Tflm);
    assert_eq!(refused(&slice(4, 4, [0, 4, 0], &[])), "operator 0 (STRIDED_SLICE): stride of dimension 0 is 0");
    assert_eq!(refused(&slice(4, 3, [0, 4, 1], &[])), "operator 0 (STRIDED_SLICE): output of shape [3]: must be [4]");
    assert_eq!(
        refused(&slice(4, 4, [0, 4, 1], &[Field::Int(2, 1)])),
        "operator 0 (STRIDED_SLICE): a mask of ellipses or new axes is set: such slices are not supported"
    );
    assert_eq!(
        refused(&slice(4, 1, [4, 5, 1], &[Field::Int(4, 1)])),
        "operator 0 (STRIDED_SLICE): dimension 0 of size 4 has no element 4 by stride 1"
    );
    let slice = |begin, size| model(&[quantized(&[4]), numbers(begin), numbers(size), quantized(&[2])], SLICE, None);
    assert_eq!(refused(&slice(&[3], &[2])), "operator 0 (SLICE): begins [3] and sizes [2] in shape [4]");
    assert_eq!(refused(&slice(&[-1], &[2])), "operator 0 (SLICE): begins [-1] and sizes [2] in shape [4]");
    assert_eq!(refused(&slice(&[0, 0], &[2])), "operator 0 (SLICE): 2 begins and 1 sizes for shape [4]");
}

#[test]
fn other_moves_that_are_none() {
    let order = |order| model(&[quantized(&[1, 4]), numbers(order), quantized(&[4, 1])], TRANSPOSE, None);
    for wrong in [&[0, 0][..], &[1, 2], &[1], &[-1, 0]] {
        let expected = format!("operator 0 (TRANSPOSE): order {wrong:?}: must name each of 2 dimensions once");
        assert_eq!(refusal(&order(wrong), Tflm), expected);
    }
    let split = model(&[numbers(&[0]), quantized(&[3]), quantized(&[2])], SPLIT, None);
    assert_eq!(refusal(&split, Tflm), "model: its input is INT32: only INT8, UINT8, INT16 and FLOAT32 are supported");
    let pack = model(&[quantized(&[2]), quantized(&[2]), quantized(&[4])], PACK, Some((59, &[Field::Int(1, 2)])));
    assert_eq!(refusal(&pack, Tflm), "operator 0 (PACK): axis is 2: must be one of 2 dimensions");
    let resize = |size| {
        let tensors = [quantized(&[1, 1, 1, 1]), numbers(size), quantized(&[1, 1, 1, 1])];
        model(&tensors, RESIZE_NEAREST_NEIGHBOR, Some((74, &[])))
    };
    assert_eq!(
        refusal(&resize(&[0, 1]), Tflm),
        "operator 0 (RESIZE_NEAREST_NEIGHBOR): height and width are [0, 1]: must be two numbers above 0"
    );
    // A list of this many rows would take far more memory than the file is long.
    let large = [quantized(&[0, i32::MAX]), numbers(&[0, 0]), numbers(&[-1, -1]), quantized(&[0, i32::MAX])];
    assert_eq!(
        refusal(&model(&large, SLICE, None), Tflm),
        "operator 0 (SLICE): a dimension of 2147483647 elements: at most 1048576 are supported"
    );
}

#[test]
fn scales_that_differ() {
    let tensors = [quantized(&[1, 4]), numbers(&[1, 0]), Tensor::int8(&[4, 1], 2.0, 0)];
    let bytes = model(&tensors, TRANSPOSE, None);
    assert!(output(&bytes, &int8(&[1, 4], &[1, 2, 3, 4]), Tflm).is_ok());
    assert_eq!(
        refusal(&bytes, LitertReference),
        "operator 0 (TRANSPOSE): tensor 0 has scale 1e0 and zero point 0, the output 2e0 and 0: must be the same for \
         litert_reference"
    );
}
