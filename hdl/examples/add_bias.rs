//! The block on the first page of the README: a sum that is exact, its Verilog, and what happens to a port that is one
//! bit too short. `cargo run --example add_bias` prints both.

use qrtl_hdl::describe_logic;
use qrtl_hdl::exact::{Describe, Header, Kernel, Port, Range, elaborate};
use qrtl_hdl::verilog::{Provenance, print};
use rust_hdl::prelude::*;

#[derive(LogicBlock)]
struct AddBias {
    acc: Port<In>,
    bias: Port<In>,
    sum: Port<Out>,
}

impl Describe for AddBias {
    fn header(&self) -> Header {
        Header::new("add_bias", "sum = acc + bias.")
    }
    fn describe(&self, k: &Kernel) {
        k.drive(&self.sum, k.read(&self.acc) + k.read(&self.bias));
    }
}

describe_logic!(AddBias);

/// The block with a result of `bits` bits.
fn add_bias(bits: u32) -> AddBias {
    AddBias {
        acc: Port::new(Range::signed(16), "accumulator"),
        bias: Port::new(Range::signed(16), "added to it"),
        sum: Port::new(Range::signed(bits), "their sum"),
    }
}

/// Its Verilog, or what elaboration refuses.
pub fn verilog(bits: u32) -> String {
    match elaborate(&add_bias(bits), "add_bias") {
        Ok(design) => print(&design, &Provenance { command: "add_bias".to_owned() }).remove(0).text,
        Err(faults) => format!("error: {faults}"),
    }
}

fn main() {
    for bits in [17, 16] {
        println!("{}", verilog(bits));
    }
}
