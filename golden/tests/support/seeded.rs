//! The random numbers of a test.

use qrtl_random::Random;

/// The sequence of `QRTL_SEED`, or of `default` where that is not set. The seed is printed, as a failure that cannot be
/// repeated is of no use.
pub fn seeded(default: u64) -> Random {
    let seed = std::env::var("QRTL_SEED").ok().map_or(default, |s| s.parse().expect("QRTL_SEED: a number of 64 bits"));
    println!("seed {seed} (QRTL_SEED sets it)");
    Random::new(seed)
}
