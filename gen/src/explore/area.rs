//! The area of a netlist before synthesis. Multipliers and memories are counted, among them the memories that synthesis
//! maps. LUTs and flip-flops follow from operations and registers by a model.

use qrtl_hdl::exact::{Body, Design, Memory, Module, NetRef, NodeId, Op};
use qrtl_hdl::targets::ecp5::Ebr;
use qrtl_hdl::targets::{Area, Family};

/// Shapes of a block memory of iCE40: words, and bits of a word.
const RAM40: [(usize, u32); 4] = [(256, 16), (512, 8), (1_024, 4), (2_048, 2)];

/// Words of the memory that four LUTs of ECP5 make, and bits of a word.
const DISTRIBUTED: (usize, u32) = (16, 4);

/// Number of such memories from which on Yosys prefers a block memory: its costs are 4 and 128.
const TOO_MANY: u64 = 32;

/// Share of the modules' LUTs that is left when Yosys has flattened the design. Modules of engines were synthesized one by
/// one for [`luts`], and whole engines for this.
const fn luts_left(family: Family) -> f64 {
    match family {
        Family::Ice40 => 0.86,
        Family::Ecp5 => 0.955,
    }
}

/// Share of the registers' bits that Yosys leaves: it drops bits that are never read, and of registers that always have
/// the same value all but one.
const BITS_LEFT: f64 = 0.845;

/// How far the model's LUTs and flip-flops lie at most from what Yosys finds, as a share. Of ECP5-25's engine the model has
/// 1 % too few LUTs, and of one with three taps a clock 12 % too few; their flip-flops lie within 5 %. Of UP5K's engine it
/// has 5 % too many LUTs and 11 % too few flip-flops. A test synthesizes these engines.
pub const MODEL_ERROR: f64 = 0.13;

/// The resources that a netlist takes on devices of a family. It instantiates its multipliers itself.
///
/// LUTs and flip-flops lie within [`MODEL_ERROR`] of those that Yosys finds; all else is equal.
pub fn area(design: &Design, family: Family) -> Area {
    let mut models: Vec<Model> = Vec::new();
    for module in &design.modules {
        let children = module.instances.iter().map(|instance| models[instance.module]);
        models.push(children.fold(Model::own(module, family), Model::sum));
    }
    let Model { cells, luts, bits } = models.pop().unwrap_or_default();
    let [lut, ff] = [luts * luts_left(family), bits * BITS_LEFT].map(|share| share.round() as u64);
    Area { lut: cells.lut + lut, ff, ..cells }
}

/// What is known of a module and its children before they are flattened.
#[derive(Debug, Clone, Copy, Default)]
struct Model {
    /// what is counted
    cells: Area,
    luts: f64,
    /// bits of registers
    bits: f64,
}

impl Model {
    fn sum(self, other: Model) -> Model {
        let (a, b) = (self.cells, other.cells);
        let (dsp, ram, spram) = (a.dsp + b.dsp, a.ram + b.ram, a.spram + b.spram);
        let cells = Area { lut: a.lut + b.lut, ff: a.ff + b.ff, dsp, ram, spram };
        Model { cells, luts: self.luts + other.luts, bits: self.bits + other.bits }
    }

    /// A module without its children.
    fn own(module: &Module, family: Family) -> Model {
        let cell = |cells| Model { cells, ..Model::default() };
        match module.header.cell.as_ref().map(|cell| cell.name) {
            Some("MULT18X18D" | "SB_MAC16") => cell(Area { dsp: 1, ..Area::default() }),
            Some("DP16KD" | "PDPW16KD") => cell(Area { ram: 1, ..Area::default() }),
            Some("SB_SPRAM256KA") => cell(Area { spram: 1, ..Area::default() }),
            Some(_) => Model::default(),
            None => {
                let bits = |register: usize| {
                    let info = &module.registers[register].1;
                    f64::from(info.range.width()) * info.lanes.unwrap_or(1) as f64
                };
                let updated = module.body.updates.iter().filter_map(|update| register(update.to)).map(bits).sum();
                let own = Model { cells: Area::default(), luts: luts(&module.body), bits: updated };
                module.body.memories.iter().map(|memory| Model::memory(memory, module, family)).fold(own, Model::sum)
            }
        }
    }

    /// A memory that synthesis maps. What is written in a clock in which the same word is read goes around it. A block memory
    /// of iCE40 that is read and written apart needs nothing around it.
    fn memory(memory: &Memory<NetRef>, module: &Module, family: Family) -> Model {
        let bits = register(memory.data).map_or(0, |data| module.registers[data].1.range.width());
        let around = if family == Family::Ice40 && memory.apart { 0 } else { bits };
        Model { cells: mapped(memory, bits, family), luts: around.into(), bits: (2 * around).into() }
    }
}

fn register(net: NetRef) -> Option<usize> {
    if let NetRef::Register(register) = net { Some(register) } else { None }
}

/// What reads a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Readers {
    /// a sum or a comparison by size, which have carry chains
    chain: bool,
    /// a selection that takes it as one of its values
    selection: bool,
    register: bool,
    /// another module
    output: bool,
    logic: bool,
}

impl Readers {
    fn of(body: &Body<NetRef>) -> Vec<Readers> {
        let mut all = vec![Readers::default(); body.nodes.len()];
        for node in &body.nodes {
            let (operands, count) = node.op.operands();
            for (i, &operand) in operands[..count].iter().enumerate() {
                let readers = &mut all[operand];
                match node.op {
                    Op::Add(..) | Op::Sub(..) | Op::Lt(..) | Op::Mul(..) => readers.chain = true,
                    Op::Mux(..) if i > 0 => readers.selection = true,
                    _ => readers.logic = true,
                }
            }
        }
        body.updates.iter().for_each(|update| all[update.next].register = true);
        body.drives.iter().for_each(|drive| all[drive.from].output = true);
        all
    }

    /// Whether logic behind the node may take its LUTs in.
    fn absorb(self) -> bool {
        self.logic || [self.selection, self.register, self.output].into_iter().filter(|&is| is).count() != 1
    }
}

/// LUTs of operations. The constants come from least squares over the modules of engines, each synthesized by itself, and
/// are rounded.
fn luts(body: &Body<NetRef>) -> f64 {
    let readers = Readers::of(body);
    let width = |node: NodeId| f64::from(body.nodes[node].range.width());
    let constant = |node: NodeId| matches!(body.nodes[node].op, Op::Lit(_));
    let of = |node: NodeId| match body.nodes[node].op {
        Op::Add(..) | Op::Sub(..) => width(node),
        Op::Lt(a, b) | Op::Eq(a, b) => 0.3 * width(a).max(width(b)),
        Op::And(..) | Op::Or(..) => 0.7 * width(node),
        Op::Xor(..) => 0.5 * width(node),
        // Selection of a constant is a reset of the register, or a part of the logic behind it.
        Op::Mux(_, a, b) if constant(a) || constant(b) => width(node) * f64::from(u8::from(readers[node].chain)),
        // A carry chain takes no logic in.
        Op::Mux(..) if readers[node].chain => 2.0 * width(node),
        Op::Mux(..) if readers[node].absorb() => 0.3 * width(node),
        Op::Mux(..) => width(node),
        _ => 0.0,
    };
    (0..body.nodes.len()).map(of).sum()
}

/// The resources of a memory of words of `bits` bits that synthesis maps.
fn mapped(memory: &Memory<NetRef>, bits: u32, family: Family) -> Area {
    let cells = |(words, width): (usize, u32)| memory.depth.div_ceil(words) as u64 * u64::from(bits.div_ceil(width));
    match family {
        Family::Ice40 => Area { ram: RAM40.map(cells).into_iter().min().unwrap_or(0), ..Area::default() },
        Family::Ecp5 => match (cells(DISTRIBUTED), Ebr::count(memory.depth, bits) as u64) {
            (luts, blocks) if memory.in_luts || luts < TOO_MANY * blocks => Area { lut: 4 * luts, ..Area::default() },
            (_, blocks) => Area { ram: blocks, ..Area::default() },
        },
    }
}
