//! The ports of the GEMM block that form its streams, and the ports that hold still.

use rust_hdl::core::atom::Atom;
use rust_hdl::prelude::In;

use super::Gemm;
use crate::exact::{Maybe, Port};
use crate::interface::{StreamPorts, Streamed, Streams};
use crate::ports;

impl Gemm {
    /// Ports that hold still while beats flow, with their names.
    pub fn settings(&self) -> [(&'static str, &Maybe<Port<In>>); 13] {
        [
            ("m", &self.m),
            ("n", &self.n),
            ("k", &self.k),
            ("a_zero_point", &self.a_zero_point),
            ("b_zero_point", &self.b_zero_point),
            ("zero_point", &self.zero_point),
            ("min", &self.min),
            ("max", &self.max),
            ("cfg_valid", &self.cfg_valid),
            ("cfg_first", &self.cfg_first),
            ("cfg_bias", &self.cfg_bias),
            ("cfg_multiplier", &self.cfg_multiplier),
            ("cfg_shift", &self.cfg_shift),
        ]
    }
}

impl Streamed for Gemm {
    fn streams(&self) -> Streams<'_> {
        let (valid, ready) = (Some(&self.in_valid as &dyn Atom), Some(&self.in_ready as &dyn Atom));
        let input = StreamPorts { valid, ready, payload: ports![&self.a, &self.b] };
        let (valid, ready) = (Some(&self.out_valid as &dyn Atom), Some(&self.out_ready as &dyn Atom));
        let output = StreamPorts { valid, ready, payload: ports![&self.y, &self.keep, &self.last] };
        Streams { input, output, interval: 1 }
    }
}
