//! Zero point, bounds and factor of an output, such that its elements are spread over the integers of 8 bits.

use qrtl_golden::Bounds;
use qrtl_golden::graph::Quantized;
use qrtl_random::Random;

/// Least and greatest number of a set, before it is scaled and the zero point is added.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) lo: f64,
    pub(super) hi: f64,
}

impl Span {
    /// The number at this share of the way from the least to the greatest.
    pub(super) fn at(self, share: f64) -> f64 {
        self.lo + share * (self.hi - self.lo)
    }

    /// The span of these numbers; of none, the number 0.
    pub(super) fn of(numbers: impl IntoIterator<Item = f64>) -> Span {
        let wider = |span: Span, x: f64| Span { lo: span.lo.min(x), hi: span.hi.max(x) };
        numbers
            .into_iter()
            .map(|x| Span { lo: x, hi: x })
            .reduce(|a, b| wider(wider(a, b.lo), b.hi))
            .unwrap_or(Span { lo: 0.0, hi: 0.0 })
    }
}

/// Zero point and bounds of an output.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    pub(super) zero_point: i32,
    pub(super) bounds: Bounds,
    /// how much greater its numbers are than those that fit
    strain: f64,
}

impl Output {
    /// An output for numbers of this span. One in ten saturates at most of its numbers, or uses few integers.
    pub(super) fn draw(random: &mut Random, span: Span) -> Output {
        let zero_point = match random.within(0, 5) {
            0..=2 => fitting_zero_point(span),
            3 => -128,
            4 => random.between(-128, 127) as i32,
            _ => random.corner(-128, 127) as i32,
        };
        // A zero point that leaves no room for any number would make the output constant.
        let blocked = Output::plain(zero_point).fitting(span).is_none() && !random.one_in(8);
        Output::at(random, if blocked { fitting_zero_point(span) } else { zero_point })
    }

    /// An output whose zero point is decided.
    pub(super) fn at(random: &mut Random, zero_point: i32) -> Output {
        let strain = if random.one_in(10) { random.pick(&[1.0 / 64.0, 1.0 / 8.0, 8.0, 64.0]) } else { 1.0 };
        Output { zero_point, bounds: bounds(random, zero_point), strain }
    }

    /// An output of this zero point that takes all numbers as they are.
    pub(super) fn plain(zero_point: i32) -> Output {
        Output { zero_point, bounds: Bounds::INT8, strain: 1.0 }
    }

    /// The factor from numbers of this span to integers.
    pub(super) fn factor(&self, span: Span) -> f64 {
        self.strain * self.fitting(span).unwrap_or(64.0 / span.hi.max(-span.lo).max(1.0))
    }

    /// The greatest factor by which the numbers of this span fit on both sides of the zero point. A side on which it
    /// leaves little room does not count. `None` if all numbers are 0, or on such a side.
    fn fitting(&self, span: Span) -> Option<f64> {
        const LITTLE: i32 = 32;
        let sides = [(127 - self.zero_point, span.hi), (self.zero_point + 128, -span.lo)];
        let used = sides.into_iter().filter(|&(room, extent)| room >= LITTLE && extent > 0.0);
        used.map(|(room, extent)| f64::from(room) / extent).reduce(f64::min)
    }

    /// Scale and zero point for real numbers of this span. Scales of all tensors are less than 2^30 apart, as ADD and
    /// QUANTIZE demand.
    pub(super) fn quantized(&self, span: Span) -> Quantized {
        const LEAST: f64 = 1.0 / (1 << 20) as f64;
        const GREATEST: f64 = 512.0;
        Quantized { scale: (1.0 / self.factor(span)).clamp(LEAST, GREATEST) as f32, zero_point: self.zero_point }
    }
}

/// The zero point at which numbers of this span use all integers.
fn fitting_zero_point(Span { lo, hi }: Span) -> i32 {
    let (lo, hi) = (lo.min(0.0), hi.max(0.0));
    if lo == hi { 0 } else { (-128.0 - lo * 255.0 / (hi - lo)).round() as i32 }
}

/// The bounds of no activation function, of RELU, or of one that has an upper bound like RELU6. An activation function
/// that leaves few integers is rare.
pub(super) fn bounds(random: &mut Random, zero_point: i32) -> Bounds {
    let few = zero_point > 64 && !random.one_in(8);
    match random.within(0, 3) {
        _ if few => Bounds::INT8,
        0 => relu_bounds(zero_point),
        1 => relu6_bounds(random, zero_point),
        _ => Bounds::INT8,
    }
}

/// The bounds of RELU.
pub(super) fn relu_bounds(zero_point: i32) -> Bounds {
    Bounds::new(zero_point.into(), 127).expect("a zero point is at most 127")
}

/// The bounds of RELU6 at some scale.
pub(super) fn relu6_bounds(random: &mut Random, zero_point: i32) -> Bounds {
    let zero = i64::from(zero_point);
    Bounds::new(zero, random.between((zero + 1).min(127), 127)).expect("a zero point is at most 127")
}

/// A scale that does not follow from the integers: the scale of the input, or of the output of a layer with weights, whose
/// factors are drawn instead of the scales of its weights.
pub(super) fn scale(random: &mut Random) -> f32 {
    let exponent = random.between(-10, -4) as i32;
    (random.real(1.0, 2.0) * 2f64.powi(exponent)) as f32
}
