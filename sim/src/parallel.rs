//! Many jobs on all cores, with progress.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// A finished job: its result, and the seconds that it took.
pub type Done<R> = (R, f64);

/// How many jobs run well at a time.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

/// Does every job, as many at a time as there are cores; the results in the order of the jobs. After each, a line on standard
/// error: how many are done, and what `words` says of it.
pub fn each<J: Sync, R: Send>(
    jobs: &[J],
    run: impl Fn(&J) -> R + Sync,
    words: impl Fn(&J, &Done<R>) -> String + Sync,
) -> Vec<Done<R>> {
    let count = AtomicUsize::new(0);
    map(jobs, cores(), |job| {
        let begin = Instant::now();
        let result = run(job);
        let done = (result, begin.elapsed().as_secs_f64());
        let finished = count.fetch_add(1, Ordering::Relaxed) + 1;
        eprintln!("[{finished}/{}] {}", jobs.len(), words(job, &done));
        done
    })
}

/// Does every job, at most `at_once` (at least one) at a time; the results in the order of the jobs.
pub fn map<J: Sync, R: Send>(jobs: &[J], at_once: usize, run: impl Fn(&J) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..at_once.clamp(1, jobs.len().max(1)) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(index) else { break };
                    let result = run(job);
                    results.lock().unwrap_or_else(|e| e.into_inner()).push((index, result));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_else(|e| e.into_inner());
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}
