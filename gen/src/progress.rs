//! How far many jobs have come, on standard error.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Lines that are printed at most.
const LINES: usize = 500;

/// Counts jobs that are done, on any thread.
pub struct Progress {
    all: usize,
    done: AtomicUsize,
}

impl Progress {
    /// None of `all` jobs is done.
    pub fn new(all: usize) -> Progress {
        Progress { all, done: AtomicUsize::new(0) }
    }

    /// One more is done: prints how many are, and the words. Of very many jobs, only some are told.
    pub fn step(&self, words: impl FnOnce() -> String) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if done == self.all || done.is_multiple_of(self.all.div_ceil(LINES)) {
            eprintln!("[{done}/{}] {}", self.all, words());
        }
    }
}
