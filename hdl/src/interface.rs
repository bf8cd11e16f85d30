//! How a bench talks to a block. The block states which ports form its input and its output stream ([`Streamed`]). All
//! other inputs are settings.
//!
//! Every block of qrtl has at most one input stream and one output stream, so that one small generic bench
//! (`gen/csrc/bench.cpp`) drives them all. A block without a clock is combinational: the output is read right after
//! the input is applied.

use rust_hdl::core::atom::Atom;
use rust_hdl::prelude::Block;
use serde::Serialize;

use crate::exact::{Design, Faults, Named, Role, elaborate_with_ports};

/// A block that says which of its ports form its streams.
pub trait Streamed: Block {
    /// The streams of the block.
    fn streams(&self) -> Streams<'_>;

    /// Greatest number of clocks without a transfer on either stream while the block has work.
    fn patience(&self) -> usize {
        100_000
    }
}

/// The streams of a block.
pub struct Streams<'b> {
    /// The input stream.
    pub input: StreamPorts<'b>,
    /// The output stream.
    pub output: StreamPorts<'b>,
    /// Least number of clocks from a beat to the next. If the input has no ready, whoever offers beats has to keep it.
    pub interval: usize,
}

/// The ports of a stream. Their names are the names of the block's fields.
pub struct StreamPorts<'b> {
    /// The port on which a beat is offered.
    pub valid: Option<&'b dyn Atom>,
    /// The port on which a beat is taken.
    pub ready: Option<&'b dyn Atom>,
    /// The ports that make up one beat.
    pub payload: Vec<&'b dyn Atom>,
}

impl<'b> StreamPorts<'b> {
    /// The ports of a combinational block, which has no handshake.
    pub fn plain(payload: Vec<&'b dyn Atom>) -> StreamPorts<'b> {
        StreamPorts { valid: None, ready: None, payload }
    }

    fn all(&self) -> impl Iterator<Item = &'b dyn Atom> {
        [self.valid, self.ready].into_iter().flatten().chain(self.payload.iter().copied())
    }
}

/// The ports that exist, in the given order. Each is given as a `&Port` or `&Bus`, or as an `Option` of one.
#[macro_export]
macro_rules! ports {
    ($($port:expr),* $(,)?) => {
        [$($crate::interface::AsPort::port($port)),*].into_iter().flatten().collect()
    };
}

/// The arguments of [`ports!`](crate::ports).
pub trait AsPort<'b> {
    /// The port, if it exists.
    fn port(self) -> Option<&'b dyn Atom>;
}

impl<'b, A: Atom> AsPort<'b> for &'b A {
    fn port(self) -> Option<&'b dyn Atom> {
        Some(self)
    }
}

impl<'b, A: Atom> AsPort<'b> for Option<&'b A> {
    fn port(self) -> Option<&'b dyn Atom> {
        self.map(|port| port as &dyn Atom)
    }
}

/// A block that is ready to be printed and driven.
#[derive(Debug)]
pub struct Built {
    /// The checked netlist.
    pub design: Design,
    /// The bench's view of the block.
    pub interface: Interface,
}

/// Elaborates a block as a module called `name`, and finds the ports of its streams; inputs in neither stream are settings.
///
/// # Errors
/// The errors of [`elaborate`](crate::exact::elaborate); a stream with a port that is none of the block's own; an output in
/// neither stream, at which no bench would look.
pub fn build(block: &dyn Streamed, name: &str) -> Result<Built, Faults> {
    let (design, ids) = elaborate_with_ports(block, name)?;
    let ports: Vec<(&Named, usize)> = design.top().ports.iter().zip(ids).collect();
    let Streams { input, output, interval } = block.streams();
    let streamed: Vec<usize> = input.all().chain(output.all()).map(Atom::id).collect();
    let own = |id: &usize| ports.iter().any(|(_, own)| own == id);
    if !streamed.iter().all(own) {
        return Err(Faults::one(name.to_owned(), "a stream has a port that is none of the block's own"));
    }
    let beside = |(_, info): &Named, id, role| info.role == role && !streamed.contains(id);
    if let Some(((port, _), _)) = ports.iter().find(|(port, id)| beside(port, id, Role::Output)) {
        return Err(Faults::one(format!("{name}.{port}"), "an output in neither stream: no bench would look at it"));
    }
    let port = |atom: &dyn Atom| {
        let found = ports.iter().find(|(_, id)| *id == atom.id());
        found.expect("the ports of streams are the block's own").0
    };
    let name_of = |atom: &dyn Atom| port(atom).0.clone();
    let stream = |s: &StreamPorts<'_>| Stream {
        valid: s.valid.map(name_of),
        ready: s.ready.map(name_of),
        payload: s.payload.iter().map(|atom| BenchPort::new(port(*atom))).collect(),
    };
    let settings = ports.iter().filter(|(port, id)| beside(port, id, Role::Input) && port.0 != "rst_n");
    let interface = Interface {
        module: name.to_owned(),
        clocked: ports.iter().any(|((_, info), _)| info.role == Role::Clock),
        settings: settings.map(|(port, _)| BenchPort::new(port)).collect(),
        input: stream(&input),
        output: stream(&output),
        interval,
        patience: block.patience(),
    };
    Ok(Built { design, interface })
}

/// The bench's view of a module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Interface {
    /// Name of the Verilog module.
    pub module: String,
    /// Whether `clk` and `rst_n` exist.
    pub clocked: bool,
    /// Inputs that are set once and hold while beats flow (dimensions, zero points, table writes).
    pub settings: Vec<BenchPort>,
    /// The stream that the bench sends.
    pub input: Stream,
    /// The stream that the bench receives.
    pub output: Stream,
    /// Least number of clocks from a beat to the next. If the input has no ready, whoever offers beats has to keep it.
    pub interval: usize,
    /// Greatest number of clocks without a transfer while the module has work; a bench gives up after it.
    #[serde(skip)]
    pub patience: usize,
}

/// A valid/ready stream, or plain ports when `valid` is absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stream {
    /// Name of the valid port.
    pub valid: Option<String>,
    /// Name of the ready port; absent where the block never stalls.
    pub ready: Option<String>,
    /// The ports that make up one beat, in the order of the fields of a vector line.
    pub payload: Vec<BenchPort>,
}

/// One port as the bench sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BenchPort {
    /// Name in the Verilog.
    pub name: String,
    /// Width in bits, of all lanes together.
    pub width: usize,
    /// Width in bits of one lane; a port that is no bus has one lane.
    pub lane_width: usize,
    /// Whether each lane is two's complement.
    pub signed: bool,
}

impl BenchPort {
    fn new((name, info): &Named) -> BenchPort {
        let lane_width = info.range.width() as usize;
        let width = lane_width * info.lanes.unwrap_or(1);
        BenchPort { name: name.clone(), width, lane_width, signed: info.range.is_signed() }
    }
}
