//! Files that refer to the same bytes again and again: what they describe is far larger than they are, so they are
//! refused, and before much memory is taken.

use crate::builder::Builder;
use crate::counting::memory_limit;
use crate::mutations::peak_of_reading;

fn assert_refused(what: &str, bytes: &[u8]) {
    let (peak, graph) = peak_of_reading(bytes);
    let error = graph.unwrap_err().to_string();
    let length = bytes.len();
    let limit = 8 * length;
    let expected =
        format!("the file refers to the same bytes so often that it stands for more than {limit}, 8 times its length");
    assert_eq!(error, expected, "{what}");
    assert!(peak <= memory_limit(length), "{what}: {peak} bytes alive, {length} in the file");
    println!("{what}: {length} bytes, {peak} alive at most");
}

#[test]
fn files_that_expand_are_refused() {
    let mut model = Builder::default();
    let name = model.name(1);
    let (x, weights) = (model.tensor(&[1, 200], 0, name), model.tensor(&[200, 200], 1, name));
    let layers = [model.layer(&[0, 1], None); 2];
    let bytes = model.finish(&[x, weights], &layers, &[1; 40_000]);
    assert_eq!(peak_of_reading(&bytes).1.unwrap().steps.len(), 2, "sharing within reason is fine");

    let mut model = Builder::default();
    let name = model.name(1);
    let (x, weights) = (model.tensor(&[1, 200], 0, name), model.tensor(&[200, 200], 1, name));
    let layers: Vec<_> = (0..1_000).map(|_| model.layer(&[0, 1], None)).collect();
    let bytes = model.finish(&[x, weights], &layers, &[1; 40_000]);
    assert_refused("1,000 layers of the same weights", &bytes);

    let mut model = Builder::default();
    let name = model.name(1);
    let tensors: Vec<_> = (0..1_000).map(|_| model.tensor(&[50_000], 1, name)).collect();
    let bytes = model.finish(&tensors, &[], &[1; 50_000]);
    assert_refused("1,000 tensors of the same constant", &bytes);

    let mut model = Builder::default();
    let name = model.name(50_000);
    let tensors: Vec<_> = (0..1_000).map(|_| model.tensor(&[1], 0, name)).collect();
    let bytes = model.finish(&tensors, &[], &[]);
    assert_refused("1,000 tensors of the same name", &bytes);

    let mut model = Builder::default();
    let name = model.name(1);
    let tensor = model.tensor(&[1], 0, name);
    let bytes = model.finish(&vec![tensor; 1_000_000], &[], &[]);
    assert_refused("1,000,000 times the same tensor", &bytes);
}
