//! What ONNX Runtime computes in its own way: means in floats, and weights of 9 bits.

use qrtl_gen::engine::{Options, compile};
use qrtl_golden::gemm::Matrix;
use qrtl_golden::graph::{Graph, Operator, Quantized, Step, Weighted};
use qrtl_golden::numerics::AnyRequantization;
use qrtl_golden::operators::{Array, Axis, OrtAveragePool, Window, XnnpackAdd};
use qrtl_golden::{Bounds, RealRequantization, RealRule};
use qrtl_hdl::blocks::engine::{EngineConfig, EngineRule};
use qrtl_random::Random;

use crate::check::{Loaded, engine, engines};
use crate::refuse::{graph, refused};

fn of_floats(config: EngineConfig) -> EngineConfig {
    EngineConfig { rule: EngineRule::F32Even, ..config }
}

fn elements(random: &mut Random, shape: &[usize]) -> Array {
    let data = (0..shape.iter().product()).map(|_| random.corner(-128, 127) as i32).collect();
    Array::new("x", shape.to_vec(), data).unwrap()
}

/// Compiles a network for an engine in all ways, and compares all tensors of a few inputs. `None` if it is refused.
fn check(random: &mut Random, graph: &Graph, config: &EngineConfig, name: &str) -> Option<usize> {
    let mut compared = 0;
    for (fuse, keep_constant) in [(false, true), (true, false)] {
        let mut loaded = Loaded::new(graph, config, &Options { taps: true, fuse, keep_constant }).ok()?;
        for _ in 0..3 {
            let input = elements(random, &graph.tensors[graph.inputs[0]].shape);
            let (all, differ) = loaded.compare(&input, name);
            assert_eq!(differ, 0, "{name}: of {all}");
            compared += all;
        }
    }
    Some(compared)
}

/// A pool of random sizes, padding and scales.
fn pool(random: &mut Random) -> (Graph, String) {
    let [filter, strides] = [[0; 2].map(|_| random.size(1, 4)), [0; 2].map(|_| random.size(1, 3))];
    let sizes = filter.map(|filter| filter + random.size(0, 7));
    let mut axis = |n: usize| match random.one_in(2) {
        true => Axis::valid(strides[n], 1),
        false => Axis::same(sizes[n], filter[n], strides[n], 1),
    };
    let window = Window { rows: axis(0), cols: axis(1) };
    let outputs =
        [window.rows.outputs(sizes[0], filter[0]), window.cols.outputs(sizes[1], filter[1])].map(Result::unwrap);
    let channels = random.size(1, 20);
    let any = random.real(0.01, 2.0) as f32;
    let input = random.pick(&[0.25, any]);
    let other = input * random.real(0.3, 2.0) as f32;
    let scales = [input, random.pick(&[input, other])];
    let [from, to] = [0; 2].map(|_| random.corner(-128, 127) as i32);
    let count_padding = random.one_in(2);
    let parameters = OrtAveragePool::new(scales, to, Bounds::INT8, count_padding).unwrap();
    let name = format!("{sizes:?} {channels} {filter:?} {window:?} {scales:?} {from} {to} {count_padding}");
    let operator = Operator::OrtAveragePool { filter, window, zero_point: from, parameters };
    let mut graph =
        graph("AveragePool", operator, &[1, sizes[0], sizes[1], channels], &[1, outputs[0], outputs[1], channels]);
    for (n, zero_point) in [from, to].into_iter().enumerate() {
        graph.tensors[n].quantization = Some(Quantized { scale: scales[n], zero_point });
    }
    (graph, name)
}

#[test]
fn means_in_floats() {
    let mut random = Random::new(17);
    let engines: Vec<EngineConfig> = engines().into_iter().map(of_floats).collect();
    let (mut compared, mut refused) = (0, 0);
    for n in 0..120 {
        let (graph, name) = pool(&mut random);
        match check(&mut random, &graph, &engines[n % engines.len()], &name) {
            Some(elements) => compared += elements,
            None => refused += 1,
        }
    }
    println!("{compared} elements; {refused} of 120 are refused");
    assert!(refused < 40, "{refused}");
}

fn requantization(scale: f64) -> AnyRequantization {
    AnyRequantization::Real(RealRequantization::new(RealRule::F32Even, scale, 3, Bounds::INT8).unwrap())
}

/// Weights of 9 bits, or of 8 if none of them has more.
fn weights(random: &mut Random, count: usize, greatest: i64) -> Vec<i32> {
    (0..count).map(|_| random.between(-255, greatest) as i32).collect()
}

fn convolution(random: &mut Random, greatest: i64) -> Graph {
    let [channels, outputs, filter] = [random.size(1, 12), random.size(1, 20), random.size(1, 3)];
    let shape = vec![outputs, filter, filter, channels];
    let data = weights(random, shape.iter().product(), greatest);
    let layer = Weighted {
        weights: Array::new("weights", shape, data).unwrap(),
        bias: (0..outputs).map(|_| random.between(-3000, 3000) as i32).collect(),
        requantizations: vec![requantization(0.003 / filter as f64)],
        input_zero_point: random.corner(-128, 127) as i32,
    };
    let axis = Axis::same(7, filter, 1, 1);
    let operator = Operator::Conv2d { layer, window: Window { rows: axis, cols: axis } };
    graph("Conv", operator, &[1, 7, 7, channels], &[1, 7, 7, outputs])
}

fn product(random: &mut Random) -> Graph {
    let [terms, outputs] = [random.size(1, 90), random.size(1, 20)];
    let layer = Weighted {
        weights: Matrix::new("weights", outputs, terms, weights(random, outputs * terms, 254)).unwrap(),
        bias: vec![-7; outputs],
        requantizations: vec![requantization(0.001)],
        input_zero_point: -9,
    };
    graph("Gemm", Operator::FullyConnected(layer), &[1, terms], &[1, outputs])
}

#[test]
fn weights_of_9_bits() {
    let mut random = Random::new(23);
    let engines: Vec<EngineConfig> = engines().into_iter().map(of_floats).collect();
    let mut compared = 0;
    for n in 0..60 {
        let graph = if n % 3 == 0 { product(&mut random) } else { convolution(&mut random, 254) };
        let elements = check(&mut random, &graph, &engines[n % engines.len()], &format!("network {n}"));
        compared += elements.unwrap_or_else(|| panic!("network {n} is refused"));
    }
    println!("{compared} elements");
    let config = of_floats(engine(4, 16, 8, [4, 2]));
    let graph = (0..).map(|_| convolution(&mut random, 255)).find(|graph| {
        let Operator::Conv2d { layer, .. } = &graph.steps[0].operator else { return false };
        layer.weights.data().contains(&255)
    });
    assert_eq!(refused(&graph.unwrap(), &config), "operator 3 (Conv): has a weight outside -128..=127");
}

/// A sum of XNNPACK reads a tensor that becomes a part of a concatenation afterwards, which gives it another pitch.
#[test]
fn a_part_of_a_concatenation_that_a_sum_reads() {
    let mut random = Random::new(29);
    let layer = |random: &mut Random| {
        let weights = (0..64).map(|_| random.between(-128, 127) as i32).collect();
        Operator::Conv2d {
            layer: Weighted {
                weights: Array::new("weights", vec![8, 1, 1, 8], weights).unwrap(),
                bias: vec![0; 8],
                requantizations: vec![requantization(0.01)],
                input_zero_point: 0,
            },
            window: Window { rows: Axis::valid(1, 1), cols: Axis::valid(1, 1) },
        }
    };
    let mut network = graph("Conv", layer(&mut random), &[1, 3, 3, 8], &[1, 3, 3, 8]);
    let parameters = XnnpackAdd::new([1.0, 1.0, 2.0], false, 0, Bounds::INT8).unwrap();
    for (inputs, operator, channels) in [
        (vec![0], layer(&mut random), 8),
        (vec![1, 2], Operator::XnnpackAdd { zero_points: [0, 0], parameters }, 8),
        (vec![1, 3], Operator::Concatenation { axis: 3 }, 16),
    ] {
        let mut tensor = network.tensors[1].clone();
        tensor.shape[3] = channels;
        if inputs == [1, 2] {
            tensor.quantization = Some(Quantized { scale: 2.0, zero_point: 0 });
        }
        network.tensors.push(tensor);
        let output = network.tensors.len() - 1;
        network.steps.push(Step { index: 3 + output, name: "next".to_owned(), inputs, output, operator });
    }
    network.outputs = vec![4];
    let config = of_floats(engine(4, 16, 8, [4, 2]));
    compile(&network, &config, &Options::default()).unwrap();
    check(&mut random, &network, &config, "concatenation").unwrap();
}
