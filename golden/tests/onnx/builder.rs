//! ONNX files made from nothing, with the field numbers of `schema.proto` written by hand, so that the tests do not rely
//! on the generated code.

/// A message that is being written.
#[derive(Clone, Default)]
pub struct Message(Vec<u8>);

impl Message {
    fn varint(mut self, mut value: u64) -> Message {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
        self
    }

    /// A number.
    pub fn int(self, field: u64, value: i64) -> Message {
        self.varint(field << 3).varint(value as u64)
    }

    /// Bytes or text.
    pub fn bytes(self, field: u64, bytes: impl AsRef<[u8]>) -> Message {
        let bytes = bytes.as_ref();
        let mut message = self.varint(field << 3 | 2).varint(bytes.len() as u64);
        message.0.extend(bytes);
        message
    }

    /// A message within.
    pub fn message(self, field: u64, inner: &Message) -> Message {
        self.bytes(field, &inner.0)
    }
}

/// Elements of a constant with the number of their type, in the file's order.
pub enum Elements<'a> {
    F32(&'a [f32]),
    U8(&'a [u8]),
}

/// A constant.
pub fn tensor(name: &str, shape: &[i64], elements: Elements<'_>) -> Message {
    let (code, raw): (i64, Vec<u8>) = match elements {
        Elements::F32(data) => (1, data.iter().flat_map(|x| x.to_le_bytes()).collect()),
        Elements::U8(data) => (2, data.to_vec()),
    };
    let message = shape.iter().fold(Message::default(), |message, &size| message.int(1, size));
    message.int(2, code).bytes(8, name).bytes(9, raw)
}

/// A node without attributes.
pub fn node(operator: &str, inputs: &[&str], outputs: &[&str]) -> Message {
    let message = inputs.iter().fold(Message::default(), |message, name| message.bytes(1, name));
    outputs.iter().fold(message, |message, name| message.bytes(2, name)).bytes(3, "n").bytes(4, operator)
}

/// An input or output of floats.
pub fn value_info(name: &str, shape: &[i64]) -> Message {
    let dims = shape.iter().fold(Message::default(), |dims, &size| dims.message(1, &Message::default().int(1, size)));
    let tensor_type = Message::default().int(1, 1).message(2, &dims);
    Message::default().bytes(1, name).message(2, &Message::default().message(1, &tensor_type))
}

/// A model from input `x` to output `y`.
pub fn model(shape: &[i64], constants: &[Message], nodes: &[Message]) -> Vec<u8> {
    let graph = nodes.iter().fold(Message::default(), |graph, node| graph.message(1, node));
    let graph = constants.iter().fold(graph, |graph, constant| graph.message(5, constant));
    of_graph(&graph_ends(graph, shape))
}

fn graph_ends(graph: Message, shape: &[i64]) -> Message {
    graph.message(11, &value_info("x", shape)).message(12, &value_info("y", &[]))
}

/// A model of this graph.
pub fn of_graph(graph: &Message) -> Vec<u8> {
    let opset = Message::default().bytes(1, "").int(2, 17);
    Message::default().int(1, 8).message(7, graph).message(8, &opset).0
}
