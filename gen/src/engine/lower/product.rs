//! The ways in which the array can compute a convolution.

use qrtl_golden::operators::Window;
use qrtl_hdl::blocks::engine::EngineConfig;
use qrtl_hdl::blocks::engine::instruction::{Instruction, Kind};

use super::kernel::Kernel;
use super::scale::{Channel, Scale};
use super::windows::{EACH_PIXEL, Scan, with_run};
use crate::engine::layout::{Layout, Place};
use crate::engine::port;

/// Greatest number of terms of a convolution for several pixels at once.
const MERGED_TERMS: usize = 256;

/// A convolution, and where its outputs go.
#[derive(Debug, Clone)]
pub(super) struct Product {
    pub(super) input: Place,
    pub(super) kernel: Kernel,
    pub(super) window: Window,
    /// rows and columns of outputs
    pub(super) size: [usize; 2],
    pub(super) scale: Scale,
    /// what stands around the input
    pub(super) padding: i64,
    /// buffer of the output
    pub(super) buffer: usize,
    /// byte of the first output
    pub(super) out: usize,
    /// bytes from a pixel of the output to the next
    pub(super) out_pitch: usize,
}

/// A way to read the terms: its instruction, and the row, column and channel of the weight that each term meets.
pub(super) struct Form {
    pub(super) instruction: Instruction,
    pub(super) terms: Vec<Option<[usize; 3]>>,
}

impl Product {
    /// Number of pixels of the output.
    pub(super) fn pixels(&self) -> usize {
        self.size[0] * self.size[1]
    }

    /// If there is one output pixel and its taps are whole rows of the input, all of them are one pixel of as many channels.
    pub(super) fn flattened(self) -> Product {
        let Kernel { outputs, rows, cols, .. } = self.kernel;
        let layout = &self.input.layout;
        let whole = |axis: &qrtl_golden::operators::Axis| axis.before == 0 && axis.dilation == 1;
        if self.size != [1, 1]
            || rows > layout.height
            || cols != layout.width
            || !whole(&self.window.rows)
            || !whole(&self.window.cols)
        {
            return self;
        }
        let part = Layout { height: rows, ..layout.clone() };
        let positions: Vec<usize> = part.addresses().collect();
        let kernel = Kernel { outputs, rows: 1, cols: 1, channels: positions.len(), weights: self.kernel.weights };
        let layout = Layout { height: 1, width: 1, pitch: part.bytes(), positions };
        Product { input: Place { layout, ..self.input }, kernel, window: EACH_PIXEL, ..self }
    }

    /// The same convolution with `count` neighbouring pixels of a row as one pixel that has the outputs of all of them: its
    /// kernel is wider, and has zeros where an output does not see the input. It needs fewer reads and blocks, and fills
    /// columns of the array that one pixel leaves empty. The memory holds the same bytes.
    ///
    /// `None` if pixels of the output do not follow each other without gaps, or it has too many weights to be worth it.
    pub(super) fn merged(&self, count: usize, lanes: usize) -> Option<Product> {
        let Kernel { outputs, rows, cols, channels, .. } = self.kernel;
        let (step, pixel) = (self.window.cols.stride, outputs.next_multiple_of(lanes));
        let wide = cols + (count - 1) * step;
        let fits = self.window.cols.dilation == 1
            && self.size[1].is_multiple_of(count)
            && self.out_pitch == pixel
            && rows * wide * self.input.layout.pitch <= MERGED_TERMS;
        if !fits {
            return None;
        }
        let of_all = (count - 1) * pixel + outputs;
        let mut weights = vec![0; of_all * rows * wide * channels];
        let mut of_outputs = vec![Channel::default(); of_all];
        for (place, output) in (0..count).flat_map(|place| (0..outputs).map(move |output| (place, output))) {
            let to = place * pixel + output;
            of_outputs[to] = self.scale.channels[output];
            for row in 0..rows {
                let from = &self.kernel.weights[(output * rows + row) * cols * channels..][..cols * channels];
                let at = ((to * rows + row) * wide + place * step) * channels;
                weights[at..at + from.len()].copy_from_slice(from);
            }
        }
        let mut window = self.window;
        window.cols.stride = count * step;
        Some(Product {
            kernel: Kernel { outputs: of_all, rows, cols: wide, channels, weights },
            scale: Scale { channels: of_outputs, ..self.scale.clone() },
            window,
            size: [self.size[0], self.size[1] / count],
            out_pitch: count * pixel,
            ..self.clone()
        })
    }

    /// All forms that the engine can compute.
    pub(super) fn forms(&self, config: &EngineConfig) -> Vec<Form> {
        let layout = &self.input.layout;
        let [first, end] = layout.extent();
        let mut extents = vec![[first, end]];
        let rounded = [first / config.lanes * config.lanes, end.next_multiple_of(config.lanes)];
        if rounded != extents[0] && rounded[1] <= layout.pitch {
            extents.push(rounded);
        }
        let mut forms = Vec::new();
        for extent in extents {
            forms.push(self.form(extent, false, config));
            if self.kernel.cols > 1 && self.window.cols.dilation == 1 {
                forms.push(self.form(extent, true, config));
            }
            // A split step is for one pixel, and all begin alike in their words.
            let alike = self.pixels() == 1 || layout.pitch.is_multiple_of(config.lanes);
            if config.split && self.kernel.rows * self.kernel.cols == 1 && self.pixels() < config.rows && alike {
                forms.push(self.split(extent, config));
            }
        }
        forms.retain(|form| form.instruction.terms_1 < config.terms as i64);
        forms
    }

    /// The form that reads bytes `first..end` of each pixel under the window: tap by tap, or a row of taps at once with
    /// everything that stands between them.
    fn form(&self, [first, end]: [usize; 2], rows_at_once: bool, config: &EngineConfig) -> Form {
        let Kernel { rows, cols, .. } = self.kernel;
        let pitch = self.input.layout.pitch;
        let (runs, run) = if rows_at_once { (1, (cols - 1) * pitch + end - first) } else { (cols, end - first) };
        let scan =
            Scan { input: &self.input, window: &self.window, filter: [rows, runs], from: [0, 0], size: self.size };
        let channel = self.channels(pitch);
        let term = |row: usize, col: usize, byte: usize| {
            let byte = byte + first;
            channel[byte % pitch].map(|channel| [row, col + byte / pitch, channel])
        };
        let terms: Vec<_> = (0..rows)
            .flat_map(|row| (0..runs).flat_map(move |col| (0..run).map(move |byte| (row, col, byte))))
            .map(|(row, col, byte)| term(row, col, byte))
            .collect();
        let instruction = with_run(scan.instruction(first), run, terms.len(), config.lanes);
        let instruction = self.on_array(instruction, terms.len(), config);
        Form { instruction, terms }
    }

    /// The form in which each row of the array sums a share of the terms of one pixel.
    fn split(&self, [first, end]: [usize; 2], config: &EngineConfig) -> Form {
        let bytes = end - first;
        let share = bytes.div_ceil(config.rows).next_multiple_of(config.lanes);
        let channel = self.channels(self.input.layout.pitch.max(end));
        let term = |byte: usize| channel.get(first + byte).copied().flatten().map(|channel| [0, 0, channel]);
        let terms: Vec<_> = (0..config.rows * share).map(|byte| if byte < bytes { term(byte) } else { None }).collect();
        let instruction = Instruction {
            split: 1,
            address: (self.input.offset + first) as i64,
            row_bytes: bytes as i64,
            height: 1,
            x_step: share as i64,
            out_width_1: config.rows as i64 - 1,
            pixels_1: config.rows as i64 - 1,
            ..Instruction::default()
        };
        let instruction = self.on_array(with_run(instruction, share, share, config.lanes), share, config);
        Form { instruction: Instruction { out_pitch: 0, ..instruction }, terms }
    }

    /// The channel of each byte of a pixel.
    fn channels(&self, bytes: usize) -> Vec<Option<usize>> {
        let mut channels = vec![None; bytes];
        for (channel, &position) in self.input.layout.positions.iter().enumerate() {
            channels[position] = Some(channel);
        }
        channels
    }

    /// The instruction with the fields of the array.
    fn on_array(&self, i: Instruction, terms: usize, config: &EngineConfig) -> Instruction {
        let i = on_array(i, terms, self.kernel.outputs, config);
        let out_pitch = (self.out_pitch / config.lanes) as i64;
        let i = Instruction { kind: Kind::Matrix as i64, padding: self.padding, out_pitch, ..i };
        port::with_clocks_for_writes(i, config)
    }
}

/// The instruction with the fields of the array for `terms` terms and `outputs` outputs of a pixel.
pub(super) fn on_array(i: Instruction, terms: usize, outputs: usize, config: &EngineConfig) -> Instruction {
    let words = outputs.div_ceil(config.lanes);
    let of_tile = config.cols / config.lanes;
    let tiles = words.div_ceil(of_tile);
    let last_words = words - (tiles - 1) * of_tile;
    // Sums leave a row at a time, and all of them before the next tile is complete.
    let most = if tiles > 1 { of_tile } else { last_words };
    let drain = config.rows * (most * config.lanes / config.requantizers) * config.passes;
    let pixels = (i.pixels_1 + 1) as usize;
    Instruction {
        terms_1: terms as i64 - 1,
        tile_idle: drain.saturating_sub(terms) as i64,
        tiles_1: tiles as i64 - 1,
        last_words: last_words as i64,
        last_rows: ((pixels - 1) % config.rows + 1) as i64,
        ..i
    }
}
