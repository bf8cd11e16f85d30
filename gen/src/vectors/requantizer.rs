//! Vectors of the requantizer. Random multipliers never hit a tie, and long shifts hide almost every rounding bug: ties
//! are constructed, results near the bounds are aimed at, and a third of the shifts is short.

use anyhow::{Result, bail};
use qrtl_golden::requantizer::requantize;
use qrtl_golden::{Bounds, Requantization, Scale};
use qrtl_hdl::blocks::requantizer::RequantizerConfig;
use qrtl_hdl::exact::Range;
use qrtl_hdl::interface::Interface;
use qrtl_random::Random;

use super::Script;
use crate::spec::{Parameter, RequantizerSpec};

/// One vector before golden has seen it.
struct Draw {
    acc: i128,
    channel: usize,
    /// bias, multiplier, shift, zero point, min, max
    parameters: [i64; 6],
}

pub(super) fn script(
    spec: &RequantizerSpec,
    interface: &Interface,
    random: &mut Random,
    count: usize,
) -> Result<Script> {
    let config = spec.config()?;
    let mut script = Script::new(interface);
    let mut refused = 0;
    while script.vectors < count {
        let draw = draw(spec, &config, random);
        let Some(y) = golden(&config, &draw)? else {
            refused += 1;
            if refused > 100 * count + 10_000 {
                bail!("hardly any accumulator is within the contract of these parameters");
            }
            continue;
        };
        let mut beat = vec![draw.acc];
        beat.extend(config.channels().map(|_| draw.channel as i128));
        let ports = spec.parameters().into_iter().zip(draw.parameters).filter(|((_, p), _)| **p == Parameter::Port);
        beat.extend(ports.map(|(_, v)| i128::from(v)));
        script.beat(&beat);
        script.expect(&[Some(y.into())]);
        if random.one_in(500) {
            script.reset();
        }
    }
    script.flush();
    Ok(script)
}

/// The result, where the reference defines one.
fn golden(config: &RequantizerConfig, draw: &Draw) -> Result<Option<i64>> {
    let [bias, multiplier, shift, zero_point, min, max] = draw.parameters;
    let scale = Scale::new(config.multiplier_width, multiplier, shift)?;
    let r = Requantization::new(config.rule, scale, zero_point, Bounds::new(min, max)?)?;
    let x = draw.acc + i128::from(bias);
    Ok(i64::try_from(x).ok().and_then(|x| requantize(x, &r).ok()))
}

fn draw(spec: &RequantizerSpec, config: &RequantizerConfig, random: &mut Random) -> Draw {
    let channel = random.within(0, config.channels().unwrap_or(1) as i128 - 1) as usize;
    let output = config.output.range();
    let half = 1i128 << (config.multiplier_width.bits() - 2);
    let ties = random.one_in(3);
    let mut value = |name: &str, p: &Parameter| {
        let range = config.port_range(name);
        let free = match name {
            "multiplier" if ties => half >> random.within(0, 3),
            "multiplier" if random.one_in(2) => random.within(half, range.hi()),
            "shift" if random.one_in(3) => random.within(-4, 2).clamp(range.lo(), range.hi()),
            // Those of layers.
            "shift" if random.one_in(2) => random.within(-16, -5).clamp(range.lo(), range.hi()),
            "shift" => random.within(range.lo(), range.hi()),
            "min" if random.one_in(2) => output.lo(),
            "max" if random.one_in(2) => output.hi(),
            _ => random.corner(range.lo(), range.hi()),
        };
        p.value(channel).unwrap_or(free as i64)
    };
    let mut parameters = spec.parameters().map(|(name, p)| value(name, p));
    if parameters[4] > parameters[5] {
        order(spec, &mut parameters);
    }
    let acc = accumulator(config.acc, &parameters, random, config.multiplier_width.bits());
    Draw { acc, channel, parameters }
}

/// Brings drawn bounds in order; those that are fixed stay.
fn order(spec: &RequantizerSpec, parameters: &mut [i64; 6]) {
    match (&spec.min, &spec.max) {
        (Parameter::Port, Parameter::Port) => parameters.swap(4, 5),
        (Parameter::Port, _) => parameters[4] = parameters[5],
        _ => parameters[5] = parameters[4],
    }
}

/// A tie of either rounding, a value near what saturates, a corner, or anything.
fn accumulator(range: Range, parameters: &[i64; 6], random: &mut Random, bits: u32) -> i128 {
    let [bias, multiplier, shift, ..] = parameters.map(i128::from);
    let k = (i128::from(bits) - 1 - shift).clamp(0, 100);
    let wanted = random.within(-600, 600);
    let x = match random.within(0, 4) {
        // x m / 2^k = wanted + 1/2, or next to it.
        0 | 1 if multiplier > 0 => {
            let tie = (2 * wanted + 1) << k >> 1;
            tie / multiplier + random.within(-1, 1)
        }
        // The first rounding of the double rule gives a tie of the second, or misses it in one bit: those above are all ones.
        2 if multiplier > 0 && shift < 0 => {
            let missed = if random.one_in(2) { 0 } else { 1 << random.within(0, -shift - 1) };
            // Small ones too: of a long shift, others leave the accumulator.
            let wanted = wanted >> random.within(0, 9);
            let first = ((2 * wanted + 1) << (-shift - 1)) - missed;
            (first << (bits - 1)) / multiplier + random.within(-1, 1)
        }
        3 => random.corner(range.lo(), range.hi()),
        _ => random.within(range.lo(), range.hi()) >> random.within(0, 30),
    };
    (x - bias).clamp(range.lo(), range.hi())
}
