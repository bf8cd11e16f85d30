//! Seeded pseudo-random numbers from which vectors and tests are drawn: the same seed, the same vectors, on every machine.

/// splitmix64 (Steele, Lea, Flood, OOPSLA 2014): a different sequence for each seed, good enough to draw test vectors from.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The sequence of `seed`.
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// From `QRTL_SEED`, or `default` where that is no number; prints the seed, so that a failure can be repeated.
    pub fn from_env(default: u64) -> Random {
        let seed = std::env::var("QRTL_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(default);
        println!("seed {seed} (set QRTL_SEED to change it)");
        Random(seed)
    }

    /// A sequence of its own.
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

    /// A number of `lo..=hi`.
    pub fn within(&mut self, lo: i128, hi: i128) -> i128 {
        let span = (hi - lo + 1) as u128;
        let wide = (u128::from(self.bits()) << 64) | u128::from(self.bits());
        lo + (wide % span) as i128
    }

    /// 1 in `n` times.
    pub fn one_in(&mut self, n: i128) -> bool {
        self.within(1, n) == 1
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
}
