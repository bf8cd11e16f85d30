//! Moves of elements from a layout to another.

use anyhow::{Context, Result};
use qrtl_golden::Bounds;
use qrtl_hdl::blocks::engine::instruction::Instruction;

use super::Lowering;
use super::kernel::Kernel;
use super::product::Product;
use super::scale::Scale;
use super::windows::EACH_PIXEL;
use crate::engine::layout::{Layout, Place};

/// Elements of a tensor that are moved at once: `elements` of them, again and again, `step` bytes further each time.
struct Chunk {
    elements: usize,
    step: usize,
}

impl Lowering<'_> {
    /// Moves each element of the input to the element of the same number of the output: words by the lanes, and bytes by the
    /// array, with weights of which one is 1.
    pub(super) fn move_elements(&mut self, input: &Place, output: &Place) -> Result<()> {
        let lanes = self.config.lanes;
        let (from, to) = (&input.layout, &output.layout);
        let alike = from.pixels() == to.pixels() && from.positions == to.positions;
        if alike && input.is_in_words(lanes) && output.is_in_words(lanes) {
            let more = Instruction { lane_weights: self.ones(), ..Instruction::default() };
            return self.each_word(&[input], more, &Scale::identity(1, Bounds::INT8, self.config.rule), output);
        }
        let addresses: Vec<usize> = from.addresses().collect();
        let in_words = output.is_in_words(lanes) && !(to.pixels() == 1 && to.is_in_order());
        let chunk = if in_words { self.chunk(&addresses, [to.positions.len()]) } else { self.packed_chunk(&addresses) };
        let Chunk { elements, step } = chunk.with_context(|| {
            format!("its elements stand too irregularly to be moved by sums of at most {} terms", self.config.terms)
        })?;
        let positions: Vec<usize> = if in_words { to.positions.clone() } else { (0..elements).collect() };
        let out_pitch = if in_words { to.pitch } else { elements };
        let times = addresses.len() / elements;
        self.move_chunks(input, output, (&addresses[..elements], step, times), (&positions, 0, out_pitch))?;
        // What is less than a chunk is moved by itself: nothing is written behind the output, which may be a section of a
        // concatenation.
        let rest = &addresses[times * elements..];
        if rest.is_empty() {
            return Ok(());
        }
        let positions: Vec<usize> = (0..rest.len()).collect();
        let end = rest.iter().max().map_or(0, |last| last + 1);
        self.move_chunks(
            input,
            output,
            (rest, end, 1),
            (&positions, times * out_pitch, rest.len().next_multiple_of(lanes)),
        )
    }

    /// Moves elements at these addresses of the input, again and again, `step` bytes further each time, to these positions
    /// `first` bytes behind the output's beginning, `out_pitch` bytes further each time.
    fn move_chunks(
        &mut self,
        input: &Place,
        output: &Place,
        (addresses, step, times): (&[usize], usize, usize),
        (positions, first, out_pitch): (&[usize], usize, usize),
    ) -> Result<()> {
        self.grown.push((input.buffer, input.offset + times * step));
        self.grown.push((output.buffer, output.offset + first + times * out_pitch));
        let layout = Layout { height: 1, width: times, pitch: step, positions: addresses.to_vec() };
        let kernel = Kernel::choice(positions, positions.iter().max().map_or(0, |last| last + 1));
        self.product(Product {
            input: Place { layout, ..input.clone() },
            scale: Scale::identity(kernel.outputs, Bounds::INT8, self.config.rule),
            kernel,
            window: EACH_PIXEL,
            size: [1, times],
            padding: 0,
            buffer: output.buffer,
            out: output.offset + first,
            out_pitch,
        })
    }

    /// A chunk for an output without gaps, which must be whole words: one that fills the columns of the array, if there is
    /// one.
    fn packed_chunk(&self, addresses: &[usize]) -> Option<Chunk> {
        let (lanes, cols) = (self.config.lanes, self.config.cols);
        let all = addresses.len().next_multiple_of(lanes);
        let sizes = |from: usize, to: usize| (from.next_multiple_of(lanes)..=to).step_by(lanes);
        self.chunk(addresses, sizes(cols.min(all), all)).or_else(|| self.chunk(addresses, sizes(lanes, cols)))
    }

    /// The first of these numbers of elements after which addresses repeat, a step further.
    fn chunk(&self, addresses: &[usize], sizes: impl IntoIterator<Item = usize>) -> Option<Chunk> {
        sizes.into_iter().find_map(|elements| {
            let part = &addresses[..elements.min(addresses.len())];
            let end = part.iter().max()? + 1;
            let step = match addresses.get(elements) {
                Some(next) => next.checked_sub(addresses[0])?,
                None => end,
            };
            let repeats = addresses.iter().zip(addresses.iter().skip(elements)).all(|(&a, &b)| b == a + step);
            let fits = end - part.iter().min()? <= self.config.terms && end <= step;
            (repeats && fits).then_some(Chunk { elements: part.len(), step })
        })
    }
}
