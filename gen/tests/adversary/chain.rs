//! What a user does with a model file: inspect it, run it, make hardware of it.

use qrtl_gen::engine::interpreter::Interpreter;
use qrtl_gen::engine::{Options, Output, Program, compile};
use qrtl_gen::inspect::describe;
use qrtl_gen::model::{Layers, Source, products};
use qrtl_gen::run::format::{AnyModel, AnyRuntime};
use qrtl_golden::graph::{Element, Graph, Tensor, Value};
use qrtl_golden::import::size::{layer_shapes, stored_size};
use qrtl_golden::import::{Runtime, onnx, tflite};
use qrtl_golden::operators::Array;
use qrtl_hdl::blocks::engine::EngineConfig;
use qrtl_random::Random;

use crate::counting::{memory_limit, peak_of};
use crate::harness::Outcome;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Tflite,
    Onnx,
}

/// Beside what the length of a file allows: lists of the elements that operators pick, memories of the engine, reports.
const FIXED: usize = 96 << 20;

/// Elements of all tensors, and products, of a model that is run.
const ELEMENTS: usize = 1 << 16;
const MACS: u64 = 1 << 22;

/// Reads, inspects, lowers, compiles and runs a file.
///
/// # Errors
/// What the file must not cause: more memory than its class has, an error of several lines, another result in the engine.
pub fn chain(bytes: &[u8], format: Format, random: &mut Random) -> Result<Outcome, String> {
    let limit = memory_limit(bytes.len());
    let model = bounded("reading", limit, || read(bytes, format))?;
    let Some(model) = checked(model)? else { return Ok("not read") };
    checked(bounded("gen inspect", limit + FIXED, || describe(&model))?)?;
    if let AnyModel::Tflite(model) = &model {
        bounded("gen size", limit, || (layer_shapes(model), stored_size(model)))?;
        checked(bounded("gen model --per-layer", limit + FIXED, || Layers::of(model, Runtime::Tflm))?)?;
        checked(bounded("gen explore --array", limit + FIXED, || products(model, 1))?)?;
    }
    let runtime = match format {
        Format::Tflite => AnyRuntime::Tflite(random.pick(&Runtime::ALL)),
        Format::Onnx => AnyRuntime::Onnx(random.pick(&onnx::Runtime::ALL)),
    };
    let lowered = bounded("lowering", limit + FIXED, || model.load(Some(runtime), None, false))?;
    let Some(loaded) = checked(lowered)? else { return Ok("not lowered") };
    let ran = is_small(&loaded.graph) && checked(run(&loaded.graph, random)?)?.is_some();
    let source = bounded("lowering for the engine", limit + FIXED, || Source::of(&model, Some(runtime), None))?;
    let Some(source) = checked(source)? else { return Ok(if ran { "run" } else { "lowered" }) };
    let config = EngineConfig { rule: source.rule, ..engine(random) };
    let options = Options { taps: random.one_in(2), keep_constant: random.one_in(2), fuse: random.one_in(2) };
    let program = bounded("compiling", limit + FIXED, || compile(&source.graph, &config, &options))?;
    let Some(program) = checked(program)? else { return Ok(if ran { "run" } else { "lowered" }) };
    bounded("the report", limit + FIXED, || program.report(&config, 100.0))?;
    if ran && is_small(&source.graph) {
        compare(&source.graph, &program, &config, random)?;
        return Ok("run and compiled");
    }
    Ok("compiled")
}

fn read(bytes: &[u8], format: Format) -> anyhow::Result<AnyModel> {
    Ok(match format {
        Format::Tflite => AnyModel::Tflite(tflite::Model::from_bytes(bytes)?),
        Format::Onnx => AnyModel::Onnx(onnx::Model::from_bytes(bytes)?),
    })
}

pub fn bounded<T>(what: &str, limit: usize, work: impl FnOnce() -> T) -> Result<T, String> {
    let (peak, result) = peak_of(work);
    match peak <= limit {
        true => Ok(result),
        false => Err(format!("{what} has {peak} bytes alive, limit {limit}")),
    }
}

/// Longest message: one line that a person reads.
const LONGEST: usize = 1_000;

/// The result, or `None` for an error whose text is one line.
pub fn checked<T>(result: anyhow::Result<T>) -> Result<Option<T>, String> {
    let Err(error) = result else { return Ok(result.ok()) };
    let text = format!("{error:#}");
    match text.chars().any(char::is_control) || text.is_empty() || text.len() > LONGEST {
        true => Err(format!("a message of {} bytes that is no line: {text:.300?}", text.len())),
        false => Ok(None),
    }
}

fn is_small(graph: &Graph) -> bool {
    let elements = graph.tensors.iter().map(Tensor::elements).fold(0, usize::saturating_add);
    elements <= ELEMENTS && graph.macs() <= MACS
}

fn input(tensor: &Tensor, random: &mut Random) -> Option<Value> {
    let (count, shape) = (tensor.elements(), tensor.shape.clone());
    match tensor.element {
        Element::Float32 => {
            let data = (0..count).map(|_| random.real(-4.0, 4.0) as f32).collect();
            Array::new("input", shape, data).ok().map(Value::Float)
        }
        Element::Integer(bounds) => {
            let data = (0..count).map(|_| random.between(bounds.min(), bounds.max()) as i32).collect();
            Array::new("input", shape, data).ok().map(Value::Integer)
        }
    }
}

/// One inference of golden, which may take as much as its tensors as `i32` and as `i128`.
fn run(graph: &Graph, random: &mut Random) -> Result<anyhow::Result<()>, String> {
    let inputs: Option<Vec<Value>> = graph.inputs.iter().map(|&i| input(&graph.tensors[i], random)).collect();
    let Some(inputs) = inputs else { return Ok(Err(anyhow::anyhow!("an input without elements"))) };
    bounded("an inference", FIXED, || Ok(graph.run_on(&inputs, &mut graph.start()).map(drop)?))
}

fn engine(random: &mut Random) -> EngineConfig {
    let small = EngineConfig {
        rows: 2,
        cols: 4,
        lanes: 4,
        requantizers: 1,
        lane_requantizers: 1,
        split: false,
        weight_bytes: 1 << 16,
        ..EngineConfig::default()
    };
    let wide = EngineConfig { taps: 3, rows: 8, requantizers: 8, ..EngineConfig::default() };
    let by_step = EngineConfig { resident: false, activation_bytes: 1 << 14, ..small.clone() };
    [EngineConfig::default(), small, wide, by_step][random.size(0, 3)].clone()
}

/// The interpreter of the image gives golden's result.
fn compare(graph: &Graph, program: &Program, config: &EngineConfig, random: &mut Random) -> Result<(), String> {
    let Some(x) = input(&graph.tensors[graph.inputs[0]], random) else { return Ok(()) };
    let Ok(values) = graph.run(&x) else { return Ok(()) };
    let of = |tensor: usize| match graph.steps.iter().rposition(|step| step.output == tensor) {
        Some(step) => &values[step],
        None => &x,
    };
    let (Value::Integer(input), Value::Integer(expected)) = (of(program.input), of(program.result)) else {
        return Err("an engine with floats at its ends".to_owned());
    };
    let words = program.input(input).map_err(|e| format!("the engine's input: {e:#}"))?;
    let mut engine = Interpreter::new(config);
    let packet = engine.load(&program.image).and_then(|_| engine.run(&words));
    let packet = packet.map_err(|e| format!("the image does not run: {e:#}"))?;
    for (output, bytes) in program.parts(&packet).map_err(|e| format!("{e:#}"))? {
        let Output::Result { .. } = output else { continue };
        let got: Vec<i32> = bytes.iter().map(|&byte| i32::from(byte as i8)).collect();
        if got != expected.data() {
            let n = got.iter().zip(expected.data()).position(|(got, expected)| got != expected);
            let [x, y] = [input, expected].map(|array| n.and_then(|n| array.data().get(n)));
            let got = n.map(|n| got[n]);
            return Err(format!(
                "the engine gives another result than golden: {got:?}, not {y:?} (input {x:?}, {config:?})"
            ));
        }
    }
    Ok(())
}
