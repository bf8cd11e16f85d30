//! Random products for the vectors of a GEMM block.

use qrtl_golden::gemm::Matrix;
use qrtl_hdl::blocks::float_requantizer::SCALE;
use qrtl_hdl::blocks::gemm::{Channel, Channels, GemmConfig, Operand};
use qrtl_hdl::exact::Range;
use qrtl_hdl::parameter::{Dimension, HardwareRule, Source};
use qrtl_random::Random;

use super::layer::{Layer, Output};

/// The dimensions of a product.
struct Size {
    m: usize,
    n: usize,
    k: usize,
}

/// A product. In one product of six, all elements of a matrix are at one end of their range and its zero point at the
/// other end, so that many terms fill the accumulator. A product that is long in one dimension has about `results`
/// results.
pub(super) fn draw(config: &GemmConfig, random: &mut Random, results: usize) -> Layer {
    let extreme = random.one_in(6);
    let Size { m, n, k } = size(config, random, results, extreme);
    let a = matrix(random, m, k, config.a.range(), extreme);
    let b = matrix(random, k, n, config.b.range(), extreme);
    let a_zero_point = zero_point(random, &config.left(), &a, extreme);
    let b_zero_point = zero_point(random, &config.right(), &b, extreme);
    let channels = match config.channels() {
        Channels::Same => vec![config.channel(0)],
        Channels::Table => (0..config.table_entries()).map(|c| config.channel(c)).collect(),
        Channels::Memory => (0..n).map(|_| channel(config, random, k)).collect(),
    };
    Layer { a, b, a_zero_point, b_zero_point, channels, output: output(config, random) }
}

/// M, N and K. They are small, so that many shapes are tried. Now and then one of them is the greatest that the block
/// takes, or the one with about `results` results.
fn size(config: &GemmConfig, random: &mut Random, results: usize, extreme: bool) -> Size {
    enum Long {
        M,
        N,
        K,
    }
    let long = if extreme && random.one_in(2) {
        Some(Long::K)
    } else {
        match random.within(0, 11) {
            0 => Some(Long::M),
            1 => Some(Long::N),
            2 => Some(Long::K),
            _ => None,
        }
    };
    let mut small = |dimension: Dimension, typical: usize| match dimension {
        Dimension::Fixed(n) => n,
        Dimension::UpTo(max) if long.is_some() => random.within(1, 4.min(max as i128)) as usize,
        Dimension::UpTo(max) => random.corner(1, typical.min(max) as i128) as usize,
    };
    let (m, n) = (small(config.m, 3 * config.rows), small(config.n, 3 * config.cols));
    let k = small(config.k, 40);
    let longest = |dimension: Dimension, limit: usize| match dimension {
        Dimension::Fixed(n) => n,
        Dimension::UpTo(max) => max.min(limit.max(1)),
    };
    match long {
        Some(Long::M) => Size { m: longest(config.m, results / n), n, k },
        Some(Long::N) => {
            let m = if let Dimension::Fixed(m) = config.m { m } else { 1 };
            Size { m, n: longest(config.n, results / m), k }
        }
        Some(Long::K) => Size { m, n, k: config.k.max() },
        None => Size { m, n, k },
    }
}

/// Elements of a matrix: all at one end of the range, or corners of the range, or random.
fn matrix(random: &mut Random, rows: usize, cols: usize, range: Range, extreme: bool) -> Matrix {
    let corners = random.one_in(8);
    let end = if random.one_in(2) { range.lo() } else { range.hi() };
    let mut element = || {
        if extreme {
            end
        } else if corners {
            random.corner(range.lo(), range.hi())
        } else {
            random.within(range.lo(), range.hi())
        }
    };
    let elements = (0..rows * cols).map(|_| element() as i32).collect();
    Matrix::new("matrix", rows, cols, elements).expect("sizes are at least 1")
}

/// A zero point. For an extreme matrix, it is the end of the range that its elements do not have.
fn zero_point(random: &mut Random, operand: &Operand, matrix: &Matrix, extreme: bool) -> i32 {
    let range = operand.zero_point_range();
    let low = i128::from(matrix.at(0, 0)) == operand.range.lo();
    let v = match (extreme, low) {
        (true, true) => range.hi(),
        (true, false) => range.lo(),
        (false, _) => random.corner(range.lo(), range.hi()),
    };
    v as i32
}

/// A channel whose factor brings sums of `k` products near the range of the output.
fn channel(config: &GemmConfig, random: &mut Random, k: usize) -> Channel {
    let acc = config.a.range().width() + config.b.range().width() + (usize::BITS - k.leading_zeros()) / 2;
    let middle = i128::from(config.output.range().width()) - i128::from(acc);
    let bias = random.corner(-(1 << 20), (1 << 20) - 1) as i64;
    let shift = random.within(middle - 3, middle + 3);
    if config.rule == HardwareRule::F32Even {
        return Channel { bias, multiplier: float(random, shift).to_bits().into(), shift: 0 };
    }
    let greatest = i128::from(config.multiplier_width.max());
    let multiplier = random.within(greatest / 2 + 1, greatest) as i64;
    Channel { bias, multiplier, shift: shift.clamp(-31, 0) as i64 }
}

/// A float32 from `2^(shift - 1)` to `2^shift`. In every second one, few bits are set, so that products are ties. One of 16
/// is any.
fn float(random: &mut Random, shift: i128) -> f32 {
    if random.one_in(16) {
        return f32::from_bits(random.within(1, SCALE.hi()) as u32);
    }
    let bits = if random.one_in(2) { 23 } else { 3 };
    let fraction = random.within(0, (1 << bits) - 1) << (23 - bits);
    let one_to_two = f32::from_bits(1f32.to_bits() | fraction as u32);
    one_to_two * (shift as f32 - 1.0).exp2()
}

/// The parameters that all channels share. Each parameter that is a port is drawn.
fn output(config: &GemmConfig, random: &mut Random) -> Output {
    let range = config.output.range();
    let mut shared = |source: &Source, usual: i128| match source {
        Source::Constant(v) => *v,
        _ if random.one_in(2) => usual as i64,
        _ => random.corner(range.lo(), range.hi()) as i64,
    };
    let (p, q) = (shared(&config.min, range.lo()), shared(&config.max, range.hi()));
    Output { zero_point: shared(&config.zero_point, 0), min: p.min(q), max: p.max(q) }
}
