//! The two digits networks as the importer reads them, against numbers known from elsewhere.
//!
//! Multipliers per channel are those recorded beside the models by the tool that made them (`*_graph.json`: formed in
//! Python from the scales in the file, and confirmed there by the logits of TensorFlow Lite Micro).

use qrtl_golden::Bounds;
use qrtl_golden::gemm::Matrix;
use qrtl_golden::graph::{Graph, Operator, Quantized, Value, Weighted};
use qrtl_golden::import::tflite::{Data, ElementType, Model};
use qrtl_golden::import::{Runtime, lower, lower_steps, lower_until};
use qrtl_golden::numerics::AnyRequantization;
use qrtl_golden::operators::Array;

use crate::patch::{Patch, model_bytes};

fn graph(bytes: &[u8]) -> Graph {
    lower(&Model::from_bytes(bytes).unwrap(), Runtime::Tflm).unwrap()
}

fn layer(graph: &Graph, step: usize) -> &Weighted<Matrix> {
    let Operator::FullyConnected(layer) = &graph.steps[step].operator else { panic!("fully connected") };
    layer
}

/// Multiplier and shift of each requantization.
fn multipliers(layer: &Weighted<Matrix>) -> Vec<(i64, i32)> {
    let fixed = |r: &AnyRequantization| match r {
        AnyRequantization::Fixed(r) => (r.factor().multiplier(), r.factor().shift()),
        AnyRequantization::Real(_) => panic!("a multiplier"),
    };
    layer.requantizations.iter().map(fixed).collect()
}

#[test]
fn tensors_and_operators() {
    let model = Model::from_bytes(&model_bytes("mlp_int8")).unwrap();
    let shapes: Vec<_> = model.tensors().iter().map(|tensor| (&tensor.shape[..], tensor.element)).collect();
    assert_eq!(
        shapes,
        [
            (&[1, 64][..], ElementType::Int8),
            (&[10], ElementType::Int32),
            (&[10, 32], ElementType::Int8),
            (&[32], ElementType::Int32),
            (&[32, 64], ElementType::Int8),
            (&[1, 32], ElementType::Int8),
            (&[1, 10], ElementType::Int8),
        ]
    );
    assert_eq!((model.inputs(), model.outputs()), (&[0][..], &[6][..]));
    assert_eq!(model.tensors()[2].name, "sequential_1/dense_1_2/MatMul");
    assert_eq!(model.tensors()[1].data, Some(Data::I32(vec![72, -701, 242, 38, 589, 347, -478, 230, 308, -329])));
    let operators: Vec<_> = model
        .operators()
        .iter()
        .map(|operator| (&*operator.name, &operator.inputs[..], &operator.outputs[..]))
        .collect();
    assert_eq!(
        operators,
        [
            ("FULLY_CONNECTED", &[Some(0), Some(4), Some(3)][..], &[5][..]),
            ("FULLY_CONNECTED", &[Some(5), Some(2), Some(1)], &[6])
        ]
    );
}

#[test]
fn layers_of_the_per_channel_network() {
    let graph = graph(&model_bytes("mlp_int8"));
    let (hidden, logits) = (layer(&graph, 0), layer(&graph, 1));
    assert_eq!((hidden.weights.cols(), hidden.weights.rows(), hidden.bias.len()), (64, 32, 32));
    assert_eq!((logits.weights.cols(), logits.weights.rows(), logits.bias.len()), (32, 10, 10));
    assert_eq!(hidden.weights.data()[..6], [-13, -69, -65, -5, -35, -35]);
    assert_eq!(logits.weights.data()[..6], [12, -33, -22, -2, 0, -88]);
    assert_eq!(hidden.bias[..6], [2259, 10100, 1176, 456, -4568, 9095]);
    let quantized = |bits, zero_point| Some(Quantized { scale: f32::from_bits(bits), zero_point });
    let [input, hidden_output, output] = &graph.tensors[..] else { panic!("three tensors") };
    assert_eq!(input.quantization, quantized(0x3b80_8081, -128));
    assert_eq!(hidden_output.quantization, quantized(0x3ceb_4f23, -128));
    assert_eq!(output.quantization, quantized(0x3e80_c0c7, 18));
    assert_eq!((hidden.input_zero_point, logits.input_zero_point), (-128, -128));
    assert_eq!(logits.requantizations.len(), 10);
    let expected = "sequential_1/dense_1/MatMul;sequential_1/dense_1/Relu;sequential_1/dense_1/BiasAdd";
    assert_eq!((&*hidden_output.name, &*output.name), (expected, "Identity"));
    assert_eq!((graph.inputs[0], graph.outputs[0], graph.output_step(), graph.macs()), (0, 2, Some(1), 2368));
}

#[test]
fn multipliers_per_channel_are_formed_in_double() {
    let graph = graph(&model_bytes("mlp_int8"));
    let hidden_multipliers = [
        2133727074, 1157976258, 1683972279, 1950246357, 1214941412, 1075817386, 1237430256, 1200414807, 1175827966,
        2088163199, 1398296448, 1273469334, 1410531991, 1788470758, 1099727799, 1250195646, 1454618167, 1514520195,
        1435637495, 1206040967, 1264891411, 1628861658, 1313488832, 1509730186, 2019771602, 1460552449, 1401849496,
        1909656330, 1126728588, 2019673741, 1752949644, 1997751651,
    ];
    let hidden_shifts = [
        -10, -9, -9, -9, -11, -9, -11, -8, -11, -10, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9, -9,
        -9, -9, -9, -9, -9, -10,
    ];
    assert_eq!(multipliers(layer(&graph, 0)), hidden_multipliers.into_iter().zip(hidden_shifts).collect::<Vec<_>>());
    let logits_multipliers = [
        1927741776, 1820082122, 1491711361, 1611610616, 1412095932, 1545561072, 1334607420, 1722815639, 2031047353,
        1544663705,
    ];
    assert_eq!(multipliers(layer(&graph, 1)), logits_multipliers.map(|multiplier| (multiplier, -9)));
}

/// The scales here are the scales of outputs 7 and 8 above, and TFLM forms the same multipliers. LiteRT's own kernels
/// multiply the scales in float32.
#[test]
fn multipliers_per_tensor() {
    let graph = graph(&model_bytes("mlp_int8_per_tensor"));
    assert_eq!(multipliers(layer(&graph, 0)), [(1_200_414_807, -8)]);
    assert_eq!(multipliers(layer(&graph, 1)), [(2_031_047_353, -9)]);
    assert_eq!(layer(&graph, 1).bias, [68, -628, 178, 30, 410, 264, -314, 195, 308, -250]);
    let model = Model::from_bytes(&model_bytes("mlp_int8_per_tensor")).unwrap();
    let litert = lower(&model, Runtime::LitertBuiltin).unwrap();
    assert_eq!(multipliers(layer(&litert, 0)), [(1_200_414_753, -8)]);
    assert_eq!(multipliers(layer(&litert, 1)), [(2_031_047_374, -9)]);
}

/// relu6 at the hidden layer's scale of 0.0287: round(6 / 0.0287) - 128 = 209 - 128; -1 and 1 are 35 steps away.
#[test]
fn activations_become_bounds() {
    let bounds = |code| {
        let graph = graph(&Patch::new("mlp_int8").fused_activation(0, code));
        let AnyRequantization::Fixed(r) = layer(&graph, 0).requantizations[0] else { panic!("a multiplier") };
        r.output()
    };
    let expected = [(-128, 127), (-128, 127), (-128, -93), (-128, 81)];
    assert_eq!([0, 1, 2, 3].map(bounds), expected.map(|(min, max)| Bounds::new(min, max).unwrap()));
}

/// Of a network whose depthwise convolution, operator 2, is made FLOOR: what stands before it runs, and layers behind it can be
/// looked at.
#[test]
fn parts_of_a_model() {
    let whole = graph(&model_bytes("cnn_int8"));
    let code = |bytes: &[u8]| Model::from_bytes(bytes).map(|model| model.operators()[2].name.to_string());
    let mut patched = (0..4).map(|code| Patch::new("cnn_int8").operator_code(code, 8));
    let bytes = patched.find(|bytes| code(bytes).is_ok_and(|name| name == "FLOOR")).unwrap();
    let model = Model::from_bytes(&bytes).unwrap();
    let error = lower(&model, Runtime::Tflm).unwrap_err().to_string();
    assert!(error.starts_with("operator 2 is FLOOR: supported are"), "{error}");

    let part = lower_until(&model, Runtime::Tflm, 1).unwrap();
    assert_eq!((part.steps.len(), part.output_step()), (2, Some(1)));
    let images = Value::Integer(Array::new("images", vec![1, 8, 8, 1], (0..64).collect()).unwrap());
    assert_eq!(part.run(&images).unwrap(), whole.run(&images).unwrap()[..2]);
    let error = |last| lower_until(&model, Runtime::Tflm, last).unwrap_err().to_string();
    assert!(error(2).starts_with("operator 2 is FLOOR: supported are"), "{}", error(2));
    assert_eq!(error(6), "model: it has 6 operators, and none of index 6");

    let (tensors, steps) = lower_steps(&model, Runtime::Tflm, |o| &*o.name != "FLOOR").unwrap();
    assert_eq!(steps.iter().map(|step| step.index).collect::<Vec<_>>(), [0, 1, 3, 4, 5]);
    for step in &steps {
        assert_eq!(step.operator, whole.steps[step.index].operator);
        assert_eq!(tensors[step.output].shape, whole.tensors[whole.steps[step.index].output].shape);
    }
}
