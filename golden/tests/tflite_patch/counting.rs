//! Counts the bytes alive while a model is read. One test in each binary that uses it: the counters are global.

// A global allocator is an unsafe trait; this one counts and hands everything on to the system's.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use qrtl_golden::import::tflite::{Error, FullyConnected, Model};

struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Relaxed) + layout.size();
        PEAK.fetch_max(live, Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most that reading a file of this length may have alive at a time.
pub fn memory_limit(length: usize) -> usize {
    64 * length + (1 << 20)
}

/// Reads the layers in `bytes`, and the greatest number of bytes alive on the way.
pub fn peak_of_reading(bytes: &[u8]) -> (usize, Result<Vec<FullyConnected>, Error>) {
    let before = LIVE.load(Relaxed);
    PEAK.store(before, Relaxed);
    let layers = Model::from_bytes(bytes).and_then(|model| model.fully_connected_layers());
    (PEAK.load(Relaxed).saturating_sub(before), layers)
}
