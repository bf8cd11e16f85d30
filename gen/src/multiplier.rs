//! `gen multiplier`: a real factor as `2^-n * M0`, and the integers that represent it.

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use qrtl_golden::quantization::deviation::{Deviation, deviation};
use qrtl_golden::quantization::normalization::{Normalized, normalize, unnormalized};
use qrtl_golden::{Bounds, FixedMultiplier, MultiplierWidth, Rule};

/// The arguments of `gen multiplier`.
#[derive(Args)]
pub struct MultiplierCommand {
    /// real factor M, above 0
    #[arg(allow_negative_numbers = true)]
    real: f64,
    /// width of the integer: 8, 16 or 32; all of them if left out
    #[arg(long)]
    bits: Option<u32>,
    /// a second factor: do the two coincide?
    #[arg(long, value_name = "REAL", allow_negative_numbers = true)]
    versus: Option<f64>,
}

impl MultiplierCommand {
    /// Prints one table for each factor, and with `--versus` which of their integers coincide.
    ///
    /// # Errors
    /// If there is no such width, or a factor has no multiplier.
    pub fn run(self) -> Result<ExitCode> {
        let widths = match self.bits {
            Some(bits) => vec![MultiplierWidth::try_from(bits)?],
            None => MultiplierWidth::ALL.to_vec(),
        };
        // All lines are made before the first is printed, so that bad input prints nothing but its error.
        let mut text = table(self.real, &widths)?;
        if let Some(other) = self.versus {
            text += &table(other, &widths).context("versus")?;
            for &width in &widths {
                text += &comparison(self.real, other, width)?;
            }
        }
        std::io::stdout().lock().write_all(text.as_bytes())?;
        Ok(ExitCode::SUCCESS)
    }
}

/// `M`, `M0` and `n`, then for each width the integer of M0 and the integer of M.
fn table(real: f64, widths: &[MultiplierWidth]) -> Result<String> {
    let mut lines = Vec::new();
    for &width in widths {
        let normalized = normalize(real, width)?;
        let Normalized { fraction, n, factor } = normalized;
        if lines.is_empty() {
            lines.push(format!("M = {real} = 2^{} * {fraction} (n = {n}, M0 = {fraction})", -n));
        }
        let error = normalized.relative_error();
        let (bits, power) = (width.bits(), width.bits() - 1);
        let halved = if factor.shift() == -n { "" } else { " (halved, as it does not fit)" };
        let (integer, shift) = (digits(factor.multiplier(), width), factor.shift());
        let plain = unnormalized(real, width).map_or_else(|_| "does not fit".to_owned(), |i| digits(i, width));
        lines.push(format!("{bits:2} bits: round(2^{power} * M0) = {integer}, shift {shift}{halved}"));
        lines.push(format!("         relative error {error:.3e}"));
        if width != MultiplierWidth::W32 {
            lines.push(format!("         {}", cost(real, width)?));
        }
        lines.push(format!("         without normalization: round(2^{power} * M) = {plain}"));
    }
    Ok(lines.join("\n") + "\n")
}

/// How far results with this width are from results with 32 bits.
fn cost(real: f64, width: MultiplierWidth) -> Result<String> {
    let rule = Rule::TfliteDouble;
    let of = |name, output| -> Result<String> {
        let Deviation { steps, acc } = deviation(real, width, rule, output)?;
        Ok(if steps == 0 { format!("{name} equal") } else { format!("{name} up to {steps} (accumulator {acc})") })
    };
    let (eight, sixteen) = (of("int8", Bounds::INT8)?, of("int16", Bounds::INT16)?);
    Ok(format!("results against 32 bits, by {rule}: {eight}, {sixteen}"))
}

/// The integer in decimal and in binary.
fn digits(integer: i64, width: MultiplierWidth) -> String {
    format!("{integer} = {integer:00$b}", width.bits() as usize)
}

/// Whether the integers of two factors coincide, with and without normalization.
fn comparison(a: f64, b: f64, width: MultiplierWidth) -> Result<String> {
    let verdict = |same: bool| if same { "coincide" } else { "differ" };
    let bits = width.bits();
    let plain = match (unnormalized(a, width), unnormalized(b, width)) {
        (Ok(p), Ok(q)) => format!("{p} and {q} {}", verdict(p == q)),
        _ => "does not fit".to_owned(),
    };
    let (m, n) = (normalize(a, width)?.factor, normalize(b, width)?.factor);
    let with_shift = |s: FixedMultiplier| format!("{} (shift {})", s.multiplier(), s.shift());
    let same = verdict(m == n);
    let (m, n) = (with_shift(m), with_shift(n));
    Ok(format!("{bits:2} bits: without normalization {plain}; normalized {m} and {n} {same}\n"))
}
