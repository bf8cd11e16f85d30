//! Seeded pseudo-random numbers from which vectors and tests are drawn: the same seed, the same vectors, on every machine.
//!
//! The generator of vectors and the tests of all crates draw from here. It depends on nothing, so that golden's own tests
//! can use it while golden itself holds no random numbers.

/// splitmix64 (Steele, Lea, Flood, OOPSLA 2014): a different sequence for each seed, good enough to draw test vectors from.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The sequence of `seed`.
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// A second sequence, whose seed is the next 64 bits of this one.
    pub fn fork(&mut self) -> Random {
        Random(self.bits())
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number of `lo..=hi`, each equally likely.
    pub fn within(&mut self, lo: i128, hi: i128) -> i128 {
        let span = (hi - lo + 1) as u128;
        let wide = (u128::from(self.bits()) << 64) | u128::from(self.bits());
        lo + (wide % span) as i128
    }

    /// A number of `min..=max` in 64 bits, each equally likely.
    pub fn between(&mut self, min: i64, max: i64) -> i64 {
        self.within(min.into(), max.into()) as i64
    }

    /// A size of `least..=most`, each equally likely.
    pub fn size(&mut self, least: usize, most: usize) -> usize {
        self.within(least as i128, most as i128) as usize
    }

    /// A real number from `lo` up to `hi`, all equally likely.
    pub fn real(&mut self, lo: f64, hi: f64) -> f64 {
        // The upper 53 bits are all that an f64 holds.
        lo + (hi - lo) * (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// True 1 in `n` times.
    pub fn one_in(&mut self, n: i128) -> bool {
        self.within(1, n) == 1
    }

    /// One of a few items.
    ///
    /// # Panics
    /// If there is none.
    pub fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.within(0, items.len() as i128 - 1) as usize]
    }

    /// A number of `lo..=hi` that is often at, or next to, an end, 0 or a power of two.
    pub fn corner(&mut self, lo: i128, hi: i128) -> i128 {
        let v = match self.within(0, 5) {
            0 => lo + self.within(0, 2),
            1 => hi - self.within(0, 2),
            2 => self.within(-2, 2),
            3 => {
                let power = 1i128 << self.within(0, 100);
                (if self.within(0, 1) == 0 { power } else { -power }) + self.within(-1, 1)
            }
            _ => self.within(lo, hi),
        };
        v.clamp(lo, hi)
    }

    /// A number below `2^bits` of any magnitude: each number of bits, 0 to `bits`, is equally likely.
    pub fn magnitude(&mut self, bits: i64) -> i64 {
        let n = self.between(0, bits);
        self.between(0, (1 << n) - 1)
    }

    /// 1 or -1.
    pub fn sign(&mut self) -> i64 {
        if self.one_in(2) { 1 } else { -1 }
    }
}
