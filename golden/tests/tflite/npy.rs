//! `.npy` files: the files of the digits data, the round trip, and wrong files.

use qrtl_golden::import::npy::Array;

use crate::models::digits;

/// A version 1 file of int8 with the given header and data.
fn file(header: &str, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(header.len()).unwrap().to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), data].concat()
}

fn error(bytes: &[u8]) -> String {
    Array::<i8>::from_bytes(bytes).unwrap_err().to_string()
}

#[test]
fn digits_files() {
    let inputs = Array::<i8>::read(digits("mlp_input_int8_all.npy")).unwrap();
    assert_eq!((&inputs.shape[..], inputs.data.len()), (&[1797, 64][..], 1797 * 64));
    let labels = Array::<u8>::read(digits("labels_all.npy")).unwrap();
    assert_eq!((&labels.shape[..], &labels.data[..10]), (&[1797][..], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9][..]));
    let test = Array::<i32>::read(digits("test_indices.npy")).unwrap();
    assert_eq!(test.shape, [360]);
    assert!(test.data.iter().all(|index| (0..1797).contains(index)));
}

#[test]
fn writing_gives_the_bytes_of_numpy() {
    for name in ["mlp_input_int8_all.npy", "mlp_logits_int8_tflm_all.npy"] {
        let bytes = std::fs::read(digits(name)).unwrap();
        assert_eq!(Array::<i8>::from_bytes(&bytes).unwrap().to_bytes().unwrap(), bytes, "{name}");
    }
    let labels = std::fs::read(digits("labels_all.npy")).unwrap();
    assert_eq!(Array::<u8>::from_bytes(&labels).unwrap().to_bytes().unwrap(), labels);
    let scalar = Array { shape: vec![], data: vec![-1.5_f32] };
    assert_eq!(Array::from_bytes(&scalar.to_bytes().unwrap()).unwrap(), scalar);
    let cube = Array { shape: vec![2, 1, 2], data: vec![i64::MIN, -1, 0, i64::MAX] };
    assert_eq!(Array::from_bytes(&cube.to_bytes().unwrap()).unwrap(), cube);
    let torn = Array { shape: vec![2, 3], data: vec![0_i32; 5] };
    assert_eq!(
        torn.to_bytes().unwrap_err().to_string(),
        "shape [2, 3] of '<i4' needs 24 bytes of data: the file has 20"
    );
}

#[test]
fn headers_as_others_write_them() {
    let version_2 = [
        b"\x93NUMPY\x02\x00",
        &51_u32.to_le_bytes()[..],
        b"{\"shape\":(2,),\"fortran_order\":True,\"descr\":\"|i1\"}  \x07\xf9",
    ]
    .concat();
    assert_eq!(Array::<i8>::from_bytes(&version_2).unwrap(), Array { shape: vec![2], data: vec![7, -7] });
}

#[test]
fn files_that_are_wrong() {
    let read = |header: &str| error(&file(header, &[0; 6]));
    assert_eq!(error(b"\x93NUMPX"), "not a .npy file that can be read: it does not begin with \"\\x93NUMPY\"");
    assert_eq!(
        error(b"\x93NUMPY\x03\x00"),
        "not a .npy file that can be read: format version is 3: only 1 and 2 are supported"
    );
    assert_eq!(
        error(b"\x93NUMPY\x01\x00\x76"),
        "not a .npy file that can be read: it ends within the header, after 9 bytes"
    );
    assert_eq!(
        error(b"\x93NUMPY\x02\x00\xff\xff\xff\xff"),
        "not a .npy file that can be read: the header has 4294967295 bytes: at most 10000 are read"
    );
    assert_eq!(
        read("{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3), }"),
        "elements are of type '<i4': expected '|i1'"
    );
    assert_eq!(
        read("{'descr': '|i1', 'fortran_order': True, 'shape': (2, 3), }"),
        "not a .npy file that can be read: the array is in Fortran order: only C order is supported"
    );
    assert_eq!(
        read("{'descr': '|i1', 'fortran_order': False, 'shape': (2, 4), }"),
        "shape [2, 4] of '|i1' needs 8 bytes of data: the file has 6"
    );
    // A product that 64 bits do not hold, and one that 128 bits do not.
    let huge = "18446744073709551615, ";
    for sizes in [huge.repeat(2), huge.repeat(3)] {
        let got = read(&format!("{{'descr': '|i1', 'fortran_order': False, 'shape': ({sizes}), }}"));
        assert!(got.ends_with(" bytes of data: the file has 6"), "{got}");
    }
    assert_eq!(
        read("{'descr': '|i1', 'fortran_order': False, 'shape': (-2, 3), }"),
        "not a .npy file that can be read: the header has \"-2, 3), }\" in place of a size"
    );
    assert_eq!(
        read("{'descr': [('a', '|i1')], 'fortran_order': False, 'shape': (2,), }"),
        "not a .npy file that can be read: the header has \"[('a', '|i1'\" in place of a string"
    );
    assert_eq!(read("{'descr': '|i1', }"), "not a .npy file that can be read: the header has no key \"fortran_order\"");
    assert!(read(&"(".repeat(9_000)).ends_with("in place of '{'"));
}

#[test]
fn every_truncation_is_refused() {
    let bytes = Array { shape: vec![3, 2], data: vec![1_i8, 2, 3, 4, 5, 6] }.to_bytes().unwrap();
    for length in 0..bytes.len() {
        assert!(Array::<i8>::from_bytes(&bytes[..length]).is_err(), "{length} bytes");
    }
}
