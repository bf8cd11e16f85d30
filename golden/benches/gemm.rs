//! Multiply-accumulates a second on one core: the obvious loop, and the fast path that equals it.

use divan::Bencher;
use divan::counter::ItemsCount;
use qrtl_golden::gemm::{Matrix, Operand, gemm, gemm_fast};
use qrtl_golden::random::Random;
use qrtl_golden::{Bounds, Error, Requantization, Rule, Scale};

fn main() {
    divan::main();
}

/// Side of the square matrices.
const N: usize = 256;

type Product = fn(Operand<'_>, Operand<'_>, &[i32], &[Requantization]) -> Result<Matrix, Error>;

fn bench(bencher: Bencher<'_, '_>, product: Product) {
    let mut random = Random::new(1);
    let mut matrix = || {
        let data = (0..N * N).map(|_| random.within(-128, 127) as i32).collect();
        Matrix::new("matrix", N, N, data).expect("256 x 256 elements")
    };
    let (a, b) = (matrix(), matrix());
    let scale = Scale::new(qrtl_golden::MultiplierWidth::W32, 1_518_500_250, -9).expect("a scale");
    let scales = [Requantization::new(Rule::TfliteDouble, scale, 3, Bounds::INT8).expect("a requantization")];
    let operand = |matrix, zero_point| Operand { matrix, zero_point };
    bencher.counter(ItemsCount::new(N * N * N)).bench(|| product(operand(&a, -5), operand(&b, 0), &[7; N], &scales));
}

#[divan::bench]
fn fully_connected_256_obvious(bencher: Bencher<'_, '_>) {
    bench(bencher, gemm);
}

#[divan::bench]
fn fully_connected_256_fast(bencher: Bencher<'_, '_>) {
    bench(bencher, gemm_fast);
}
