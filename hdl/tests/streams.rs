//! A block states its streams by its ports, and what it states is checked.

use qrtl_hdl::describe_logic;
use qrtl_hdl::exact::{Describe, Header, Kernel, Port, Range};
use qrtl_hdl::interface::{StreamPorts, Streamed, Streams, build};
use qrtl_hdl::ports;
use rust_hdl::prelude::*;

/// Which ports a [`Twice`] says to be its streams.
#[derive(Clone, Copy)]
enum Stated {
    /// all outputs
    All,
    /// not `same`
    OneOutput,
    /// the output of a block that is not there, in place of `same`
    Foreign,
}

/// A block with two inputs, one of which is a setting, and two outputs.
#[derive(LogicBlock)]
struct Twice {
    offset: Port<In>,
    x: Port<In>,
    y: Port<Out>,
    same: Port<Out>,
    _foreign: Port<Out>,
    _stated: Stated,
}

impl Twice {
    fn new(stated: Stated) -> Twice {
        let range = Range::signed(8);
        Twice {
            offset: Port::new(range, "value"),
            x: Port::new(range, "value"),
            y: Port::new(Range::signed(9), "sum"),
            same: Port::new(range, "value"),
            _foreign: Port::new(range, "value"),
            _stated: stated,
        }
    }
}

describe_logic!(Twice);

impl Describe for Twice {
    fn header(&self) -> Header {
        Header::new("twice", "y = x + offset, same = x.")
    }
    fn describe(&self, k: &Kernel) {
        k.drive(&self.y, k.read(&self.x) + k.read(&self.offset));
        k.drive(&self.same, k.read(&self.x));
    }
}

impl Streamed for Twice {
    fn streams(&self) -> Streams<'_> {
        let results = match self._stated {
            Stated::All => ports![&self.same, &self.y],
            Stated::OneOutput => ports![&self.y],
            Stated::Foreign => ports![&self.y, &self._foreign],
        };
        let (input, output) = (StreamPorts::plain(ports![&self.x]), StreamPorts::plain(results));
        Streams { input, output, interval: 3 }
    }
}

#[test]
fn ports_are_named_as_the_fields_of_the_block() {
    let interface =
        build(&Twice::new(Stated::All), "top").map(|built| built.interface).unwrap_or_else(|e| panic!("{e}"));
    let names = |ports: &[qrtl_hdl::interface::BenchPort]| ports.iter().map(|p| p.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&interface.settings), ["offset"]);
    assert_eq!(names(&interface.input.payload), ["x"]);
    // As the block states them, not as they stand in the module.
    assert_eq!(names(&interface.output.payload), ["same", "y"]);
    assert_eq!((interface.interval, interface.output.payload[1].width), (3, 9));
}

#[test]
fn a_stream_has_ports_of_the_block_and_every_output_is_in_one() {
    let error = |stated| build(&Twice::new(stated), "top").map(|_| ()).unwrap_err().to_string();
    assert_eq!(error(Stated::OneOutput), "top.same: an output in neither stream: no bench would look at it");
    assert_eq!(error(Stated::Foreign), "top: a stream has a port that is none of the block's own");
}
