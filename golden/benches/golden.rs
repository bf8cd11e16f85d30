//! Multiply-accumulates a second on one core: the obvious loops, and the fast paths that equal them.

use divan::Bencher;
use divan::counter::ItemsCount;
use qrtl_golden::gemm::{self, Matrix, gemm, gemm_fast};
use qrtl_golden::operators::{Array, Axis, Operand, Window, conv2d, conv2d_fast, depthwise_conv2d};
use qrtl_golden::{Bounds, Error, FixedMultiplier, MultiplierWidth, Requantization, Rule};
use qrtl_random::Random;

fn main() {
    divan::main();
}

fn int8(random: &mut Random, count: usize) -> Vec<i32> {
    (0..count).map(|_| random.within(-128, 127) as i32).collect()
}

/// Like a layer's: a factor below 1, no clamp beyond int8.
fn requantizations() -> [Requantization; 1] {
    let factor = FixedMultiplier::new(MultiplierWidth::W32, 1_518_500_250, -9).expect("a factor");
    [Requantization::new(Rule::TfliteDouble, factor, 3, Bounds::INT8).expect("a requantization")]
}

mod fully_connected_256 {
    use super::*;

    /// Side of the square matrices.
    const N: usize = 256;

    type Product = fn(gemm::Operand<'_>, gemm::Operand<'_>, &[i32], &[Requantization]) -> Result<Matrix, Error>;

    fn bench(bencher: Bencher<'_, '_>, product: Product) {
        let mut random = Random::new(1);
        let [a, b] =
            [(); 2].map(|()| Matrix::new("matrix", N, N, int8(&mut random, N * N)).expect("256 x 256 elements"));
        let operand = |matrix, zero_point| gemm::Operand { matrix, zero_point };
        let requantizations = requantizations();
        bencher
            .counter(ItemsCount::new(N * N * N))
            .bench(|| product(operand(&a, -5), operand(&b, 0), &[7; N], &requantizations));
    }

    #[divan::bench]
    fn obvious(bencher: Bencher<'_, '_>) {
        bench(bencher, gemm);
    }

    #[divan::bench]
    fn fast(bencher: Bencher<'_, '_>) {
        bench(bencher, gemm_fast);
    }
}

/// Layers of the size of person_detect's (MobileNet 0.25, 96 x 96): side of the image, channels in and out.
mod convolution {
    use super::*;

    type Conv = fn(Operand<'_>, Operand<'_>, &[i32], &Window, &[Requantization]) -> Result<Array, Error>;

    /// First layer, and three of the pointwise ones: height and width, channels, outputs, filter, stride.
    const LAYERS: [[usize; 5]; 4] = [[96, 1, 8, 3, 2], [48, 8, 16, 1, 1], [12, 64, 64, 1, 1], [3, 256, 256, 1, 1]];

    fn bench(
        bencher: Bencher<'_, '_>,
        conv: Conv,
        weights: [usize; 4],
        [side, channels, outputs, filter, stride]: [usize; 5],
    ) {
        let mut random = Random::new(1);
        let mut array = |shape: [usize; 4]| {
            Array::new("array", shape.to_vec(), int8(&mut random, shape.iter().product())).expect("as many elements")
        };
        let (input, weights) = (array([1, side, side, channels]), array(weights));
        let axis = Axis::same(side, filter, stride, 1);
        let window = Window { rows: axis, cols: axis };
        let (requantizations, bias) = (requantizations(), vec![7; outputs]);
        let operand = |array, zero_point| Operand { array, zero_point };
        let terms = weights.data().len() / outputs;
        bencher
            .counter(ItemsCount::new(side.div_ceil(stride).pow(2) * outputs * terms))
            .bench(|| conv(operand(&input, -5), operand(&weights, 0), &bias, &window, &requantizations));
    }

    #[divan::bench(args = LAYERS)]
    fn obvious(bencher: Bencher<'_, '_>, layer: [usize; 5]) {
        bench(bencher, conv2d, [layer[2], layer[3], layer[3], layer[1]], layer);
    }

    #[divan::bench(args = LAYERS)]
    fn fast(bencher: Bencher<'_, '_>, layer: [usize; 5]) {
        bench(bencher, conv2d_fast, [layer[2], layer[3], layer[3], layer[1]], layer);
    }

    #[divan::bench(args = [[48, 8, 8, 3, 1], [6, 128, 128, 3, 1]])]
    fn depthwise(bencher: Bencher<'_, '_>, layer: [usize; 5]) {
        bench(bencher, depthwise_conv2d, [1, layer[3], layer[3], layer[2]], layer);
    }
}
