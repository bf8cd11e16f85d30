//! Counts the bytes alive while a model is read. Each thread has counters of its own, as tests run side by side.

// A global allocator is an unsafe trait; this one counts and hands everything on to the system's.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::Write as _;

struct Counting;

thread_local! {
    // Negative where a thread has freed more than it made. Neither counter allocates when it is first used.
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
    // What the thread works on, for the report of a request that is refused.
    static NAME: Cell<u64> = const { Cell::new(0) };
}

/// The greatest request that is handed on. A greater one ends the process before the machine runs out of memory.
const GREATEST: usize = 1 << 30;

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() > GREATEST {
            // Neither this line nor what it prints allocates.
            let _ = writeln!(std::io::stderr(), "case {}: a request of {} bytes", NAME.get(), layout.size());
            std::process::abort();
        }
        LIVE.set(LIVE.get() + layout.size() as isize);
        PEAK.set(PEAK.get().max(LIVE.get()));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        LIVE.set(LIVE.get() - layout.size() as isize);
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Names what this thread works on from now on.
#[allow(dead_code, reason = "not all tests number what they do")]
pub fn name(name: u64) {
    NAME.set(name);
}

/// The most that reading a file of this length may have alive at a time.
pub fn memory_limit(length: usize) -> usize {
    64 * length + (1 << 20)
}

/// What `read` gives, and the greatest number of bytes alive on the way.
pub fn peak_of<T>(read: impl FnOnce() -> T) -> (usize, T) {
    let before = LIVE.get();
    PEAK.set(before);
    let result = read();
    ((PEAK.get() - before) as usize, result)
}
