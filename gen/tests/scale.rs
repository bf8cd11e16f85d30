//! The text of a GEMM grows with rows + columns, not with their product.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use qrtl_gen::emit::Package;
use qrtl_gen::spec::Spec;
use qrtl_hdl::blocks::gemm::GemmConfig;

/// Names of the modules, and bytes of all their text.
fn emitted(size: usize, axis: bool) -> (Vec<String>, usize) {
    let spec = GemmConfig { rows: size, cols: size, axis, ..GemmConfig::default() };
    let package = Package::new("gemm", Spec::Gemm(spec), "a test").unwrap();
    let names = package.files.iter().map(|f| f.name.clone()).collect();
    (names, package.files.iter().map(|f| f.text.len()).sum())
}

#[test]
fn a_large_array_has_the_modules_of_a_small_one() {
    for axis in [false, true] {
        let (small, text) = emitted(4, axis);
        let (large, large_text) = emitted(64, axis);
        assert_eq!(small.len(), large.len(), "{small:?} {large:?}");
        for module in ["pe", "row", "array"] {
            let has = |names: &[String]| names.iter().filter(|n| n.split('_').any(|part| part == module)).count();
            assert_eq!((has(&small) > 0, has(&small)), (true, has(&large)), "{module}: {small:?} {large:?}");
        }
        assert!(large_text < 40 * text, "{text} bytes became {large_text}");
    }
}

#[test]
fn four_times_the_elements_take_less_than_four_times_the_text() {
    let ((names, text), (large_names, large_text)) = (emitted(64, false), emitted(128, false));
    // Names have sizes in them, and below the top they end with eight digits that stand for the module's text.
    let plain = |name: &String| {
        let stem = name.rsplit_once('_').filter(|(_, digits)| digits.len() == 8).map_or(&**name, |(stem, _)| stem);
        stem.replace(char::is_numeric, "")
    };
    let plain = |names: &[String]| names.iter().map(plain).collect::<Vec<_>>();
    assert_eq!(plain(&names), plain(&large_names));
    assert!(large_text < 4 * text, "{text} bytes became {large_text}");
}
