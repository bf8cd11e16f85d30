//! From bytes to [`Model`]: verification of the flatbuffer, and then of its contents.

mod absent_options;
mod options;
mod tensor;

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use flatbuffers::{InvalidFlatbuffer, VerifierOptions};

use super::error::{Budget, EXPANSION, Error};
use super::schema_generated::tflite as schema;
use super::{Model, Operator};
use crate::import::quoted;
use absent_options::drop_kinds_of_absent_options;
use options::read_options;
use tensor::{items, read_tensor};

/// Greatest depth: the deepest path is model, subgraph, tensor, quantization, details, and each counts as one.
const MAX_DEPTH: usize = 8;

/// Least bytes of a table: the offset to it, and its own offset to its description.
const MIN_TABLE_BYTES: usize = 8;

type Result<T, E = Error> = std::result::Result<T, E>;

impl Model {
    /// The greatest file that is read: 256 MiB.
    pub const MAX_FILE_BYTES: u64 = 256 << 20;

    /// Reads the model in the file at `path`.
    ///
    /// # Errors
    ///
    /// The errors of [`Model::from_bytes`]; and if the file cannot be read.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let mut bytes = Vec::new();
        // One byte above the limit is enough for `from_bytes` to refuse the file.
        fs::File::open(path)
            .and_then(|file| file.take(Self::MAX_FILE_BYTES + 1).read_to_end(&mut bytes))
            .map_err(|cause| Error::Read { path: path.to_owned(), cause })?;
        Self::from_bytes(&bytes)
    }

    /// Reads a model from the bytes of a `.tflite` file.
    ///
    /// # Errors
    ///
    /// If the bytes are no well-formed model of one subgraph, or the model needs something that we do not support.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        check_kind(bytes)?;
        let readable = drop_kinds_of_absent_options(bytes);
        let model = verified(&readable)?;
        if model.version() != 3 {
            return Err(model_error(format!("schema version is {}: only 3 is supported", model.version())));
        }
        let subgraph = match model.subgraphs() {
            Some(graphs) if graphs.len() == 1 => graphs.get(0),
            graphs => {
                let got = graphs.map_or(0, |graphs| graphs.len());
                return Err(model_error(format!("{got} subgraphs: exactly 1 is supported")));
            }
        };

        let mut budget = Budget::of_file(bytes.len());
        // The capacity is set beforehand, because a vector that grows takes three times its size for a moment.
        let mut tensors = Vec::with_capacity(items(subgraph.tensors()).len());
        for (index, tensor) in items(subgraph.tensors()).enumerate() {
            tensors.push(read_tensor(&model, bytes, index, tensor, &mut budget)?);
        }
        let codes: Vec<_> = items(model.operator_codes()).map(operator_name).collect();
        let mut operators = Vec::with_capacity(items(subgraph.operators()).len());
        for (index, operator) in items(subgraph.operators()).enumerate() {
            operators.push(read_operator(&codes, tensors.len(), index, operator)?);
        }

        let indices = |what: &str, list| {
            items(list)
                .map(|index| tensor_index(index, tensors.len()))
                .collect::<Result<_, _>>()
                .map_err(|error| model_error(format!("{what} of the subgraph: {error}")))
        };
        let inputs = indices("inputs", subgraph.inputs())?;
        let outputs = indices("outputs", subgraph.outputs())?;
        Ok(Model { tensors, operators, inputs, outputs, file_len: bytes.len() })
    }
}

/// Checks that the file is not too long, and is a TensorFlow Lite model by its identifier.
fn check_kind(bytes: &[u8]) -> Result<()> {
    let got = bytes.len() as u64;
    if got > Model::MAX_FILE_BYTES {
        return Err(Error::FileSize { got, limit: Model::MAX_FILE_BYTES });
    }
    match bytes.get(4..8) {
        Some(b"TFL3") => Ok(()),
        Some(other) => Err(Error::Foreign { got: format!("\"{}\"", other.escape_ascii()) }),
        None => Err(Error::Foreign { got: format!("a file of {got} bytes") }),
    }
}

fn verified(bytes: &[u8]) -> Result<schema::Model<'_>> {
    let options = VerifierOptions {
        max_depth: MAX_DEPTH,
        max_tables: bytes.len() / MIN_TABLE_BYTES,
        // Bytes are visited once, and bytes of shared descriptions once per table: less than twice the length in all.
        max_apparent_size: bytes.len() * EXPANSION,
        ignore_missing_null_terminator: false,
    };
    schema::root_as_model_with_opts(&options, bytes).map_err(|error| match error {
        InvalidFlatbuffer::TooManyTables | InvalidFlatbuffer::ApparentSizeTooLarge => {
            Error::Expansion { limit: bytes.len() * EXPANSION }
        }
        error => Error::Damaged { len: bytes.len(), what: one_line(&with_fields_named(error).to_string()) },
    })
}

/// Exchanges the names of the two fields of an inconsistent union, which the crate confuses.
fn with_fields_named(error: InvalidFlatbuffer) -> InvalidFlatbuffer {
    match error {
        InvalidFlatbuffer::InconsistentUnion { field, field_type, error_trace } => {
            InvalidFlatbuffer::InconsistentUnion { field: field_type, field_type: field, error_trace }
        }
        other => other,
    }
}

/// The text in one line. The verifier prints the path to its finding on several lines, the innermost first.
fn one_line(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(", ")
}

fn operator_name(code: schema::OperatorCode<'_>) -> Arc<str> {
    let number = i32::from(code.byte_builtin_code()).max(code.builtin_code().0);
    let builtin = schema::BuiltinOperator(number);
    match (builtin, code.custom_code()) {
        (schema::BuiltinOperator::CUSTOM, Some(custom)) => quoted(custom).into(),
        _ => builtin.variant_name().map_or_else(|| format!("BUILTIN_{number}").into(), Into::into),
    }
}

fn read_operator(codes: &[Arc<str>], tensors: usize, index: usize, operator: schema::Operator<'_>) -> Result<Operator> {
    let code = operator.opcode_index();
    let name =
        usize::try_from(code).ok().and_then(|code| codes.get(code)).cloned().ok_or_else(|| {
            model_error(format!("operator {index} refers to operator code {code} of {}", codes.len()))
        })?;
    let fail = |what| Error::Operator { index, name: name.to_string(), what };

    let inputs = items(operator.inputs())
        .map(|input| if input == -1 { Ok(None) } else { tensor_index(input, tensors).map(Some) })
        .collect::<Result<_, _>>()
        .map_err(|error| fail(format!("inputs: {error}")))?;
    let outputs = items(operator.outputs())
        .map(|output| tensor_index(output, tensors))
        .collect::<Result<_, _>>()
        .map_err(|error| fail(format!("outputs: {error}")))?;
    let options = read_options(&name, operator).map_err(fail)?;
    Ok(Operator { name, inputs, outputs, options })
}

fn tensor_index(index: i32, tensors: usize) -> Result<usize, String> {
    usize::try_from(index).ok().filter(|index| *index < tensors).ok_or_else(|| format!("tensor {index} of {tensors}"))
}

fn model_error(what: String) -> Error {
    Error::Model { what }
}
