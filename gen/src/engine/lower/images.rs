//! What golden makes of every value of an operator's inputs, and tables that make the same of them.

use anyhow::{Context, Result, bail, ensure};
use qrtl_golden::Bounds;
use qrtl_golden::graph::{Graph, Step, Tensor, Value};
use qrtl_golden::operators::{Array, Table};
use qrtl_hdl::blocks::engine::EngineRule;
use qrtl_hdl::blocks::engine::config::TABLE_VALUE;
use qrtl_hdl::blocks::engine::instruction::Instruction;

use super::Lowering;
use super::exact::{Ends, first};
use super::scale::{Channel, Factor, Scale};
use crate::engine::layout::Place;
use crate::engine::plan::Plan;

/// Number of values of an input.
const VALUES: usize = 256;

/// Places that are behind the point in an entry of a table, at most: a result has 8 bits, and an entry 29.
const MOST_PLACES: i32 = 20;

/// Beyond any sum, and far from an overflow.
const FAR: i64 = 1 << 40;

/// Golden's results of an operator, for all values of its inputs: of the first one row by row, of the second one within.
fn images(plan: &Plan<'_>, step: &Step) -> Result<Vec<i32>> {
    let count = VALUES.pow(step.inputs.len() as u32);
    let value = |digit: u32| move |n: usize| (n / VALUES.pow(digit) % VALUES) as i32 - 128;
    let array = |digit| Array::new("input", vec![1, count], (0..count).map(value(digit)).collect());
    let like = |tensor: usize, constant: Option<Array>| Tensor {
        shape: vec![1, count],
        constant: constant.map(Value::Integer),
        ..plan.graph.tensors[tensor].clone()
    };
    let digits = (0..step.inputs.len() as u32).rev();
    let inputs = step.inputs.iter().zip(digits).map(|(&tensor, digit)| Ok(like(tensor, Some(array(digit)?))));
    let mut tensors = inputs.collect::<Result<Vec<Tensor>>>()?;
    tensors.push(like(step.output, None));
    let output = tensors.len() - 1;
    let step = Step { inputs: (0..output).collect(), output, ..step.clone() };
    let (steps, inputs, outputs) = (vec![step], vec![0], vec![output]);
    let graph = Graph { tensors, steps, inputs, outputs, variables: Vec::new() };
    match graph.run(&Value::Integer(array(graph.steps[0].inputs.len() as u32 - 1)?))?.pop() {
        Some(Value::Integer(array)) => Ok(array.data().to_vec()),
        _ => bail!("gives no integers"),
    }
}

impl Lowering<'_> {
    /// A function of one value.
    pub(super) fn function(&mut self, plan: &Plan<'_>, step: &Step, input: &Place, output: &Place) -> Result<()> {
        let entries: Vec<i8> = images(plan, step)?.into_iter().map(i8::try_from).collect::<Result<_, _>>()?;
        let entries: Table = entries[..].try_into()?;
        self.table(&entries, input, output)
    }

    /// A function of two values that is nearly the sum of a function of either: two tables and one requantization, which give
    /// golden's result for each of the 65,536 pairs.
    pub(super) fn pairs(&mut self, plan: &Plan<'_>, step: &Step, inputs: [&Place; 2], output: &Place) -> Result<()> {
        ensure!(self.config.tables, "needs a table, and the engine has none");
        let wanted = images(plan, step)?;
        let quantized = |tensor: usize| plan.graph.tensors[tensor].quantization.context("has a tensor without a scale");
        let to = quantized(step.output)?;
        let term = |n: usize| -> Result<Vec<f64>> {
            let from = quantized(step.inputs[n])?;
            let slope = f64::from(from.scale) / f64::from(to.scale) * if falls(&wanted, n) { -1.0 } else { 1.0 };
            Ok((-128..=127).map(|x: i32| slope * f64::from(x - from.zero_point)).collect())
        };
        // What golden clamps is the least or the greatest of its results.
        let [least, greatest] = [wanted.iter().min(), wanted.iter().max()].map(|y| y.map_or(0, |&y| y.into()));
        let ends =
            Ends { rule: self.config.rule, zero_point: to.zero_point.into(), bounds: Bounds::new(least, greatest)? };
        let found = Pairs::new(&[term(0)?, term(1)?], ends)?.fitted(&wanted)?;
        self.load_table(&found.terms.concat(), false)?;
        let channel = Channel { bias: 0, factor: found.factor };
        let scale = Scale { channels: vec![channel], zero_point: ends.zero_point, bounds: ends.bounds };
        self.each_word(&inputs, Instruction { table: 1, ..Instruction::default() }, &scale, output)
    }
}

/// Whether results fall as input `n` grows.
fn falls(wanted: &[i32], n: usize) -> bool {
    let last = VALUES - 1;
    let line = |m: usize| [0, last].map(|x| if n == 0 { wanted[x * VALUES + m] } else { wanted[m * VALUES + x] });
    (0..VALUES).map(line).map(|[low, high]| high - low).sum::<i32>() < 0
}

/// Two tables, and the factor for sums of their entries.
struct Pairs {
    terms: [Vec<i32>; 2],
    factor: Factor,
    /// the least sum that gives each result from -127 on; results begin at -128
    least: Vec<i64>,
    limit: i64,
}

impl Pairs {
    /// Tables of these real terms, rounded to as many places as they have room for.
    fn new(terms: &[Vec<f64>; 2], ends: Ends) -> Result<Pairs> {
        // A float holds sums of two such entries.
        let limit = match ends.rule {
            EngineRule::TfliteDouble | EngineRule::Single => TABLE_VALUE.hi() as i64,
            EngineRule::F32Even => 1 << 23,
        };
        let greatest = terms.iter().flatten().fold(1.0, |most: f64, term| most.max(term.abs()));
        let places = ((limit as f64 / greatest).log2().floor() as i32).min(MOST_PLACES);
        ensure!(places > 0, "has terms up to {greatest:.0} steps of its result: too many");
        let factor = match ends.rule {
            EngineRule::TfliteDouble | EngineRule::Single => Factor::Fixed { multiplier: 1 << (31 - places), shift: 0 },
            EngineRule::F32Even => Factor::Float((-places as f32).exp2().to_bits()),
        };
        let rounded = |terms: &Vec<f64>| terms.iter().map(|x| (x * f64::from(places).exp2()).round() as i32).collect();
        let reaches =
            |y: i64| first(-2 * limit, 2 * limit, |sum| factor.requantize(ends, sum).is_ok_and(|got| got >= y));
        let least = |y| if y <= ends.bounds.min() { -FAR } else { reaches(y).unwrap_or(FAR) };
        let least = (-127..=127).map(least).collect();
        Ok(Pairs { terms: [rounded(&terms[0]), rounded(&terms[1])], factor, least, limit })
    }

    /// The sums that give a result.
    fn sums(&self, y: i32) -> [i64; 2] {
        let at = |y: i32| usize::try_from(y + 127).ok().and_then(|n| self.least.get(n).copied());
        [at(y).unwrap_or(-FAR), at(y + 1).map_or(FAR, |above| above - 1)]
    }

    /// The tables that give these results, near the tables that are there, which mostly stay as they are.
    ///
    /// Each pair of entries has a least and a greatest sum. So with the second table negated, the entries are numbers whose
    /// differences have bounds. They are lowered, where a bound asks for it, until all bounds hold (Bellman and Ford); that
    /// takes no more rounds than there are entries, or there are no such tables.
    fn fitted(mut self, wanted: &[i32]) -> Result<Pairs> {
        let bounds: Vec<[i64; 2]> = wanted.iter().map(|&y| self.sums(y)).collect();
        let [mut a, mut b] = self.terms.clone().map(|terms| terms.into_iter().map(i64::from).collect::<Vec<_>>());
        b.iter_mut().for_each(|entry| *entry = -*entry);
        for _ in 0..=2 * VALUES {
            let mut changed = false;
            for (x, row) in bounds.chunks(VALUES).enumerate() {
                let most = row.iter().zip(&b).map(|([_, greatest], b)| b + greatest).min().unwrap_or(a[x]);
                changed |= most < a[x];
                a[x] = a[x].min(most);
                for (b, [least, _]) in b.iter_mut().zip(row) {
                    let most = a[x] - least;
                    changed |= most < *b;
                    *b = most.min(*b);
                }
            }
            if !changed {
                b.iter_mut().for_each(|entry| *entry = -*entry);
                let fits = a.iter().chain(&b).all(|entry| entry.abs() <= self.limit);
                ensure!(fits, "has tables whose entries are beyond {}", self.limit);
                self.terms = [a, b].map(|entries| entries.into_iter().map(|entry| entry as i32).collect());
                return Ok(self);
            }
        }
        bail!("is no sum of two tables that the engine rounds as the runtime does")
    }
}

#[cfg(test)]
mod tests {
    use qrtl_random::Random;

    use super::*;

    const RULES: [EngineRule; 3] = [EngineRule::TfliteDouble, EngineRule::Single, EngineRule::F32Even];

    /// The results of a sum of terms, whose ties go up, in doubles.
    fn rounded(terms: &[Vec<f64>; 2], zero_point: i64, bounds: Bounds) -> Vec<i32> {
        let [a, b] = terms;
        let pairs = a.iter().flat_map(|x| b.iter().map(move |y| (x + y + 0.5).floor() as i64 + zero_point));
        pairs.map(|y| y.clamp(bounds.min(), bounds.max()) as i32).collect()
    }

    fn terms(slopes: [f64; 2], zero_points: [i32; 2]) -> [Vec<f64>; 2] {
        [0, 1].map(|n| (-128..=127).map(|x| slopes[n] * f64::from(x - zero_points[n])).collect())
    }

    fn engine(pairs: &Pairs, ends: Ends) -> Vec<i32> {
        let [a, b] = &pairs.terms;
        let sums = a.iter().flat_map(|x| b.iter().map(move |y| i64::from(*x) + i64::from(*y)));
        sums.map(|sum| pairs.factor.requantize(ends, sum).unwrap() as i32).collect()
    }

    /// All pairs of random sums and differences, among them sums of equal scales with their many ties. Tables that are
    /// only rounded are wrong for some of them.
    #[test]
    fn tables_give_all_pairs() {
        let mut random = Random::new(5);
        let mut mended = [0; 3];
        for n in 0..40 {
            let any = random.real(0.01, 4.0);
            let slope = random.pick(&[0.5, 1.0, 0.25, 0.8, any, any]);
            let other = if random.one_in(3) { slope } else { random.real(0.01, 2.0) };
            let slopes = [slope, if n % 2 == 0 { other } else { -other }];
            let [za, zb, zo] = [0; 3].map(|_| random.corner(-128, 127) as i32);
            let terms = terms(slopes, [za, zb]);
            let bounds = Bounds::new(-100, 127).unwrap();
            let wanted = rounded(&terms, zo.into(), bounds);
            for (rule, mended) in RULES.into_iter().zip(&mut mended) {
                let ends = Ends { rule, zero_point: zo.into(), bounds };
                let plain = Pairs::new(&terms, ends).unwrap();
                *mended += usize::from(engine(&plain, ends) != wanted);
                let fitted = plain.fitted(&wanted).unwrap_or_else(|e| panic!("{slopes:?}, {rule}: {e}"));
                assert!(engine(&fitted, ends) == wanted, "{slopes:?}, {rule}");
            }
        }
        println!("{mended:?} of 40 had to be mended");
        assert!(mended.iter().all(|&mended| mended > 0), "{mended:?}");
    }

    /// A product is no sum: no tables have it.
    #[test]
    fn what_is_no_sum_is_refused() {
        let terms = terms([0.1, 0.1], [0, 0]);
        let product = (-128..=127).flat_map(|x: i32| (-128..=127).map(move |y| x * y / 128)).collect::<Vec<_>>();
        for rule in RULES {
            let ends = Ends { rule, zero_point: 0, bounds: Bounds::INT8 };
            let error = Pairs::new(&terms, ends).unwrap().fitted(&product).err().unwrap();
            assert_eq!(error.to_string(), "is no sum of two tables that the engine rounds as the runtime does");
        }
    }
}
