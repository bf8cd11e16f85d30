//! The engine as a whole.

use rust_hdl::prelude::*;

use super::EngineConfig;
use super::aligner::Aligner;
use super::instruction::{self, Kept, Kind};
use super::lanes::Lanes;
use super::loader::{Loader, Target};
use super::matrix::Matrix;
use super::outlet::{Outlet, STATUS};
use super::sequencer::Sequencer;
use super::softmax::SoftmaxUnit;
use super::store::Store;
use super::windows::Windows;
use crate::exact::{BIT, Bus, Clk, Describe, Header, Int, Kernel, Maybe, Port, Range};
use crate::interface::{StreamPorts, Streamed, Streams};
use crate::{describe_logic, ports};

/// See the [module](super).
#[derive(LogicBlock)]
pub struct Engine {
    /// clock
    pub clk: Clk,
    /// reset: no model is loaded
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
    _config: EngineConfig,
}

impl Engine {
    /// An engine.
    ///
    /// # Errors
    /// The errors of [`EngineConfig::validate`].
    pub fn new(config: &EngineConfig) -> Result<Engine, String> {
        config.validate()?;
        let byte = Range::unsigned(8);
        let loader = Loader::new(config);
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
            store: Store::new(config, loader.write_address.range()),
            loader,
            sequencer: Sequencer::new(config),
            windows: Windows::new(config),
            aligner: Aligner::new(config),
            lanes: Lanes::new(config)?,
            matrix: Matrix::new(config)?,
            softmax,
            outlet: Outlet::new(config),
            kept: Kept::new(&kept.map(|field| (field, field.range()))),
            _config: config.clone(),
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

    /// What the loader writes, and the sequencer's instructions, start and end of steps.
    fn control(&self, k: &Kernel) {
        let (loader, sequencer, store) = (&self.loader, &self.sequencer, &self.store);
        let room = k.read(&self.outlet.room);
        for to in [&loader.room, &sequencer.room, &self.windows.room] {
            k.drive(to, room);
        }
        k.drive(&sequencer.go, k.read(&loader.go));
        k.drive(&loader.ends, k.read(&sequencer.ends));
        let (write, target) = (k.read(&loader.write), k.read(&loader.write_target));
        let (address, word) = (k.read(&loader.write_address), k.read(&loader.write_word));
        k.drive(&store.load, write);
        k.drive(&store.load_target, target);
        k.drive(&store.load_address, address);
        k.drive(&store.load_word, word);
        for (of, to, at, parameters) in [
            (
                Target::Parameters,
                &self.matrix.parameters_write,
                &self.matrix.parameters_address,
                &self.matrix.parameters_word,
            ),
            (
                Target::LaneParameters,
                &self.lanes.parameters_write,
                &self.lanes.parameters_address,
                &self.lanes.parameters_word,
            ),
        ] {
            k.drive(to, write & target.equals(of as i128));
            k.drive(at, address.bits(0, at.range().width()));
            k.drive(parameters, word);
        }
        let shown = [&sequencer.show, &sequencer.show_at, &sequencer.show_word].map(|port| k.read(port));
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

    fn memories(&self, k: &Kernel) {
        let (store, windows) = (&self.store, &self.windows);
        k.drive(&store.read, k.read(&windows.read));
        k.drive(&store.address, k.read(&windows.address));
        k.drive(&windows.word, k.read(&store.word));
        if let (Some(further), Some(distance), Some(words)) =
            (windows.further.get(), store.distance.get(), store.further_words.get())
        {
            k.drive(distance, k.read(&further.distance));
            (0..words.lanes()).for_each(|n| k.drive_lane(&further.word, n, k.lane(words, n)));
        }
        if let (Some(to), Some(words)) = (self.lanes.further.get(), store.further_lane_weights.get()) {
            (0..words.lanes()).for_each(|n| k.drive_lane(&to.weights, n, k.lane(words, n)));
        }
        k.drive(&store.lane_weights_read, k.read(&windows.weights_read));
        k.drive(&store.lane_weights_address, k.read(&windows.weights_address));
        k.drive(&windows.weights, k.read(&store.lane_weights));
        k.drive(&self.lanes.weights, k.read(&store.lane_weights));
        k.drive(&store.program_read, k.read(&self.sequencer.read));
        k.drive(&store.program_address, k.read(&self.sequencer.address));
        k.drive(&self.sequencer.word, k.read(&store.program));
        k.drive(&store.weights_read, k.read(&self.matrix.weights_read));
        k.drive(&store.weights_address, k.read(&self.matrix.weights_address));
        for lane in 0..store.weights.lanes() {
            k.drive_lane(&self.matrix.weights, lane, k.lane(&store.weights, lane));
        }
        // One unit writes in a step.
        let write = |[write, address, word]: [&Port<Out>; 3]| (k.read(write), [k.read(address), k.read(word)]);
        let (matrix, lanes) = (&self.matrix, &self.lanes);
        let softmax = self.softmax.get().map(|s| write([&s.write, &s.write_address, &s.write_word]));
        let writes = [write([&matrix.write, &matrix.write_address, &matrix.write_word])]
            .into_iter()
            .chain([write([&lanes.write, &lanes.write_address, &lanes.write_word])])
            .chain(softmax);
        let all = writes.reduce(|a, b| (a.0 | b.0, [0, 1].map(|i| a.0.mux(a.1[i], b.1[i]))));
        let (by_any, [address, word]) = all.expect("there are units");
        k.drive(&store.write, by_any);
        k.drive(&store.write_address, address);
        k.drive(&store.write_word, word);
    }

    /// Taps to lanes and aligner, words of an item to the block buffer and to the outlet.
    fn taps(&self, k: &Kernel) {
        let (windows, aligner, lanes, matrix) = (&self.windows, &self.aligner, &self.lanes, &self.matrix);
        for l in 0..windows.tap.lanes() {
            let byte = k.lane(&windows.tap, l);
            k.drive_lane(&aligner.tap, l, byte);
            k.drive_lane(&aligner.run, l, k.lane(&windows.run, l));
            k.drive_lane(&lanes.tap, l, byte);
        }
        if let (Some(from), Some(to)) = (windows.further.get(), lanes.further.get()) {
            (0..from.tap.lanes()).for_each(|l| k.drive_lane(&to.tap, l, k.lane(&from.tap, l)));
        }
        for (to, from) in [
            (&aligner.valid, &windows.to_aligner),
            (&aligner.rotation, &windows.rotation),
            (&aligner.last, &windows.last),
            (&aligner.block_end, &windows.block_end),
            (&aligner.row, &windows.row),
            (&aligner.half, &windows.half),
            (&lanes.tap_valid, &windows.to_lanes),
            (&lanes.tap_first, &windows.first),
            (&lanes.tap_last, &windows.last),
            (&lanes.tap_pixel_end, &windows.pixel_end),
            (&lanes.tap_block_end, &windows.block_end),
            (&lanes.tap_step_end, &windows.step_end),
            (&windows.released, &matrix.released),
        ] {
            k.drive(to, k.read(from));
        }
        if let Some(softmax) = self.softmax.get() {
            let valid = windows.to_softmax.get().map_or(k.lit(0), |port| k.read(port));
            k.drive(&softmax.tap_valid, valid);
            k.drive(&softmax.tap_step_end, k.read(&windows.step_end));
            (0..windows.tap.lanes()).for_each(|l| k.drive_lane(&softmax.tap, l, k.lane(&windows.tap, l)));
            k.drive(&softmax.entry_valid, k.read(&windows.to_tables));
            k.drive(&softmax.entry, k.read(&windows.entry));
        }
        if let (Some(valid), Some(entry)) = (lanes.entry_valid.get(), lanes.entry.get()) {
            k.drive(valid, k.read(&windows.to_tables));
            k.drive(entry, k.read(&windows.entry));
        }
        let kind = self.kept.read(k, instruction::KIND);
        let output = kind.equals(Kind::Output as i128).named("output");
        let fused = kind.equals(Kind::Fused as i128).named("fused");
        let of = |lanes: &Port<Out>, aligner: &Port<Out>| fused.mux(k.read(lanes), k.read(aligner));
        let fills = (k.read(&lanes.fill) & fused) | (k.read(&aligner.fill) & !fused & !output);
        k.drive(&matrix.fill, fills);
        k.drive(&matrix.fill_half, of(&lanes.fill_half, &aligner.fill_half));
        k.drive(&matrix.fill_row, of(&lanes.fill_row, &aligner.fill_row));
        k.drive(&matrix.fill_at, of(&lanes.fill_at, &aligner.fill_at));
        k.drive(&matrix.fill_word, of(&lanes.fill_word, &aligner.fill_word));
        k.drive(&matrix.fill_end, fills & of(&lanes.fill_end, &aligner.fill_end));
        self.answers(k, output);
    }

    /// What goes to the outlet: words of a tensor, a report, the status of a packet.
    fn answers<'k>(&self, k: &'k Kernel, output: Int<'k>) {
        let (aligner, sequencer, loader) = (&self.aligner, &self.sequencer, &self.loader);
        let puts = (output & k.read(&aligner.fill)).named("puts");
        let (report, answer) = (k.read(&sequencer.report), k.read(&loader.answer));
        let end = k.read(&aligner.fill_end);
        let lanes = self.windows.tap.lanes() as i128;
        k.drive(&self.outlet.put, puts | report | answer);
        k.drive(&self.outlet.put_word, puts.mux(k.read(&aligner.fill_word), report.mux(k.read(&sequencer.clocks), 0)));
        let last_bytes = (self.kept.read(k, instruction::LAST_BYTES) - 1).wrap(self.outlet.put_bytes_1.range());
        k.drive(&self.outlet.put_bytes_1, (puts & end).mux(last_bytes, lanes - 1));
        k.drive(&self.outlet.put_last, end | !puts);
        k.drive(&self.outlet.put_status, answer.mux(k.read(&loader.answer_status), 0));
        let units = [&self.matrix.done, &self.lanes.done, &self.windows.tables_done];
        let units = units.into_iter().chain(self.softmax.get().map(|softmax| &softmax.done));
        let done = units.fold(puts & end, |done, unit| done | k.read(unit));
        k.drive(&sequencer.done, done);
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
        Header::new("engine", "Inference of quantized networks.")
            .fact("array", format!("{} x {}", c.rows, c.cols))
            .fact("lanes", c.lanes)
            .fact("fingerprint", format!("0x{:08x}", c.fingerprint()))
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
