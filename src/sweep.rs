//! Many runs: a job for each, its report, and the summary of all.

use std::collections::BTreeMap;
use std::ops::{ControlFlow, Range};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use wavetank_sim::explore::{Prepared, Run, draw_plan, run};
use wavetank_sim::scenario::{OracleInfo, Plan, oracle};

use crate::isolate::Outcome;
use crate::report::Timeline;

/// A sweep ends after so many runs that were stuck. Our choice: each costs the whole time of the watchdog, and says much the same.
const MOST_STUCK: usize = 3;

/// One run, before it runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    /// The index of its scenario among those that are loaded.
    pub(crate) scenario: usize,
    /// The seed.
    pub(crate) seed: u64,
    /// The plan as text. Without one the seed draws it.
    pub(crate) plan: Option<String>,
    /// Whether to report the record line by line.
    pub(crate) detail: bool,
}

/// The report of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    /// The seed.
    pub(crate) seed: u64,
    /// The faults, as text.
    pub(crate) plan: String,
    /// The violation, if there is one.
    pub(crate) violation: Option<Found>,
    /// The record's hash; empty if there was no run.
    pub(crate) fingerprint: String,
    /// Virtual time from t = 0 to the end, in ms.
    pub(crate) virtual_ms: i64,
    /// Wall time, in microseconds. Depends on the machine.
    pub(crate) wall_us: u64,
    /// The time from healing until the system had converged for good, in ms.
    pub(crate) converged_after_ms: Option<u64>,
    /// Faults and steps that had no effect, and why.
    pub(crate) unused: Vec<(String, String)>,
    /// What else to know of the run, by what it is about.
    pub(crate) notes: Vec<(String, String)>,
    /// Why there was no run: the setup failed.
    pub(crate) no_run: Option<String>,
    /// If the job asks for detail: the record line by line, and what a user would have seen.
    pub(crate) detail: Option<Timeline>,
}

/// A violation, as reports carry it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Found {
    /// The oracle.
    pub(crate) oracle: String,
    /// What was wanted, what happened, and why.
    pub(crate) message: String,
    /// When, in ms from t = 0.
    pub(crate) at_ms: i64,
}

/// Runs a job. All pools use this function.
pub(crate) fn work(scenarios: &[Prepared], job: &Job) -> Report {
    let prepared = &scenarios[job.scenario];
    let started = Instant::now();
    let plan = match job.plan.as_deref().map(str::parse::<Plan>) {
        None => draw_plan(prepared.scenario(), job.seed),
        Some(Ok(plan)) => plan,
        Some(Err(bad)) => return Report::none(job, bad.to_string()),
    };
    let ran = run(prepared, job.seed, &plan);
    let wall_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    match ran {
        Ok(run) => Report::of(run, job.detail, wall_us),
        Err(no_run) => {
            let detail = job.detail.then(|| Timeline::of(&no_run.history));
            Report { detail, ..Report::none(job, no_run.why) }
        }
    }
}

impl Report {
    fn of(run: Run, detail: bool, wall_us: u64) -> Self {
        let found = |v: wavetank_sim::oracles::Violation| Found {
            oracle: v.oracle.name.into(),
            message: v.message,
            at_ms: v.time.0,
        };
        Self {
            seed: run.seed,
            plan: run.plan.to_string(),
            detail: detail.then(|| Timeline::of(&run.history)),
            violation: run.violation.map(found),
            fingerprint: run.fingerprint.to_string(),
            virtual_ms: run.end.0,
            wall_us,
            converged_after_ms: run.converged_after_ms,
            unused: run.unused.into_iter().map(|unused| (unused.what, unused.why.to_owned())).collect(),
            notes: run.notes.into_iter().map(|note| (note.key, note.text)).collect(),
            no_run: None,
        }
    }

    fn none(job: &Job, why: String) -> Self {
        Self {
            seed: job.seed,
            plan: job.plan.clone().unwrap_or_default(),
            violation: None,
            fingerprint: String::new(),
            virtual_ms: 0,
            wall_us: 0,
            converged_after_ms: None,
            unused: Vec::new(),
            notes: Vec::new(),
            no_run: Some(why),
            detail: None,
        }
    }

    /// The report of a job, also of one that panicked, died or hung.
    pub(crate) fn from_outcome(outcome: Outcome<Self>, job: &Job) -> Self {
        let (oracle, message) = match outcome {
            Outcome::Done(report) => return report,
            Outcome::Panicked { message } => {
                (oracle::INTERNAL, format!("wavetank itself panicked: {message}"))
            }
            Outcome::Died { how, output } => {
                (oracle::EXIT, format!("the process of the run ended with {how}; its last output: {output}"))
            }
            Outcome::Stuck { wall_s, words } => {
                let words = if words.is_empty() { words } else { format!(": {words}") };
                let message = format!(
                    "a program has blocked the run for {wall_s} s of wall time (this depends on the machine){words}"
                );
                (oracle::STUCK, message)
            }
            Outcome::Looped { words } => (oracle::HOT_LOOP, words),
        };
        let violation = Some(Found { oracle: oracle.name.into(), message, at_ms: 0 });
        Self { violation, no_run: None, ..Self::none(job, String::new()) }
    }

    /// Whether the watchdog ended the run.
    pub(crate) fn is_stuck(&self) -> bool {
        self.violation.as_ref().is_some_and(|found| found.oracle == oracle::STUCK.name)
    }

    /// Whether the run is held: it has no violation, or only the one that the scenario expects.
    pub(crate) fn is_held(&self, expected: Option<&OracleInfo>) -> bool {
        let is_expected = |found: &Found| expected.is_some_and(|oracle| oracle.name == found.oracle);
        self.no_run.is_none() && self.violation.as_ref().is_none_or(is_expected)
    }
}

/// The summary of all runs of a scenario.
#[derive(Clone, Debug, Default)]
pub(crate) struct Summary {
    /// The scenario's name.
    pub(crate) name: String,
    /// The file; empty for a scenario built in code.
    pub(crate) path: String,
    /// The oracle whose violation the scenario expects.
    pub(crate) expected: Option<&'static OracleInfo>,
    /// How many runs there were.
    pub(crate) runs: usize,
    /// How many are held.
    pub(crate) held: usize,
    /// How many have the expected violation.
    pub(crate) as_expected: usize,
    /// The first run that is not held.
    pub(crate) first_bad: Option<Report>,
    /// The first run with the expected violation.
    pub(crate) first_expected: Option<Report>,
    /// How long each run took to converge, in ms.
    pub(crate) converged_ms: Vec<u64>,
    /// Wall time of all of them together, in ms.
    pub(crate) wall_ms: u64,
    /// How many were stuck; the warm-up counts.
    stuck: usize,
    /// For each kind of fault and each step with a trigger: how often it was planned, how often it had no effect, and why
    /// the last time.
    planned: BTreeMap<String, (usize, usize, String)>,
    /// Notes of runs by key: how many runs have it, and the seed and the text of the first.
    notes: BTreeMap<String, (usize, u64, String)>,
}

impl Summary {
    /// The summary of a scenario before its first run.
    pub(crate) fn of(prepared: &Prepared, path: &str) -> Self {
        let scenario = prepared.scenario();
        Self {
            name: scenario.name.clone(),
            path: path.into(),
            expected: scenario.expect_violation,
            ..Self::default()
        }
    }

    /// Adds a run.
    pub(crate) fn add(&mut self, report: &Report) {
        self.runs += 1;
        self.stuck += usize::from(report.is_stuck());
        self.converged_ms.extend(report.converged_after_ms);
        for fault in report.plan.split("; ").filter(|fault| !fault.is_empty()) {
            self.planned.entry(kind_of(fault).to_owned()).or_default().0 += 1;
        }
        for (what, why) in &report.unused {
            let (planned, unused, last) = self.planned.entry(kind_of(what).to_owned()).or_default();
            *planned += usize::from(is_step(what));
            *unused += 1;
            last.clone_from(why);
        }
        for (key, text) in &report.notes {
            let first = || (0, report.seed, text.clone());
            self.notes.entry(key.clone()).or_insert_with(first).0 += 1;
        }
        if !report.is_held(self.expected) {
            self.first_bad.get_or_insert_with(|| report.clone());
            return;
        }
        self.held += 1;
        if report.violation.is_some() {
            self.as_expected += 1;
            self.first_expected.get_or_insert_with(|| report.clone());
        }
    }

    /// The sweep's warm-up was stuck for as long as a run may be.
    pub(crate) fn count_stuck_warm_up(&mut self) {
        self.stuck += 1;
    }

    /// Whether the sweep goes on after this run. It ends where there was no run, and after [`MOST_STUCK`] that were stuck.
    pub(crate) fn goes_on(&self, last: &Report) -> ControlFlow<()> {
        let ends = last.no_run.is_some() || self.stuck >= MOST_STUCK;
        if ends { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// In words, what a user should know besides the verdict.
    pub(crate) fn notes(&self) -> impl Iterator<Item = String> {
        let of_runs = self.notes.values().map(|(runs, seed, text)| {
            format!("{text} ({runs} of {} runs, first with seed {seed})", self.runs)
        });
        let ended = (self.stuck >= MOST_STUCK)
            .then(|| format!("the sweep ended early: {} runs were stuck", self.stuck));
        self.idle().chain(of_runs).chain(ended)
    }

    /// In words, the faults and steps that had no effect in any run.
    fn idle(&self) -> impl Iterator<Item = String> {
        let idle = |what: &str, planned: usize, unused: usize| {
            unused == planned && (!is_step(what) || unused == self.runs)
        };
        let all =
            self.planned.iter().filter(move |(what, (planned, unused, _))| idle(what, *planned, *unused));
        all.map(|(what, (planned, _, why))| format!("{what} never had an effect ({planned} planned): {why}"))
    }

    /// Whether the scenario passes.
    ///
    /// # Errors
    /// Why it fails, in words.
    pub(crate) fn verdict(&self) -> Result<(), String> {
        if self.held < self.runs {
            return Err(format!("{} of {} runs failed", self.runs - self.held, self.runs));
        }
        match &self.expected {
            Some(expected) if self.as_expected == 0 => {
                Err(format!("the scenario expects the violation `{expected}`, and no seed has it"))
            }
            _ => Ok(()),
        }
    }

    /// The p-th percentile of the times to converge, in seconds.
    pub(crate) fn converge_s(&self, percent: usize) -> Option<u64> {
        let mut sorted = self.converged_ms.clone();
        sorted.sort_unstable();
        let index = (sorted.len() * percent).div_ceil(100).checked_sub(1)?;
        sorted.get(index).map(|ms| ms.div_ceil(1000))
    }
}

/// The kind of a planned fault; the whole text of a step.
fn kind_of(what: &str) -> &str {
    if is_step(what) { what } else { what.split(['(', '@']).next().unwrap_or(what) }
}

/// Whether this is a step. Reports name a step only if it did not run.
fn is_step(what: &str) -> bool {
    what.starts_with("step ")
}

/// The jobs of a sweep over one scenario.
pub(crate) fn jobs(scenario: usize, seeds: Range<u64>, plan: Option<&str>) -> Vec<Job> {
    seeds.map(|seed| Job { scenario, seed, plan: plan.map(str::to_owned), detail: false }).collect()
}

/// The job with which a zygote warms up. It depends on neither seed nor plan.
pub(crate) fn warm_up(scenario: usize) -> Job {
    Job { scenario, seed: 0, plan: Some(String::new()), detail: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sweep_ends_after_three_stuck_runs_and_says_so() {
        let job = Job { scenario: 0, seed: 0, plan: None, detail: false };
        let stuck =
            Report::from_outcome(Outcome::Stuck { wall_s: 60, words: "at 1.000s op runs".into() }, &job);
        let found = stuck.violation.as_ref().expect("it is a violation");
        assert!(found.message.ends_with("(this depends on the machine): at 1.000s op runs"), "{found:?}");
        for warm_up_stuck in [false, true] {
            let mut summary = Summary::default();
            if warm_up_stuck {
                summary.count_stuck_warm_up();
            }
            let mut ran = 0;
            while summary.goes_on(&stuck).is_continue() {
                summary.add(&stuck);
                ran += 1;
            }
            assert_eq!(ran, if warm_up_stuck { 2 } else { 3 });
            let notes: Vec<String> = summary.notes().collect();
            assert_eq!(notes, ["the sweep ended early: 3 runs were stuck"]);
        }
    }
}
