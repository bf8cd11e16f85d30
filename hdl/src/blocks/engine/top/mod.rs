//! The engine as a whole.

mod wiring;

use rust_hdl::prelude::*;

use super::aligner::Aligner;
use super::config::EngineConfig;
use super::instruction::{self, Kept};
use super::lanes::Lanes;
use super::loader::{Loader, Target};
use super::matrix::Matrix;
use super::model::Model;
use super::outlet::{Outlet, STATUS};
use super::rule::EngineRule;
use super::sequencer::{Part, Sequencer};
use super::softmax::SoftmaxUnit;
use super::store::Store;
use super::windows::Windows;
use crate::exact::{BIT, Bus, Clk, Describe, Header, Int, Kernel, Maybe, Port, Range, Reg};
use crate::interface::{StreamPorts, Streamed, Streams};
use crate::{describe_logic, ports};

/// See the [module](super).
#[derive(LogicBlock)]
pub struct Engine {
    /// clock
    pub clk: Clk,
    /// reset: a model that was loaded is gone
    pub rst_n: Port<In>,
    /// a beat of a packet is offered
    pub s_axis_tvalid: Port<In>,
    /// it is taken
    pub s_axis_tready: Port<Out>,
    /// bytes of an input or of an image
    pub s_axis_tdata: Bus<In>,
    /// last beat of the packet
    pub s_axis_tlast: Port<In>,
    /// 0: input; 1: image
    pub s_axis_tdest: Port<In>,
    /// a beat of an answer is offered
    pub m_axis_tvalid: Port<Out>,
    /// it is taken
    pub m_axis_tready: Port<In>,
    /// bytes of a result
    pub m_axis_tdata: Bus<Out>,
    /// bytes that belong to the result
    pub m_axis_tkeep: Bus<Out>,
    /// last beat of the answer
    pub m_axis_tlast: Port<Out>,
    /// status of the answer
    pub m_axis_tuser: Port<Out>,
    loader: Loader,
    store: Store,
    sequencer: Sequencer,
    windows: Windows,
    aligner: Aligner,
    lanes: Lanes,
    matrix: Matrix,
    softmax: Maybe<SoftmaxUnit>,
    outlet: Outlet,
    kept: Kept,
    is_output: Reg,
    is_fused: Reg,
    _config: EngineConfig,
    _holds_model: bool,
}

impl Engine {
    /// An engine.
    ///
    /// # Errors
    /// The errors of [`EngineConfig::validate`].
    pub fn new(config: &EngineConfig) -> Result<Engine, String> {
        Engine::with(config, None)
    }

    /// An engine whose memories hold a model from the start. It takes no images.
    ///
    /// # Errors
    /// As [`Engine::new`], or if a memory has no room for the model, or cannot hold anything from the start.
    pub fn holding(config: &EngineConfig, model: &Model) -> Result<Engine, String> {
        Engine::with(config, Some(model))
    }

    fn with(config: &EngineConfig, model: Option<&Model>) -> Result<Engine, String> {
        config.validate()?;
        if model.is_some() && !config.resident {
            return Err("resident: a model that the memories hold from the start is resident".to_owned());
        }
        let byte = Range::unsigned(8);
        let loader = Loader::new(config, model);
        let kept = [instruction::KIND, instruction::LAST_BYTES];
        let softmax = if config.softmax { Some(SoftmaxUnit::new(config)?) } else { None };
        let softmax = Maybe::from(softmax);
        Ok(Engine {
            clk: Clk::new(),
            rst_n: Port::bit("synchronous reset, active low"),
            s_axis_tvalid: Port::bit("a beat of a packet is offered"),
            s_axis_tready: Port::bit("it is taken"),
            s_axis_tdata: Bus::new(config.lanes, byte, "bytes of an input or of an image"),
            s_axis_tlast: Port::bit("last beat of the packet"),
            s_axis_tdest: Port::bit("0: input; 1: image"),
            m_axis_tvalid: Port::bit("a beat of an answer is offered"),
            m_axis_tready: Port::bit("it is taken"),
            m_axis_tdata: Bus::new(config.lanes, byte, "bytes of a result"),
            m_axis_tkeep: Bus::new(config.lanes, BIT, "bytes that belong to the result"),
            m_axis_tlast: Port::bit("last beat of the answer"),
            m_axis_tuser: Port::new(STATUS, "status of the answer"),
            store: Store::new(config, loader.write_address.range(), model)?,
            loader,
            sequencer: Sequencer::new(config),
            windows: Windows::new(config),
            aligner: Aligner::new(config),
            lanes: Lanes::with(config, model)?,
            matrix: Matrix::with(config, model)?,
            softmax,
            outlet: Outlet::new(config),
            kept: Kept::new(config.target, &kept.map(|field| (field, field.range()))),
            is_output: Reg::new(BIT),
            is_fused: Reg::new(BIT),
            _config: config.clone(),
            _holds_model: model.is_some(),
        })
    }

    /// Its configuration.
    pub fn config(&self) -> &EngineConfig {
        &self._config
    }

    fn streams_in_and_out(&self, k: &Kernel) {
        let lanes = self.s_axis_tdata.lanes();
        let bytes = (0..lanes).rev().map(|l| k.lane(&self.s_axis_tdata, l));
        let word = bytes.reduce(|high, low| high.concat(low, 8)).expect("a word has bytes");
        k.drive(&self.loader.in_valid, k.read(&self.s_axis_tvalid));
        k.drive(&self.s_axis_tready, k.read(&self.loader.in_ready));
        k.drive(&self.loader.in_word, word);
        k.drive(&self.loader.in_last, k.read(&self.s_axis_tlast));
        k.drive(&self.loader.in_dest, k.read(&self.s_axis_tdest));

        k.drive(&self.m_axis_tvalid, k.read(&self.outlet.out_valid));
        k.drive(&self.outlet.out_ready, k.read(&self.m_axis_tready));
        let (word, bytes_1) = (k.read(&self.outlet.word), k.read(&self.outlet.bytes_1));
        for l in 0..lanes {
            k.drive_lane(&self.m_axis_tdata, l, word.bits(8 * l as u32, 8));
            k.drive_lane(&self.m_axis_tkeep, l, !bytes_1.lt(l as i128));
        }
        k.drive(&self.m_axis_tlast, k.read(&self.outlet.last));
        k.drive(&self.m_axis_tuser, k.read(&self.outlet.status));
    }

    /// Whether the word that is shown is for a memory, and its address there, if steps bring their parameters.
    fn of_step<'k>(&self, k: &'k Kernel, part: Part) -> Option<[Int<'k>; 2]> {
        let ports = self.sequencer.loads.get().zip(self.sequencer.load_address.get());
        ports.map(|(loads, address)| [k.lane(loads, part as usize), k.read(address)])
    }

    /// What the loader writes, and the sequencer's instructions, start and end of steps.
    fn control(&self, k: &Kernel) {
        let (loader, sequencer, store) = (&self.loader, &self.sequencer, &self.store);
        let room = k.read(&self.outlet.room);
        for to in [&loader.room, &sequencer.room, &self.windows.room] {
            k.drive(to, room);
        }
        k.drive(&sequencer.go, k.read(&loader.go));
        k.drive(&loader.ends, k.read(&sequencer.ends));
        let (write, address, word) = (k.read(&loader.write), k.read(&loader.write_address), k.read(&loader.write_word));
        k.drive(&store.load, write);
        k.drive(&store.load_address, address);
        k.drive(&store.load_word, word);
        if let Some((port, target)) = store.load_target.get().zip(loader.write_target.get()) {
            k.drive(port, k.read(target));
        }
        let shown = [&sequencer.show, &sequencer.show_at, &sequencer.show_word].map(|port| k.read(port));
        for (of, part, memory) in [
            (Target::Parameters, Part::Parameters, &self.matrix.parameters_write),
            (Target::LaneParameters, Part::LaneParameters, &self.lanes.parameters_write),
        ] {
            let Some(ports) = memory.get() else { continue };
            let [takes, from, what] = match (self.of_step(k, part), loader.write_target.get()) {
                (Some([takes, from]), _) => [takes, from, shown[2]],
                (None, Some(target)) => [write & k.read(target).equals(of as i128), address, word],
                (None, None) => continue,
            };
            memory.drive(k, [takes, from.bits(0, ports.address.range().width()), what]);
        }
        if let Some([takes, from]) = self.of_step(k, Part::LaneWeights) {
            store.of_step.drive(k, [takes, from, shown[2]]);
        }
        let start = k.read(&sequencer.start);
        for (instruction, to) in [
            (&self.windows.instruction, &self.windows.start),
            (&self.lanes.instruction, &self.lanes.start),
            (&self.matrix.instruction, &self.matrix.start),
        ]
        .into_iter()
        .chain(self.softmax.get().map(|softmax| (&softmax.instruction, &softmax.start)))
        {
            instruction.drive(k, shown);
            k.drive(to, start);
        }
        self.aligner.instruction.drive(k, shown);
        self.kept.describe_from(k, shown);
    }
}

impl Streamed for Engine {
    /// A network is computed between its input and its result.
    fn patience(&self) -> usize {
        10_000_000
    }

    fn streams(&self) -> Streams<'_> {
        let input = StreamPorts {
            valid: Some(&self.s_axis_tvalid),
            ready: Some(&self.s_axis_tready),
            payload: ports![&self.s_axis_tdata, &self.s_axis_tlast, &self.s_axis_tdest],
        };
        let output = StreamPorts {
            valid: Some(&self.m_axis_tvalid),
            ready: Some(&self.m_axis_tready),
            payload: ports![&self.m_axis_tdata, &self.m_axis_tkeep, &self.m_axis_tlast, &self.m_axis_tuser],
        };
        Streams { input, output, interval: 1 }
    }
}

describe_logic!(Engine);

impl Describe for Engine {
    fn header(&self) -> Header {
        let c = &self._config;
        let header = Header::new("engine", "Inference of quantized networks.")
            .fact("array", format!("{} x {}", c.rows, c.cols))
            .fact("lanes", c.lanes);
        let header = if c.rule == EngineRule::TfliteDouble { header } else { header.fact("rule", c.rule) };
        match self._holds_model {
            false => header.fact("fingerprint", format!("0x{:08x}", c.fingerprint())),
            true => header.fact("model", "in the memories from the start"),
        }
    }

    fn describe(&self, k: &Kernel) {
        k.clock(&self.clk);
        k.reset(&self.rst_n);
        for clk in [
            &self.loader.clk,
            &self.store.clk,
            &self.sequencer.clk,
            &self.windows.clk,
            &self.aligner.clk,
            &self.lanes.clk,
            &self.matrix.clk,
            &self.outlet.clk,
        ] {
            k.pass_clock(&self.clk, clk);
        }
        for rst_n in [
            &self.loader.rst_n,
            &self.sequencer.rst_n,
            &self.windows.rst_n,
            &self.aligner.rst_n,
            &self.lanes.rst_n,
            &self.matrix.rst_n,
            &self.outlet.rst_n,
        ] {
            k.drive(rst_n, k.read(&self.rst_n));
        }
        if let Some(softmax) = self.softmax.get() {
            k.pass_clock(&self.clk, &softmax.clk);
            k.drive(&softmax.rst_n, k.read(&self.rst_n));
        }
        self.streams_in_and_out(k);
        self.control(k);
        self.memories(k);
        self.taps(k);
    }
}
