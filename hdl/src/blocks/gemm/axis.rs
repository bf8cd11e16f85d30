//! The GEMM block behind AXI4-Stream names.
//!
//! `s_axis_tdata` carries a beat of operands: the lanes of A, then the lanes of B, each in the low bits of as many
//! bytes as it needs, lane 0 first. `m_axis_tdata` carries a beat of results in the same manner. `m_axis_tkeep` has a
//! bit for each byte, and `m_axis_tlast` ends the product. All other ports are ports of the GEMM block.

use rust_hdl::prelude::*;

use super::{Gemm, GemmConfig};
use crate::exact::{Bus, Clk, Describe, Header, Int, Kernel, Maybe, Port, Range};
use crate::interface::{StreamPorts, Streamed, Streams};
use crate::parameter::IntType;
use crate::{describe_logic, ports};

/// The GEMM block behind AXI4-Stream names: operands and results in whole bytes, lanes of A before lanes of B.
#[derive(LogicBlock)]
pub struct GemmAxis {
    /// clock
    pub clk: Clk,
    /// reset of all control
    pub rst_n: Port<In>,
    settings: Settings,
    /// operands are offered
    pub s_axis_tvalid: Port<In>,
    /// the offered operands are taken
    pub s_axis_tready: Port<Out>,
    /// operands, in bytes
    pub s_axis_tdata: Bus<In>,
    /// results are offered
    pub m_axis_tvalid: Port<Out>,
    /// the offered results are taken
    pub m_axis_tready: Port<In>,
    /// results, in bytes
    pub m_axis_tdata: Bus<Out>,
    /// bytes that hold a result
    pub m_axis_tkeep: Bus<Out>,
    /// last beat of the product
    pub m_axis_tlast: Port<Out>,
    gemm: Gemm,
}

/// Ports of the GEMM block that hold still while beats flow, repeated at the wrapper under the same names.
#[derive(Debug)]
struct Settings {
    ports: Vec<(&'static str, Maybe<Port<In>>)>,
}

impl Settings {
    fn of(gemm: &Gemm) -> Settings {
        let copy = |(name, port): (&'static str, &Maybe<Port<In>>)| {
            let twin = port.get().map(|p| (p.range(), p.doc().to_owned()));
            (name, Maybe::when(twin.is_some(), || twin.map(|(r, d)| Port::new(r, &d)).expect("just tested")))
        };
        Settings { ports: gemm.settings().map(copy).into_iter().collect() }
    }
}

impl Logic for Settings {
    fn update(&mut self) {}
}

impl Block for Settings {
    fn connect_all(&mut self) {}
    fn update_all(&mut self) {
        self.ports.iter_mut().for_each(|(_, p)| p.update_all());
    }
    fn has_changed(&self) -> bool {
        self.ports.iter().any(|(_, p)| p.has_changed())
    }
    fn accept(&self, _: &str, probe: &mut dyn Probe) {
        self.ports.iter().for_each(|(name, p)| p.accept(name, probe));
    }
}

impl GemmAxis {
    /// The wrapper around a GEMM block.
    ///
    /// # Errors
    /// The errors of [`GemmConfig::validate`].
    pub fn new(config: GemmConfig) -> Result<GemmAxis, String> {
        let gemm = Gemm::new(config)?;
        let c = gemm.config();
        let operands = c.rows * c.a.bytes() + c.cols * c.b.bytes();
        let results = c.requantizers() * c.output.bytes();
        let byte = Range::unsigned(8);
        Ok(GemmAxis {
            clk: Clk::new(),
            rst_n: Port::bit("synchronous reset, active low"),
            settings: Settings::of(&gemm),
            s_axis_tvalid: Port::bit("operands are offered"),
            s_axis_tready: Port::bit("they are taken"),
            s_axis_tdata: Bus::new(operands, byte, "lanes of A, then lanes of B, each in whole bytes"),
            m_axis_tvalid: Port::bit("results are offered"),
            m_axis_tready: Port::bit("they are taken"),
            m_axis_tdata: Bus::new(results, byte, "lanes of y, each in whole bytes"),
            m_axis_tkeep: Bus::new(results, 0..=1, "bytes that hold a result"),
            m_axis_tlast: Port::bit("last beat of the product"),
            gemm,
        })
    }

    /// The block inside.
    pub fn gemm(&self) -> &Gemm {
        &self.gemm
    }

    /// The element of a type in the bytes from `at` on.
    fn element<'k>(&self, k: &'k Kernel, at: usize, of: IntType) -> Int<'k> {
        let (low, range) = (k.lane(&self.s_axis_tdata, at), of.range());
        let value = match of.bytes() {
            1 => low.bits(0, range.width()),
            _ => k.lane(&self.s_axis_tdata, at + 1).concat(low, 8).bits(0, range.width()),
        };
        if range.is_signed() { value.as_signed() } else { value }
    }
}

impl Streamed for GemmAxis {
    fn streams(&self) -> Streams<'_> {
        let input = StreamPorts {
            valid: Some(&self.s_axis_tvalid),
            ready: Some(&self.s_axis_tready),
            payload: ports![&self.s_axis_tdata],
        };
        let output = StreamPorts {
            valid: Some(&self.m_axis_tvalid),
            ready: Some(&self.m_axis_tready),
            payload: ports![&self.m_axis_tdata, &self.m_axis_tkeep, &self.m_axis_tlast],
        };
        Streams { input, output, interval: 1 }
    }
}

describe_logic!(GemmAxis);

impl Describe for GemmAxis {
    fn header(&self) -> Header {
        let mut header = self.gemm.header();
        header.module += "_axis";
        header
            .line(
                "Operands and results as AXI4-Stream: each element in the low bits of whole bytes, results extended by",
            )
            .line("their sign; lanes of A come before lanes of B.")
    }

    fn describe(&self, k: &Kernel) {
        let c = self.gemm.config();
        k.clock(&self.clk);
        k.pass_clock(&self.clk, &self.gemm.clk);
        k.drive(&self.gemm.rst_n, k.read(&self.rst_n));
        for ((_, from), (_, to)) in self.settings.ports.iter().zip(self.gemm.settings()) {
            if let (Some(from), Some(to)) = (from.get(), to.get()) {
                k.drive(to, k.read(from));
            }
        }
        k.drive(&self.gemm.in_valid, k.read(&self.s_axis_tvalid));
        k.drive(&self.s_axis_tready, k.read(&self.gemm.in_ready));
        let (a, b) = (c.a.bytes(), c.b.bytes());
        (0..c.rows).for_each(|r| k.drive_lane(&self.gemm.a, r, self.element(k, r * a, c.a)));
        (0..c.cols).for_each(|l| k.drive_lane(&self.gemm.b, l, self.element(k, c.rows * a + l * b, c.b)));

        k.drive(&self.m_axis_tvalid, k.read(&self.gemm.out_valid));
        k.drive(&self.gemm.out_ready, k.read(&self.m_axis_tready));
        let y = c.output.bytes();
        for lane in 0..c.requantizers() {
            for byte in 0..y {
                let bits = k.lane(&self.gemm.y, lane).bits(8 * byte as u32, 8);
                k.drive_lane(&self.m_axis_tdata, lane * y + byte, bits);
                k.drive_lane(&self.m_axis_tkeep, lane * y + byte, k.lane(&self.gemm.keep, lane));
            }
        }
        k.drive(&self.m_axis_tlast, k.read(&self.gemm.last));
    }
}
