//! The figures of a row, and the columns of the tables.

use qrtl_gen::table::Column;
use qrtl_hdl::targets::Area;

use super::place::{Placed, has_mac16};
use super::row::Row;

/// All figures of a row.
pub struct Line {
    name: String,
    about: &'static str,
    device: &'static str,
    synthesis: String,
    area: Area,
    placed: Option<u64>,
    /// share of the device, in words
    share: String,
    /// median of nextpnr's clocks, in MHz
    mhz: Option<f64>,
    /// the clock with the multipliers' delay, where nextpnr leaves it out
    mhz_with_dsp: Option<f64>,
    seeds: Vec<f64>,
    refused: bool,
    baseline: &'static str,
    /// LUTs over the baseline's
    luts: Option<f64>,
    /// clock over the baseline's
    clocks: Option<f64>,
    in_block: Option<bool>,
    words: String,
}

/// The figures of all rows.
pub fn lines(rows: &[Row]) -> Vec<Line> {
    let line = |row: &Row| {
        let area = row.measured.area;
        let placed = match row.measured.placed {
            Placed::Yes { cells, .. } => cells,
            Placed::Refused(_) | Placed::No => None,
        };
        let ratios = row.ratios(rows);
        Line {
            name: row.subject.name.clone(),
            about: row.subject.about,
            device: row.target.name(),
            synthesis: row.target.pass(),
            area,
            placed,
            share: row.target.device.map_or(String::new(), |d| share(area, placed, d.capacity())),
            mhz: row.mhz(),
            mhz_with_dsp: row.true_mhz().filter(|_| row.target.device.is_some_and(has_mac16)),
            seeds: row.timing().map_or(Vec::new(), |(clocks, _)| clocks.to_vec()),
            refused: matches!(row.measured.placed, Placed::Refused(_)),
            baseline: row.subject.baseline().unwrap_or(""),
            luts: ratios.map(|r| r.0),
            clocks: ratios.and_then(|r| r.1),
            in_block: row.timing().map(|(_, timing)| timing.in_block),
            words: row.words().unwrap_or_default(),
        }
    };
    rows.iter().map(line).collect()
}

/// Percents of a device's LUTs (logic cells, where they are known) and multipliers.
fn share(area: Area, placed: Option<u64>, of: Area) -> String {
    let luts = format!("{:.1} %", 100.0 * placed.unwrap_or(area.lut) as f64 / of.lut as f64);
    if area.dsp == 0 { luts } else { format!("{luts}, {}/{} DSP", area.dsp, of.dsp) }
}

/// Text of what may not exist.
fn maybe<T: ToString>(value: Option<T>) -> String {
    value.map_or(String::new(), |v| v.to_string())
}

fn tenths(value: Option<f64>) -> String {
    maybe(value.map(|v| format!("{v:.1}")))
}

fn hundredths(value: Option<f64>) -> String {
    maybe(value.map(|v| format!("{v:.2}")))
}

const fn block() -> Column<Line> {
    Column::words("block", |l| l.name.clone())
}

const fn about() -> Column<Line> {
    Column::words("", |l| l.about.to_owned())
}

const fn device(head: &'static str) -> Column<Line> {
    Column::words(head, |l| l.device.to_owned())
}

const fn synthesis(head: &'static str) -> Column<Line> {
    Column::words(head, |l| l.synthesis.clone())
}

const fn lut(head: &'static str) -> Column<Line> {
    Column::numbers(head, |l| l.area.lut.to_string())
}

const fn ff(head: &'static str) -> Column<Line> {
    Column::numbers(head, |l| l.area.ff.to_string())
}

const fn dsp(head: &'static str) -> Column<Line> {
    Column::numbers(head, |l| l.area.dsp.to_string())
}

const fn ram(head: &'static str) -> Column<Line> {
    Column::numbers(head, |l| l.area.ram.to_string())
}

const fn placed(head: &'static str) -> Column<Line> {
    Column::numbers(head, |l| maybe(l.placed))
}

const fn mhz(head: &'static str) -> Column<Line> {
    Column::numbers(head, |l| if l.refused { "none".to_owned() } else { tenths(l.mhz) })
}

const fn mhz_with_dsp(head: &'static str) -> Column<Line> {
    Column::numbers(head, |l| tenths(l.mhz_with_dsp))
}

const fn luts(head: &'static str) -> Column<Line> {
    Column::numbers(head, |l| hundredths(l.luts))
}

const fn clocks(head: &'static str) -> Column<Line> {
    Column::numbers(head, |l| hundredths(l.clocks))
}

/// On a terminal.
pub const TERMINAL: [Column<Line>; 11] = [
    block(),
    device("device"),
    synthesis("synthesis"),
    lut("LUT"),
    ff("FF"),
    dsp("DSP"),
    placed("placed"),
    mhz("MHz"),
    mhz_with_dsp("with DSP"),
    luts("LUT x"),
    clocks("MHz x"),
];

/// In the document, of a device.
pub const DEVICE: [Column<Line>; 13] = [
    block(),
    about(),
    Column::words("synthesis", |l| format!("`{}`", l.synthesis)),
    lut("LUT"),
    ff("FF"),
    dsp("DSP"),
    ram("RAM"),
    placed("placed"),
    Column::words("of the device", |l| l.share.clone()),
    mhz("MHz"),
    mhz_with_dsp("with DSP"),
    luts("LUT x"),
    clocks("MHz x"),
];

/// In the document, of gates.
pub const GATES: [Column<Line>; 5] = [block(), about(), lut("gates"), ff("FF"), luts("gates x")];

/// In the file for programs.
pub const FILE: [Column<Line>; 16] = [
    block(),
    device("device"),
    synthesis("synthesis"),
    lut("lut"),
    ff("ff"),
    dsp("dsp"),
    ram("ram"),
    placed("placed_cells"),
    mhz("mhz"),
    mhz_with_dsp("mhz_with_dsp"),
    Column::words("mhz_of_seeds", |l| l.seeds.iter().map(|c| format!("{c:.1}")).collect::<Vec<_>>().join(" ")),
    Column::words("baseline", |l| l.baseline.to_owned()),
    luts("lut_ratio"),
    clocks("mhz_ratio"),
    Column::words("in_block", |l| maybe(l.in_block)),
    Column::words("critical_path", |l| l.words.clone()),
];
