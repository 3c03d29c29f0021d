//! `hot_loop`: a program writes one object again and again although nothing else happens, or does not let time pass.
//!
//! Counted, per host and object (resource, namespace and name, whatever its uid, so that deleting and creating again counts), in
//! any 60 s:
//! - 10 writes that changed the object's resourceVersion, or
//! - 30 requests that write, among them those that change nothing and those that fail. A create that succeeds counts
//!   for the object that it made, or for the prefix of a generated name.
//!
//! They count at these times:
//! - from the moment since which the system is converged for good to the end of the settle window
//! - before the first fault strikes, also in setup ([`Loops`]): once nobody but the host has written anything for 60 s. A status
//!   that the control plane writes to an object which the host has just written is a consequence, and a node's heartbeat says
//!   nothing.
//!
//! At any time of a run, and counted over all programs together ([`spinning`]): [`REQUESTS_AT_ONCE`] answers at one instant, or a
//! million polls of programs at one instant (`programs::Stage` counts these).
//!
//! Not judged: users, faults and the control plane; Leases, Events and reviews, which correct programs write all the time; the
//! time of the faults. A program that never yields to the runtime is found by `stuck`.

mod loops;
#[cfg(test)]
mod tests;
mod writes;

use self::writes::Writes;
use super::{Observed, Violation};
use crate::engine::Time;
use crate::scenario::oracle;

pub use self::loops::Loops;

/// Answers to all programs at one instant after which they count as a loop. Our choice, because latency spreads what programs
/// ask: thousands of answers in one millisecond are no traffic.
pub const REQUESTS_AT_ONCE: u32 = 10_000;

/// The first hot loop since the system is converged for good.
pub(super) fn hot_loop(run: &Observed<'_>) -> Option<Violation> {
    let since = run.converged?;
    let entries = run.history.record.entries();
    let start = entries.partition_point(|entry| entry.time < since);
    let mut writes = Writes::default();
    let mut entries = entries[start..].iter();
    entries.find_map(|entry| writes.count(entry, run.history, since, "all had converged"))
}

/// A program that does not let time pass.
pub fn spinning(time: Time) -> Violation {
    let message =
        "a program does not let time pass: polled 1,000,000 times or sent 10,000 requests at one instant";
    Violation::new(oracle::HOT_LOOP, time, message)
}
