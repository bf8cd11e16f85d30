//! Vectors of the requantizer. Random multipliers never hit a tie, and long shifts hide almost every rounding bug. So
//! ties are constructed, results are aimed near the bounds, and a third of the shifts is short.

use anyhow::{Result, bail};
use qrtl_golden::numerics::requantizer::requantize;
use qrtl_golden::{Bounds, FixedMultiplier, Requantization, Rule};
use qrtl_hdl::blocks::requantizer::{Parameters, RequantizerConfig};
use qrtl_hdl::exact::Range;
use qrtl_hdl::parameter::Source;
use qrtl_random::Random;

use crate::script::Script;

/// One vector before golden has seen it.
struct Draw {
    acc: i128,
    channel: usize,
    parameters: Parameters<i64>,
}

pub(super) fn write(config: &RequantizerConfig, script: &mut Script, random: &mut Random, count: usize) -> Result<()> {
    let mut refused = 0;
    while script.vectors < count {
        let draw = draw(config, random);
        let Some(y) = golden(config, &draw)? else {
            refused += 1;
            if refused > 100 * count + 10_000 {
                bail!("hardly any accumulator is within the contract of these parameters");
            }
            continue;
        };
        script.beat(&beat(config, draw.acc, draw.channel, draw.parameters));
        script.expect(&[Some(y.into())]);
        if random.one_in(500) {
            script.reset();
        }
    }
    script.flush();
    Ok(())
}

/// The beat of an accumulator: the parameters that are ports, and the channel if other parameters are tables.
pub fn beat(config: &RequantizerConfig, acc: i128, channel: usize, parameters: Parameters<i64>) -> Vec<i128> {
    let mut beat = vec![acc];
    beat.extend(config.channels().map(|_| channel as i128));
    let ports = config.sources().zip(parameters).named().into_iter();
    beat.extend(ports.filter(|(_, (source, _))| **source == Source::Port).map(|(_, (_, v))| i128::from(v)));
    beat
}

/// The result; `None` where the reference defines none.
fn golden(config: &RequantizerConfig, draw: &Draw) -> Result<Option<i64>> {
    let Parameters { bias, multiplier, shift, zero_point, min, max } = draw.parameters;
    let factor = FixedMultiplier::new(config.multiplier_width, multiplier, shift)?;
    let r = Requantization::new(config.rule, factor, zero_point, Bounds::new(min, max)?)?;
    let x = draw.acc + i128::from(bias);
    Ok(i64::try_from(x).ok().and_then(|x| requantize(x, &r).ok()))
}

fn draw(config: &RequantizerConfig, random: &mut Random) -> Draw {
    let channel = random.within(0, config.channels().unwrap_or(1) as i128 - 1) as usize;
    let output = config.output.range();
    let power = config.multiplier_width.bits() - 2;
    let half = 1i128 << power;
    let ties = random.one_in(3);
    // `half_even` looks at every bit of the product, so it gets every power of two.
    let fewer = if config.rule == Rule::HalfEven { power.into() } else { 3 };
    let sources = config.sources().zip(config.port_ranges());
    let mut parameters = sources.map(|(name, (source, range))| {
        let free = match name {
            "multiplier" if ties => half >> random.within(0, fewer),
            "multiplier" if random.one_in(2) => random.within(half, range.hi()),
            "shift" if random.one_in(3) => random.within(-4, 2).clamp(range.lo(), range.hi()),
            // These are usual shifts of layers.
            "shift" if random.one_in(2) => random.within(-16, -5).clamp(range.lo(), range.hi()),
            "shift" => random.within(range.lo(), range.hi()),
            "min" if random.one_in(2) => output.lo(),
            "max" if random.one_in(2) => output.hi(),
            _ => random.corner(range.lo(), range.hi()),
        };
        source.value(channel).unwrap_or(free as i64)
    });
    if parameters.min > parameters.max {
        order(config, &mut parameters);
    }
    let acc = accumulator(config, &parameters, random);
    Draw { acc, channel, parameters }
}

/// Brings drawn bounds in order. Fixed bounds stay.
fn order(config: &RequantizerConfig, parameters: &mut Parameters<i64>) {
    let Parameters { min, max, .. } = parameters;
    match (&config.min, &config.max) {
        (Source::Port, Source::Port) => std::mem::swap(min, max),
        (Source::Port, _) => *min = *max,
        _ => *max = *min,
    }
}

/// An accumulator: a tie of either rounding, a value near saturation, a corner, or random.
fn accumulator(config: &RequantizerConfig, parameters: &Parameters<i64>, random: &mut Random) -> i128 {
    let (range, bits): (Range, u32) = (config.acc(), config.multiplier_width.bits());
    let [bias, multiplier, shift] = [parameters.bias, parameters.multiplier, parameters.shift].map(i128::from);
    let k = (i128::from(bits) - 1 - shift).clamp(0, 100);
    let wanted = random.within(-600, 600);
    let x = match random.within(0, 4) {
        // The product by a power of two is a tie, or misses one in one bit.
        0 | 2 if multiplier > 0 && config.rule == Rule::HalfEven => {
            let missed = if random.one_in(2) { 0 } else { 1 << random.within(0, k.max(2) - 2) };
            let tie = (2 * (wanted >> random.within(0, 9)) + 1) << k >> 1;
            (tie + missed) / multiplier
        }
        // The equation is x m / 2^k = wanted + 1/2, or next to it.
        0 | 1 if multiplier > 0 => {
            let tie = (2 * wanted + 1) << k >> 1;
            tie / multiplier + random.within(-1, 1)
        }
        // The first of two roundings gives a tie of the second, or misses it in one bit. The bits above are all ones.
        2 if multiplier > 0 && shift < 0 => {
            let missed = if random.one_in(2) { 0 } else { 1 << random.within(0, -shift - 1) };
            // Small values are drawn, too, because with a long shift others leave the accumulator.
            let wanted = wanted >> random.within(0, 9);
            let first = ((2 * wanted + 1) << (-shift - 1)) - missed;
            (first << (bits - 1)) / multiplier + random.within(-1, 1)
        }
        3 => random.corner(range.lo(), range.hi()),
        _ => random.within(range.lo(), range.hi()) >> random.within(0, 30),
    };
    (x - bias).clamp(range.lo(), range.hi())
}
