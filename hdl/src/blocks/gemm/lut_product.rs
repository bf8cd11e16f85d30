//! A product in LUTs alone, for an array with more elements than the device has multipliers.
//!
//! `b` is recoded in digits of radix 4 that are -1, 0, 1 or 2: with `s = 1 + 4 + 16 + ...`, one for each digit but the top,
//! the digits of `b` are those of `c = b + s` less 1, so that one short addition makes all of them. A digit selects a row,
//! `-a`, 0, `a` or `2a`, of which each bit depends on two bits of `a` and two of `c`: one LUT of four inputs. The top
//! digit is what is left of `c`, -2 to 2. Rows are summed in a tree; `-a` is written as its complement, and the 1 that it
//! lacks stands in the low bits that the next row leaves free.

use crate::exact::{Int, Range, Rank};

/// `a * b` without a multiplier. The ranks stand behind the recoded operand, before the last two additions, whose carries
/// run side by side, and behind the product; the second gains most. One that is not registered costs nothing.
///
/// The operand that needs fewer rows is recoded.
#[track_caller]
pub fn product_in_luts<'k>(a: Int<'k>, b: Int<'k>, ranks: [Rank<'k>; 3]) -> Int<'k> {
    let (a, b) = if digits(a.range()) < digits(b.range()) { (b, a) } else { (a, b) };
    let (c, a_behind) = (ranks[0].pass("recoded", recode(b)), ranks[0].pass("multiplicand", a));
    product_of_recoded(a_behind, c, b.range(), [ranks[1], ranks[2]])
}

/// `b` as [`product_of_recoded`] wants it: a bit wider at most.
#[track_caller]
fn recode(b: Int<'_>) -> Int<'_> {
    (b + offset(digits(b.range()))).named("recoded")
}

/// `a * b`, of which `c` is `b` recoded and `range` the range of `b`; with the last two of the ranks of [`product_in_luts`].
#[track_caller]
fn product_of_recoded<'k>(a: Int<'k>, c: Int<'k>, range: Range, ranks: [Rank<'k>; 2]) -> Int<'k> {
    let top = digits(range) - 1;
    let lower = |i| {
        let (low, high) = (c.bit(2 * i), c.bit(2 * i + 1));
        let row = |v| multiple(a, v, Range::new(-1, 2));
        let bits = high.mux(low.mux(row(2), row(1)), low.mux(row(0), row(-1)));
        Sum { value: signed(bits, a, Range::new(-1, 2)), lacks: !(low | high), rows: 1 }
    };
    let mut rows: Vec<Sum<'k>> = (0..top).map(lower).collect();
    rows.push(top_row(a, c >> (2 * top)));
    let (below, above) = rows.split_at(split(rows.len()));
    let pass = |name: &str, sum: Sum<'k>| Sum {
        value: ranks[0].pass(name, sum.value),
        lacks: ranks[0].pass(&format!("{name}_lack"), sum.lacks),
        ..sum
    };
    let above = complete(pass("upper_rows", tree(above)));
    let sum = match below {
        [] => above,
        _ => join(pass("lower_rows", tree(below)), Sum { value: above, lacks: a.lit(0), rows: 1 }).value,
    };
    ranks[1].pass("product", sum.bounded(a.range() * range, "it is the product of the operands").named("product"))
}

/// Rows, added: `value + lacks * 4^(rows - 1)`, of which `lacks` is a bit.
#[derive(Debug, Clone, Copy)]
struct Sum<'k> {
    value: Int<'k>,
    lacks: Int<'k>,
    rows: u32,
}

/// Digits of an operand: as few as leave the top one within -2..=2.
fn digits(b: Range) -> u32 {
    let top = |n: u32, v: i128| (v + offset(n)) >> (2 * (n - 1));
    (1..60).find(|&n| top(n, b.lo()) >= -2 && top(n, b.hi()) <= 2).unwrap_or(60)
}

/// 1 for each of `n` digits but the top.
fn offset(n: u32) -> i128 {
    ((1 << (2 * (n - 1))) - 1) / 3
}

/// Where a tree of `n` rows is cut in two: the lower part is a power of two.
fn split(n: usize) -> usize {
    if n < 2 { 0 } else { n.next_power_of_two() / 2 }
}

/// The bits of `v * a`, or of `v * a - 1` where `v` is negative: as many as hold every `v` of `of`.
#[track_caller]
fn multiple<'k>(a: Int<'k>, v: i128, of: Range) -> Int<'k> {
    let width = row_range(a, of).width();
    let bits = (a * v.abs()).bits(0, width);
    if v < 0 { bits ^ a.lit(Range::unsigned(width).hi()) } else { bits }
}

/// What [`multiple`] can be.
fn row_range(a: Int<'_>, of: Range) -> Range {
    let all = a.range() * of;
    if of.lo() >= 0 {
        return all;
    }
    let complements = a.range() * Range::new(of.lo(), -1);
    Range::new(all.lo().min(complements.lo() - 1), all.hi())
}

#[track_caller]
fn signed<'k>(bits: Int<'k>, a: Int<'k>, of: Range) -> Int<'k> {
    if row_range(a, of).is_signed() { bits.as_signed() } else { bits }
}

/// The row of the top digit.
#[track_caller]
fn top_row<'k>(a: Int<'k>, digit: Int<'k>) -> Sum<'k> {
    let of = digit.range();
    let row = |v| multiple(a, v, of);
    let bits = (of.lo()..of.hi()).fold(row(of.hi()), |rest, v| digit.equals(v).mux(row(v), rest));
    Sum { value: signed(bits, a, of), lacks: digit.is_negative(), rows: 1 }
}

/// The sum of at least one row, each of which counts four times as much as the one before.
#[track_caller]
fn tree<'k>(rows: &[Sum<'k>]) -> Sum<'k> {
    match rows {
        [one] => *one,
        _ => {
            let (low, high) = rows.split_at(split(rows.len()));
            join(tree(low), tree(high))
        }
    }
}

/// `low` and `high` above it. What `low` lacks takes the place of two bits that `high` leaves free; the bits of `low` below
/// it are those of the sum.
#[track_caller]
fn join<'k>(low: Sum<'k>, high: Sum<'k>) -> Sum<'k> {
    let done = 2 * (low.rows - 1);
    let sum = (low.value >> done) + high.value.concat(low.lacks, 2);
    Sum { value: above(sum, low.value, done), lacks: high.lacks, rows: low.rows + high.rows }
}

/// A sum that lacks nothing.
#[track_caller]
fn complete<'k>(sum: Sum<'k>) -> Int<'k> {
    let done = 2 * (sum.rows - 1);
    above((sum.value >> done) + sum.lacks, sum.value, done)
}

/// `upper`, then the low `n` bits of `lower`.
#[track_caller]
fn above<'k>(upper: Int<'k>, lower: Int<'k>, n: u32) -> Int<'k> {
    if n == 0 { upper } else { upper.concat(lower.bits(0, n), n) }
}
