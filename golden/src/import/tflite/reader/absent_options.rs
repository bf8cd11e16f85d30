//! Operators that name a kind of options and have none.
//!
//! The format allows such operators, TFLite's own verifier accepts them, and converters write them. Absent options have
//! the defaults. The verifier of the flatbuffers crate demands that kind and options are both there or both absent. So
//! the kind is made absent before the verifier sees the file.

use std::borrow::Cow;
use std::ops::Range;

use crate::import::tflite::schema_generated::tflite::{Model, Operator, SubGraph};

/// The file in which kinds of absent options are absent, too. The file may be damaged: where an offset leads out of it,
/// the search ends, and the verifier finds the same offset.
///
/// A description says where the fields of a table stand, and all tables of one layout share it. So each such operator
/// gets a description of its own, at the end of the file.
pub(super) fn drop_kinds_of_absent_options(bytes: &[u8]) -> Cow<'_, [u8]> {
    let mut file = Cow::Borrowed(bytes);
    for entry in File(bytes).operators().unwrap_or_default().step_by(4) {
        let operator = File(bytes).follow(entry);
        let Some((operator, description)) = operator.and_then(|o| Some((o, File(&file).without_kind(o)?))) else {
            continue;
        };
        let file = file.to_mut();
        // Numbers of 2 bytes must stand at even places.
        file.resize(file.len().next_multiple_of(2), 0);
        let back = (operator as i64 - file.len() as i64) as i32;
        file.extend(description);
        file[operator..operator + 4].copy_from_slice(&back.to_le_bytes());
    }
    file
}

/// Length of a description that has all fields of an operator that we know.
const DESCRIPTION: usize = Operator::VT_BUILTIN_OPTIONS as usize + 2;

/// A file that nobody has verified; places are counted in bytes from its start.
struct File<'a>(&'a [u8]);

impl File<'_> {
    /// Places of the offsets to the operators; `None` where the file is damaged before them.
    fn operators(&self) -> Option<Range<usize>> {
        let model = self.follow(0)?;
        // Only the network is searched. Many references to one subgraph would take far more time than the length of the
        // file justifies, and operators of state have options.
        let subgraph = self.follow(self.vector(model, Model::VT_SUBGRAPHS)?.start)?;
        self.vector(subgraph, SubGraph::VT_OPERATORS)
    }

    /// The description of an operator that names a kind of options and has none, with the kind left out.
    fn without_kind(&self, operator: usize) -> Option<Vec<u8>> {
        self.field(operator, Operator::VT_BUILTIN_OPTIONS_TYPE)?;
        if self.field(operator, Operator::VT_BUILTIN_OPTIONS).is_some() {
            return None;
        }
        let start = self.description(operator)?;
        let length = usize::from(self.u16(start)?).min(DESCRIPTION);
        let mut description = self.0.get(start..start.checked_add(length)?)?.to_vec();
        description.get_mut(..2)?.copy_from_slice(&(length as u16).to_le_bytes());
        let kind = usize::from(Operator::VT_BUILTIN_OPTIONS_TYPE);
        description.get_mut(kind..kind + 2)?.fill(0);
        Some(description)
    }

    /// Places of the entries of a vector of offsets, 4 bytes each, as far as the file goes.
    fn vector(&self, table: usize, field: u16) -> Option<Range<usize>> {
        let vector = self.follow(self.field(table, field)?)?;
        let entries = vector.checked_add(4)?;
        let end = entries.saturating_add((self.u32(vector)? as usize).saturating_mul(4));
        Some(entries..end.min(self.0.len()))
    }

    /// Place of a field of a table; `None` if the field is absent.
    fn field(&self, table: usize, field: u16) -> Option<usize> {
        let description = self.description(table)?;
        let entry = |at: u16| self.u16(description.checked_add(at.into())?);
        let offset = if field < entry(0)? { entry(field)? } else { 0 };
        (offset != 0).then(|| table.checked_add(offset.into())).flatten()
    }

    /// Place of the description of a table: its own length, the table's, and where each field stands.
    fn description(&self, table: usize) -> Option<usize> {
        let back = self.u32(table)? as i32;
        usize::try_from(table as i64 - i64::from(back)).ok()
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
