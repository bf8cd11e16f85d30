//! How far many jobs have come, on standard error.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// The least time between two lines.
const PAUSE: Duration = Duration::from_secs(1);

/// Counts jobs that are done, on any thread.
pub struct Progress {
    all: usize,
    /// jobs that are done, and the time of the last line
    done: Mutex<(usize, Instant)>,
}

impl Progress {
    /// None of `all` jobs is done.
    pub fn new(all: usize) -> Progress {
        Progress { all, done: Mutex::new((0, Instant::now())) }
    }

    /// One more is done: prints how many are, and the words, unless a line was printed a moment ago. What is done in a moment
    /// prints nothing.
    pub fn step(&self, words: impl FnOnce() -> String) {
        let mut state = self.done.lock().unwrap_or_else(|e| e.into_inner());
        let (done, last) = &mut *state;
        *done += 1;
        if last.elapsed() >= PAUSE {
            *last = Instant::now();
            eprintln!("[{done}/{}] {}", self.all, words());
        }
    }
}
