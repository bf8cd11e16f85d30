//! Descriptions drawn at random: every operation, hierarchies, registers, memories.

use qrtl_hdl::describe_logic;
use qrtl_hdl::exact::{Bus, Clk, Describe, Header, Int, Kernel, Maybe, Port, Ram, Range, Reg, Stage};
use qrtl_random::Random;
use rust_hdl::prelude::*;

/// A range of up to `bits` bits that contains 0.
fn range(random: &mut Random, bits: u32) -> Range {
    let bits = random.within(1, bits.into()) as u32;
    match random.within(0, 4) {
        0 => Range::signed(bits),
        1 => Range::unsigned(bits),
        2 => Range::new(-random.within(0, 1 << bits), 0),
        3 => Range::new(0, random.within(0, 1 << bits)),
        _ => Range::new(-random.within(0, 1 << bits), random.within(0, 1 << bits)),
    }
}

/// Names that a description may give and that must not disturb the Verilog.
const NAMES: [&str; 8] = ["bit", "wire", "sum_1", "logic", "a b", "unused_x", "module", "product"];

/// One random expression over `pool`.
fn operation<'k>(k: &'k Kernel, pool: &[Int<'k>], random: &mut Random) -> Int<'k> {
    let pick = |random: &mut Random| pool[random.within(0, pool.len() as i128 - 1) as usize];
    let narrow = |v: Int<'k>, bits: u32| if v.range().width() > bits { v.wrap(Range::signed(bits)) } else { v };
    let unsigned = |v: Int<'k>| if v.range().is_signed() { v.bits(0, v.range().width()) } else { v };
    let (a, b, c) = (pick(random), pick(random), pick(random));
    let result = match random.within(0, 24) {
        0 | 1 => a + b,
        2 | 3 => a - b,
        4 => narrow(a, 24) * narrow(b, 24),
        5 => a << (random.within(0, 9) as u32),
        6 => a >> (random.within(0, 40) as u32),
        7 => narrow(a, 40) << unsigned(b).bits(0, 4),
        8 => a >> unsigned(b).bits(0, random.within(1, 6) as u32),
        9 => a.clamp(range(random, 12)),
        10 => a.clamp_to(b, c),
        11 => a.lt(b),
        12 => a.equals(b),
        13 => a.is_negative().mux(b, c),
        14 => a.lt(b).mux(b, b.lt(c).mux(c, a)),
        15 => a.bits(random.within(0, 20) as u32, random.within(1, 20) as u32),
        16 => unsigned(a).as_signed(),
        17 => narrow(a, 30).concat(unsigned(b).bits(0, 7), 7),
        18 => a.wrap(if random.one_in(2) { Range::signed(9) } else { Range::unsigned(9) }),
        19 => (a + b - c).wrap(Range::signed(11)),
        20 => unsigned(a) & unsigned(b),
        21 => unsigned(a) | unsigned(b),
        22 => (unsigned(a) ^ unsigned(b)) - (a.lt(b) ^ b.lt(c)) + (!a.equals(c) & b.ge(c)),
        23 => {
            let table: Vec<i128> = (0..16).map(|_| random.corner(-300, 300)).collect();
            k.rom(&table, unsigned(a).bits(0, 4))
        }
        _ => {
            let x = narrow(a, 20);
            let most = x.range().lo().pow(2).max(x.range().hi().pow(2));
            (x * x).bounded(0..=most, "a square") + random.corner(-(1 << 40), 1 << 40)
        }
    };
    let result = if result.range().width() > 90 { result.wrap(Range::signed(60)) } else { result };
    if random.one_in(6) { result.named(NAMES[random.within(0, 7) as usize]) } else { result }
}

/// `v` in a range: as it is, wrapped, or clamped.
fn fitted<'k>(v: Int<'k>, range: Range) -> Int<'k> {
    if range.covers(v.range()) {
        v
    } else if range == range.filled() {
        v.wrap(range)
    } else {
        v.clamp(range)
    }
}

/// A combinational block of random expressions.
#[derive(LogicBlock)]
pub struct Expressions {
    input: Vec<Port<In>>,
    lanes: Bus<In>,
    output: Vec<Port<Out>>,
    pair: Bus<Out>,
    _seed: Random,
}

impl Expressions {
    /// Drawn from `random`.
    pub fn draw(random: &mut Random) -> Expressions {
        Expressions {
            input: (0..random.within(1, 4)).map(|_| Port::new(range(random, 34), "")).collect(),
            lanes: Bus::new(random.within(1, 3) as usize, range(random, 9), "lanes"),
            output: (0..random.within(1, 4)).map(|_| Port::new(range(random, 40), "result")).collect(),
            pair: Bus::new(2, range(random, 12), ""),
            _seed: random.fork(),
        }
    }
}

describe_logic!(Expressions);

impl Describe for Expressions {
    fn header(&self) -> Header {
        Header::new("expressions", "Random expressions.")
    }
    fn describe(&self, k: &Kernel) {
        let mut random = self._seed.clone();
        let mut pool: Vec<Int<'_>> = self.input.iter().map(|p| k.read(p)).collect();
        pool.extend((0..self.lanes.lanes()).map(|l| k.lane(&self.lanes, l)));
        pool.push(k.lit(random.corner(-1000, 1000)));
        for _ in 0..random.within(3, 16) {
            pool.push(operation(k, &pool, &mut random));
        }
        let last = |random: &mut Random| pool[pool.len() - 1 - random.within(0, 2) as usize];
        for port in &self.output {
            k.drive(port, fitted(last(&mut random), port.range()));
        }
        (0..2).for_each(|lane| k.drive_lane(&self.pair, lane, fitted(last(&mut random), self.pair.range())));
    }
}

/// A clocked block: registers with and without enable and reset, a pipeline stage, a memory, and blocks like itself
/// below. Outputs are registers, so that values may run up, down and sideways without a loop.
#[derive(LogicBlock)]
pub struct Tree {
    clk: Clk,
    rst_n: Port<In>,
    input: Vec<Port<In>>,
    output: Vec<Port<Out>>,
    hold: Vec<Reg>,
    control: Vec<Reg>,
    stage: Stage,
    memory: Maybe<Ram>,
    kid: Vec<Tree>,
    _seed: Random,
}

impl Tree {
    /// Drawn from `random`, at most `depth` levels below.
    pub fn draw(random: &mut Random, depth: u32) -> Tree {
        let kids = if depth == 0 { 0 } else { random.within(0, 2) };
        let outputs: Vec<Range> = (0..random.within(1, 3)).map(|_| range(random, 20)).collect();
        Tree {
            clk: Clk::new(),
            rst_n: Port::bit("reset"),
            input: (0..random.within(1, 3)).map(|_| Port::new(range(random, 16), "")).collect(),
            output: outputs.iter().map(|r| Port::new(*r, "registered")).collect(),
            hold: outputs.iter().map(|r| Reg::new(*r)).collect(),
            control: (0..random.within(0, 2)).map(|_| Reg::control(range(random, 8), 0)).collect(),
            stage: Stage::new(random.one_in(2)),
            memory: Maybe::when(random.one_in(2), || Ram::new(8, Range::signed(9))),
            kid: (0..kids).map(|_| Tree::draw(random, depth - 1)).collect(),
            _seed: random.fork(),
        }
    }
}

describe_logic!(Tree);

impl Describe for Tree {
    fn header(&self) -> Header {
        Header::new("tree", "Random registers.")
    }
    fn describe(&self, k: &Kernel) {
        let mut random = self._seed.clone();
        k.clock(&self.clk);
        k.reset(&self.rst_n);
        let mut pool: Vec<Int<'_>> = self.input.iter().map(|p| k.read(p)).collect();
        pool.extend(self.hold.iter().chain(&self.control).map(|r| k.read(r)));
        pool.extend(self.kid.iter().flat_map(|t| &t.output).map(|p| k.read(p)));
        for _ in 0..random.within(2, 8) {
            pool.push(operation(k, &pool, &mut random));
        }
        let enable = pool[0].lt(pool[pool.len() - 1]);
        let varies = enable.range().singleton().is_none();
        let rank = k.stage(&self.stage, if varies { enable } else { k.lit(1) });
        pool.push(rank.pass("value", pool[pool.len() - 1]));
        pool.push(rank.pass("other", pool[pool.len() - 2]));
        if let Some(memory) = self.memory.get() {
            // A memory that is only ever written at one address is a register, and Yosys says so.
            let address = pool.iter().map(|v| v.bits(0, 3)).find(|a| a.range().singleton().is_none());
            let address = address.unwrap_or_else(|| k.read(&self.rst_n));
            let write = (pool[0].lt(3), address, fitted(pool[pool.len() - 1], Range::signed(9)));
            pool.push(k.ram(memory, write, (pool[0].ge(-3), pool[pool.len() - 2].bits(0, 3))));
        }
        let mut pick = || pool[random.within(0, pool.len() as i128 - 1) as usize];
        for (i, reg) in self.hold.iter().chain(&self.control).enumerate() {
            let next = fitted(pick(), reg.range());
            let enable = pick().is_negative();
            let varies = enable.range().singleton().is_none();
            if i % 2 == 1 && varies { k.register_when(reg, enable, next) } else { k.register(reg, next) }
        }
        for (port, reg) in self.output.iter().zip(&self.hold) {
            k.drive(port, k.read(reg));
        }
        for kid in &self.kid {
            k.pass_clock(&self.clk, &kid.clk);
            k.drive(&kid.rst_n, k.read(&self.rst_n));
            for port in &kid.input {
                k.drive(port, fitted(pick(), port.range()));
            }
        }
    }
}

/// Random blocks side by side, all their ports at the top.
#[derive(LogicBlock)]
pub struct Forest {
    clk: Maybe<Clk>,
    rst_n: Maybe<Port<In>>,
    in_valid: Maybe<Port<In>>,
    out_valid: Maybe<Port<Out>>,
    x: Vec<Port<In>>,
    y: Vec<Port<Out>>,
    block: Vec<Expressions>,
    tree: Vec<Tree>,
}

impl Forest {
    /// `blocks` combinational blocks and `trees` clocked ones.
    pub fn draw(random: &mut Random, blocks: usize, trees: usize) -> Forest {
        let block: Vec<Expressions> = (0..blocks).map(|_| Expressions::draw(random)).collect();
        let tree: Vec<Tree> = (0..trees).map(|_| Tree::draw(random, 4)).collect();
        let lanes = |bus: usize, range: Range| vec![range; bus];
        let mut x: Vec<Range> = Vec::new();
        let mut y: Vec<Range> = Vec::new();
        for b in &block {
            x.extend(b.input.iter().map(Port::range).chain(lanes(b.lanes.lanes(), b.lanes.range())));
            y.extend(b.output.iter().map(Port::range).chain(lanes(2, b.pair.range())));
        }
        for t in &tree {
            x.extend(t.input.iter().map(Port::range));
            y.extend(t.output.iter().map(Port::range));
        }
        let clocked = trees > 0;
        Forest {
            clk: Maybe::when(clocked, Clk::new),
            rst_n: Maybe::when(clocked, || Port::bit("reset")),
            in_valid: Maybe::when(clocked, || Port::bit("")),
            out_valid: Maybe::when(clocked, || Port::bit("")),
            x: x.into_iter().map(|r| Port::new(r, "")).collect(),
            y: y.into_iter().map(|r| Port::new(r, "")).collect(),
            block,
            tree,
        }
    }

    /// Ranges of the inputs.
    pub fn inputs(&self) -> Vec<Range> {
        self.x.iter().map(Port::range).collect()
    }

    /// Number of outputs.
    pub fn outputs(&self) -> usize {
        self.y.len()
    }
}

describe_logic!(Forest);

impl Describe for Forest {
    fn header(&self) -> Header {
        Header::new("forest", "Random blocks side by side.")
    }
    fn describe(&self, k: &Kernel) {
        let (mut x, mut y) = (self.x.iter(), self.y.iter());
        let mut next_x = || k.read(x.next().expect("one for each port"));
        let mut drive_y = |v| k.drive(y.next().expect("one for each port"), v);
        for b in &self.block {
            b.input.iter().for_each(|p| k.drive(p, next_x()));
            (0..b.lanes.lanes()).for_each(|l| k.drive_lane(&b.lanes, l, next_x()));
            b.output.iter().for_each(|p| drive_y(k.read(p)));
            (0..2).for_each(|l| drive_y(k.lane(&b.pair, l)));
        }
        let (Some(clk), Some(rst_n)) = (self.clk.get(), self.rst_n.get()) else { return };
        k.clock(clk);
        for t in &self.tree {
            k.pass_clock(clk, &t.clk);
            k.drive(&t.rst_n, k.read(rst_n));
            t.input.iter().for_each(|p| k.drive(p, next_x()));
            t.output.iter().for_each(|p| drive_y(k.read(p)));
        }
        if let (Some(valid), Some(out)) = (self.in_valid.get(), self.out_valid.get()) {
            k.drive(out, k.read(valid));
        }
    }
}
