//! Concatenations: each input is a section of the output. The step that computes it writes it there if that is possible.

use anyhow::Result;
use qrtl_golden::graph::Step;

use super::{Kind, Plan, Task};
use crate::engine::layout::{Layout, Place, map_of};

impl<'g> Plan<'g> {
    pub(super) fn concatenation(&mut self, step: &'g Step, axis: usize) -> Result<()> {
        let shape = self.shape(step.output);
        if axis + 1 == shape.len() {
            self.channels_of_parts(step, shape)
        } else {
            self.pixels_of_parts(step, axis, shape)
        }
    }

    /// The channels of the inputs stand side by side in each pixel, each input in words of its own.
    fn channels_of_parts(&mut self, step: &'g Step, shape: &[usize]) -> Result<()> {
        let [height, width, _] = map_of(shape);
        let output =
            self.place(&self.graph.tensors[step.output].name, Layout { height, width, pitch: 0, positions: vec![] });
        let buffer = self.places[output].buffer;
        let (mut sections, mut pitch) = (Vec::new(), 0);
        for &tensor in &step.inputs {
            let input = self.read(step, tensor)?;
            let there = self.is_alone(input) && !sections.contains(&input);
            let section = if there { input } else { self.section(step, input, buffer) };
            sections.push(section);
            let place = &mut self.places[section];
            (place.buffer, place.offset) = (buffer, pitch);
            pitch += place.layout.words(self.lanes) * self.lanes;
        }
        let mut positions = Vec::new();
        for section in sections {
            let place = &mut self.places[section];
            place.layout.pitch = pitch;
            positions.extend(place.layout.positions.iter().map(|position| place.offset + position));
        }
        self.places[output].layout = Layout { height, width, pitch, positions };
        self.buffers[buffer].bytes = height * width * pitch;
        self.of_tensor[step.output] = Some(output);
        Ok(())
    }

    /// A new place with the elements of `input`, to which a task moves them.
    fn section(&mut self, step: &'g Step, input: usize, buffer: usize) -> usize {
        let Layout { height, width, positions, .. } = &self.places[input].layout;
        let layout = Layout::standard(&[1, *height, *width, positions.len()], self.lanes);
        self.places.push(Place { buffer, offset: 0, layout });
        let output = self.places.len() - 1;
        self.tasks.push(Task { kind: Kind::Move, steps: vec![step], inputs: vec![input], output });
        output
    }

    /// Whether a place can be given to another buffer and pitch: a task writes it, no other place lies in its buffer, and
    /// nothing that reads it depends on its pitch.
    fn is_alone(&self, place: usize) -> bool {
        let Place { buffer, ref layout, .. } = self.places[place];
        let written = self.tasks.iter().filter(|task| task.output == place && task.kind != Kind::Output).count() == 1;
        let views = self.places.iter().filter(|other| other.buffer == buffer).count();
        let by_pitch = |task: &&Task<'_>| {
            let binary = |step: &&Step| step.inputs.len() == 2;
            task.inputs.contains(&place)
                && task.kind == Kind::Step
                && task.steps.iter().copied().any(|step| binary(&step))
        };
        written
            && views == 1
            && layout.pitch.is_multiple_of(self.lanes)
            && !self.tasks.iter().any(|task| by_pitch(&task))
    }

    /// The pixels of the inputs follow each other, again and again for each index of the dimensions before the axis.
    fn pixels_of_parts(&mut self, step: &'g Step, axis: usize, shape: &[usize]) -> Result<()> {
        let layout = Layout::standard(shape, self.lanes);
        let output = self.place(&self.graph.tensors[step.output].name, layout.clone());
        self.of_tensor[step.output] = Some(output);
        let buffer = self.places[output].buffer;
        let times: usize = shape[..axis].iter().product();
        let mut at = 0;
        for time in 0..times {
            for &tensor in &step.inputs {
                let input = self.read(step, tensor)?;
                let pixels = self.places[input].layout.pixels() / times;
                let offset = at * layout.pitch;
                at += pixels;
                let from = self.places[input].clone();
                let same = from.layout.pitch == layout.pitch && from.layout.positions == layout.positions;
                if times == 1 && same && self.is_alone(input) {
                    (self.places[input].buffer, self.places[input].offset) = (buffer, offset);
                    continue;
                }
                let part = |place: Place, first: usize| Place {
                    offset: place.offset + first,
                    layout: Layout { height: 1, width: pixels, ..place.layout },
                    ..place
                };
                let source = part(from.clone(), time * pixels * from.layout.pitch);
                let target = part(Place { buffer, offset: 0, layout: layout.clone() }, offset);
                self.places.extend([source, target]);
                let [input, output] = [self.places.len() - 2, self.places.len() - 1];
                self.tasks.push(Task { kind: Kind::Move, steps: vec![step], inputs: vec![input], output });
            }
        }
        Ok(())
    }
}
