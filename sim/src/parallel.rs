//! Many jobs on all cores, with progress.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// A finished job: its result, and the seconds that it took.
pub type Done<R> = (R, f64);

/// Does every job, as many at a time as there are cores; the results in the order of the jobs. After each, a line on standard
/// error: how many are done, and what `words` says of it.
pub fn each<J: Sync, R: Send>(
    jobs: &[J],
    run: impl Fn(&J) -> R + Sync,
    words: impl Fn(&J, &Done<R>) -> String + Sync,
) -> Vec<Done<R>> {
    let (next, count) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let results = Mutex::new(Vec::new());
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(index) else { break };
                    let begin = Instant::now();
                    let result = run(job);
                    let done = (result, begin.elapsed().as_secs_f64());
                    let finished = count.fetch_add(1, Ordering::Relaxed) + 1;
                    eprintln!("[{finished}/{}] {}", jobs.len(), words(job, &done));
                    results.lock().unwrap_or_else(|e| e.into_inner()).push((index, done));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_else(|e| e.into_inner());
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, done)| done).collect()
}
