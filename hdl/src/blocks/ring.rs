//! A long delay without a flip-flop for each clock.

use super::delay::through;
use crate::bundle;
use crate::exact::{Int, Kernel, Maybe, Ram, Range, Rank, Reg};

/// A delay of two clocks or more, in a block memory: each clock writes a word, and reads the word that was written longest
/// ago. What comes out in the first clocks is 0, as behind registers that nothing has reached yet.
#[derive(Debug)]
pub(crate) struct Ring {
    at: Reg,
    words: Ram,
}

bundle!(Ring { at, words });

impl Ring {
    /// A delay of so many clocks.
    ///
    /// # Panics
    /// If it is less than 2.
    pub fn new(clocks: usize) -> Ring {
        assert!(clocks >= 2, "a ring of {clocks} words cannot be read ahead of what is written");
        Ring { at: Reg::started(Range::new(0, clocks as i128 - 1)), words: Ram::inferred_in_blocks(clocks).apart() }
    }

    /// The same where it is `wanted` and long enough.
    pub fn when(wanted: bool, clocks: usize) -> Maybe<Ring> {
        Maybe::when(wanted && clocks >= 2, || Ring::new(clocks))
    }

    /// The values as they were so many clocks ago. A constant takes no bits.
    pub fn pass<'k, const N: usize>(&self, k: &'k Kernel, values: [Int<'k>; N]) -> [Int<'k>; N] {
        let (at, all) = (k.read(&self.at), self.at.range());
        let next = match self.words.depth() {
            words if words.is_power_of_two() => (at + 1).wrap(all),
            _ => at.equals(all.hi()).mux(0, (at + 1).bounded(all, "the first word follows the last")),
        };
        k.register(&self.at, next);
        let width = |value: &Int<'k>| if value.range().singleton().is_some() { 0 } else { value.range().width() };
        let mut bits = 0;
        let mut word: Option<Int<'k>> = None;
        for value in values.iter().filter(|value| width(value) > 0) {
            let part = value.bits(0, width(value));
            word = Some(word.map_or(part, |low| part.concat(low, bits)));
            bits += width(value);
        }
        let Some(word) = word else { return values };
        let one = k.lit(1);
        let word = k.ram(&self.words, (one, at, word), (one, next));
        let mut low = 0;
        values.map(|value| {
            let (width, range) = (width(&value), value.range());
            if width == 0 {
                return value;
            }
            let part = word.bits(low, width);
            low += width;
            let part = if range.is_signed() { part.as_signed() } else { part };
            part.bounded(range, "it was put in")
        })
    }
}

/// Values that nothing reads between the ranks, behind all of them: through a ring where there is one.
pub(crate) fn pass<'k, const N: usize>(
    k: &'k Kernel,
    ring: Option<&Ring>,
    ranks: &[Rank<'k>],
    values: [(&str, Int<'k>); N],
) -> [Int<'k>; N] {
    match ring {
        Some(ring) => ring.pass(k, values.map(|(_, value)| value)),
        None => values.map(|(name, value)| through(ranks, name, value)),
    }
}

#[cfg(test)]
mod tests {
    use rust_hdl::prelude::*;

    use super::*;
    use crate::describe_logic;
    use crate::exact::{Clk, Describe, FlatSim, Header, Port, elaborate};

    #[derive(LogicBlock)]
    struct Delayed {
        clk: Clk,
        a: Port<In>,
        b: Port<In>,
        later_a: Port<Out>,
        later_b: Port<Out>,
        ring: Ring,
    }

    describe_logic!(Delayed);

    impl Describe for Delayed {
        fn header(&self) -> Header {
            Header::new("delayed", "Two values, some clocks later.")
        }

        fn describe(&self, k: &Kernel) {
            k.clock(&self.clk);
            let [a, constant, b] = self.ring.pass(k, [k.read(&self.a), k.lit(5), k.read(&self.b)]);
            k.drive(&self.later_a, a);
            k.drive(&self.later_b, b + constant);
        }
    }

    #[test]
    fn values_come_back_after_as_many_clocks() {
        for clocks in [2_usize, 3, 4, 9, 18] {
            let [a, b] = [Range::signed(9), Range::new(0, 5)];
            let delayed = Delayed {
                clk: Clk::new(),
                a: Port::new(a, "a"),
                b: Port::new(b, "b"),
                later_a: Port::new(a, "a"),
                later_b: Port::new(5..=10, "b"),
                ring: Ring::new(clocks),
            };
            let mut sim = FlatSim::new(&elaborate(&delayed, "delayed").unwrap());
            let values = |clock: usize| (clock as i128 * 37 % 512 - 256, clock as i128 % 6);
            for clock in 0..100 {
                let (a, b) = values(clock);
                sim.set("a", a);
                sim.set("b", b);
                sim.settle();
                let (a, b) = clock.checked_sub(clocks).map_or((0, 0), values);
                assert_eq!((sim.get("later_a"), sim.get("later_b")), (a, b + 5), "clock {clock} of {clocks}");
                sim.step().unwrap();
            }
        }
    }
}
