//! The worked values of `docs/numerics.md`, run: what it says is what golden and the oracle give.

#![allow(clippy::unwrap_used)] // helpers of tests

mod support;

use qrtl_golden::multiplier::quantize_multiplier;
use qrtl_golden::{Bounds, MultiplierWidth, Rule, Scale};
use support::cases::Case;
use support::{Count, check, scaled};

const DOCUMENT: &str = include_str!("../../docs/numerics.md");

/// The text below the heading, up to the next one.
fn section(heading: &str) -> &'static str {
    let (_, rest) = DOCUMENT.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no section {heading}"));
    rest.split("\n#").next().unwrap()
}

/// The rows of numbers of its tables.
fn rows(section: &str) -> Vec<Vec<&str>> {
    let cells = |line| -> Option<Vec<&str>> {
        let inner = str::strip_suffix(str::strip_prefix(line, "| ")?, " |")?;
        Some(inner.split(" | ").collect())
    };
    let numbers = |row: &Vec<&str>| row.iter().all(|c| c.starts_with(|c: char| c.is_ascii_digit() || c == '-'));
    section.lines().filter_map(cells).filter(numbers).collect()
}

#[test]
fn rules() {
    for rule in Rule::ALL {
        let rows = rows(section(&format!("### `{rule}`")));
        assert_eq!(rows.len(), 6, "{rule}");
        for row in rows {
            let &[acc, multiplier, shift, exact, result] = &row[..] else { panic!("{rule}: {row:?}") };
            let case = Case {
                acc: acc.parse().unwrap(),
                multiplier: multiplier.parse().unwrap(),
                shift: shift.parse().unwrap(),
            };
            let scale = Scale::new(MultiplierWidth::W32, case.multiplier, case.shift.into()).unwrap();
            assert_eq!(scaled(rule, case.acc, scale).0.to_string(), result, "{rule}: {row:?}");
            let mut count = Count::default();
            check(rule, MultiplierWidth::W32, case, (0, Bounds::INT32), &mut count);
            assert_eq!(count.answered, 1, "{rule}: {row:?}");
            let product = case.acc as f64 * case.multiplier as f64 * 2.0f64.powi(case.shift - 31);
            let error = (exact.parse::<f64>().unwrap() - product).abs();
            assert!(error <= product.abs() * 1e-11, "{rule}: {row:?}");
        }
    }
}

/// `0.5`, `1/3`, `2^-32`, or a sum or difference of two.
fn real(text: &str) -> f64 {
    let term = |t: &str| match (t.split_once('/'), t.strip_prefix("2^")) {
        (Some((a, b)), _) => a.parse::<f64>().unwrap() / b.parse::<f64>().unwrap(),
        (_, Some(exponent)) => 2.0f64.powi(exponent.parse().unwrap()),
        _ => t.parse().unwrap(),
    };
    match (text.split_once(" + "), text.split_once(" - ")) {
        (Some((a, b)), _) => term(a) + term(b),
        (_, Some((a, b))) => term(a) - term(b),
        _ => term(text),
    }
}

#[test]
fn multipliers() {
    let rows = rows(section("## From a real factor to multiplier and shift"));
    assert_eq!(rows.len(), 8);
    for row in rows {
        let &[factor, bits, m, s] = &row[..] else { panic!("{row:?}") };
        let width = MultiplierWidth::try_from(bits.parse::<u32>().unwrap()).unwrap();
        let scale = quantize_multiplier(real(factor), width).unwrap();
        assert_eq!((scale.multiplier().to_string(), scale.shift().to_string()), (m.into(), s.into()), "{factor}");
    }
}

/// The product in `float`, the quotient in `double`, against all in `double`.
#[test]
fn factors() {
    let tenth = 0.1f32;
    let both = [f64::from(tenth * tenth) / f64::from(tenth), f64::from(tenth) * f64::from(tenth) / f64::from(tenth)];
    let got = both.map(|m| quantize_multiplier(m, MultiplierWidth::W32).unwrap());
    assert_eq!(got.map(|s| (s.multiplier(), s.shift())), [(1_717_987_014, -3), (1_717_986_944, -3)]);
    let text = section("## How the factor is formed");
    assert!(text.contains("1717987014 by the first, 1717986944 by the second"), "{text}");
}
