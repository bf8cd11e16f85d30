//! Random networks.

use qrtl_gen::engine::Options;
use qrtl_gen::networks::draw;
use qrtl_golden::graph::Value;
use qrtl_hdl::blocks::engine::EngineRule;

use crate::check::{Loaded, engines, in_float32, one_port};

/// Every tensor of networks of these seeds, on each engine in turn, with all ways to compile them.
fn check(seeds: std::ops::Range<u64>) {
    let (mut compiled, mut compared) = (0, 0);
    let engines = [&engines()[..3], &[one_port(), in_float32()]].concat();
    let mut refused = Vec::new();
    let mut wrong = Vec::new();
    for seed in seeds {
        let network = draw(seed);
        let config = &engines[seed as usize % engines.len()];
        let network = if config.rule == EngineRule::F32Even { network.in_float32() } else { network };
        for (taps, fuse, keep_constant) in [(true, false, true), (true, true, false), (false, true, false)] {
            let options = Options { taps, fuse, keep_constant };
            let mut loaded = match Loaded::new(&network.graph, config, &options) {
                Ok(loaded) => loaded,
                Err(why) => {
                    refused.push(format!("{}: {why}", network.words));
                    continue;
                }
            };
            compiled += 1;
            for input in &network.inputs {
                let Value::Integer(input) = input else { panic!("integers") };
                let (all, differ) = loaded.compare(input, &network.words);
                compared += all;
                if differ > 0 {
                    wrong.push(format!("{}, {options:?}: {differ} of {all} differ", network.words));
                }
            }
        }
    }
    println!("{compiled} compiled, {compared} elements");
    assert!(refused.is_empty(), "{}", refused.join("\n"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn random_networks() {
    check(0..30);
}

#[test]
#[ignore = "long"]
fn many_random_networks() {
    check(0..600);
}
