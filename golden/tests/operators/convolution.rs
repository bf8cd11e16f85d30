//! Convolutions against the definition: padded arrays, all index arithmetic in i128, small random shapes.

use qrtl_golden::Error;
use qrtl_golden::numerics::requantizer::Requantize;
use qrtl_golden::operators::{Array, Axis, Operand, Window, conv2d, depthwise_conv2d};
use qrtl_random::Random;

use crate::seeded::seeded;

/// Keeps the sum, and tells channels apart.
struct Plain(i128);

impl Requantize for Plain {
    fn requantize_sum(&self, acc: i128) -> Result<i32, Error> {
        Ok(i32::try_from(acc * 2 + self.0).unwrap())
    }
}

fn number(random: &mut Random, lo: i128, hi: i128) -> usize {
    random.within(lo, hi) as usize
}

fn array(random: &mut Random, shape: &[usize]) -> Array {
    let data = (0..shape.iter().product()).map(|_| random.corner(-128, 127) as i32).collect();
    Array::new("test", shape.to_vec(), data).unwrap()
}

/// At 4 indices, any of which may be outside: there the value is `outside`.
fn at(a: &Array, index: [i128; 4], outside: i32) -> i128 {
    let mut flat = 0;
    for (i, &size) in index.into_iter().zip(a.shape()) {
        if !(0..size as i128).contains(&i) {
            return outside.into();
        }
        flat = flat * size + i as usize;
    }
    a.data()[flat].into()
}

struct Case {
    input: Array,
    weights: Array,
    zero_points: [i32; 2],
    bias: Vec<i32>,
    window: Window,
    scales: Vec<Plain>,
}

/// Sizes of an image that the window fits, with padding that may exceed the filter.
fn axis(random: &mut Random, filter: usize) -> (Axis, usize) {
    let [stride, dilation] = [(); 2].map(|()| number(random, 1, 3));
    let [before, after] = [(); 2].map(|()| number(random, 0, 3));
    let extent = (filter - 1) * dilation + 1;
    let least = extent.saturating_sub(before + after).max(1) as i128;
    (Axis { stride, dilation, before, after }, number(random, least, least + 4))
}

impl Case {
    /// `depthwise`, or with any number of groups.
    fn new(random: &mut Random, depthwise: bool) -> Case {
        let filter = [(); 2].map(|()| number(random, 1, 3));
        let ((rows, height), (cols, width)) = (axis(random, filter[0]), axis(random, filter[1]));
        let (batch, groups, each) = (number(random, 1, 2), number(random, 1, 3), number(random, 1, 3));
        let multiplier = number(random, 1, 3);
        let outputs = groups * multiplier;
        let channels = if depthwise { groups } else { groups * each };
        let shape = if depthwise { [1, filter[0], filter[1], outputs] } else { [outputs, filter[0], filter[1], each] };
        let scales = if random.one_in(2) { 1 } else { outputs };
        Case {
            input: array(random, &[batch, height, width, channels]),
            weights: array(random, &shape),
            zero_points: [(); 2].map(|()| random.corner(-128, 127) as i32),
            bias: (0..outputs).map(|_| random.within(-10_000, 10_000) as i32).collect(),
            window: Window { rows, cols },
            scales: (0..scales).map(|c| Plain(c as i128)).collect(),
        }
    }

    fn operands(&self) -> [Operand<'_>; 2] {
        let [zx, zw] = self.zero_points;
        [Operand { array: &self.input, zero_point: zx }, Operand { array: &self.weights, zero_point: zw }]
    }

    /// `terms(o)` are pairs of input channel and index into the weights without the place of the tap.
    fn expected(&self, shape: &[usize], terms: impl Fn(i128) -> Vec<(i128, [i128; 2])>, depthwise: bool) -> Vec<i32> {
        let (Window { rows, cols }, [zx, zw]) = (self.window, self.zero_points);
        let [kh, kw] = [self.weights.shape()[1], self.weights.shape()[2]].map(|n| n as i128);
        let sizes: Vec<i128> = shape.iter().map(|&n| n as i128).collect();
        let mut all = Vec::new();
        for flat in 0..sizes.iter().product() {
            let o = flat % sizes[3];
            let j = flat / sizes[3] % sizes[2];
            let i = flat / sizes[3] / sizes[2] % sizes[1];
            let n = flat / sizes[3] / sizes[2] / sizes[1];
            let mut acc = i128::from(self.bias[o as usize]);
            for (r, c) in (0..kh).flat_map(|r| (0..kw).map(move |c| (r, c))) {
                let y = i * rows.stride as i128 + r * rows.dilation as i128 - rows.before as i128;
                let x = j * cols.stride as i128 + c * cols.dilation as i128 - cols.before as i128;
                for (channel, [first, last]) in terms(o) {
                    let w = if depthwise { [0, r, c, last] } else { [first, r, c, last] };
                    // Padding with the zero point is the same as leaving taps out.
                    let term = at(&self.input, [n, y, x, channel], zx) - i128::from(zx);
                    acc += term * (at(&self.weights, w, 0) - i128::from(zw));
                }
            }
            let scale = if self.scales.len() == 1 { 0 } else { o };
            all.push((acc * 2 + scale) as i32);
        }
        all
    }

    /// Steps of the window until it leaves the padded image.
    fn size(axis: Axis, size: usize, filter: usize) -> usize {
        let padded = axis.before + size + axis.after;
        (0..).take_while(|i| i * axis.stride + (filter - 1) * axis.dilation < padded).count()
    }

    fn check(&self, got: &Array, terms: impl Fn(i128) -> Vec<(i128, [i128; 2])>, depthwise: bool) {
        let ([batch, height, width, _], w) =
            (<[usize; 4]>::try_from(self.input.shape()).unwrap(), self.weights.shape());
        let rows = Case::size(self.window.rows, height, w[1]);
        let cols = Case::size(self.window.cols, width, w[2]);
        assert_eq!(got.shape(), [batch, rows, cols, self.bias.len()]);
        assert_eq!(got.data(), self.expected(got.shape(), terms, depthwise), "{:?}", self.window);
    }
}

#[test]
fn convolution_equals_its_definition() {
    let mut random = seeded(3);
    for _ in 0..2000 {
        let case = Case::new(&mut random, false);
        let [x, w] = case.operands();
        let got = conv2d(x, w, &case.bias, &case.window, &case.scales).unwrap();
        let depth = case.weights.shape()[3] as i128;
        let groups = case.input.shape()[3] as i128 / depth;
        let per_group = case.bias.len() as i128 / groups;
        let terms = |o: i128| (0..depth).map(|d| (o / per_group * depth + d, [o, d])).collect();
        case.check(&got, terms, false);
    }
}

#[test]
fn depthwise_convolution_equals_its_definition() {
    let mut random = seeded(4);
    for _ in 0..2000 {
        let case = Case::new(&mut random, true);
        let [x, w] = case.operands();
        let got = depthwise_conv2d(x, w, &case.bias, &case.window, &case.scales).unwrap();
        let multiplier = case.bias.len() as i128 / case.input.shape()[3] as i128;
        case.check(&got, |o| vec![(o / multiplier, [0, o])], true);
    }
}

/// A depthwise convolution is a convolution with as many groups as channels.
#[test]
fn depthwise_is_grouped() {
    let mut random = seeded(5);
    for _ in 0..500 {
        let case = Case::new(&mut random, true);
        let &[_, rows, cols, outputs] = case.weights.shape() else { panic!() };
        let taps = rows * cols;
        let data = (0..outputs * taps).map(|i| case.weights.data()[i % taps * outputs + i / taps]).collect();
        let turned = Array::new("weights", vec![outputs, rows, cols, 1], data).unwrap();
        let [x, w] = case.operands();
        let expected = depthwise_conv2d(x, w, &case.bias, &case.window, &case.scales).unwrap();
        let got = conv2d(x, Operand { array: &turned, ..w }, &case.bias, &case.window, &case.scales).unwrap();
        assert_eq!(got, expected);
    }
}

/// `SAME` gives `ceil(size / stride)` outputs, and the greater half of the padding comes at the end.
#[test]
fn same_padding() {
    for (size, filter, stride, dilation) in
        (1..9).flat_map(|s| (1..5).flat_map(move |f| (1..4).flat_map(move |t| (1..3).map(move |d| (s, f, t, d)))))
    {
        let axis = Axis::same(size, filter, stride, dilation);
        assert_eq!(axis.outputs(size, filter).unwrap(), size.div_ceil(stride), "{axis:?}");
        assert!(axis.after == axis.before || axis.after == axis.before + 1, "{axis:?}");
    }
    assert_eq!(Axis::same(8, 3, 2, 1), Axis { stride: 2, dilation: 1, before: 0, after: 1 });
}
