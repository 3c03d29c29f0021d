//! The run of this thread: its random stream, its clocks, the number of threads it started.
//!
//! Plain cells without destructors, so that the interposed symbols may read them at any moment of a thread's life.

use std::cell::Cell;
use std::marker::PhantomData;

use super::{exits, interpose, output, owners, panics, seeds};

/// What monotonic clocks read when the tokio clock starts. Our choice: small, because std passes deadlines on this clock to
/// the kernel, which returns at once if the machine's clock is past them, and would block in real time otherwise.
const MONOTONIC_START_NS: u64 = 1_000_000_000;

#[derive(Clone, Copy)]
struct Run {
    stream: u64,
    epoch_ns: u64,
    now_ns: u64,
    threads_started: u64,
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
    start(seed, epoch_ns);
    seeds::seed_thread();
    Guard { not_send: PhantomData }
}

pub(super) fn start(seed: u64, epoch_ns: u64) {
    RUN.set(Some(Run { stream: seed, epoch_ns, now_ns: 0, threads_started: 0 }));
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
        run.now_ns = now_ns;
    });
}

/// How many threads this run has started so far, `spawn_blocking` included; 0 outside a run.
///
/// Those threads are outside the run: what they do is not deterministic.
pub fn threads_started() -> u64 {
    RUN.get().map_or(0, |run| run.threads_started)
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

/// The wall clock inside a run, in ns since 1970.
pub(super) fn wall_ns() -> Option<u64> {
    RUN.get().map(|run| run.epoch_ns.saturating_add(run.now_ns))
}

/// The monotonic clocks inside a run, in ns.
pub(super) fn monotonic_ns() -> Option<u64> {
    RUN.get().map(|run| MONOTONIC_START_NS.saturating_add(run.now_ns))
}

pub(super) fn count_thread() {
    update(|run| run.threads_started += 1);
}

fn update<T>(change: impl FnOnce(&mut Run) -> T) -> Option<T> {
    let mut run = RUN.get()?;
    let answer = change(&mut run);
    RUN.set(Some(run));
    Some(answer)
}
