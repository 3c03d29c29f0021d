//! The summary of a sweep: how many runs there were, how they ended, and whether the scenario passes.

use std::collections::BTreeMap;
use std::fmt;

use wavetank_sim::explore::Prepared;
use wavetank_sim::scenario::{OracleInfo, oracle};

use super::failures::Failures;
use super::notes::Notes;
use crate::sweep::Report;

/// A sweep ends after so many runs that were stuck. Our choice: each costs the whole time of the watchdog, and says much the same.
const MOST_STUCK: usize = 3;

/// Why a sweep ended before its last seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// A run failed, and the sweep ends at the first that does.
    Failed,
    /// The wall time was over that this sweep may take.
    Budget(String),
    /// So many runs were stuck.
    Stuck(usize),
    /// The user or the system wanted this process to end.
    Signal,
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed => f.write_str("a run failed"),
            Self::Budget(budget) => write!(f, "the budget of {budget} was over"),
            Self::Stuck(runs) => write!(f, "{runs} runs were stuck"),
            Self::Signal => f.write_str("a signal ended the sweep"),
        }
    }
}

/// The summary of all runs of a scenario.
#[derive(Clone, Debug, Default)]
pub(crate) struct Summary {
    /// The scenario's name, with its file where another scenario has the same.
    pub(crate) title: String,
    /// The scenario's name.
    pub(crate) name: String,
    /// The file; empty for a scenario built in code.
    pub(crate) path: String,
    /// The oracle whose violation the scenario expects.
    pub(crate) expected: Option<&'static OracleInfo>,
    /// How many seeds were to run.
    pub(crate) seeds: usize,
    /// How many runs there were.
    pub(crate) runs: usize,
    /// How many are held.
    pub(crate) held: usize,
    /// How many have the expected violation.
    pub(crate) as_expected: usize,
    /// Runs with another violation than the expected one.
    pub(crate) failures: Failures,
    /// The first seed for which there was no run, and why.
    pub(crate) no_run: Option<(u64, String)>,
    /// The first run with the expected violation.
    pub(crate) first_expected: Option<Report>,
    /// Why not all seeds ran.
    pub(crate) cut: Option<Cut>,
    /// Wall time of all of them together, in ms.
    pub(crate) wall_ms: u64,
    /// How many runs took how many seconds to converge.
    converged_s: BTreeMap<u64, usize>,
    /// How many were stuck.
    stuck: usize,
    notes: Notes,
}

impl Summary {
    /// The summary of a scenario before its first run.
    pub(crate) fn of(prepared: &Prepared, path: &str, seeds: usize) -> Self {
        let scenario = prepared.scenario();
        Self {
            title: scenario.name.clone(),
            name: scenario.name.clone(),
            path: path.into(),
            expected: scenario.expect_violation,
            seeds,
            ..Self::default()
        }
    }

    /// Adds a run. True: it fails as none before.
    pub(crate) fn add(&mut self, report: &Report) -> bool {
        self.runs += 1;
        self.stuck += usize::from(report.is_stuck());
        if let Some(ms) = report.converged_after_ms {
            *self.converged_s.entry(ms.div_ceil(1000)).or_default() += 1;
        }
        self.notes.add(report);
        if let Some(why) = &report.no_run {
            self.no_run.get_or_insert_with(|| (report.seed, why.clone()));
            return false;
        }
        if !report.is_held(self.expected) {
            return self.failures.add(report);
        }
        self.held += 1;
        if report.violation.is_some() {
            self.as_expected += 1;
            self.first_expected.get_or_insert_with(|| Report { detail: None, ..report.clone() });
        }
        false
    }

    /// The sweep's warm-up was stuck for as long as a run may be.
    pub(super) fn count_stuck_warm_up(&mut self) {
        self.stuck += 1;
    }

    /// Whether so many runs were stuck that the sweep ends.
    pub(super) fn is_often_stuck(&self) -> bool {
        self.stuck >= MOST_STUCK
    }

    /// Ends the sweep because runs were stuck.
    pub(super) fn cut_as_stuck(&mut self) {
        self.cut = Some(Cut::Stuck(self.stuck));
    }

    /// In words, what a user should know besides the verdict.
    pub(crate) fn notes(&self) -> impl Iterator<Item = String> {
        let cut = match &self.cut {
            Some(cut @ (Cut::Budget(_) | Cut::Stuck(_))) => {
                Some(format!("only {} of {} seeds ran: {cut}", self.runs, self.seeds))
            }
            Some(Cut::Failed | Cut::Signal) | None => None,
        };
        cut.into_iter().chain(self.notes.in_words(self.runs))
    }

    /// Whether the scenario passes. Strictly, it passes only without a note.
    ///
    /// # Errors
    /// Why it fails, in words.
    pub(crate) fn verdict(&self, strict: bool) -> Result<(), String> {
        let unmet = self.expected.filter(|_| self.as_expected == 0);
        let unmet = unmet.map(|oracle| format!("the scenario expects the violation `{oracle}`, and no"));
        if self.held < self.runs {
            let failed = format!("{} of {} runs failed", self.runs - self.held, self.runs);
            let Some(unmet) = unmet.filter(|_| self.no_run.is_none()) else { return Err(failed) };
            let had = self.failures.by_oracle();
            return Err(format!("{failed}; {unmet} run has it: {had}, {} with none", self.held));
        }
        // A sweep that was cut short may not have come to the seed that has it.
        if let Some(unmet) = unmet.filter(|_| self.cut.is_none()) {
            return Err(format!("{unmet} seed has it: all {} runs are without a violation", self.runs));
        }
        let notes: Vec<String> = self.notes().filter(|_| strict).collect();
        if notes.is_empty() {
            return Ok(());
        }
        Err(format!("a note is a failure where checks are strict: {}", notes.join("; ")))
    }

    /// Whether a bug of wavetank's was found.
    pub(crate) fn has_our_bug(&self) -> bool {
        let is_ours = |found: &crate::sweep::Found| found.oracle == oracle::INTERNAL.name;
        self.failures.groups.iter().any(|group| group.found().is_some_and(is_ours))
    }

    /// The p-th percentile of the times to converge, in seconds.
    pub(crate) fn converge_s(&self, percent: usize) -> Option<u64> {
        let runs: usize = self.converged_s.values().sum();
        let mut before = (runs * percent).div_ceil(100).checked_sub(1)?;
        for (seconds, runs) in &self.converged_s {
            match before.checked_sub(*runs) {
                Some(left) => before = left,
                None => return Some(*seconds),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use wavetank_sim::explore::Prepared;
    use wavetank_sim::scenario::Scenario;

    use crate::isolate::{Isolation, Pool};
    use crate::summary::{Limits, Summary, conduct};
    use crate::sweep::{Job, Report, jobs};

    #[test]
    fn a_sweep_ends_after_three_stuck_runs_and_says_so() {
        let prepared = Prepared::new(Scenario::new("stuck"), &[]).unwrap();
        let never = |_: &Job| -> Report {
            static SPINS: AtomicU32 = AtomicU32::new(0);
            loop {
                SPINS.fetch_add(1, Ordering::Relaxed);
            }
        };
        let pool = Pool { stuck_after: Duration::from_millis(50), ..Pool::new(Isolation::Fork, 1) };
        let mut session = pool.open(None, &never).unwrap();
        let jobs = jobs(0, 0..9, None);
        let mut summary = Summary::of(&prepared, "", jobs.len());
        conduct(&mut session, &prepared, &jobs, &Limits::default(), &mut summary, &mut ());
        assert_eq!(summary.runs, 3);
        let notes: Vec<String> = summary.notes().collect();
        assert_eq!(notes, ["only 3 of 9 seeds ran: 3 runs were stuck"]);
        assert_eq!(summary.failures.groups.len(), 1);
    }

    #[test]
    fn percentiles_are_those_of_all_runs() {
        let mut summary = Summary::default();
        assert_eq!(summary.converge_s(50), None);
        for (seconds, runs) in [(1, 50), (2, 48), (30, 1), (90, 1)] {
            summary.converged_s.insert(seconds, runs);
        }
        let of = |percent| summary.converge_s(percent);
        assert_eq!((of(1), of(50), of(51), of(98)), (Some(1), Some(1), Some(2), Some(2)));
        assert_eq!((of(99), of(100)), (Some(30), Some(90)));
    }
}
