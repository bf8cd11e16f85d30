//! A product in LUTs alone, for an array with more elements than the device has multipliers.
//!
//! `b` is recoded in digits of radix 4 with the values -1, 0, 1 and 2. Let `s = 1 + 4 + 16 + ...`, with one term for
//! each digit but the top one, and `c = b + s`. Each of these digits of `b` is the digit of `c` at its place, less 1,
//! so that one short addition makes all digits. The top digit, from -2 to 2, is what is left of `c`. A digit selects a
//! row: `-a`, 0, `a` or `2a`. Each bit of a row depends on two bits of `a` and two bits of `c`, and so is one LUT with
//! four inputs. The rows are summed in a tree. A row `-a` is written as the complement of `a`, and the 1 that it lacks
//! stands in the low bits that the next row leaves free.

use crate::exact::{Int, Range, Rank};

/// `a * b` without a multiplier. The first rank stands behind the recoded operand, the second before the last two
/// additions, whose carries run side by side, and the third behind the product. The second rank gains most. A rank that
/// is not registered costs nothing.
///
/// The operand that needs fewer rows is recoded.
#[track_caller]
pub fn product_in_luts<'k>(a: Int<'k>, b: Int<'k>, ranks: [Rank<'k>; 3]) -> Int<'k> {
    let (a, b) = if digits(a.range()) < digits(b.range()) { (b, a) } else { (a, b) };
    let (c, a_behind) = (ranks[0].pass("recoded", recode(b)), ranks[0].pass("multiplicand", a));
    product_of_recoded(a_behind, c, b.range(), [ranks[1], ranks[2]])
}

/// `b` recoded for [`product_of_recoded`]: at most one bit wider than `b`.
#[track_caller]
fn recode(b: Int<'_>) -> Int<'_> {
    (b + offset(digits(b.range()))).named("recoded")
}

/// `a * b`, where `c` is `b` recoded and `range` is the range of `b`. The ranks are the last two ranks of
/// [`product_in_luts`].
#[track_caller]
fn product_of_recoded<'k>(a: Int<'k>, c: Int<'k>, range: Range, ranks: [Rank<'k>; 2]) -> Int<'k> {
    let top = digits(range) - 1;
    let lower = |i| {
        let (low, high) = (c.bit(2 * i), c.bit(2 * i + 1));
        let row = |v| multiple(a, v, Range::new(-1, 2));
        let bits = high.mux(low.mux(row(2), row(1)), low.mux(row(0), row(-1)));
        Sum { value: signed(bits, a, Range::new(-1, 2)), carry: !(low | high), rows: 1 }
    };
    let mut rows: Vec<Sum<'k>> = (0..top).map(lower).collect();
    rows.push(top_row(a, c >> (2 * top)));
    let (below, above) = rows.split_at(split(rows.len()));
    let pass = |name: &str, sum: Sum<'k>| Sum {
        value: ranks[0].pass(name, sum.value),
        carry: ranks[0].pass(&format!("{name}_lack"), sum.carry),
        ..sum
    };
    let above = complete(pass("upper_rows", tree(above)));
    let sum = match below {
        [] => above,
        _ => join(pass("lower_rows", tree(below)), Sum { value: above, carry: a.lit(0), rows: 1 }).value,
    };
    ranks[1].pass("product", sum.bounded(a.range() * range, "it is the product of the operands").named("product"))
}

/// A sum of rows: `value + carry * 4^(rows - 1)`, where `carry` is one bit.
#[derive(Debug, Clone, Copy)]
struct Sum<'k> {
    value: Int<'k>,
    carry: Int<'k>,
    rows: u32,
}

/// Number of digits of an operand: the fewest with which the top digit is within -2..=2.
fn digits(b: Range) -> u32 {
    let top = |n: u32, v: i128| (v + offset(n)) >> (2 * (n - 1));
    (1..60).find(|&n| top(n, b.lo()) >= -2 && top(n, b.hi()) <= 2).unwrap_or(60)
}

/// The number `s` of `n` digits: a 1 at each digit but the top one.
fn offset(n: u32) -> i128 {
    ((1 << (2 * (n - 1))) - 1) / 3
}

/// The number of rows in the lower part of a tree of `n` rows, which is a power of two.
fn split(n: usize) -> usize {
    if n < 2 { 0 } else { n.next_power_of_two() / 2 }
}

/// The bits of `v * a`, or of `v * a - 1` where `v` is negative. There are as many bits as hold the result for every
/// `v` of `of`.
#[track_caller]
fn multiple<'k>(a: Int<'k>, v: i128, of: Range) -> Int<'k> {
    let width = row_range(a, of).width();
    let bits = (a * v.abs()).bits(0, width);
    if v < 0 { bits ^ a.lit(Range::unsigned(width).hi()) } else { bits }
}

/// The values that [`multiple`] can have.
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
    Sum { value: signed(bits, a, of), carry: digit.is_negative(), rows: 1 }
}

/// The sum of at least one row, in which each row counts four times as much as the row before.
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

/// The sum of `low` and of `high` above it. The 1 that `low` lacks is put into two bits that `high` leaves free. The
/// bits of `low` below them are bits of the sum as they are.
#[track_caller]
fn join<'k>(low: Sum<'k>, high: Sum<'k>) -> Sum<'k> {
    let done = 2 * (low.rows - 1);
    let sum = (low.value >> done) + high.value.concat(low.carry, 2);
    Sum { value: above(sum, low.value, done), carry: high.carry, rows: low.rows + high.rows }
}

/// A sum that is complete.
#[track_caller]
fn complete<'k>(sum: Sum<'k>) -> Int<'k> {
    let done = 2 * (sum.rows - 1);
    above((sum.value >> done) + sum.carry, sum.value, done)
}

/// The concatenation of `upper` and the low `n` bits of `lower`.
#[track_caller]
fn above<'k>(upper: Int<'k>, lower: Int<'k>, n: u32) -> Int<'k> {
    if n == 0 { upper } else { upper.concat(lower.bits(0, n), n) }
}
