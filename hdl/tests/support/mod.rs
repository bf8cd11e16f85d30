//! Seeded pseudo-random numbers for tests.

/// splitmix64: a different sequence for each seed, good enough to draw test vectors from.
pub struct Random(u64);

impl Random {
    /// From `QRTL_SEED`, or `default`; prints the seed, so that a failure can be repeated.
    pub fn from_env(default: u64) -> Random {
        let seed = std::env::var("QRTL_SEED").map_or(default, |s| s.parse().expect("QRTL_SEED is a number"));
        println!("seed {seed} (set QRTL_SEED to change it)");
        Random(seed)
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
