//! The two digits networks as the importer reads them, against numbers known from elsewhere.
//!
//! Expected multipliers are those recorded beside the models by the tool that made them (`*_graph.json`: formed in
//! Python from the scales in the file, and confirmed there by the logits of TensorFlow Lite Micro).

use qrtl_golden::import::tflite::{Data, ElementType, FullyConnected, Model, Quantized};

use crate::patch::{Patch, model_bytes};

fn layers(name: &str) -> Vec<FullyConnected> {
    Model::from_bytes(&model_bytes(name)).unwrap().fully_connected_layers().unwrap()
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
    let [hidden, logits] = &layers("mlp_int8")[..] else { panic!("two layers") };
    assert_eq!((hidden.inputs, hidden.outputs, hidden.weights.len(), hidden.bias.len()), (64, 32, 2048, 32));
    assert_eq!((logits.inputs, logits.outputs, logits.weights.len(), logits.bias.len()), (32, 10, 320, 10));
    assert_eq!(hidden.weights[..6], [-13, -69, -65, -5, -35, -35]);
    assert_eq!(logits.weights[..6], [12, -33, -22, -2, 0, -88]);
    assert_eq!(hidden.bias[..6], [2259, 10100, 1176, 456, -4568, 9095]);
    assert_eq!(hidden.input, Quantized { scale: f32::from_bits(0x3b80_8081), zero_point: -128 });
    assert_eq!(hidden.output, Quantized { scale: f32::from_bits(0x3ceb_4f23), zero_point: -128 });
    assert_eq!(logits.input, hidden.output);
    assert_eq!(logits.output, Quantized { scale: f32::from_bits(0x3e80_c0c7), zero_point: 18 });
    assert_eq!(logits.weight_scales.len(), 10);
    assert_eq!((hidden.activation, logits.activation), ((-128, 127), (-128, 127)));
    assert_eq!(hidden.name, "sequential_1/dense_1/MatMul;sequential_1/dense_1/Relu;sequential_1/dense_1/BiasAdd");
    assert_eq!(logits.name, "Identity");
}

#[test]
fn multipliers_per_channel_are_formed_in_double() {
    let layers = layers("mlp_int8");
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
    assert_eq!(layers[0].multipliers, hidden_multipliers.into_iter().zip(hidden_shifts).collect::<Vec<_>>());
    let logits_multipliers = [
        1927741776, 1820082122, 1491711361, 1611610616, 1412095932, 1545561072, 1334607420, 1722815639, 2031047353,
        1544663705,
    ];
    assert_eq!(layers[1].multipliers, logits_multipliers.map(|multiplier| (multiplier, -9)));
}

/// The scales here are those of outputs 7 and 8 above, the multipliers are not: 1200414807 and 2031047353 there.
#[test]
fn multipliers_per_tensor_are_formed_from_a_float32_product() {
    let layers = layers("mlp_int8_per_tensor");
    assert_eq!(layers[0].multipliers, [(1_200_414_753, -8)]);
    assert_eq!(layers[1].multipliers, [(2_031_047_374, -9)]);
    assert_eq!(layers[0].weight_scales, [f32::from_bits(0x3c83_0557)]);
    assert_eq!(layers[1].bias, [68, -628, 178, 30, 410, 264, -314, 195, 308, -250]);
}

/// relu6 at the hidden layer's scale of 0.0287: round(6 / 0.0287) - 128 = 209 - 128; -1 and 1 are 35 steps away.
#[test]
fn activations_become_bounds() {
    let bounds = |code| {
        let bytes = Patch::new("mlp_int8").fused_activation(0, code);
        Model::from_bytes(&bytes).unwrap().fully_connected_layers().unwrap()[0].activation
    };
    assert_eq!([0, 1, 2, 3].map(bounds), [(-128, 127), (-128, 127), (-128, -93), (-128, 81)]);
}
