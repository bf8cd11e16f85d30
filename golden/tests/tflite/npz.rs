//! `.npz` files: the files of the digits data, and wrong files.

use qrtl_golden::import::npy::Array;
use qrtl_golden::import::npy::npz::Archive;

use crate::models::digits;

fn bytes() -> Vec<u8> {
    std::fs::read(digits("mlp_float_weights.npz")).unwrap()
}

#[track_caller]
fn refused(bytes: &[u8], expected: &str) {
    let error = Archive::from_bytes(bytes).unwrap_err().to_string();
    assert_eq!(error, format!("not a .npz file that can be read: {expected}"));
}

#[test]
fn arrays_by_name() {
    let archive = Archive::from_bytes(&bytes()).unwrap();
    let names: Vec<&str> = archive.names().collect();
    assert_eq!(names[..2], ["w0_sequential_1_dense_2_kernel", "w1_sequential_1_dense_2_bias"]);
    assert_eq!(names.len(), 4);
    let kernel = archive.array::<f32>(names[0]).unwrap();
    assert_eq!((&kernel.shape[..], kernel.data.len()), (&[64, 32][..], 64 * 32));
    let error = |e: qrtl_golden::import::npy::Error| e.to_string();
    let missing = archive.array::<f32>("w9").map_err(error);
    assert_eq!(missing, Err("not a .npz file that can be read: it has no array \"w9\"".to_owned()));
    let other_type = archive.array::<i8>(names[1]).map_err(error);
    let expected = "\"w1_sequential_1_dense_2_bias\": elements are of type '<f4': expected '|i1'";
    assert_eq!(other_type, Err(expected.to_owned()));
}

/// What is written is what was read, and the checksum of a member is ZIP's: `binascii.crc32` gives the same.
#[test]
fn an_archive_that_is_written() {
    let mut archive = Archive::default();
    let of = |shape: Vec<usize>, data: Vec<i8>| Array { shape, data };
    let arrays = [("a:0", of(vec![2, 2], vec![1, -2, 3, -4])), ("b/c", of(vec![0], vec![]))];
    arrays.iter().for_each(|(name, array)| archive.push(name, array).unwrap());
    let bytes = archive.to_bytes().unwrap();
    let again = Archive::from_bytes(&bytes).unwrap();
    assert_eq!((&again, again.names().collect::<Vec<_>>()), (&archive, vec!["a:0", "b/c"]));
    assert_eq!(again.array::<i8>("a:0").unwrap(), arrays[0].1);
    assert_eq!(bytes[14..18], 0x4358_100b_u32.to_le_bytes());
}

#[test]
fn wrong_files_are_refused() {
    let damaged = |at: usize, byte: u8| {
        let mut bytes = bytes();
        bytes[at] = byte;
        bytes
    };
    refused(b"", "no member and no directory at byte 0");
    refused(b"\x93NUMPY", "no member and no directory at byte 0");
    refused(&damaged(0, b'Q'), "no member and no directory at byte 0");
    refused(&damaged(6, 8), "member at byte 0: flags are 0x0008: members must be plain, with their size in front");
    refused(&damaged(6, 1), "member at byte 0: flags are 0x0001: members must be plain, with their size in front");
    let compressed = "member at byte 0: compression method is 8: only stored members, method 0, are supported";
    refused(&damaged(8, 8), compressed);
    refused(&damaged(29, 255), "member at byte 0: the file ends within it");
    refused(
        &damaged(30, 0xff),
        "member at byte 0: its name is not text: invalid utf-8 sequence of 1 bytes from index 0",
    );
    let extra = 30 + "w0_sequential_1_dense_2_kernel.npy".len();
    refused(&damaged(extra, 2), "member at byte 0: its size is said to be in a ZIP64 field, which is missing");
    refused(&damaged(extra + 11, 0x80), "member at byte 0: the file ends within it");
    refused(&bytes()[..100], "member at byte 0: the file ends within it");
}

/// Cut anywhere before the directory it is refused; with any byte overwritten nothing panics.
#[test]
fn damage_gives_errors() {
    let whole = bytes();
    let directory = whole.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    for length in 0..directory + 4 {
        assert!(Archive::from_bytes(&whole[..length]).is_err(), "{length}");
    }
    for at in 0..whole.len() {
        for byte in [0, 1, 0x7f, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] = byte;
            if let Ok(archive) = Archive::from_bytes(&bytes) {
                for name in archive.names() {
                    let _ = archive.array::<f32>(name);
                }
            }
        }
    }
}
