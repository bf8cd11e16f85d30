//! RustHDL's own machinery on our blocks: `simulate`, its event simulation, its VCD writer, its generator.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../golden/tests/support/seeded.rs"]
mod seeded;

use qrtl_hdl::blocks::fixed_point_multiplier::{FixedPointMultiplier, FixedPointMultiplierConfig};
use qrtl_hdl::blocks::gemm::{GemmConfig, Pe};
use qrtl_hdl::blocks::requantizer::{Requantizer, RequantizerConfig};
use qrtl_hdl::blocks::saturator::{Saturator, SaturatorConfig, SaturatorForm};
use qrtl_hdl::exact::{FlatSim, elaborate};
use qrtl_hdl::parameter::{Dimension, ZeroPoint};
use rust_hdl::prelude::*;

fn saturator(form: SaturatorForm, registered: bool) -> Saturator {
    Saturator::new(SaturatorConfig { min: -128, max: 127, form, registered, ..SaturatorConfig::default() }).unwrap()
}

#[test]
fn simulate_evaluates_a_saturator() {
    let mut random = seeded::seeded(3);
    for form in [SaturatorForm::Compare, SaturatorForm::UpperBits] {
        let mut uut = saturator(form, false);
        uut.connect_all();
        for _ in 0..2000 {
            let x = random.corner(i32::MIN.into(), i32::MAX.into());
            uut.x.set(x);
            assert!(simulate(&mut uut, 10), "does not settle");
            assert_eq!(uut.y.val(), x.clamp(-128, 127), "{form:?} {x}");
        }
    }
}

#[test]
fn simulate_and_the_flat_netlist_agree() {
    let mut random = seeded::seeded(4);
    let config = FixedPointMultiplierConfig { signed: true, ..FixedPointMultiplierConfig::default() };
    let mut uut = FixedPointMultiplier::new(config).unwrap();
    let mut flat = FlatSim::new(&elaborate(&uut, "m").unwrap());
    uut.connect_all();
    for _ in 0..2000 {
        let (a, b) = (random.corner(i32::MIN.into(), i32::MAX.into()), random.corner(0, (1 << 31) - 1));
        uut.a.set(a);
        uut.b.set(b);
        assert!(simulate(&mut uut, 10));
        flat.set("a", a);
        flat.set("b", b);
        flat.settle();
        assert_eq!(uut.y.val(), flat.get("y"), "{a} {b}");
    }
}

/// A processing element for symmetric operands of 8 bits.
fn element() -> Pe {
    let k = Dimension::UpTo(64);
    Pe::new(&GemmConfig { rows: 1, cols: 1, k, a_zero_point: ZeroPoint::None, ..GemmConfig::default() }, 0)
}

#[test]
fn a_clocked_block_runs_in_the_event_simulation_and_leaves_a_trace() {
    let uut = element();
    let mut sim: Simulation<Pe> = Simulation::new();
    sim.add_clock(5, |x: &mut Box<Pe>| {
        let level = x.clk.val();
        x.clk.set(!level);
    });
    sim.add_testbench(|mut sim: Sim<Pe>| {
        let mut x = sim.init()?;
        x.accumulate.set(1);
        for (i, (a, b)) in [(3, 4), (-5, 6), (100, -128)].into_iter().enumerate() {
            x.a.get_mut().unwrap().set(a);
            x.b.get_mut().unwrap().set(b);
            // The product of the beat before is added now.
            x.clear.set(i128::from(i == 0));
            x = sim.wait(10, x)?;
        }
        x.load.set(1);
        x.shift.set(1);
        x = sim.wait(10, x)?;
        x.load.set(0);
        x.shift.set(0);
        x = sim.wait(10, x)?;
        sim_assert_eq!(sim, x.drain_out.val(), 3 * 4 - 5 * 6 - 100 * 128, x);
        sim.done(x)
    });
    let mut trace = Vec::new();
    sim.run_traced(Box::new(uut), 1000, &mut trace).unwrap();
    let text = String::from_utf8(trace).unwrap();
    assert!(text.contains("$var wire 8") && text.contains(" drain_out ") && text.lines().count() > 50, "{text}");
}

#[test]
fn the_generator_prints_every_kind_of_block() {
    let mut pe = element();
    pe.connect_all();
    assert!(generate_verilog(&pe).contains("always @(posedge clk)"));
    let mut registered = saturator(SaturatorForm::Compare, true);
    registered.connect_all();
    assert!(generate_verilog(&registered).contains("y_output"));
    let mut requantizer = Requantizer::new(RequantizerConfig::default()).unwrap();
    requantizer.connect_all();
    assert!(generate_verilog(&requantizer).contains("module top("));
}
