//! What the compiler refuses, and what the interpreter answers to images that are not its own.

use qrtl_gen::engine::interpreter::Interpreter;
use qrtl_gen::engine::{Options, compile};
use qrtl_golden::graph::{Element, Graph, Operator, Quantized, Step, Tensor, Value, Weighted};
use qrtl_golden::numerics::AnyRequantization;
use qrtl_golden::operators::{Array, Axis, Window};
use qrtl_golden::{Bounds, FixedMultiplier, MultiplierWidth, Requantization, Rule};
use qrtl_hdl::blocks::engine::EngineConfig;
use qrtl_hdl::blocks::engine::loader::Status;

use crate::check::{Loaded, engine};

/// One operator from a tensor of one shape to a tensor of another.
pub fn graph(name: &str, operator: Operator, from: &[usize], to: &[usize]) -> Graph {
    let tensor = |name: &str, shape: &[usize]| Tensor {
        name: name.to_owned(),
        shape: shape.to_vec(),
        element: Element::INT8,
        quantization: Some(Quantized { scale: 1.0, zero_point: 0 }),
        constant: None,
    };
    let step = Step { index: 3, name: name.to_owned(), inputs: vec![0], output: 1, operator };
    let (tensors, steps) = (vec![tensor("x", from), tensor("y", to)], vec![step]);
    Graph { tensors, steps, inputs: vec![0], outputs: vec![1], variables: Vec::new() }
}

/// A factor of `2^(shift - 1)`.
fn requantization(rule: Rule, shift: i64) -> AnyRequantization {
    let factor = FixedMultiplier::new(MultiplierWidth::W32, 1 << 30, shift).unwrap();
    AnyRequantization::Fixed(Requantization::new(rule, factor, 0, Bounds::INT8).unwrap())
}

/// A convolution of 1 x 1 from 2 to 3 channels, of which the second has a bias.
fn convolution(bias: i32, requantization: AnyRequantization) -> Graph {
    let layer = Weighted {
        weights: Array::new("weights", vec![3, 1, 1, 2], vec![1, 2, 3, 4, 5, 6]).unwrap(),
        bias: vec![0, bias, 0],
        requantizations: vec![requantization],
        input_zero_point: 0,
    };
    let window = Window { rows: Axis::valid(1, 1), cols: Axis::valid(1, 1) };
    graph("CONV_2D", Operator::Conv2d { layer, window }, &[1, 16, 16, 2], &[1, 16, 16, 3])
}

/// A bias that is beyond the engine's. The factor is `2^-21`, and inputs decide whether 64 and a half is rounded up.
const VARYING: i32 = (1 << 27) + (1 << 20);

/// Whatever the input is, the output is 64.
#[test]
fn a_channel_of_any_bias_can_be_constant() {
    let graph = convolution(1 << 27, requantization(Rule::TfliteDouble, -20));
    let config = engine(4, 16, 8, [4, 2]);
    for keep_constant in [false, true] {
        let options = Options { keep_constant, taps: true, ..Options::default() };
        let mut loaded = Loaded::new(&graph, &config, &options).unwrap();
        let input = Array::new("x", vec![1, 16, 16, 2], (0..512).map(|n| n % 251 - 125).collect()).unwrap();
        assert_eq!(loaded.compare(&input, "bias"), (2 * 256 * 3, 0));
    }
}

/// Where a constant is all that is computed with, the input does not take its place in the memory.
#[test]
fn an_input_that_nothing_reads() {
    let entries = std::array::from_fn(|x| (x as i32 - 128) as i8);
    let mut graph = graph("TABLE", Operator::Table { entries }, &[1, 8], &[1, 8]);
    let constant = Array::new("constant", vec![1, 8], (1..=8).collect()).unwrap();
    graph.tensors.push(Tensor { constant: Some(Value::Integer(constant)), ..graph.tensors[0].clone() });
    graph.steps[0].inputs = vec![2];
    for keep_constant in [false, true] {
        let options = Options { keep_constant, ..Options::default() };
        let mut loaded = Loaded::new(&graph, &engine(4, 16, 8, [4, 2]), &options).unwrap();
        let input = Array::new("x", vec![1, 8], vec![-5; 8]).unwrap();
        assert_eq!(loaded.compare(&input, "unread"), (8, 0));
    }
}

pub fn refused(graph: &Graph, config: &EngineConfig) -> String {
    format!("{:#}", compile(graph, config, &Options::default()).unwrap_err())
}

#[test]
fn what_the_engine_cannot_do_is_named() {
    let config = engine(4, 16, 8, [4, 2]);
    let AnyRequantization::Fixed(requantized) = requantization(Rule::TfliteDouble, -7) else { unreachable!() };
    let mean = Operator::Mean { axes: vec![2], zero_point: 0, requantization: requantized };
    let greatest = Operator::ExtremumOver { axes: vec![1], greatest: true };
    let mut in_place = graph("RESHAPE", Operator::Reshape, &[1, 4], &[1, 4]);
    in_place.steps[0].output = 0;
    for (graph, expected) in [
        (graph("REDUCE_MAX", greatest, &[1, 4], &[1]), "operator 3 (REDUCE_MAX): is not supported by the engine"),
        (
            graph("RESHAPE", Operator::Reshape, &[1, 4], &[1, 5]),
            "operator 3 (RESHAPE): gives 4 elements, and the model says [1, 5]",
        ),
        (Graph { outputs: vec![0], ..in_place }, "operator 3 (RESHAPE): writes tensor \"x\", which is there before it"),
        (graph("MEAN", mean, &[1, 2, 300, 8], &[1, 2, 1, 8]), "operator 3 (MEAN): taps_x_1: 299 is outside 0..=255"),
        (
            convolution(VARYING, requantization(Rule::TfliteDouble, -20)),
            "operator 3 (CONV_2D): channel 1: bias 135266304, zero point included, is outside -67108864..=67108863",
        ),
        (
            convolution(0, requantization(Rule::HalfEven, -4)),
            "operator 3 (CONV_2D): channel 0: rounds by half_even: no factor of tflite_double rounds all of its sums \
             -384..=381 as the runtime does: sum -48 stands in the way",
        ),
    ] {
        assert_eq!(refused(&graph, &config), expected);
    }
}

#[test]
fn what_does_not_fit_is_named_with_what_is_there() {
    let config = engine(4, 16, 8, [4, 2]);
    let graph = convolution(0, requantization(Rule::TfliteDouble, -4));
    let small = EngineConfig { activation_bytes: 2048, ..config.clone() };
    let expected = "activation_bytes: tensor \"x\" takes 512 bytes, and with the tensors that are in use at the same time the \
                    model needs 2560 of the 2048 bytes that the engine has";
    assert_eq!(refused(&graph, &small), expected);
    let small = EngineConfig { program_words: 32, ..config };
    assert_eq!(refused(&graph, &small), "program_words: the model needs 66, and the engine has 32");
}

#[test]
fn images_of_others_and_damaged_images_are_refused() {
    let config = engine(4, 16, 8, [4, 2]);
    let image =
        compile(&convolution(0, requantization(Rule::TfliteDouble, -4)), &config, &Options::default()).unwrap().image;
    let load = |config: &EngineConfig, image: &[u64]| Interpreter::new(config).load(image).unwrap();
    assert_eq!(load(&config, &image), Status::Ok);
    assert_eq!(load(&EngineConfig { terms: 1024, ..config.clone() }, &image), Status::OtherConfiguration);
    assert_eq!(load(&config, &image[1..]), Status::NoImage);
    assert_eq!(load(&config, &image[..image.len() - 1]), Status::Damaged);
    // A bit anywhere behind the first two words.
    for at in 2..image.len() {
        let mut damaged = image.clone();
        damaged[at] ^= 1 << (at % 32);
        let mut engine = Interpreter::new(&config);
        // A header or a number that is damaged may also lead outside a memory.
        let answer = engine.load(&damaged);
        assert!(!matches!(answer, Ok(Status::Ok)), "word {at}");
        assert_eq!(format!("{:#}", engine.run(&[]).unwrap_err()), "no model is loaded");
    }
}
