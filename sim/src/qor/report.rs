//! The tables: for the terminal, for `docs/qor.md` and for `docs/qor.csv`.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::Row;
use super::device::{Area, Capacity, Device, Target};
use super::place::{Placed, SEEDS};
use super::timing::Timing;

/// Figures of a row, as text. A figure that does not exist is empty.
struct Cells {
    lut: String,
    ff: String,
    dsp: String,
    ram: String,
    placed: String,
    share: String,
    mhz: String,
    mhz_with_dsp: String,
    seeds: String,
}

impl Row<'_> {
    /// Clocks and critical path, if it was placed.
    fn timing(&self) -> Option<(&[f64], &Timing)> {
        match &self.measured.placed {
            Placed::Yes { clocks, timing, .. } => Some((clocks, timing)),
            Placed::Refused(_) | Placed::No => None,
        }
    }

    /// Median of nextpnr's clocks.
    pub fn mhz(&self) -> Option<f64> {
        let mut sorted = self.timing()?.0.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted.get(SEEDS.len() / 2).copied()
    }

    /// The clock with the multiplier's delay, which nextpnr leaves out on UP5K.
    pub fn true_mhz(&self) -> Option<f64> {
        if self.target.device == Device::Up5k { Some(self.timing()?.1.mhz_with_dsp) } else { self.mhz() }
    }

    /// The critical path, or the reason why there is none.
    fn words(&self) -> Option<String> {
        match &self.measured.placed {
            Placed::Yes { timing, .. } if timing.in_block => Some(timing.words.clone()),
            Placed::Yes { timing, .. } => Some(format!("in the harness; {}", timing.words)),
            Placed::Refused(why) => Some(format!("not placed: {why}")),
            Placed::No => None,
        }
    }

    fn cells(&self) -> Cells {
        let area = self.measured.area;
        let number = |v: Option<f64>| v.map_or(String::new(), |v| format!("{v:.1}"));
        let clocks = self.timing().map_or(&[][..], |(c, _)| c).iter().map(|c| format!("{c:.1}"));
        let up5k = self.target.device == Device::Up5k;
        let placed = match self.measured.placed {
            Placed::Yes { cells, .. } => cells,
            Placed::Refused(_) | Placed::No => None,
        };
        let refused = matches!(self.measured.placed, Placed::Refused(_));
        Cells {
            lut: area.lut.to_string(),
            ff: area.ff.to_string(),
            dsp: area.dsp.to_string(),
            ram: area.ram.to_string(),
            placed: placed.map_or(String::new(), |c| c.to_string()),
            share: self.target.device.capacity().map_or(String::new(), |c| share(area, placed, c)),
            mhz: if refused { "none".to_owned() } else { number(self.mhz()) },
            mhz_with_dsp: number(self.true_mhz().filter(|_| up5k)),
            seeds: clocks.collect::<Vec<_>>().join(" "),
        }
    }

    /// Ratios of LUTs and of clock to the baseline, which was synthesized with the same flags or else with the usual
    /// flags.
    fn ratios(&self, rows: &[Row]) -> Option<(f64, Option<f64>)> {
        let hand = self.subject.baseline()?;
        let plain = self.target.device.plain();
        let mut targets = vec![self.target, plain];
        if self.target.device == Device::Ecp5Small {
            // A baseline that fits only the larger ECP5 is compared with blocks on the smaller: cells and delays are
            // the same.
            targets.extend([Target { device: Device::Ecp5Large, ..self.target }, Device::Ecp5Large.plain()]);
        }
        let of = |target: &Target| rows.iter().find(|r| r.subject.name == hand && r.target == *target);
        let hand = targets.iter().find_map(of)?;
        let clocks = self.true_mhz().zip(hand.true_mhz()).map(|(a, b)| a / b);
        Some((self.measured.area.lut as f64 / hand.measured.area.lut as f64, clocks))
    }
}

/// Percents of a device's LUTs (logic cells, where they are known) and multipliers.
fn share(area: Area, placed: Option<u64>, of: Capacity) -> String {
    let percent = |n: u64, of: u64| format!("{:.1} %", 100.0 * n as f64 / of as f64);
    let luts = percent(placed.unwrap_or(area.lut), of.lut);
    if area.dsp == 0 { luts } else { format!("{luts}, {}/{} DSP", area.dsp, of.dsp) }
}

fn ratio(v: Option<f64>) -> String {
    v.map_or(String::new(), |v| format!("{v:.2}"))
}

/// The table for the terminal: a line for each row, and the critical path below it.
pub fn text(rows: &[Row]) -> String {
    let mut text = format!(
        "{:30} {:8} {:24} {:>6} {:>6} {:>4} {:>6} {:>7} {:>8} {:>6} {:>6}\n",
        "block", "device", "synthesis", "LUT", "FF", "DSP", "placed", "MHz", "with DSP", "LUT x", "MHz x"
    );
    for row in rows {
        let (c, r) = (row.cells(), row.ratios(rows));
        let _ = writeln!(
            text,
            "{:30} {:8} {:24} {:>6} {:>6} {:>4} {:>6} {:>7} {:>8} {:>6} {:>6}",
            row.subject.name,
            row.target.device.to_string(),
            row.target.pass(),
            c.lut,
            c.ff,
            c.dsp,
            c.placed,
            c.mhz,
            c.mhz_with_dsp,
            ratio(r.map(|r| r.0)),
            ratio(r.and_then(|r| r.1)),
        );
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
    let mut text = "block,device,synthesis,lut,ff,dsp,ram,placed_cells,mhz,mhz_with_dsp,mhz_of_seeds,baseline,lut_ratio,mhz_ratio,in_block,critical_path\n".to_owned();
    for row in rows {
        let (c, r) = (row.cells(), row.ratios(rows));
        let _ = writeln!(
            text,
            "{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},\"{}\"",
            row.subject.name,
            row.target.device,
            row.target.pass(),
            c.lut,
            c.ff,
            c.dsp,
            c.ram,
            c.placed,
            c.mhz,
            c.mhz_with_dsp,
            c.seeds,
            row.subject.baseline().unwrap_or(""),
            ratio(r.map(|r| r.0)),
            ratio(r.and_then(|r| r.1)),
            row.timing().map_or(String::new(), |(_, t)| t.in_block.to_string()),
            row.words().unwrap_or_default().replace('"', "'"),
        );
    }
    text
}

/// The method of measurement, for readers of the table.
const METHOD: &str = "\
A block is measured again when its Verilog, the flags or the tools change.

Each block is synthesized alone, then placed between flip-flops: a shift chain drives each input bit, a register takes
each output bit, 3 pins in all. LUT, FF and DSP are those of the block. The clock is the median of nextpnr's for the
seeds 1, 2 and 3. \"by hand\" is what a good engineer writes for the same function in plain Verilog (`bench/baselines/`),
checked with golden's vectors in the same run; *LUT x* and *MHz x* are the ratios to it.

- ECP5: LUT4 + 2 per CCU2C + 4 per TRELLIS_DPR16X4; speed grade 6, package CABGA381.
- UP5K (sg48), HX8K (ct256): *placed* are the logic cells, less those of the harness. A flip-flop without a LUT takes one.
- UP5K: nextpnr takes almost nothing for SB_MAC16. *with DSP* adds what icestorm's table says of it (9.05 ns for a
  product, 6.5 ns to a register behind it, 5.3 ns for the adder, 2 ns from the clock to a registered output) to the
  longest paths into, between and out of the multipliers: the clock is at least that. A path to the enable of a
  multiplier's register ends there, and bounds the clock as nextpnr has it. Ratios are of this figure.
- *of the device*: of 24,288 LUTs and 28 multipliers of ECP5-25, 83,640 and 156 of ECP5-85, 5,280 logic cells and 8 of
  UP5K, 7,680 logic cells of HX8K.
- A block that does not fit has no clock (`none`); what nextpnr said is among the critical paths.
- A baseline that fits only ECP5-85 is also that of blocks on ECP5-25.
- gates: `abc -g gates` behind the coarse part of `synth`, not placed.

![Area against clock](qor.svg)
";

fn markdown(names: &[String], rows: &[Row], versions: &[String]) -> String {
    let made = match names {
        [] => "Made by `make qor`".to_owned(),
        some => format!("Made by `sim qor {}`, a part of `make qor`", some.join(" ")),
    };
    let mut text = format!("# Area and clock\n\n{made}; do not edit. {METHOD}\n");
    for version in versions {
        let _ = writeln!(text, "- {version}");
    }
    let mut devices: Vec<Device> = rows.iter().map(|r| r.target.device).collect();
    devices.sort();
    devices.dedup();
    for device in devices {
        section(&mut text, rows, device);
    }
    text
}

fn section(text: &mut String, rows: &[Row], device: Device) {
    let own: Vec<&Row> = rows.iter().filter(|r| r.target.device == device).collect();
    let _ = write!(text, "\n## {device}\n\n");
    if device == Device::Gates {
        text.push_str("| block | | gates | FF | gates x |\n|---|---|--:|--:|--:|\n");
    } else {
        text.push_str("| block | | synthesis | LUT | FF | DSP | RAM | placed | of the device | MHz | with DSP | LUT x | MHz x |\n");
        text.push_str("|---|---|---|--:|--:|--:|--:|--:|---|--:|--:|--:|--:|\n");
    }
    for row in &own {
        let (c, r) = (row.cells(), row.ratios(rows));
        let (name, about) = (&row.subject.name, row.subject.about);
        let (luts, clocks) = (ratio(r.map(|r| r.0)), ratio(r.and_then(|r| r.1)));
        let _ = if device == Device::Gates {
            writeln!(text, "| {name} | {about} | {} | {} | {luts} |", c.lut, c.ff)
        } else {
            writeln!(
                text,
                "| {name} | {about} | `{}` | {} | {} | {} | {} | {} | {} | {} | {} | {luts} | {clocks} |",
                row.target.pass(),
                c.lut,
                c.ff,
                c.dsp,
                c.ram,
                c.placed,
                c.share,
                c.mhz,
                c.mhz_with_dsp
            )
        };
    }
    let mut first = true;
    for (row, words) in own.iter().filter_map(|r| Some((r, r.words()?))) {
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

    use super::super::flow::Measured;
    use super::super::subjects::Subject;
    use super::*;

    #[test]
    fn a_block_that_does_not_fit_has_a_row_that_says_so() {
        let spec = Spec::Saturator(SaturatorConfig::default());
        let interface = spec.build("large").unwrap().interface;
        let (name, about, files, targets) = ("large".to_owned(), "too large", vec![], vec![]);
        let subject = Subject { name, role: Role::Alone, about, spec, interface, files, targets };
        let area = Area { lut: 48_576, ff: 7, dsp: 32, ram: 0 };
        let measured = Measured { area, placed: Placed::Refused("no place for MULT18X18D".to_owned()) };
        let rows = [Row { subject: &subject, target: Device::Ecp5Small.plain(), measured }];
        let (table, text, csv) = (markdown(&[], &rows, &[]), text(&rows), csv(&rows));
        assert!(table.contains("| 200.0 %, 32/28 DSP | none |  |  |  |"), "{table}");
        for text in [table, text, csv] {
            assert!(text.contains("not placed: no place for MULT18X18D"), "{text}");
        }
    }
}
