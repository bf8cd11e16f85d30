//! Random quantized networks, from which the tests of engines draw: as golden's graphs, in the integers of TFLM.
//!
//! Networks have up to eight steps with residuals and other joins, sums with constants among them, and maps of 1 x 1 to 20 x 20 with 1 to 40 channels.
//! Factors are chosen from the sums that occur for a few inputs, so that activations are spread over the integers of 8
//! bits in most layers and saturate in some. Some layers have channels that are constant.

mod draft;
mod elementwise;
mod joins;
mod layers;
mod moves;
mod output;
mod pools;
mod real;
mod weighted;
mod windows;
mod words;

use qrtl_golden::graph::{Graph, Quantized, Value};
use qrtl_golden::operators::Array;
use qrtl_random::Random;

use draft::{Draft, MAX_CHANNELS, MAX_SIDE, MAX_VECTOR};
use layers::Wanted;
use windows::Reach;

qrtl_golden::words! {
    /// The operator of a step, by its name in TFLite.
    pub enum Kind: "operator" {
        /// convolution, of groups too
        Conv2d = "CONV_2D",
        /// convolution of each channel by itself
        DepthwiseConv2d = "DEPTHWISE_CONV_2D",
        /// matrix product by weights
        FullyConnected = "FULLY_CONNECTED",
        /// sum of two tensors
        Add = "ADD",
        /// difference of two tensors
        Sub = "SUB",
        /// mean under a window
        AveragePool = "AVERAGE_POOL_2D",
        /// greatest under a window
        MaxPool = "MAX_POOL_2D",
        /// mean over height and width
        Mean = "MEAN",
        /// the same elements in another shape
        Reshape = "RESHAPE",
        /// the zero point around a map
        Pad = "PAD",
        /// several tensors one after the other along a dimension
        Concatenation = "CONCATENATION",
        /// another scale and zero point
        Quantize = "QUANTIZE",
        /// logistic function
        Logistic = "LOGISTIC",
        /// hyperbolic tangent
        Tanh = "TANH",
        /// `x relu6(x + 3) / 6`
        HardSwish = "HARD_SWISH",
        /// what is above 0, by itself
        Relu = "RELU",
        /// what is within 0 and 6, by itself
        Relu6 = "RELU6",
        /// exponentials as shares of their sum
        Softmax = "SOFTMAX",
    }
}

/// Most steps of a network.
pub const MAX_STEPS: usize = 8;

/// A network with inputs for it.
#[derive(Debug, Clone)]
pub struct Network {
    /// the network; its input and all activations are int8, and each step is named by a [`Kind`]
    pub graph: Graph,
    /// inputs of the graph: random elements, small ones, corners, and one element everywhere
    pub inputs: Vec<Value>,
    /// seed, input and steps in one line, for messages
    pub words: String,
}

/// The network of a seed: the same one on every machine.
///
/// The graph runs without an error for every input of int8, because the rule of each requantization is defined for all
/// sums that can occur.
pub fn draw(seed: u64) -> Network {
    let mut random = Random::new(seed);
    let shape = input_shape(&mut random);
    drawn(&mut random, shape, None, format!("seed {seed}"))
}

/// The network of a seed that begins with a convolution of a grey or coloured picture, in whose words its window begins
/// anywhere.
pub fn draw_picture(seed: u64) -> Network {
    let mut random = Random::new(seed);
    let [height, width] = [0; 2].map(|_| random.size(4, 12));
    let shape = vec![1, height, width, random.pick(&[1, 3])];
    drawn(&mut random, shape, Some(Reach::Same), format!("picture of seed {seed}"))
}

/// A network for an input of this shape. A convolution of this reach comes first.
fn drawn(random: &mut Random, shape: Vec<usize>, first: Option<Reach>, name: String) -> Network {
    let quantized = Quantized { scale: output::scale(random), zero_point: random.corner(-128, 127) as i32 };
    let inputs = inputs(random, &shape, quantized.zero_point);
    let mut draft = Draft::new(shape, quantized, inputs.clone());
    let steps = if random.one_in(6) { 1 } else { random.size(2, MAX_STEPS) };
    // The input has no gaps between the pixels, and engines treat its rims apart.
    let first = first.or_else(|| random.one_in(2).then(|| random.pick(&[Reach::Free, Reach::Same])));
    if let Some(reach) = first {
        let _ = layers::conv2d(&mut draft, random, 0, Wanted { reach, ..Wanted::ANY });
    }
    while draft.steps() < steps {
        let room = steps - draft.steps();
        // A step that is not possible here appends nothing.
        let _ = step(&mut draft, random, room);
    }
    let graph = draft.finish();
    let words = format!("{name}: {}", words::describe(&graph));
    Network { graph, inputs: inputs.into_iter().map(Value::Integer).collect(), words }
}

fn input_shape(random: &mut Random) -> Vec<usize> {
    if random.one_in(12) {
        return vec![1, random.size(1, MAX_VECTOR)];
    }
    let side = |random: &mut Random| match random.within(0, 3) {
        0 => random.corner(1, MAX_SIDE as i128) as usize,
        1 => random.size(1, MAX_SIDE),
        _ => random.size(4, 12),
    };
    let height = side(random);
    let width = if random.one_in(3) { side(random) } else { height };
    vec![1, height, width, layers::channels_of(random)]
}

fn inputs(random: &mut Random, shape: &[usize], zero_point: i32) -> Vec<Array> {
    let zero = i64::from(zero_point);
    let constant = random.pick(&[-128, 127, zero]);
    let mut draw = |style| match style {
        0 => random.between(-128, 127),
        1 => (zero + random.between(-20, 20)).clamp(-128, 127),
        2 => random.pick(&[-128, 127, zero]),
        _ => constant,
    };
    let elements: usize = shape.iter().product();
    let mut array = |style| Array::new("input", shape.to_vec(), (0..elements).map(|_| draw(style) as i32).collect());
    (0..4).map(|style| array(style).expect("as many elements as the shape says")).collect()
}

/// How often an operator is drawn, compared with the others.
fn share(kind: Kind) -> usize {
    match kind {
        Kind::Conv2d => 9,
        Kind::DepthwiseConv2d => 6,
        Kind::FullyConnected | Kind::Add | Kind::Softmax | Kind::MaxPool => 3,
        Kind::Concatenation => 2,
        Kind::Sub | Kind::AveragePool | Kind::Mean | Kind::Reshape | Kind::Pad | Kind::Quantize => 1,
        Kind::Logistic | Kind::Tanh | Kind::HardSwish | Kind::Relu | Kind::Relu6 => 1,
    }
}

/// Appends a step to the newest tensor, and others before it that it needs, at most `room` in all. `None` if the step that
/// was drawn is not possible.
fn step(draft: &mut Draft, random: &mut Random, room: usize) -> Option<usize> {
    let newest = draft.newest();
    let kinds: Vec<Kind> = Kind::ALL.into_iter().flat_map(|kind| std::iter::repeat_n(kind, share(kind))).collect();
    match random.pick(&kinds) {
        Kind::Conv2d => layers::conv2d(draft, random, newest, Wanted::ANY),
        Kind::DepthwiseConv2d => separable(draft, random, room),
        Kind::FullyConnected => layers::fully_connected(draft, random, newest, Wanted::ANY),
        kind @ (Kind::Add | Kind::Sub) => joins::residual(draft, random, kind, room),
        Kind::AveragePool => pools::average_pool(draft, random),
        Kind::MaxPool => pools::max_pool(draft, random),
        Kind::Mean => pools::mean(draft, random),
        Kind::Reshape => moves::reshape(draft, random),
        Kind::Pad => moves::pad(draft, random),
        Kind::Concatenation => joins::concatenation(draft, random, room),
        Kind::Quantize if draft.written_by(newest) == Some(Kind::Quantize) => None,
        Kind::Quantize => Some(elementwise::quantize(draft, random, newest, None)),
        Kind::Logistic => elementwise::logistic(draft),
        Kind::Tanh => elementwise::tanh(draft),
        Kind::HardSwish => elementwise::hard_swish(draft, random),
        Kind::Relu => elementwise::relu(draft, random),
        Kind::Relu6 => elementwise::relu6(draft, random),
        Kind::Softmax => ending(draft, random, room),
    }
}

/// Appends a DEPTHWISE_CONV_2D of the newest tensor, mostly with a convolution of 1 x 1 behind it. An engine computes both at
/// once if each channel has one output, and the convolution has one group: most pairs are such.
fn separable(draft: &mut Draft, random: &mut Random, room: usize) -> Option<usize> {
    let follows = room > 1 && !random.one_in(3);
    let together = follows && !random.one_in(4);
    let depthwise = layers::depthwise(draft, random, together.then_some(1))?;
    // Many outputs take longer than the channels that they are made of.
    let channels = together.then(|| random.size(1, MAX_CHANNELS));
    let pointwise = Wanted { reach: Reach::Pointwise, channels, groups: together.then_some(1), quantized: None };
    if follows { layers::conv2d(draft, random, depthwise, pointwise) } else { Some(depthwise) }
}

/// Appends the last steps of a classifier: a SOFTMAX, behind a FULLY_CONNECTED layer if there is room for it. `None` if
/// there is more room, or the SOFTMAX is not possible.
fn ending(draft: &mut Draft, random: &mut Random, room: usize) -> Option<usize> {
    match room {
        1 => {}
        2 => {
            // Few channels would be a single word of an engine.
            let channels = Some(random.size(2, MAX_CHANNELS)).filter(|_| random.one_in(2));
            layers::fully_connected(draft, random, draft.newest(), Wanted { channels, ..Wanted::ANY })?;
        }
        _ => return None,
    }
    elementwise::softmax(draft, random)
}
