use qrtl_hdl::exact::*;
use qrtl_hdl::{describe_logic, verilog};
use rust_hdl::prelude::*;

#[derive(LogicBlock)]
struct Mac {
    pub clk: Clk,
    pub rst_n: Port<In>,
    pub a: Port<In>,
    pub b: Bus<In>,
    pub first: Port<In>,
    pub y: Port<Out>,
    pub q: Port<Out>,
    acc: Reg,
    cut: Stage,
}
describe_logic!(Mac);
impl Describe for Mac {
    fn header(&self) -> Header {
        Header::new("mac", "y = a * b").fact("latency", "1")
    }
    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        k.reset(&self.rst_n);
        let b = k.lane(&self.b, 0) + k.lane(&self.b, 1);
        let rank = k.stage(&self.cut, 1);
        let p = rank.pass("product", k.read(&self.a) * b);
        let acc = k.read(&self.acc);
        let base = k.read(&self.first).mux(0, acc);
        let next = (base + p).bounded(acc.range(), "few terms");
        k.register(&self.acc, next);
        k.drive(&self.y, (acc >> 3).clamp(-128..=127));
        k.drive(&self.q, (acc - 7 + p).lt(0));
    }
}
#[derive(LogicBlock)]
struct Top {
    pub clk: Clk,
    pub rst_n: Port<In>,
    pub a: Bus<In>,
    pub b: Bus<In>,
    pub y: Bus<Out>,
    pub any: Port<Out>,
    mac: Vec<Mac>,
}
describe_logic!(Top);
impl Describe for Top {
    fn header(&self) -> Header {
        Header::new("top_", "two macs")
    }
    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        let mut any = k.lit(0);
        for (i, m) in self.mac.iter().enumerate() {
            k.pass_clock(&self.clk, &m.clk);
            k.drive(&m.rst_n, k.read(&self.rst_n));
            k.drive(&m.a, k.lane(&self.a, i));
            k.drive_lane(&m.b, 0, k.lane(&self.b, 0));
            k.drive_lane(&m.b, 1, k.lane(&self.b, 1));
            k.drive(&m.first, k.lane(&self.a, 0).is_negative());
            k.drive_lane(&self.y, i, k.read(&m.y));
            any = any | k.read(&m.q);
        }
        k.drive(&self.any, any);
    }
}
fn mac() -> Mac {
    Mac {
        clk: Clk::new(),
        rst_n: Port::bit("reset"),
        a: Port::new(-128..=127, "left"),
        b: Bus::new(2, -128..=127, "right"),
        first: Port::bit("first term"),
        y: Port::new(-128..=127, "out"),
        q: Port::bit(""),
        acc: Reg::control(Range::signed(20), 0),
        cut: Stage::new(true),
    }
}
#[test]
fn prints() {
    let mut top = Top {
        clk: Clk::new(),
        rst_n: Port::bit("reset"),
        a: Bus::new(2, -128..=127, "left"),
        b: Bus::new(2, -128..=127, "right"),
        y: Bus::new(2, -128..=127, "out"),
        any: Port::bit(""),
        mac: vec![mac(), mac()],
    };
    let design = elaborate(&top, "top").unwrap();
    let dir = std::path::Path::new("/tmp/smoke");
    std::fs::create_dir_all(dir).unwrap();
    for f in verilog::print(&design, &verilog::Provenance { command: "test".into() }) {
        println!("{}", f.text);
        std::fs::write(dir.join(format!("{}.v", f.name)), &f.text).unwrap();
    }
    top.connect_all();
    println!("{}", generate_verilog(&top));
}
