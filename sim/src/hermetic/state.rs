//! The run of this thread: its random stream and its clocks.
//!
//! Plain cells without destructors, so that the interposed symbols may read them at any moment of a thread's life.

use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::Arc;

use super::shared::{self, Shared};
use super::{exits, interpose, output, owners, panics, seeds};

#[derive(Clone, Copy)]
pub(super) struct Run {
    stream: u64,
    /// The wall clock at virtual time 0, in ns since 1970.
    pub(super) epoch_ns: u64,
    /// Virtual time.
    pub(super) now_ns: u64,
    /// How often clocks were read since time moved or a program was polled.
    pub(super) reads: u64,
}

thread_local! {
    static RUN: Cell<Option<Run>> = const { Cell::new(None) };
}

/// Keeps this thread inside a run; dropping it leaves the run.
#[must_use = "dropping the guard leaves the run"]
pub struct Guard {
    // The guard belongs to its thread.
    not_send: PhantomData<*const ()>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        shared::leave();
        RUN.set(None);
    }
}

/// Puts this thread inside a run: its randomness comes from `seed`, its clocks are virtual.
///
/// `epoch_ns` is the wall clock, in ns since 1970, at virtual time 0 of [`set_now`] (the tokio clock's start, which may lie before
/// the scenario's t = 0). Use a fresh thread. Panics if the thread is inside a run already.
pub fn enter(seed: u64, epoch_ns: u64) -> Guard {
    assert!(!is_active(), "a thread is inside one run at a time");
    interpose::keep_symbols();
    panics::install();
    seeds::install();
    exits::begin(seed);
    output::clear();
    owners::clear();
    panics::clear();
    shared::enter(Arc::new(Shared::default()));
    start(seed, epoch_ns);
    seeds::seed_thread();
    Guard { not_send: PhantomData }
}

pub(super) fn start(seed: u64, epoch_ns: u64) {
    RUN.set(Some(Run { stream: seed, epoch_ns, now_ns: 0, reads: 0 }));
}

pub(super) fn leave() {
    RUN.set(None);
}

/// Whether this thread is inside a run.
pub fn is_active() -> bool {
    RUN.get().is_some()
}

/// Sets the clocks of this thread to `now_ns` of virtual time after the start. Does nothing outside a run.
pub fn set_now(now_ns: u64) {
    update(|run| {
        debug_assert!(run.now_ns <= now_ns, "the clocks of a run never go back");
        if run.now_ns < now_ns {
            (run.now_ns, run.reads) = (now_ns, 0);
        }
    });
}

/// The wall clock of this thread's run, in ns since 1970.
pub(super) fn wall_ns() -> Option<u64> {
    RUN.get().map(|run| run.epoch_ns.saturating_add(run.now_ns))
}

/// The next 64 bits of the run's stream (SplitMix64: Steele, Lea, Flood 2014), or `None` outside a run.
pub(super) fn next_u64() -> Option<u64> {
    update(|run| {
        run.stream = run.stream.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = run.stream;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    })
}

pub(super) fn update<T>(change: impl FnOnce(&mut Run) -> T) -> Option<T> {
    let mut run = RUN.get()?;
    let answer = change(&mut run);
    RUN.set(Some(run));
    Some(answer)
}
