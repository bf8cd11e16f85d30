//! Vectors of the GEMM block: products of many shapes, most of them with partial tiles. Every parameter that is a port
//! is drawn anew for each product.

use anyhow::Result;
use qrtl_golden::gemm::Matrix;
use qrtl_hdl::blocks::gemm::{Channel, Channels, GemmConfig};
use qrtl_hdl::parameter::{Dimension, Source, ZeroPoint};
use qrtl_random::Random;

use super::beats::{operands, results, results_of_tile, tiles};
use super::draw::draw;
use super::layer::{Layer, Output};
use crate::script::Script;

/// Writes products until there are `count` results. Before each product a few others may be begun and cut off by a
/// reset, mostly some clocks after the end of a tile.
pub(super) fn write(config: &GemmConfig, script: &mut Script, random: &mut Random, count: usize) -> Result<()> {
    let (mut whole, mut refused) = (0, 0);
    while whole < count {
        let layer = draw(config, random, (count / 10).max(64));
        match layer.golden(config) {
            Ok(c) => {
                for _ in 0..random.within(0, 2) {
                    let k = layer.a.cols() as i128;
                    let beats = k * random.within(1, 6) + random.within(0, 5.min(k));
                    cut_layer(script, config, &layer, &c, beats as usize);
                }
                let before = script.vectors;
                gemm_layer(script, config, &layer, Some(&c));
                whole += script.vectors - before;
            }
            // A sum beyond 32 bits is outside the contract.
            Err(error) if refused > 1000 => return Err(error),
            Err(_) => refused += 1,
        }
    }
    Ok(())
}

/// Sends a product. `expected` has the results that must come back.
pub fn gemm_layer(script: &mut Script, config: &GemmConfig, layer: &Layer, expected: Option<&Matrix>) {
    set_parameters(script, config, layer);
    operands(config, layer).for_each(|lanes| script.beat(&lanes));
    let beats = results(config, [layer.a.rows(), layer.b.cols()]);
    match expected {
        Some(c) => beats.for_each(|beat| script.expect(&beat.expected(config, c))),
        None => script.await_results(beats.count()),
    }
    script.flush();
}

/// Sends the first `beats` beats of a product and resets the block. The results of whole tiles in `expected` may come.
fn cut_layer(script: &mut Script, config: &GemmConfig, layer: &Layer, expected: &Matrix, beats: usize) {
    set_parameters(script, config, layer);
    operands(config, layer).take(beats).for_each(|lanes| script.beat(&lanes));
    let size = [layer.a.rows(), layer.b.cols()];
    let whole = tiles(config, size[0], size[1]).take(beats / layer.a.cols());
    for beat in whole.flat_map(|tile| results_of_tile(config, size, tile)) {
        script.expect(&beat.expected(config, expected));
    }
    script.reset();
}

/// Sends the settings and the channel parameters of a product.
fn set_parameters(script: &mut Script, config: &GemmConfig, layer: &Layer) {
    let Output { zero_point, min, max } = layer.output;
    let run_time = |d| matches!(d, Dimension::UpTo(_));
    let (m, n, k) = (layer.a.rows() as i128, layer.b.cols() as i128, layer.a.cols() as i128);
    for (name, is_port, v) in [
        ("m", run_time(config.m), m),
        ("n", run_time(config.n), n),
        ("k", run_time(config.k), k),
        ("a_zero_point", config.a_zero_point == ZeroPoint::Port, layer.a_zero_point.into()),
        ("b_zero_point", config.b_zero_point == ZeroPoint::Port, layer.b_zero_point.into()),
        ("zero_point", config.zero_point == Source::Port, zero_point.into()),
        ("min", config.min == Source::Port, min.into()),
        ("max", config.max == Source::Port, max.into()),
    ] {
        if is_port {
            script.set(name, &[v]);
        }
    }
    if config.channels() == Channels::Memory {
        load_channels(script, config, &layer.channels);
    }
}

/// Sends the parameters of the channels, one channel a clock.
fn load_channels(script: &mut Script, config: &GemmConfig, channels: &[Channel]) {
    for (i, c) in channels.iter().enumerate() {
        script.set("cfg_first", &[i128::from(i == 0)]);
        script.set("cfg_bias", &[c.bias.into()]);
        script.set("cfg_multiplier", &[c.multiplier.into()]);
        if config.has_shift() {
            script.set("cfg_shift", &[c.shift.into()]);
        }
        script.set("cfg_valid", &[1]);
        script.idle(1);
        script.set("cfg_valid", &[0]);
    }
}
