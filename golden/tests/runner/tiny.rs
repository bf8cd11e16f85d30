//! Models of one operator, made from nothing, with the field numbers of `schema.fbs`.

use flatbuffers::{FlatBufferBuilder, TableFinishedWIPOffset, WIPOffset};

type Offset = WIPOffset<TableFinishedWIPOffset>;

/// A tensor; a constant if it has data.
#[derive(Clone)]
pub struct Tensor {
    pub shape: Vec<i32>,
    /// number of the type: 0 float32, 2 int32, 7 int16, 9 int8
    pub element: i8,
    /// scales and zero points, along the last dimension if there are several
    pub quantization: Vec<(f32, i64)>,
    pub data: Vec<u8>,
}

impl Tensor {
    pub fn int8(shape: &[i32], scale: f32, zero_point: i64) -> Tensor {
        Tensor { shape: shape.to_vec(), element: 9, quantization: vec![(scale, zero_point)], data: vec![] }
    }

    pub fn float(shape: &[i32]) -> Tensor {
        Tensor { shape: shape.to_vec(), element: 0, quantization: vec![], data: vec![] }
    }

    pub fn int32(shape: &[i32], data: &[i32]) -> Tensor {
        let data = data.iter().flat_map(|v| v.to_le_bytes()).collect();
        Tensor { shape: shape.to_vec(), element: 2, quantization: vec![], data }
    }

    pub fn with(self, data: &[i8]) -> Tensor {
        Tensor { data: data.iter().map(|&v| v as u8).collect(), ..self }
    }
}

/// A field of the options.
#[derive(Clone, Copy)]
pub enum Field {
    Byte(u16, i8),
    Int(u16, i32),
    Float(u16, f32),
}

fn slot(id: u16) -> u16 {
    4 + 2 * id
}

fn table<'a>(fbb: &mut FlatBufferBuilder<'a>, fill: impl FnOnce(&mut FlatBufferBuilder<'a>)) -> Offset {
    let start = fbb.start_table();
    fill(fbb);
    WIPOffset::new(fbb.end_table(start).value())
}

fn tensor(fbb: &mut FlatBufferBuilder<'_>, tensor: &Tensor, buffer: u32) -> Offset {
    let shape = fbb.create_vector(&tensor.shape);
    let scales: Vec<f32> = tensor.quantization.iter().map(|q| q.0).collect();
    let zero_points: Vec<i64> = tensor.quantization.iter().map(|q| q.1).collect();
    let (scales, zero_points) = (fbb.create_vector(&scales), fbb.create_vector(&zero_points));
    let quantization = table(fbb, |fbb| {
        fbb.push_slot_always(slot(2), scales);
        fbb.push_slot_always(slot(3), zero_points);
        fbb.push_slot_always(slot(6), tensor.shape.len() as i32 - 1);
    });
    table(fbb, |fbb| {
        fbb.push_slot_always(slot(0), shape);
        fbb.push_slot_always(slot(1), tensor.element);
        fbb.push_slot_always(slot(2), buffer);
        fbb.push_slot_always(slot(4), quantization);
    })
}

/// All tensors but the last are inputs of the operator. The first tensor is the input of the model, and the last is the
/// output of both.
pub fn model(tensors: &[Tensor], code: i8, options: Option<(u8, &[Field])>) -> Vec<u8> {
    let mut fbb = FlatBufferBuilder::new();
    let last = tensors.len() as i32 - 1;
    let offsets: Vec<Offset> = (1..).zip(tensors).map(|(i, t)| tensor(&mut fbb, t, i)).collect();
    let mut buffers = vec![table(&mut fbb, |_| ())];
    for t in tensors {
        let data = fbb.create_vector(&t.data);
        buffers.push(table(&mut fbb, |fbb| fbb.push_slot_always(slot(0), data)));
    }
    let fields = options.map(|(kind, fields)| {
        let fill = |fbb: &mut FlatBufferBuilder<'_>| {
            for field in fields {
                match *field {
                    Field::Byte(id, v) => fbb.push_slot_always(slot(id), v),
                    Field::Int(id, v) => fbb.push_slot_always(slot(id), v),
                    Field::Float(id, v) => fbb.push_slot_always(slot(id), v),
                }
            }
        };
        (kind, table(&mut fbb, fill))
    });
    let inputs = fbb.create_vector(&(0..last).collect::<Vec<i32>>());
    let (first, output) = (fbb.create_vector(&[0_i32]), fbb.create_vector(&[last]));
    let operator = table(&mut fbb, |fbb| {
        fbb.push_slot_always(slot(1), inputs);
        fbb.push_slot_always(slot(2), output);
        if let Some((kind, fields)) = fields {
            fbb.push_slot_always(slot(3), kind);
            fbb.push_slot_always(slot(4), fields);
        }
    });
    let (tensors, operators) = (fbb.create_vector(&offsets), fbb.create_vector(&[operator]));
    let subgraph = table(&mut fbb, |fbb| {
        fbb.push_slot_always(slot(0), tensors);
        fbb.push_slot_always(slot(1), first);
        fbb.push_slot_always(slot(2), output);
        fbb.push_slot_always(slot(3), operators);
    });
    let code = table(&mut fbb, |fbb| fbb.push_slot_always(slot(0), code));
    let (codes, subgraphs, buffers) =
        (fbb.create_vector(&[code]), fbb.create_vector(&[subgraph]), fbb.create_vector(&buffers));
    let model = table(&mut fbb, |fbb| {
        fbb.push_slot_always(slot(0), 3_u32);
        fbb.push_slot_always(slot(1), codes);
        fbb.push_slot_always(slot(2), subgraphs);
        fbb.push_slot_always(slot(4), buffers);
    });
    fbb.finish(model, Some("TFL3"));
    fbb.finished_data().to_vec()
}
