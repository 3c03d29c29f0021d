//! Judges of a run: each names one property and reports in words what breaks it. What has a name, and what it means to users,
//! is a row in [`scenario::oracle`](crate::scenario::oracle).
//!
//! What is judged when, and where:
//! - at every commit from t = 0: `always` ([`Check`], followed by `explore::judge`)
//! - at any time: a program that does not let time pass ([`spinning`]); a step that fails (`step`, in `explore`)
//! - before the first fault, also in setup: a program that writes on although nothing else changes ([`Loops`])
//! - where the system has to converge (setup, `wait: {for: converged}`, after healing) and does not: [`NotConverged`]
//! - when it has converged after healing and stayed so: [`CONVERGED`], in the order of the list
//! - then the scenario's code at the end (`at_end`, in `explore`)
//! - when the run is over, however it ended, also in setup: [`ENDED`]; what these find takes the place of what was found before
//! - around the run: `exit`, `stuck` and `internal`, in the crate `wavetank`
//!
//! The first violation ends the run. A judge of the record whose oracle is disabled is not asked; another disabled oracle's
//! violation is dropped.
//!
//! To add an oracle that judges the record:
//! 1. its row in `scenario::oracle`: name, what it finds, `Record`, `Disabled`, `true`
//! 2. a file `NAME.rs` here: the exact definition (what counts, constants with their source, what it does not judge), a function
//!    from [`Observed`] to an optional [`Violation`], and tests: one it finds, one it leaves alone. A whole run with a small
//!    program is inline as well, by `explore::tests::{played_with, client}`
//! 3. here its `mod` line, and its line in a list: in [`CONVERGED`] if it accuses what a system does that has converged, in
//!    [`ENDED`] if it accuses in every run, also in one that was found failing otherwise: its finding takes the place of the
//!    other. Of a list, the first judge that finds something speaks
//!
//! The files beside the judges:
//! - [`Violation`]: what is reported; [`Observed`]: what a judge sees
//! - `check`: [`Compiled`] and [`Check`], the expectations of a scenario, in CEL, by partial match or in Rust
//! - `convergence`: [`NotConverged`], which reports `no_convergence`, `unstable` and `stalled`
//! - `endings`: programs that end by themselves, in words; [`Note`]: what is no violation
//! - [`left_out`]: what a scenario leaves out of convergence
//! - [`cel`], `partial`: the languages of checks

use crate::scenario::oracle::{self, OracleInfo};

pub mod cel;
mod check;
mod convergence;
mod endings;
mod hot_loop;
pub mod left_out;
mod note;
mod observed;
mod panic;
mod partial;
mod slow_convergence;
mod violation;

pub use check::{Check, Compiled};
pub use convergence::NotConverged;
pub use endings::{Ending, How, endings, failing};
pub use hot_loop::{Loops, REQUESTS_AT_ONCE, spinning};
pub use note::Note;
pub use observed::Observed;
pub use slow_convergence::{Slow, slow_convergence};
pub use violation::Violation;

/// A judge of the record: its oracle's row, and the function that looks for a violation.
pub type RecordJudge = (&'static OracleInfo, fn(&Observed<'_>) -> Option<Violation>);

/// The judges of a run that has converged and stayed so.
pub const CONVERGED: &[RecordJudge] =
    &[(oracle::HOT_LOOP, hot_loop::hot_loop), (oracle::SLOW_CONVERGENCE, slow_convergence::violation)];

/// The judges of every run, at its end.
pub const ENDED: &[RecordJudge] = &[(oracle::PANIC, panic::panic)];

#[cfg(test)]
mod tests {
    use super::{CONVERGED, ENDED};
    use crate::scenario::oracle::{ORACLES, Reporter};

    #[test]
    fn every_oracle_of_the_record_that_is_there_has_one_judge_and_no_other_has() {
        let judges: Vec<_> = CONVERGED.iter().chain(ENDED).map(|(oracle, _)| *oracle).collect();
        for oracle in ORACLES {
            let wanted = oracle.available && oracle.from == Reporter::Record;
            let judging = judges.iter().filter(|judge| judge == &oracle).count();
            assert_eq!(judging, usize::from(wanted), "{oracle}");
        }
    }
}
