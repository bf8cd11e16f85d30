//! The digits models, and single fields of them overwritten in place: a damaged model with a known damage.
//!
//! Field numbers of `schema.fbs` are looked up by hand in the bytes, so that the tests do not rely on the reader.

use crate::models::digits;

/// The bytes of a model of `models/digits`.
pub fn model_bytes(name: &str) -> Vec<u8> {
    let path = digits(&format!("{name}.tflite"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A model about to be damaged.
pub struct Patch {
    bytes: Vec<u8>,
}

impl Patch {
    pub fn new(name: &str) -> Self {
        Self { bytes: model_bytes(name) }
    }

    pub fn version(self, version: u32) -> Vec<u8> {
        let at = self.field(self.root(), 0);
        self.with(at, &version.to_le_bytes())
    }

    pub fn subgraphs(self, count: u32) -> Vec<u8> {
        let at = self.vector(self.root(), 2);
        self.with(at, &count.to_le_bytes())
    }

    pub fn buffers(&self) -> u32 {
        self.u32(self.vector(self.root(), 4))
    }

    /// A code beyond 127 stands in the wide field alone.
    pub fn operator_code(self, index: usize, code: i32) -> Vec<u8> {
        let table = self.table_in(self.vector(self.root(), 1), index);
        let (narrow, wide) = (self.field(table, 0), self.field(table, 3));
        let bytes = self.with(wide, &code.to_le_bytes());
        Self { bytes }.with(narrow, &[code.min(127) as u8])
    }

    /// Of an operator that has one: NONE is the default, and not stored.
    pub fn fused_activation(self, operator: usize, code: u8) -> Vec<u8> {
        let options = self.follow(self.field(self.operator(operator), 4));
        let at = self.field(options, 0);
        self.with(at, &[code])
    }

    pub fn input(self, operator: usize, position: usize, tensor: i32) -> Vec<u8> {
        let at = self.vector(self.operator(operator), 1) + 4 + 4 * position;
        self.with(at, &tensor.to_le_bytes())
    }

    pub fn size(self, tensor: usize, dimension: usize, size: i32) -> Vec<u8> {
        let at = self.vector(self.tensor(tensor), 0) + 4 + 4 * dimension;
        self.with(at, &size.to_le_bytes())
    }

    pub fn buffer(self, tensor: usize, buffer: u32) -> Vec<u8> {
        let at = self.field(self.tensor(tensor), 2);
        self.with(at, &buffer.to_le_bytes())
    }

    pub fn scale(self, tensor: usize, index: usize, bits: u32) -> Vec<u8> {
        let at = self.vector(self.quantization(tensor), 2) + 4 + 4 * index;
        self.with(at, &bits.to_le_bytes())
    }

    pub fn zero_point(self, tensor: usize, index: usize, value: i64) -> Vec<u8> {
        let at = self.vector(self.quantization(tensor), 3) + 4 + 8 * index;
        self.with(at, &value.to_le_bytes())
    }

    fn with(mut self, at: usize, new: &[u8]) -> Vec<u8> {
        self.bytes[at..at + new.len()].copy_from_slice(new);
        self.bytes
    }

    fn subgraph(&self) -> usize {
        self.table_in(self.vector(self.root(), 2), 0)
    }

    fn tensor(&self, index: usize) -> usize {
        self.table_in(self.vector(self.subgraph(), 0), index)
    }

    fn operator(&self, index: usize) -> usize {
        self.table_in(self.vector(self.subgraph(), 3), index)
    }

    fn quantization(&self, tensor: usize) -> usize {
        self.follow(self.field(self.tensor(tensor), 4))
    }

    fn root(&self) -> usize {
        self.follow(0)
    }

    /// Where the vector in field `id` begins, with its length.
    fn vector(&self, table: usize, id: usize) -> usize {
        self.follow(self.field(table, id))
    }

    fn table_in(&self, vector: usize, index: usize) -> usize {
        self.follow(vector + 4 + 4 * index)
    }

    fn field(&self, table: usize, id: usize) -> usize {
        let description = (table as i64 - i64::from(self.u32(table) as i32)) as usize;
        let entry = 4 + 2 * id;
        let offset = if entry < self.u16(description) { self.u16(description + entry) } else { 0 };
        assert_ne!(offset, 0, "the table at {table} has no field {id}: it has its default");
        table + offset
    }

    fn follow(&self, at: usize) -> usize {
        at + self.u32(at) as usize
    }

    fn u32(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.bytes[at..at + 4].try_into().unwrap())
    }

    fn u16(&self, at: usize) -> usize {
        usize::from(u16::from_le_bytes(self.bytes[at..at + 2].try_into().unwrap()))
    }
}
