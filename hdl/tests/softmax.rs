//! The softmax takes exactly the clocks that it states, and its claims about ranges hold.

use qrtl_golden::operators::SoftmaxParameters;
use qrtl_hdl::blocks::softmax::{Softmax, SoftmaxConfig};
use qrtl_hdl::exact::FlatSim;
use qrtl_hdl::interface::build;
use qrtl_random::Random;

/// A row without a wait on either side: the clocks from its first value to its last result.
fn clocks(sim: &mut FlatSim, random: &mut Random, length: usize) -> usize {
    let mut taken = 0;
    for clock in 1.. {
        sim.set("in_valid", (taken < length).into());
        sim.set("x", random.corner(-128, 127));
        sim.set("x_last", (taken + 1 == length).into());
        sim.settle();
        taken += usize::from(taken < length && sim.get("in_ready") == 1);
        let ends = sim.get("out_valid") == 1 && sim.get("y_last") == 1;
        sim.step().unwrap_or_else(|claim| panic!("row of {length}: {claim}"));
        if ends {
            return clock;
        }
    }
    unreachable!("the row ends")
}

#[test]
fn a_row_takes_the_stated_clocks() {
    for bits in [1, 2, 4] {
        let config = SoftmaxConfig { max_length: 40, bits, ..SoftmaxConfig::default() };
        let built = build(&Softmax::new(&config).unwrap(), "softmax").unwrap_or_else(|faults| panic!("{faults}"));
        let mut sim = FlatSim::new(&built.design);
        sim.set("rst_n", 0);
        sim.step().unwrap();
        for (port, value) in [("rst_n", 1), ("out_ready", 1)] {
            sim.set(port, value);
        }
        let mut random = Random::new(1);
        for scale in [1.0 / 4096.0, 1.0 / 16.0, 0.7, 100.0] {
            let parameters = SoftmaxParameters::new(1.0, scale).unwrap();
            sim.set("table_write", 1);
            for below in 0..=u8::MAX {
                sim.set("table_x", below.into());
                sim.set("table_y", parameters.exponential(below).into());
                sim.step().unwrap();
            }
            sim.set("table_write", 0);
            for length in 1..=40 {
                assert_eq!(
                    clocks(&mut sim, &mut random, length),
                    config.clocks(length),
                    "{length} values, {bits} bits"
                );
            }
        }
    }
}
