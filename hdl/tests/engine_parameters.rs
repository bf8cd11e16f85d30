//! The parameter memory of the engine: what an image writes is what requantizers get.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../golden/tests/support/seeded.rs"]
mod seeded;

use qrtl_hdl::blocks::engine::loader::Target;
use qrtl_hdl::blocks::engine::model::{Model, Section};
use qrtl_hdl::blocks::engine::parameters::{ParameterMemory, float_parameter_word, parameter_word};
use qrtl_hdl::blocks::engine::{EngineConfig, EngineRule};
use qrtl_hdl::exact::{FlatSim, elaborate};

/// A bias, and a multiplier and a shift; or a bias, a float32 by its bits, and 0.
type Channel = [i64; 3];

/// The words of the stream that hold the parameters of a channel.
fn words(rule: EngineRule, [bias, factor, shift]: Channel, lanes: usize) -> Vec<u64> {
    let word = match rule {
        EngineRule::F32Even => float_parameter_word(bias, factor as u32).unwrap(),
        EngineRule::TfliteDouble | EngineRule::Single => parameter_word(bias, factor, shift).unwrap(),
    };
    if lanes == 8 { vec![word] } else { vec![word & 0xffff_ffff, word >> 32] }
}

#[test]
fn every_requantizer_gets_the_parameters_of_its_channel() {
    let mut random = seeded::seeded(20);
    let forms = [(8, 1, 8), (8, 2, 16), (8, 8, 16), (4, 1, 2), (4, 1, 8), (4, 4, 32)];
    let rules = [EngineRule::TfliteDouble, EngineRule::F32Even];
    let all = forms.into_iter().flat_map(|form| rules.map(|rule| [(form, rule, false), (form, rule, true)]));
    for ((lanes, requantizers, channels), rule, holds) in all.flatten() {
        let config = EngineConfig { lanes, rule, ..EngineConfig::default() };
        let float = rule == EngineRule::F32Even;
        let mut draw = |lo, hi| random.corner(lo, hi) as i64;
        let (bits, greatest) = (1 << 26, if float { f32::MAX.to_bits().into() } else { (1 << 31) - 1 });
        let all: Vec<Channel> = (0..channels)
            .map(|_| [draw(-bits, bits - 1), draw(0, greatest), if float { 0 } else { draw(-31, 30) }])
            .collect();
        let image: Vec<u64> = all.iter().flat_map(|&channel| words(rule, channel, lanes)).collect();
        let block = if holds {
            let target = Target::LaneParameters;
            let input = Section { target: Target::Model, address: 0, words: vec![0, 1] };
            let model = Model::new(vec![Section { target, address: 0, words: image.clone() }, input]).unwrap();
            ParameterMemory::holding(&config, (&model, target), channels, requantizers).unwrap()
        } else {
            ParameterMemory::new(&config, channels, requantizers)
        };
        let mut sim = FlatSim::new(&elaborate(&block, "parameters").unwrap_or_else(|e| panic!("{e}")));
        if !holds {
            for (at, word) in image.into_iter().enumerate() {
                for (name, v) in [("write", 1), ("write_address", at as i128), ("write_word", word.into())] {
                    sim.set(name, v);
                }
                sim.step().unwrap();
            }
            sim.set("write", 0);
        }
        // The ranks of the memory hold the last word.
        (0..ParameterMemory::LATENCY).for_each(|_| sim.step().unwrap());
        let entries = channels / requantizers;
        let addresses: Vec<usize> = (0..50).map(|_| random.within(0, entries as i128 - 1) as usize).collect();
        for clock in 0..addresses.len() {
            sim.set("address", addresses[clock] as i128);
            sim.settle();
            if let Some(before) = clock.checked_sub(ParameterMemory::LATENCY) {
                for q in 0..requantizers {
                    let names = if float { &["bias", "scale"][..] } else { &["bias", "multiplier", "shift"] };
                    let got: Vec<i64> = names.iter().map(|name| sim.get_lane(name, q) as i64).collect();
                    let entry = addresses[before];
                    let expected = &all[entry * requantizers + q][..names.len()];
                    assert_eq!(got, expected, "{rule}, {lanes} lanes, entry {entry} of {q}");
                }
            }
            sim.step().unwrap();
        }
    }
}

#[test]
fn a_parameter_that_has_no_place_is_an_error() {
    assert_eq!(parameter_word(-1, 1, -1), Ok(0xfc00_0000_0fff_ffff));
    assert_eq!(parameter_word(1 << 26, 0, 0).unwrap_err(), "bias: 67108864 is outside -67108864..=67108863");
    assert_eq!(parameter_word(0, -1, 0).unwrap_err(), "multiplier: -1 is outside 0..=2147483647");
    assert_eq!(parameter_word(0, 0, 32).unwrap_err(), "shift: 32 is outside -32..=31");
    assert_eq!(float_parameter_word(-1, 1), Ok(0x0000_0000_0fff_ffff));
    assert_eq!(float_parameter_word(0, 1 << 31).unwrap_err(), "scale: 2147483648 is outside 0..=2139095039");
}
