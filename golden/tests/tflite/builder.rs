//! Models made from nothing, for cases that no converter writes, with the field numbers of `schema.fbs`.

use flatbuffers::{FlatBufferBuilder, Push, TableFinishedWIPOffset, WIPOffset};

/// Of whatever kind: the type is of no concern here.
pub type Offset = WIPOffset<TableFinishedWIPOffset>;

fn untyped<T>(offset: WIPOffset<T>) -> Offset {
    WIPOffset::new(offset.value())
}

/// Where the offset of field `id` stands in the description of a table.
pub fn slot(id: u16) -> u16 {
    4 + 2 * id
}

/// A model under construction, by the field numbers of `schema.fbs`.
#[derive(Default)]
pub struct Builder<'a> {
    fbb: FlatBufferBuilder<'a>,
}

impl<'a> Builder<'a> {
    pub fn table(&mut self, fill: impl FnOnce(&mut FlatBufferBuilder<'a>)) -> Offset {
        let start = self.fbb.start_table();
        fill(&mut self.fbb);
        untyped(self.fbb.end_table(start))
    }

    pub fn vector<T: Push<Output: 'a> + Copy>(&mut self, elements: &[T]) -> Offset {
        untyped(self.fbb.create_vector(elements))
    }

    pub fn name(&mut self, length: usize) -> Offset {
        untyped(self.fbb.create_string(&"n".repeat(length)))
    }

    /// An int8 tensor of scale 0.5 and zero point 0.
    pub fn tensor(&mut self, shape: &[i32], buffer: u32, name: Offset) -> Offset {
        let (shape, scale, zero_point) = (self.vector(shape), self.vector(&[0.5_f32]), self.vector(&[0_i64]));
        let quantization = self.table(|fbb| {
            fbb.push_slot_always(slot(2), scale);
            fbb.push_slot_always(slot(3), zero_point);
        });
        self.table(|fbb| {
            fbb.push_slot_always(slot(0), shape);
            fbb.push_slot_always(slot(1), 9_i8);
            fbb.push_slot_always(slot(2), buffer);
            fbb.push_slot_always(slot(3), name);
            fbb.push_slot_always(slot(4), quantization);
        })
    }

    /// A fully connected operator from these tensors (input, weights, bias) to tensor 0.
    pub fn layer(&mut self, inputs: &[i32], options: Option<Offset>) -> Offset {
        let (inputs, outputs) = (self.vector(inputs), self.vector(&[0_i32]));
        self.table(|fbb| {
            fbb.push_slot_always(slot(1), inputs);
            fbb.push_slot_always(slot(2), outputs);
            if let Some(options) = options {
                fbb.push_slot_always(slot(3), 8_u8);
                fbb.push_slot_always(slot(4), options);
            }
        })
    }

    /// Options of a fully connected operator that say nothing but one byte, in field `id`.
    pub fn options(&mut self, id: u16, value: u8) -> Offset {
        self.table(|fbb| fbb.push_slot_always(slot(id), value))
    }

    /// The file; buffer 0 is empty and buffer 1 holds `constant`.
    pub fn finish(mut self, tensors: &[Offset], operators: &[Offset], constant: &[i8]) -> Vec<u8> {
        let (ends, tensors, operators) = (self.vector(&[0_i32]), self.vector(tensors), self.vector(operators));
        let subgraph = self.table(|fbb| {
            fbb.push_slot_always(slot(0), tensors);
            fbb.push_slot_always(slot(1), ends);
            fbb.push_slot_always(slot(2), ends);
            fbb.push_slot_always(slot(3), operators);
        });
        let subgraphs = self.vector(&[subgraph]);
        let data = self.vector(constant);
        let empty = self.table(|_| ());
        let full = self.table(|fbb| fbb.push_slot_always(slot(0), data));
        let buffers = self.vector(&[empty, full]);
        let code = self.table(|fbb| fbb.push_slot_always(slot(0), 9_i8));
        let codes = self.vector(&[code]);
        let model = self.table(|fbb| {
            fbb.push_slot_always(slot(0), 3_u32);
            fbb.push_slot_always(slot(1), codes);
            fbb.push_slot_always(slot(2), subgraphs);
            fbb.push_slot_always(slot(4), buffers);
        });
        self.fbb.finish(model, Some("TFL3"));
        self.fbb.finished_data().to_vec()
    }
}
