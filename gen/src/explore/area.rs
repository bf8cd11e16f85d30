//! The area of a netlist before synthesis: multipliers and memories, by count. LUTs are counted where a memory lies in
//! them; flip-flops are left out.

use qrtl_hdl::exact::{Design, Memory, Module, NetRef};
use qrtl_hdl::targets::ecp5::Ebr;
use qrtl_hdl::targets::{Area, Family};

/// Shapes of a block memory of iCE40: words, and bits of a word.
const RAM40: [(usize, u32); 4] = [(256, 16), (512, 8), (1_024, 4), (2_048, 2)];

/// Words of the memory that four LUTs of ECP5 make, and bits of a word.
const DISTRIBUTED: (usize, u32) = (16, 4);

/// Number of such memories from which on Yosys prefers a block memory: its costs are 4 and 128.
const TOO_MANY: u64 = 32;

/// The resources that a netlist takes on devices of a family.
pub fn area(design: &Design, family: Family) -> Area {
    let mut areas: Vec<Area> = Vec::new();
    for module in &design.modules {
        let children = module.instances.iter().map(|instance| areas[instance.module]);
        areas.push(children.fold(own(module, family), sum));
    }
    areas.pop().unwrap_or_default()
}

fn sum(a: Area, b: Area) -> Area {
    Area { lut: a.lut + b.lut, ff: a.ff + b.ff, dsp: a.dsp + b.dsp, ram: a.ram + b.ram, spram: a.spram + b.spram }
}

/// The resources of a module without its children.
fn own(module: &Module, family: Family) -> Area {
    match module.header.cell.as_ref().map(|cell| cell.name) {
        Some("MULT18X18D" | "SB_MAC16") => Area { dsp: 1, ..Area::default() },
        Some("DP16KD" | "PDPW16KD") => Area { ram: 1, ..Area::default() },
        Some("SB_SPRAM256KA") => Area { spram: 1, ..Area::default() },
        Some(_) => Area::default(),
        None => module.body.memories.iter().map(|memory| mapped(memory, module, family)).fold(Area::default(), sum),
    }
}

/// The resources of a memory that synthesis maps.
fn mapped(memory: &Memory<NetRef>, module: &Module, family: Family) -> Area {
    let NetRef::Register(data) = memory.data else { return Area::default() };
    let bits = module.registers[data].1.range.width();
    let cells = |(words, width): (usize, u32)| memory.depth.div_ceil(words) as u64 * u64::from(bits.div_ceil(width));
    match family {
        Family::Ice40 => Area { ram: RAM40.map(cells).into_iter().min().unwrap_or(0), ..Area::default() },
        Family::Ecp5 => match (cells(DISTRIBUTED), Ebr::count(memory.depth, bits) as u64) {
            (luts, blocks) if memory.in_luts || luts < TOO_MANY * blocks => Area { lut: 4 * luts, ..Area::default() },
            (_, blocks) => Area { ram: blocks, ..Area::default() },
        },
    }
}
