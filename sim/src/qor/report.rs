//! The tables: for the terminal, for `docs/qor.md` and for `docs/qor.csv`.

use std::cmp::Reverse;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use qrtl_gen::table::{Column, Table};
use qrtl_hdl::targets::Device;

use super::columns::{DEVICE, FILE, GATES, Line, TERMINAL, lines};
use super::device::{Placer, SPEED_GRADE, Target};
use super::mac16::{ADDER, CLOCK_TO_OUTPUT, PRODUCT, PRODUCT_TO_REGISTER};
use super::place::{OF_LARGE, SEEDS};
use super::row::Row;

/// The table for the terminal: a line for each row, and the critical path below it.
pub fn text(rows: &[Row]) -> String {
    let lines = lines(rows);
    let table = Table::new(&TERMINAL, &lines).text();
    let mut table = table.lines();
    let mut text = table.next().map_or(String::new(), |head| format!("{head}\n"));
    for (line, row) in table.zip(rows) {
        let _ = writeln!(text, "{line}");
        if let Some(words) = row.words() {
            let _ = writeln!(text, "    {words}");
        }
    }
    text
}

/// Writes `qor.md` and `qor.csv`.
///
/// # Errors
/// If they cannot be written.
pub fn write(names: &[String], rows: &[Row], versions: &[String], to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("{}: cannot create", to.display()))?;
    let put = |name: &str, text: String| {
        let path = to.join(name);
        fs::write(&path, text).with_context(|| format!("{}: cannot write", path.display()))
    };
    put("qor.csv", csv(rows))?;
    put("qor.md", markdown(names, rows, versions))
}

/// All figures of all rows.
pub fn csv(rows: &[Row]) -> String {
    Table::new(&FILE, &lines(rows)).csv()
}

/// The method of measurement, for readers of the table.
fn method() -> String {
    let [up5k, hx8k, small, large] = [Device::Up5k, Device::Hx8k, Device::Ecp5Small, Device::Ecp5Large];
    let package = |device| Placer::of(device).package;
    let luts = |device: Device| thousands(device.capacity().lut);
    let dsp = |device: Device| device.capacity().dsp;
    format!(
        "\
A block is measured again when its Verilog, the flags or the tools change.

Each block is synthesized alone, then placed between flip-flops: a shift chain drives each input bit, a register takes
each output bit, 3 pins in all. LUT, FF and DSP are counts of the block alone. The clock is the median of nextpnr's for the
seeds {seeds}. \"by hand\" is what a good engineer writes for the same function in plain Verilog (`bench/baselines/`),
checked with golden's vectors in the same run; *LUT x* and *MHz x* are the ratios to it.

- ECP5: LUT4 + 2 per CCU2C + 4 per TRELLIS_DPR16X4; speed grade {SPEED_GRADE}, package {ecp5_package}.
- UP5K ({up5k_package}), HX8K ({hx8k_package}): *placed* are the logic cells, without the cells of the harness. A flip-flop without a LUT takes one.
- UP5K: nextpnr takes almost nothing for SB_MAC16. *with DSP* adds what icestorm's table says of it ({PRODUCT} ns for a
  product, {PRODUCT_TO_REGISTER} ns to a register behind it, {ADDER} ns for the adder, {CLOCK_TO_OUTPUT} ns from the clock to a registered output) to the
  longest paths into, between and out of the multipliers: the clock is at least that. A path to the enable of a
  multiplier's register ends there, and bounds the clock as nextpnr has it. Ratios are of this figure.
- *of the device*: of {small_luts} LUTs and {small_dsp} multipliers of ECP5-25, {large_luts} and {large_dsp} of ECP5-85, {up5k_luts} logic cells and {up5k_dsp} of
  UP5K, {hx8k_luts} logic cells of HX8K.
- A design that takes half of the memories and multipliers of an ECP5 or more gets their places first
  (`sim/src/qor/floorplan/`): nextpnr spreads them over the whole device. Then nextpnr gets `{of_large}`.
- A block that does not fit has no clock (`none`); what nextpnr said is among the critical paths.
- A baseline that fits only ECP5-85 is also the baseline of blocks on ECP5-25.
- gates: `abc -g gates` behind the coarse part of `synth`, not placed.

![Area against clock](qor.svg)
",
        seeds = in_words(&SEEDS),
        of_large = OF_LARGE.join(" "),
        ecp5_package = package(small),
        up5k_package = package(up5k),
        hx8k_package = package(hx8k),
        small_luts = luts(small),
        small_dsp = dsp(small),
        large_luts = luts(large),
        large_dsp = dsp(large),
        up5k_luts = luts(up5k),
        up5k_dsp = dsp(up5k),
        hx8k_luts = luts(hx8k),
    )
}

/// `24,288`.
fn thousands(n: u64) -> String {
    if n < 1000 { n.to_string() } else { format!("{},{:03}", thousands(n / 1000), n % 1000) }
}

/// `1, 2 and 3`.
fn in_words(numbers: &[u32]) -> String {
    let words: Vec<String> = numbers.iter().map(u32::to_string).collect();
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => words.concat(),
    }
}

fn markdown(names: &[String], rows: &[Row], versions: &[String]) -> String {
    let made = match names {
        [] => "Made by `make qor`".to_owned(),
        some => format!("Made by `sim qor {}`, a part of `make qor`", some.join(" ")),
    };
    let mut text = format!("# Area and clock\n\n{made}; do not edit. {}\n", method());
    for version in versions {
        let _ = writeln!(text, "- {version}");
    }
    let mut targets: Vec<Target> = rows.iter().map(|r| Target::plain(r.target.device)).collect();
    // Gates come last, and ECP5 first.
    targets.sort_by_key(|t| (t.device.is_none(), t.device.map(|d| (Reverse(d.family()), d))));
    targets.dedup();
    let lines = lines(rows);
    for target in targets {
        section(&mut text, rows, &lines, target);
    }
    text
}

fn section(text: &mut String, rows: &[Row], lines: &[Line], target: Target) {
    let of = |row: &Row| row.target.device == target.device;
    let own = rows.iter().filter(|row| of(row));
    let own_lines = rows.iter().zip(lines).filter(|(row, _)| of(row)).map(|(_, line)| line);
    let columns: &[Column<Line>] = if target.device.is_none() { &GATES } else { &DEVICE };
    let _ = write!(text, "\n## {}\n\n{}", target.name(), Table::new(columns, own_lines).markdown());
    let mut first = true;
    for (row, words) in own.filter_map(|r| Some((r, r.words()?))) {
        if std::mem::take(&mut first) {
            text.push_str("\nCritical paths:\n\n");
        }
        let _ = writeln!(text, "- {} (`{}`): {words}", row.subject.name, row.target.pass());
    }
}

#[cfg(test)]
mod tests {
    use qrtl_gen::blocks::Role;
    use qrtl_gen::spec::Spec;
    use qrtl_hdl::blocks::saturator::SaturatorConfig;

    use qrtl_hdl::targets::Area;

    use super::super::flow::Measured;
    use super::super::place::Placed;
    use super::super::subjects::Subject;
    use super::*;

    #[test]
    fn a_block_that_does_not_fit_has_a_row_that_says_so() {
        let spec = Spec::Saturator(SaturatorConfig::default());
        let interface = spec.build("large").unwrap().interface;
        let (name, about, files, targets) = ("large".to_owned(), "too large", vec![], vec![]);
        let subject = Subject { name, role: Role::Alone, about, spec, interface, files, targets };
        let area = Area { lut: 48_576, ff: 7, dsp: 32, ram: 0, spram: 0 };
        let measured = Measured { area, placed: Placed::Refused("no place for MULT18X18D".to_owned()) };
        let rows = [Row { subject: &subject, target: Target::plain(Some(Device::Ecp5Small)), measured }];
        let (table, text, csv) = (markdown(&[], &rows, &[]), text(&rows), csv(&rows));
        assert!(table.contains("| 200.0 %, 32/28 DSP | none |  |  |  |"), "{table}");
        for text in [table, text, csv] {
            assert!(text.contains("not placed: no place for MULT18X18D"), "{text}");
        }
    }
}
