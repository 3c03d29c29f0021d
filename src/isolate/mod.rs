//! Executes jobs isolated from each other, and returns their outcomes in the order of the inputs.
//!
//! A job is one input given to one closure. How to choose the isolation:
//!
//! | | [`Isolation::Thread`] | [`Isolation::Fork`] (Linux) |
//! |---|---|---|
//! | a job gets | a fresh thread | a fresh process, forked from a zygote, and a fresh thread in it |
//! | equal at the start of each job | thread-locals | thread-locals, statics, counters, heap; addresses if the system lets us switch randomisation off |
//! | a panic | [`Outcome::Panicked`] | [`Outcome::Panicked`] |
//! | `exit()`, `abort()` of a program in a run | ends the whole sweep | an exit of its host: the job is done again with it |
//! | any other `exit()` and abort, stack overflow, a signal | ends the whole sweep | [`Outcome::Died`] |
//! | an endless loop | hangs the whole sweep | [`Outcome::Stuck`], with what it did last |
//! | an endless loop that reads clocks | ends the whole sweep, with its reason | [`Outcome::Looped`] |
//! | inputs and answers | stay in memory | become JSON: avoid floats, which may lose their last bit |
//!
//! The zygote is a second process of this program with the same arguments (under `#[test]`: the test binary, for that test
//! alone). It executes the same code up to the same call of [`Pool::open`], and serves there instead of returning. So code before
//! `open` must be repeatable: it must read stdin only through `read_stdin`, and have no effects that may happen only once. Open
//! one session, early, on the main thread or on the test's own, and run all jobs in it. A second session works, but costs a
//! second zygote, which replays the outcomes of the first session (see `history`).
//!
//! A job is any closure and its input. It may [`tell`] texts before its answer. This module prints nothing.

mod drive;
#[cfg(target_os = "linux")]
mod history;
mod pool;
#[cfg(any(feature = "cli", target_os = "linux"))]
mod stdin;
#[cfg(target_os = "linux")]
mod sys;
mod tell;
mod threads;
#[cfg(target_os = "linux")]
mod zygote;

#[cfg(all(test, target_os = "linux"))]
mod tests;

#[cfg(target_os = "linux")]
pub(crate) use zygote::is_inside_job;

/// No job has a process of its own.
#[cfg(not(target_os = "linux"))]
pub(crate) fn is_inside_job() -> bool {
    false
}

pub use pool::{Follower, Isolation, OnResult, Outcome, Pool, Session, Work};
#[cfg(feature = "cli")]
pub(crate) use stdin::read_stdin;
pub use tell::tell;
pub(crate) use threads::end_on_endless_loops;

/// From now on SIGINT and SIGTERM do not end this process: [`caught_signal`] tells of them. Call it after [`Pool::open`], so
/// that no job inherits it. Elsewhere than on Linux it does nothing.
#[cfg(feature = "cli")]
pub(crate) fn catch_signals() {
    #[cfg(target_os = "linux")]
    sys::catch_signals();
}

/// The number of the signal that has come since [`catch_signals`], if one has.
#[cfg(feature = "cli")]
pub(crate) fn caught_signal() -> Option<i32> {
    #[cfg(target_os = "linux")]
    return sys::caught_signal();
    #[cfg(not(target_os = "linux"))]
    None
}

/// Prepares the memory of our own binary, only for speed. Call it first, while no other thread runs. Profilers that look up
/// code in files do not find the moved code; build without the feature `allocator` for them.
#[cfg(feature = "allocator")]
pub(crate) fn prepare_memory() {
    #[cfg(target_os = "linux")]
    {
        sys::keep_freed_memory();
        sys::move_code_to_huge_pages();
    }
}
