//! Random networks.

use qrtl_gen::engine::Options;
use qrtl_gen::networks::draw;
use qrtl_golden::RealRule;
use qrtl_golden::graph::Value;

use crate::check::{Loaded, by_real, engines, one_port};

/// Every tensor of networks of these seeds, on each engine in turn, with all ways to compile them.
fn check(seeds: std::ops::Range<u64>) {
    let (mut compiled, mut compared) = (0, 0);
    let of_tflm = engines().into_iter().take(3).chain([one_port()]).map(|config| (None, config));
    let engines: Vec<_> = of_tflm.chain(by_real().map(|(rule, config)| (Some(rule), config))).collect();
    let (mut refused, mut without_factor) = (Vec::new(), 0);
    let mut wrong = Vec::new();
    for seed in seeds {
        let network = draw(seed);
        let (rule, config) = &engines[seed as usize % engines.len()];
        let network = match *rule {
            None => network,
            Some(rule) => network.by_real(rule),
        };
        for (taps, fuse, keep_constant) in [(true, false, true), (true, true, false), (false, true, false)] {
            let options = Options { taps, fuse, keep_constant };
            let mut loaded = match Loaded::new(&network.graph, config, &options) {
                Ok(loaded) => loaded,
                // The longest sums of a double have no multiplier of 31 bits.
                Err(why) if *rule == Some(RealRule::F64Away) && why.ends_with("stands in the way") => {
                    without_factor += 1;
                    continue;
                }
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
    println!("{compiled} compiled, {without_factor} without a factor, {compared} elements");
    assert!(without_factor * 20 < compiled, "{without_factor} without a factor");
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
