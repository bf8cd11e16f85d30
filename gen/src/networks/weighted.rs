//! The integers of a layer with weights: weights, biases and factors, and channels that are constant.

use qrtl_golden::graph::{Operator, Quantized, Weighted};
use qrtl_golden::numerics::AnyRequantization;
use qrtl_golden::numerics::multiplier::quantize_multiplier;
use qrtl_golden::operators::Array;
use qrtl_golden::{Bounds, FixedMultiplier, MultiplierWidth, Requantization, Rule};
use qrtl_random::Random;

use super::draft::Draft;
use super::output::{Output, Span, scale};

/// The sizes of a layer.
pub(super) struct Sizes<'a> {
    /// number of output channels, the last size of the output
    pub(super) outputs: usize,
    /// number of weights
    pub(super) weights: usize,
    /// output channel to which a weight belongs, by its place
    pub(super) channel: &'a dyn Fn(usize) -> usize,
    /// shape of the output
    pub(super) shape: &'a [usize],
}

/// What becomes of an output channel.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    /// it varies with the input
    Varied,
    /// its weights are 0
    Blank,
    /// its factor is so small that the multiplier is 0
    Faint,
    /// its sums are never above 0, so that RELU makes it constant
    Low,
    /// its sums are never below 0, and mostly saturate
    High,
}

/// The operator that `build` makes of drawn weights, applied to tensor `input`, with scale and zero point of its output,
/// which are drawn where they are not given.
pub(super) fn layer(
    draft: &Draft,
    random: &mut Random,
    input: usize,
    sizes: &Sizes<'_>,
    given: Option<Quantized>,
    build: impl Fn(Weighted<Vec<i32>>) -> Operator,
) -> (Operator, Quantized) {
    let zero_point = draft.quantized(input).zero_point;
    let fates = fates(random, sizes.outputs);
    let mut weights = weights(random, sizes.weights);
    let mut greatest = vec![0i64; sizes.outputs];
    let farthest = i64::from((127 - zero_point).max(zero_point + 128));
    for (place, weight) in weights.iter_mut().enumerate() {
        let channel = (sizes.channel)(place);
        if fates[channel] == Fate::Blank {
            *weight = 0;
        }
        greatest[channel] += i64::from(weight.abs()) * farthest;
    }
    let make = |bias: &[i32], requantizations| {
        let (weights, bias) = (weights.clone(), bias.to_vec());
        build(Weighted { weights, bias, requantizations, input_zero_point: zero_point })
    };
    let products = draft.run(&make(&vec![0; sizes.outputs], vec![unit()]), &[input], sizes.shape);
    let mut spans: Vec<Span> = (0..sizes.outputs).map(|channel| span(&products, sizes.outputs, channel)).collect();
    let bias = biases(random, &fates, &greatest, &spans);
    for (span, &bias) in spans.iter_mut().zip(&bias) {
        *span = Span { lo: span.lo + f64::from(bias), hi: span.hi + f64::from(bias) };
    }
    let varied = spans.iter().zip(&fates).filter(|(_, fate)| **fate == Fate::Varied);
    let whole = Span::of(varied.flat_map(|(span, _)| [span.lo, span.hi]));
    let output = match given {
        Some(given) => Output::at(random, given.zero_point),
        None => Output::draw(random, whole),
    };
    let limits: Vec<i64> = greatest.iter().zip(&bias).map(|(sum, &bias)| sum + i64::from(bias.abs())).collect();
    let requantizations = requantizations(random, &output, whole, &spans, &fates, &limits);
    let quantized = given.unwrap_or_else(|| Quantized { scale: scale(random), zero_point: output.zero_point });
    (make(&bias, requantizations), quantized)
}

/// Most layers have no channel that is constant. In the others, one channel in three is.
fn fates(random: &mut Random, outputs: usize) -> Vec<Fate> {
    if random.one_in(150) {
        return vec![Fate::Faint; outputs];
    }
    let some = random.one_in(3);
    let mut fate = || match some && random.one_in(3) {
        true => random.pick(&[Fate::Blank, Fate::Faint, Fate::Low, Fate::Low, Fate::High]),
        false => Fate::Varied,
    };
    let mut fates: Vec<Fate> = (0..outputs).map(|_| fate()).collect();
    // At least one channel tells something of the input.
    fates[random.size(0, outputs - 1)] = Fate::Varied;
    fates
}

fn weights(random: &mut Random, count: usize) -> Vec<i32> {
    let style = random.within(0, 4);
    let mut weight = || match style {
        0 => random.between(-127, 127),
        1 => (0..3).map(|_| random.between(-42, 42)).sum(),
        2 => random.between(-7, 7),
        3 if random.one_in(4) => random.between(-127, 127),
        3 => 0,
        _ => random.pick(&[-128, -127, 127, 127]),
    };
    (0..count).map(|_| weight() as i32).collect()
}

/// The biases of channels whose sums of products are at most `greatest` in magnitude, and lie in `spans` for the inputs.
/// In most layers they bring the sums near 0, as they do in networks that were trained.
fn biases(random: &mut Random, fates: &[Fate], greatest: &[i64], spans: &[Span]) -> Vec<i32> {
    let none = random.one_in(5);
    let mut bias = |channel: usize| match fates[channel] {
        Fate::Blank => random.sign() * random.magnitude(16),
        Fate::Low => -greatest[channel] - random.magnitude(8),
        Fate::High => greatest[channel] + random.magnitude(8),
        Fate::Varied | Fate::Faint if none => 0,
        Fate::Varied | Fate::Faint => -spans[channel].at(random.real(0.2, 0.8)).round() as i64,
    };
    // A sum of products has at most 27 bits, because MAC are few.
    (0..fates.len()).map(|channel| bias(channel) as i32).collect()
}

/// Factor 1, which leaves a sum of up to 30 bits as it is.
fn unit() -> AnyRequantization {
    let one = FixedMultiplier::new(MultiplierWidth::W32, 1 << 30, 1).expect("1 is a factor");
    let unit = Requantization::new(Rule::TfliteDouble, one, 0, Bounds::INT32).expect("the rule takes all factors");
    AnyRequantization::Fixed(unit)
}

fn span(sums: &[Array], outputs: usize, channel: usize) -> Span {
    let of_channel = |array| Array::data(array).iter().skip(channel).step_by(outputs);
    Span::of(sums.iter().flat_map(of_channel).map(|&sum| sum.into()))
}

/// One factor for all channels, or one for each. `limits` are the greatest magnitudes of sums.
fn requantizations(
    random: &mut Random,
    output: &Output,
    whole: Span,
    spans: &[Span],
    fates: &[Fate],
    limits: &[i64],
) -> Vec<AnyRequantization> {
    const FAINT: f64 = 1e-11;
    let all_faint = fates.iter().all(|&fate| fate == Fate::Faint);
    if random.one_in(3) {
        let factor = if all_faint { FAINT } else { output.factor(whole) };
        return vec![requantization(output, factor, limits.iter().copied().max().unwrap_or(0))];
    }
    let mut of_channel = |channel: usize| {
        let factor = match fates[channel] {
            Fate::Varied | Fate::Blank => output.factor(spans[channel]) * random.real(0.5, 1.5),
            Fate::Faint => FAINT,
            Fate::Low | Fate::High => output.factor(whole),
        };
        requantization(output, factor, limits[channel])
    };
    (0..spans.len()).map(&mut of_channel).collect()
}

/// The requantization by `factor`, or by the half, the fourth and so on of it if the rule is not defined for sums up to
/// `limit` else.
pub(super) fn requantization(output: &Output, factor: f64, limit: i64) -> AnyRequantization {
    let multiplier = quantize_multiplier(factor, MultiplierWidth::W32).expect("spans of integers give small factors");
    let requantization = Requantization::new(Rule::TfliteDouble, multiplier, output.zero_point.into(), output.bounds);
    let requantization = requantization.expect("the rule takes all factors");
    match [-limit, limit].iter().all(|&sum| requantization.check_accumulator(sum).is_ok()) {
        true => AnyRequantization::Fixed(requantization),
        false => self::requantization(output, factor / 2.0, limit),
    }
}
