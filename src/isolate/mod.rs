//! Executes jobs isolated from each other, and returns their outcomes in the order of the inputs.
//!
//! A job is one input given to one closure. How to choose the isolation:
//!
//! | | [`Isolation::Thread`] | [`Isolation::Fork`] (Linux) |
//! |---|---|---|
//! | a job gets | a fresh thread | a fresh process, forked from a zygote, and a fresh thread in it |
//! | equal at the start of each job | thread-locals | thread-locals, statics, counters, heap; addresses if the system lets us switch randomisation off |
//! | a panic | [`Outcome::Panicked`] | [`Outcome::Panicked`] |
//! | `exit()`, abort, stack overflow, a signal | ends the whole sweep | [`Outcome::Died`] |
//! | an endless loop | hangs the whole sweep | [`Outcome::Stuck`], with what it did last |
//! | an endless loop that reads clocks | ends the whole sweep, with its reason | [`Outcome::Looped`] |
//! | inputs and answers | stay in memory | become JSON: avoid floats, which may lose their last bit |
//!
//! The zygote is a second process of this program with the same arguments (under `#[test]`: the test binary, for that test
//! alone). It executes the same code up to the same call of [`Pool::open`], and serves there instead of returning. So code before
//! `open` must be repeatable: it must not read stdin, nor have effects that may happen only once. Open one session, early, on
//! the main thread or on the test's own, and run all jobs in it. A second session works, but costs a second zygote, which
//! replays the outcomes of the first session (see `history`).
//!
//! A job is any closure and its input. This module prints nothing.

mod drive;
#[cfg(target_os = "linux")]
mod history;
mod pool;
#[cfg(target_os = "linux")]
mod sys;
mod threads;
#[cfg(target_os = "linux")]
mod zygote;

#[cfg(all(test, target_os = "linux"))]
mod tests;

pub use pool::{Isolation, OnResult, Outcome, Pool, Session, Work};
pub(crate) use threads::end_on_endless_loops;

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
