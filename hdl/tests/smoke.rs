use qrtl_golden::*;
use qrtl_hdl::blocks::fixed_point_multiplier::*;
use qrtl_hdl::blocks::requantizer::*;
use qrtl_hdl::blocks::saturator::*;
use qrtl_hdl::exact::*;
use qrtl_hdl::verilog;
fn dump(block: &dyn rust_hdl::prelude::Block, name: &str) -> Design {
    let design = elaborate(block, name).unwrap_or_else(|e| panic!("{e}"));
    let dir = std::path::Path::new("/tmp/smoke");
    std::fs::create_dir_all(dir).unwrap();
    for f in verilog::print(&design, &verilog::Provenance { command: "test".into() }) {
        std::fs::write(dir.join(format!("{}.v", f.name)), &f.text).unwrap();
    }
    design
}
#[test]
fn prints() {
    for (i, form) in [SaturatorForm::Compare, SaturatorForm::UpperBits].into_iter().enumerate() {
        for (j, b) in [Range::unsigned(8), Range::signed(8)].into_iter().enumerate() {
            let s = Saturator::new(SaturatorConfig {
                input: Range::signed(32),
                output: b,
                bounds: b,
                form,
                registered: j == 1,
            });
            dump(&s, &format!("sat_{i}_{j}"));
        }
    }
    for width in [MultiplierWidth::W16, MultiplierWidth::W32] {
        dump(
            &FixedPointMultiplier::new(FixedPointMultiplierConfig { width, product: Product::Unsigned }),
            &format!("fpm_{}", width.bits()),
        );
        dump(
            &FixedPointMultiplier::new(FixedPointMultiplierConfig {
                width,
                product: Product::Signed { acc_width: 32, rounding: Rule::Single },
            }),
            &format!("fpms_{}", width.bits()),
        );
    }
    for rule in Rule::ALL {
        let mut c = RequantizerConfig::run_time(rule, Range::signed(32), OutputType::Int8);
        dump(&Requantizer::new(c.clone()).unwrap(), &format!("rq_{rule}"));
        for p in [0, 1, 2, 3, 5, 6, 7] {
            c.pipeline = p;
            dump(&Requantizer::new(c.clone()).unwrap(), &format!("rq_{rule}_{p}"));
        }
        c.multiplier = Source::Constant(1518500250);
        c.shift = Source::Constant(-7);
        c.zero_point = Source::Constant(-5);
        c.min = Source::Constant(-128);
        c.max = Source::Constant(127);
        dump(&Requantizer::new(c.clone()).unwrap(), &format!("rq_{rule}_const"));
        c.multiplier = Source::Table(vec![1518500250, 1 << 30, 12345678]);
        c.shift = Source::Table(vec![-7, 3, 0]);
        c.output = OutputType::Int16;
        dump(&Requantizer::new(c.clone()).unwrap(), &format!("rq_{rule}_table"));
    }
}
