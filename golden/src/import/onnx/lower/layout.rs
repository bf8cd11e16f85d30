//! Where the elements of a tensor of the model stand in the graph.
//!
//! ONNX has images as `[batch, channels, height, width]`, and the graph has them as `[batch, height, width, channels]`. A
//! tensor is therefore stored in another order than the model's. Transpose, Reshape and their like then move nothing: they
//! only change what is said of the order, and a layer behind them takes its weights in the order of what it reads.

/// The order in which the graph stores the elements of a tensor.
///
/// The number of elements is written as a product of factors, so that a number in mixed radix stands for the place of an
/// element in the model's order, the first factor slowest. The graph stores the same elements with the digits in another
/// order. In the one normal form there are no factors of 1, and no two that are neighbours in both orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    factors: Vec<usize>,
    /// the factors as the graph stores them, slowest first
    order: Vec<usize>,
}

/// A layout whose factors are cut finer, so that each size of some shape is a product of neighbours.
struct Refined {
    factors: Vec<usize>,
    order: Vec<usize>,
    /// the factors of each size
    groups: Vec<std::ops::Range<usize>>,
}

impl Layout {
    /// A tensor of this shape whose dimensions are stored in this order.
    pub(super) fn new(shape: &[usize], order: &[usize]) -> Layout {
        let among_others: Vec<usize> =
            (0..shape.len()).map(|i| shape[..i].iter().filter(|&&n| n != 1).count()).collect();
        // Runs of neighbours in the stored order: the first of them, how many there are, and their product.
        let mut runs: Vec<[usize; 3]> = Vec::new();
        for &axis in order.iter().filter(|&&axis| shape[axis] != 1) {
            let place = among_others[axis];
            match runs.last_mut() {
                Some([first, count, size]) if *first + *count == place => {
                    (*count, *size) = (*count + 1, *size * shape[axis])
                }
                _ => runs.push([place, 1, shape[axis]]),
            }
        }
        let order = runs.iter().map(|run| runs.iter().filter(|other| other[0] < run[0]).count()).collect();
        runs.sort_unstable();
        Layout { factors: runs.iter().map(|run| run[2]).collect(), order }
    }

    /// The model's own order.
    pub(super) fn plain(elements: usize) -> Layout {
        Layout::new(&[elements], &[0])
    }

    pub(super) fn is_plain(&self) -> bool {
        self.factors.len() <= 1
    }

    /// Cuts the factors so that each size of `shape`, which has as many elements, is a product of neighbours.
    fn refined(&self, shape: &[usize]) -> Option<Refined> {
        let ends = |sizes: &[usize]| {
            let products = sizes.iter().rev().scan(1, |product, size| {
                *product *= size;
                Some(*product)
            });
            products.collect::<Vec<usize>>()
        };
        let mut all = [vec![1], ends(&self.factors), ends(shape)].concat();
        all.sort_unstable();
        all.dedup();
        if all.windows(2).any(|pair| pair[1] % pair[0] != 0) {
            return None;
        }
        let mut factors: Vec<usize> = all.windows(2).map(|pair| pair[1] / pair[0]).collect();
        factors.reverse();
        let groups = |sizes: &[usize]| {
            let mut next = 0;
            let group = |&size: &usize| {
                let first = next;
                let mut product = 1;
                while product < size {
                    product *= factors[next];
                    next += 1;
                }
                first..next
            };
            sizes.iter().map(group).collect::<Vec<_>>()
        };
        let own = groups(&self.factors);
        let order = self.order.iter().flat_map(|&axis| own[axis].clone()).collect();
        Some(Refined { groups: groups(shape), factors, order })
    }

    /// The layout of the same stored elements, seen with the dimensions of `shape` in another order.
    pub(super) fn transposed(&self, shape: &[usize], permutation: &[usize]) -> Option<Layout> {
        let Refined { factors, order, groups } = self.refined(shape)?;
        let seen: Vec<usize> = permutation.iter().flat_map(|&axis| groups[axis].clone()).collect();
        let mut place = vec![0; seen.len()];
        for (now, &before) in seen.iter().enumerate() {
            place[before] = now;
        }
        let factors: Vec<usize> = seen.iter().map(|&factor| factors[factor]).collect();
        Some(Layout::new(&factors, &order.iter().map(|&factor| place[factor]).collect::<Vec<_>>()))
    }

    /// The sizes as which the stored elements have to be seen, and the permutation of these sizes that brings them into
    /// the order of `to`.
    pub(super) fn way_to(&self, to: &Layout) -> Option<(Vec<usize>, Vec<usize>)> {
        let (from, to) = (self.refined(&to.factors)?, to.refined(&self.factors)?);
        let sizes = from.order.iter().map(|&factor| from.factors[factor]).collect();
        let place = |factor: &usize| from.order.iter().position(|other| other == factor);
        Some((sizes, to.order.iter().map(place).collect::<Option<_>>()?))
    }

    /// Of rows of `terms` elements that are stored one after the other, each with its elements in the same order: which
    /// element of a row stands at each place.
    pub(super) fn of_rows(&self, rows: usize, terms: usize) -> Option<Vec<usize>> {
        let Refined { factors, order, groups } = self.refined(&[rows, terms])?;
        let split = groups[0].len();
        let (of_rows, of_terms) = order.split_at(split);
        if !of_rows.iter().copied().eq(groups[0].clone()) {
            return None;
        }
        let stride = |factor: usize| factors[factor + 1..].iter().product::<usize>();
        let digits = |places: Vec<usize>, &factor: &usize| {
            let (size, stride) = (factors[factor], stride(factor));
            places.iter().flat_map(|&place| (0..size).map(move |digit| place + digit * stride)).collect()
        };
        Some(of_terms.iter().fold(vec![0], digits))
    }
}

#[cfg(test)]
mod tests {
    use super::Layout;

    fn image(sizes: [usize; 4]) -> Layout {
        Layout::new(&sizes, &[0, 2, 3, 1])
    }

    #[test]
    fn normal_forms() {
        assert!(Layout::new(&[2, 1, 8, 8], &[0, 2, 3, 1]).is_plain());
        assert!(Layout::new(&[1, 5, 1, 1], &[0, 2, 3, 1]).is_plain());
        assert_eq!(image([1, 3, 4, 5]), Layout::new(&[3, 20], &[1, 0]));
        assert_eq!(image([2, 3, 4, 5]), Layout::new(&[2, 3, 4, 5], &[0, 2, 3, 1]));
        assert_eq!(Layout::new(&[1, 1], &[1, 0]), Layout::plain(1));
    }

    /// What ONNX calls a transposition to channels last is the stored order itself, and twice the same is back.
    #[test]
    fn transpositions() {
        let there = image([2, 3, 4, 5]).transposed(&[2, 3, 4, 5], &[0, 2, 3, 1]).unwrap();
        assert_eq!(there, Layout::plain(120));
        assert_eq!(there.transposed(&[2, 4, 5, 3], &[0, 3, 1, 2]), Some(image([2, 3, 4, 5])));
        // A size of 6 does not lie on the bounds of 4 and 3.
        assert_eq!(image([1, 4, 3, 1]).transposed(&[2, 6], &[1, 0]), Some(Layout::new(&[2, 3, 2], &[1, 2, 0])));
        assert_eq!(image([1, 4, 9, 1]).transposed(&[6, 6], &[1, 0]), None);
    }

    #[test]
    fn ways() {
        let (sizes, permutation) = image([1, 3, 2, 2]).way_to(&Layout::plain(12)).unwrap();
        assert_eq!((sizes, permutation), (vec![4, 3], vec![1, 0]));
    }

    #[test]
    fn rows() {
        assert_eq!(image([2, 3, 1, 2]).of_rows(2, 6), Some(vec![0, 2, 4, 1, 3, 5]));
        assert_eq!(Layout::plain(6).of_rows(2, 3), Some(vec![0, 1, 2]));
        assert_eq!(Layout::new(&[2, 3], &[1, 0]).of_rows(2, 3), None);
    }
}
