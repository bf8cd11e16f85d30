//! Runs many inputs on all cores. What an input must not do is reported with its number; a hang ends the process.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use qrtl_random::Random;

/// What becomes of an input, in a word for the table.
pub type Outcome = &'static str;

/// The time that one input may take on a busy machine.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// What the inputs of a thread did.
#[derive(Default)]
struct Tally {
    outcomes: BTreeMap<Outcome, u64>,
    /// how often each
    findings: BTreeMap<String, u64>,
    /// with its case
    slowest: (Duration, u64),
}

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
    static PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// The inputs that a thread works on, for the watchdog: the case plus 1, and when it began.
#[derive(Default)]
struct Watched {
    case: AtomicU64,
    began: AtomicU64,
}

fn setting(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.replace('_', "").parse().unwrap_or_else(|_| panic!("{name}: {text:?} is no number")))
}

/// Runs `inputs` cases, or as many as `QRTL_INPUTS` says, and prints what became of them.
///
/// # Panics
/// If an input panics, or `run` finds fault with it.
pub fn run(what: &str, inputs: u64, run: impl Fn(&mut Random) -> Result<Outcome, String> + Sync) {
    let seed = setting("QRTL_SEED").unwrap_or(20_261_201);
    let (first, inputs) = match setting("QRTL_CASE") {
        Some(case) => (case, 1),
        None => (0, setting("QRTL_INPUTS").unwrap_or(inputs)),
    };
    quiet();
    let (start, next, all) = (Instant::now(), AtomicU64::new(first), Mutex::new(Tally::default()));
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let watched: Vec<Watched> = (0..workers).map(|_| Watched::default()).collect();
    let left = AtomicU64::new(workers as u64);
    thread::scope(|scope| {
        for watched in &watched {
            scope.spawn(|| {
                let mut tally = Tally::default();
                loop {
                    let case = next.fetch_add(1, Relaxed);
                    if case >= first + inputs {
                        break;
                    }
                    watched.began.store(start.elapsed().as_millis() as u64, Relaxed);
                    watched.case.store(case + 1, Relaxed);
                    one([seed, case], what, &run, &mut tally);
                    watched.case.store(0, Relaxed);
                }
                all.lock().unwrap().add(tally);
                left.fetch_sub(1, Relaxed);
            });
        }
        scope.spawn(|| watch(what, &watched, &left, start));
    });
    all.into_inner().unwrap().report(what, seed, start.elapsed());
}

fn one(
    [seed, case]: [u64; 2],
    what: &str,
    run: &(impl Fn(&mut Random) -> Result<Outcome, String> + Sync),
    tally: &mut Tally,
) {
    let mut random = Random::new(Random::new(seed).bits() ^ case.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let began = Instant::now();
    GUARDED.set(true);
    crate::counting::name(case);
    let result = panic::catch_unwind(AssertUnwindSafe(|| run(&mut random)));
    GUARDED.set(false);
    tally.slowest = tally.slowest.max((began.elapsed(), case));
    match result.unwrap_or_else(|_| Err(format!("panic: {}", PANIC.take()))) {
        Ok(outcome) => *tally.outcomes.entry(outcome).or_default() += 1,
        Err(finding) => tally.find(what, finding, case),
    }
}

/// Keeps the text of panics in cases, which are reported once each.
fn quiet() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !GUARDED.get() {
                return before(info);
            }
            let place = info.location().map_or(String::new(), ToString::to_string);
            let text = info.payload().downcast_ref::<String>().map(String::as_str);
            let text = text.or(info.payload().downcast_ref::<&str>().copied());
            PANIC.set(format!("{place}: {}", text.unwrap_or_default()));
        }));
    });
}

fn watch(what: &str, watched: &[Watched], left: &AtomicU64, start: Instant) {
    while left.load(Relaxed) > 0 {
        thread::sleep(Duration::from_millis(20));
        for Watched { case, began } in watched {
            let (case, began) = (case.load(Relaxed), Duration::from_millis(began.load(Relaxed)));
            if case > 0 && start.elapsed().saturating_sub(began) > TIME_LIMIT {
                eprintln!("{what}: QRTL_CASE={} takes more than {TIME_LIMIT:?}", case - 1);
                std::process::abort();
            }
        }
    }
}

impl Tally {
    /// Counts what an input did. What is found first is printed at once, as a hang would end the process before the report.
    fn find(&mut self, what: &str, finding: String, case: u64) {
        // One place is one finding, whatever the numbers and names in its text.
        let place = |finding: &str| finding.chars().take(60).filter(|c| !c.is_ascii_digit()).collect::<String>();
        let known = self.findings.keys().find(|known| place(known) == place(&finding)).cloned();
        if known.is_none() {
            println!("{what}: QRTL_CASE={case}: {finding}");
        }
        *self.findings.entry(known.unwrap_or(finding)).or_default() += 1;
    }

    fn add(&mut self, other: Tally) {
        other.outcomes.into_iter().for_each(|(outcome, count)| *self.outcomes.entry(outcome).or_default() += count);
        other.findings.into_iter().for_each(|(finding, count)| *self.findings.entry(finding).or_default() += count);
        self.slowest = self.slowest.max(other.slowest);
    }

    fn report(self, what: &str, seed: u64, time: Duration) {
        let all: u64 = self.outcomes.values().sum();
        let outcomes: Vec<String> = self.outcomes.iter().map(|(outcome, count)| format!("{count} {outcome}")).collect();
        println!("{what}: seed {seed}, {all} inputs in {:.1} s: {}", time.as_secs_f64(), outcomes.join(", "));
        println!("{what}: the slowest, QRTL_CASE={}, took {:.3} s", self.slowest.1, self.slowest.0.as_secs_f64());
        assert!(self.findings.is_empty(), "{what}: {:?}", self.findings);
    }
}
