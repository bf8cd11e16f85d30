//! The tables: for the terminal, for `docs/qor.md` and for `docs/qor.csv`.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::Row;
use super::device::{Device, Target};
use super::flow::SEEDS;

/// Figures of a row, as text; what does not exist is empty.
struct Cells {
    lut: String,
    ff: String,
    dsp: String,
    ram: String,
    placed: String,
    mhz: String,
    mhz_with_dsp: String,
    seeds: String,
}

impl Row<'_> {
    /// Median of nextpnr's clocks.
    pub fn mhz(&self) -> Option<f64> {
        let (clocks, _) = self.measured.timing.as_ref()?;
        let mut sorted = clocks.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(SEEDS.len() / 2).copied()
    }

    /// The clock that counts: with the multiplier's delay where nextpnr leaves it out.
    pub fn true_mhz(&self) -> Option<f64> {
        let (_, timing) = self.measured.timing.as_ref()?;
        if self.target.device == Device::Up5k { Some(timing.mhz_with_dsp) } else { self.mhz() }
    }

    fn synthesis(&self) -> String {
        match self.target.device {
            Device::Gates => "synth; abc -g gates".to_owned(),
            _ => self.target.synthesis("").trim_end_matches(" -top ").to_owned(),
        }
    }

    fn cells(&self) -> Cells {
        let area = self.measured.area;
        let number = |v: Option<f64>| v.map_or(String::new(), |v| format!("{v:.1}"));
        let clocks = self.measured.timing.iter().flat_map(|(c, _)| c).map(|c| format!("{c:.1}"));
        let up5k = self.target.device == Device::Up5k;
        Cells {
            lut: area.lut.to_string(),
            ff: area.ff.to_string(),
            dsp: area.dsp.to_string(),
            ram: area.ram.to_string(),
            placed: self.measured.cells.map_or(String::new(), |c| c.to_string()),
            mhz: number(self.mhz()),
            mhz_with_dsp: number(self.true_mhz().filter(|_| up5k)),
            seeds: clocks.collect::<Vec<_>>().join(" "),
        }
    }

    /// LUTs and clock over those of the baseline.
    fn ratios(&self, rows: &[Row]) -> Option<(f64, Option<f64>)> {
        let hand = self.subject.baseline?;
        // One that fits only the larger ECP5 stands for the smaller: their cells and delays are the same.
        let large = Target { device: Device::Ecp5Large, ..self.target };
        let targets =
            if self.target.device == Device::Ecp5Small { vec![self.target, large] } else { vec![self.target] };
        let of = |target: &Target| rows.iter().find(|r| r.subject.name == hand && r.target == *target);
        let hand = targets.iter().find_map(of)?;
        let clocks = self.true_mhz().zip(hand.true_mhz()).map(|(a, b)| a / b);
        Some((self.measured.area.lut as f64 / hand.measured.area.lut as f64, clocks))
    }
}

fn ratio(v: Option<f64>) -> String {
    v.map_or(String::new(), |v| format!("{v:.2}"))
}

/// For the terminal: a line for each row, and below it the critical path.
pub fn text(rows: &[Row]) -> String {
    let mut text = format!(
        "{:30} {:8} {:12} {:>6} {:>6} {:>4} {:>6} {:>7} {:>8} {:>6} {:>6}\n",
        "block", "device", "flags", "LUT", "FF", "DSP", "placed", "MHz", "with DSP", "LUT x", "MHz x"
    );
    for row in rows {
        let (c, r) = (row.cells(), row.ratios(rows));
        let _ = writeln!(
            text,
            "{:30} {:8} {:12} {:>6} {:>6} {:>4} {:>6} {:>7} {:>8} {:>6} {:>6}",
            row.subject.name,
            row.target.device.to_string(),
            row.target.flags,
            c.lut,
            c.ff,
            c.dsp,
            c.placed,
            c.mhz,
            c.mhz_with_dsp,
            ratio(r.map(|r| r.0)),
            ratio(r.and_then(|r| r.1)),
        );
        if let Some((_, timing)) = &row.measured.timing {
            let place = if timing.in_block { "" } else { "harness: " };
            let _ = writeln!(text, "    {place}{}", timing.words);
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
        let timing = row.measured.timing.as_ref().map(|(_, t)| t);
        let _ = writeln!(
            text,
            "{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},\"{}\"",
            row.subject.name,
            row.target.device,
            row.synthesis(),
            c.lut,
            c.ff,
            c.dsp,
            c.ram,
            c.placed,
            c.mhz,
            c.mhz_with_dsp,
            c.seeds,
            row.subject.baseline.unwrap_or(""),
            ratio(r.map(|r| r.0)),
            ratio(r.and_then(|r| r.1)),
            timing.map_or(String::new(), |t| t.in_block.to_string()),
            timing.map_or("", |t| t.words.as_str()).replace('"', "'"),
        );
    }
    text
}

/// How the figures come about, for whoever reads the table.
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
  longest paths into, between and out of the multipliers: the clock is at least that. Ratios are of this figure.
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
        text.push_str("| block | | synthesis | LUT | FF | DSP | RAM | placed | MHz | with DSP | LUT x | MHz x |\n");
        text.push_str("|---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n");
    }
    for row in &own {
        let (c, r) = (row.cells(), row.ratios(rows));
        let (name, about) = (row.subject.name, row.subject.about);
        let (luts, clocks) = (ratio(r.map(|r| r.0)), ratio(r.and_then(|r| r.1)));
        let _ = if device == Device::Gates {
            writeln!(text, "| {name} | {about} | {} | {} | {luts} |", c.lut, c.ff)
        } else {
            writeln!(
                text,
                "| {name} | {about} | `{}` | {} | {} | {} | {} | {} | {} | {} | {luts} | {clocks} |",
                row.synthesis(),
                c.lut,
                c.ff,
                c.dsp,
                c.ram,
                c.placed,
                c.mhz,
                c.mhz_with_dsp
            )
        };
    }
    let paths = own.iter().filter_map(|r| Some((r, &r.measured.timing.as_ref()?.1)));
    let mut first = true;
    for (row, timing) in paths {
        if std::mem::take(&mut first) {
            text.push_str("\nCritical paths:\n\n");
        }
        let place = if timing.in_block { "" } else { "in the harness; " };
        let flags = if row.target.flags.is_empty() { String::new() } else { format!(" ({})", row.target.flags) };
        let _ = writeln!(text, "- {}{flags}: {place}{}", row.subject.name, timing.words);
    }
}
