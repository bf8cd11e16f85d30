//! From bytes to [`Model`]: verification of the flatbuffer, and then of its contents.

mod absent_options;
mod options;
mod tensor;

use std::collections::HashMap;
use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use flatbuffers::{InvalidFlatbuffer, VerifierOptions};

use super::error::{Budget, EXPANSION, Error};
use super::schema_generated::tflite as schema;
use super::{Model, Operator, Subgraph};
use crate::import::quoted;
use absent_options::drop_kinds_of_absent_options;
use options::{read_options, var_handle};
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
    /// If the bytes are no well-formed model, or the model needs something that we do not support.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        check_kind(bytes)?;
        let readable = drop_kinds_of_absent_options(bytes);
        let model = verified(&readable)?;
        if model.version() != 3 {
            return Err(model_error(format!("schema version is {}: only 3 is supported", model.version())));
        }
        let codes = items(model.operator_codes()).map(operator_name).collect();
        let budget = Budget::of_file(bytes.len());
        let mut reading = Reading { model, file: bytes, codes, variables: HashMap::new(), budget };
        let mut subgraphs = items(model.subgraphs());
        let main = subgraphs.next().ok_or_else(|| model_error("it has no subgraph".to_owned()))?;
        let main = reading.subgraph(main)?;
        let others = subgraphs.map(|subgraph| reading.subgraph(subgraph)).collect::<Result<_>>()?;
        let mut variables: Vec<(String, usize)> = reading.variables.into_iter().collect();
        variables.sort_unstable_by_key(|(_, number)| *number);
        let variables = variables.into_iter().map(|(name, _)| name).collect();
        Ok(Model { main, others, variables, file_len: bytes.len() })
    }
}

/// A verified file, and what all its subgraphs share.
struct Reading<'a> {
    model: schema::Model<'a>,
    file: &'a [u8],
    /// names of the kinds of operators
    codes: Vec<Arc<str>>,
    /// numbers of the variables, by name
    variables: HashMap<String, usize>,
    budget: Budget,
}

impl Reading<'_> {
    fn subgraph(&mut self, subgraph: schema::SubGraph<'_>) -> Result<Subgraph> {
        // The capacity is set beforehand, because a vector that grows takes three times its size for a moment.
        let mut tensors = Vec::with_capacity(items(subgraph.tensors()).len());
        for (index, tensor) in items(subgraph.tensors()).enumerate() {
            tensors.push(read_tensor(&self.model, self.file, index, tensor, &mut self.budget)?);
        }
        let mut operators = Vec::with_capacity(items(subgraph.operators()).len());
        for (index, operator) in items(subgraph.operators()).enumerate() {
            operators.push(self.operator(tensors.len(), index, operator)?);
        }

        let indices = |what: &str, list| {
            items(list)
                .map(|index| tensor_index(index, tensors.len()))
                .collect::<Result<_, _>>()
                .map_err(|error| model_error(format!("{what} of the subgraph: {error}")))
        };
        let inputs = indices("inputs", subgraph.inputs())?;
        let outputs = indices("outputs", subgraph.outputs())?;
        Ok(Subgraph { tensors, operators, inputs, outputs })
    }

    fn operator(&mut self, tensors: usize, index: usize, operator: schema::Operator<'_>) -> Result<Operator> {
        let code = operator.opcode_index();
        let name = usize::try_from(code).ok().and_then(|code| self.codes.get(code)).cloned().ok_or_else(|| {
            model_error(format!("operator {index} refers to operator code {code} of {}", self.codes.len()))
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
        let options = match &*name {
            "VAR_HANDLE" => var_handle(operator, &mut self.variables),
            _ => read_options(&name, operator),
        };
        Ok(Operator { name: name.clone(), inputs, outputs, options: options.map_err(fail)? })
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

fn tensor_index(index: i32, tensors: usize) -> Result<usize, String> {
    usize::try_from(index).ok().filter(|index| *index < tensors).ok_or_else(|| format!("tensor {index} of {tensors}"))
}

fn model_error(what: String) -> Error {
    Error::Model { what }
}
