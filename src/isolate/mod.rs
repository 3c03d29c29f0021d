//! Executes jobs apart from each other, and hands back what became of each in the order of the plan.
//!
//! A job is one input given to one closure. How to choose the isolation:
//!
//! | | [`Isolation::Thread`] | [`Isolation::Fork`] (Linux) |
//! |---|---|---|
//! | a job gets | a fresh thread | a fresh process, forked from a zygote, and a fresh thread in it |
//! | starts equal in each job | thread-locals | thread-locals, statics, counters, heap; addresses where randomisation may be switched off |
//! | a panic | [`Outcome::Panicked`] | [`Outcome::Panicked`] |
//! | `exit()`, abort, stack overflow, a signal | ends the whole sweep | [`Outcome::Died`] |
//! | an endless loop | hangs the whole sweep | [`Outcome::Stuck`] |
//! | inputs and answers | stay in memory | travel as JSON: a float may lose its last bit, so keep floats out |
//!
//! The zygote is this program started again with the same arguments (under `#[test]`: the test binary, for that test alone). It
//! walks the same way to the same [`Pool::open`] and serves there instead of returning. Therefore what lies before `open` must
//! be repeatable: no reading of stdin, no effects that must not happen twice. Open one session, early, on the main thread or
//! on the test's own, and run everything in it; a second session works (the zygote answers the first from memory, see
//! `history`), but costs a second zygote.
//!
//! Does not know what a job is, and prints nothing.

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

/// Prepares the memory of our own binary, for speed alone. To be called first, while no other thread runs. Profilers that look
/// for code in files do not find what was moved; build without the feature `allocator` for them.
#[cfg(feature = "allocator")]
pub(crate) fn prepare_memory() {
    #[cfg(target_os = "linux")]
    {
        sys::keep_freed_memory();
        sys::move_code_to_huge_pages();
    }
}
