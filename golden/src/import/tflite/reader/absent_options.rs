//! Operators that name a kind of options and have none.
//!
//! The format allows this, TFLite's own verifier takes it, and converters write it: absent options are the defaults. The
//! verifier of the flatbuffers crate demands that kind and options are both there or both absent, so that such a kind
//! is erased before it sees the file.

use std::borrow::Cow;

use crate::import::tflite::schema_generated::tflite::{Model, Operator, SubGraph};

/// The file with the kinds of absent options set to 0, `NONE`. Nothing is taken for granted: where an offset leads out
/// of the file the search ends, and the verifier finds the same offset.
pub(super) fn erase_absent_options(bytes: &[u8]) -> Cow<'_, [u8]> {
    let kinds = File(bytes).kinds_of_absent_options().unwrap_or_default();
    if kinds.is_empty() {
        return bytes.into();
    }
    let mut erased = bytes.to_vec();
    for kind in kinds {
        erased[kind] = 0;
    }
    erased.into()
}

/// A file that nobody has verified; places are counted in bytes from its start.
struct File<'a>(&'a [u8]);

impl File<'_> {
    /// Places of the bytes that name a kind; `None` where the file is damaged before the operators.
    fn kinds_of_absent_options(&self) -> Option<Vec<usize>> {
        let model = self.follow(0)?;
        // One subgraph: others are not supported, and many references to one would take more time than the file is long.
        let subgraph = self.follow(self.vector(model, Model::VT_SUBGRAPHS)?.start)?;
        let operators = self.vector(subgraph, SubGraph::VT_OPERATORS)?;
        let kind_of_absent = |operator| {
            let kind = self.field(operator, Operator::VT_BUILTIN_OPTIONS_TYPE)?;
            let absent = self.field(operator, Operator::VT_BUILTIN_OPTIONS).is_none();
            (absent && kind < self.0.len()).then_some(kind)
        };
        let tables = operators.step_by(4).map_while(|entry| self.follow(entry));
        Some(tables.filter_map(kind_of_absent).collect())
    }

    /// Places of the entries of a vector of offsets, 4 bytes each, as far as the file goes.
    fn vector(&self, table: usize, field: u16) -> Option<std::ops::Range<usize>> {
        let vector = self.follow(self.field(table, field)?)?;
        let entries = vector.checked_add(4)?;
        let end = entries.saturating_add((self.u32(vector)? as usize).saturating_mul(4));
        Some(entries..end.min(self.0.len()))
    }

    /// Place of a field of a table, which says in a description of its own where its fields stand; `None` if it is absent.
    fn field(&self, table: usize, field: u16) -> Option<usize> {
        let description = table.checked_add_signed((self.u32(table)? as i32 as isize).checked_neg()?)?;
        let entry = |at: u16| self.u16(description.checked_add(at.into())?);
        let offset = if field < entry(0)? { entry(field)? } else { 0 };
        (offset != 0).then(|| table.checked_add(offset.into())).flatten()
    }

    /// The place that an offset leads to.
    fn follow(&self, at: usize) -> Option<usize> {
        at.checked_add(self.u32(at)? as usize)
    }

    fn u32(&self, at: usize) -> Option<u32> {
        Some(u32::from_le_bytes(*self.0.get(at..)?.first_chunk()?))
    }

    fn u16(&self, at: usize) -> Option<u16> {
        Some(u16::from_le_bytes(*self.0.get(at..)?.first_chunk()?))
    }
}
