//! What a judge of the record sees: what happened, and nothing of a cluster that still runs.

use super::{RecordJudge, Violation};
use crate::engine::Time;
use crate::hermetic::Panic;
use crate::scenario::Converge;
use crate::wire::History;

/// A run, as its judges see it.
#[derive(Clone, Copy, Debug)]
pub struct Observed<'a> {
    /// The record.
    pub history: &'a History,
    /// When all faults had healed and all programs ran again; none where the run ended before.
    pub healed: Option<Time>,
    /// Since when the system was converged for good; none where it never was.
    pub converged: Option<Time>,
    /// The panics of programs and their tasks, oldest first.
    pub panics: &'a [Panic],
    /// When the scenario counts the system as converged.
    pub converge: Option<&'a Converge>,
}

impl<'a> Observed<'a> {
    /// A run of which nothing is known but its record.
    pub fn of(history: &'a History) -> Self {
        Self { history, healed: None, converged: None, panics: &[], converge: None }
    }

    /// What the first of these judges says that finds something.
    pub fn judged_by<'j>(&self, mut judges: impl Iterator<Item = &'j RecordJudge>) -> Option<Violation> {
        let (oracle, found) = judges.find_map(|(oracle, judge)| Some((oracle, judge(self)?)))?;
        debug_assert_eq!(*oracle, found.oracle, "a judge reports in the name of its own row");
        Some(found)
    }
}
