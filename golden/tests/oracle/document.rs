//! The worked values of `docs/numerics.md`, run: what it says is what golden and the oracle give.

use num_traits::ToPrimitive;
use qrtl_golden::numerics::multiplier::{Build, quantize_multiplier, quantize_multiplier_as};
use qrtl_golden::{Bounds, FixedMultiplier, MultiplierWidth, RealRule, Rule};

use crate::cases::Case;
use crate::exact::{integer, power};
use crate::real_rules as oracle;
use crate::rules::{Count, Ties, check, nearest, scaled};

const DOCUMENT: &str = include_str!("../../../docs/numerics.md");

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
            let factor = FixedMultiplier::new(MultiplierWidth::W32, case.multiplier, case.shift.into()).unwrap();
            assert_eq!(scaled(rule, case.acc, factor).0.to_string(), result, "{rule}: {row:?}");
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
fn real_rules() {
    let open = Bounds::new(i64::from(i32::MIN), (1 << 31) - 128).unwrap();
    for rule in RealRule::ALL {
        let rows = rows(section(&format!("### `{rule}`")));
        assert_eq!(rows.len(), 6, "{rule}");
        for row in rows {
            let &[acc, factor, exact, result] = &row[..] else { panic!("{rule}: {row:?}") };
            let (acc, factor) = (acc.parse().unwrap(), real(factor));
            let held = oracle::held(rule, factor).unwrap();
            assert_eq!(oracle::scaled(rule, acc, &held).0.to_string(), result, "{rule}: {row:?}");
            let mut count = oracle::RealCount::default();
            oracle::check(rule, (acc, factor), (0, open), &mut count);
            assert_eq!(count.answered, 1, "{rule}: {row:?}");
            let product = (integer(acc) * held).to_f64().unwrap();
            assert!((exact.parse::<f64>().unwrap() - product).abs() <= product.abs() * 1e-11, "{rule}: {row:?}");
        }
    }
}

/// The table of ties.
#[test]
fn ties() {
    let section = section("## Notation");
    let line = |name: &str| {
        let row = section.lines().find_map(|l| l.strip_prefix(name)).unwrap();
        row.trim_matches(['|', ' ']).split(" | ").map(str::to_owned).collect::<Vec<_>>()
    };
    let halves: Vec<f64> = line("| q |").iter().map(|q| q.parse().unwrap()).collect();
    assert_eq!(halves.len(), 6);
    for (name, ties) in [("| `up` |", Ties::Up), ("| `away` |", Ties::Away), ("| `even` |", Ties::Even)] {
        let rounded = |q: &f64| nearest(&(integer((q * 2.0) as i64) * power(-1)), ties).0.to_string();
        assert_eq!(line(name), halves.iter().map(rounded).collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn builds() {
    let rows = rows(section("### Its builds"));
    assert_eq!(rows.len(), 5);
    for row in rows {
        let got = Build::ALL.map(|build| {
            let made = quantize_multiplier_as(build, real(row[0]), MultiplierWidth::W32);
            made.map_or("-".to_owned(), |s| format!("{}, {}", s.multiplier(), s.shift()))
        });
        assert_eq!(got[..], row[1..], "{row:?}");
    }
}

#[test]
fn multipliers() {
    let rows = rows(section("## From a real factor to multiplier and shift"));
    assert_eq!(rows.len(), 8);
    for row in rows {
        let &[factor, bits, m, s] = &row[..] else { panic!("{row:?}") };
        let width = MultiplierWidth::try_from(bits.parse::<u32>().unwrap()).unwrap();
        let made = quantize_multiplier(real(factor), width).unwrap();
        assert_eq!((made.multiplier().to_string(), made.shift().to_string()), (m.into(), s.into()), "{factor}");
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
