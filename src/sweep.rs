//! Many runs: a job for each, and its report. `summary` counts them.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use wavetank_sim::engine::Time;
use wavetank_sim::explore::{Prepared, Run, draw_plan, run_watched};
use wavetank_sim::hermetic::exits;
use wavetank_sim::scenario::{OracleInfo, Plan, oracle};
use wavetank_sim::wire::{History, What};

use crate::isolate::{Outcome, is_inside_job};
use crate::report::{LogLine, Timeline, View, print_error};

/// The exit code where a program has ended all runs: that of bad input, because the runs need the other isolation.
const EXIT_OF_PROGRAM: i32 = 2;

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
    /// What to tell while it runs.
    pub(crate) view: View,
}

/// The report of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    /// The seed.
    pub(crate) seed: u64,
    /// The faults, as text.
    pub(crate) plan: String,
    /// Those that had struck when the violation was found, as text; none if the run did not come to its end.
    pub(crate) struck: Option<Vec<String>>,
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
    /// Of a run that failed: the last lines that the program in question wrote to stdout and stderr.
    pub(crate) last_words: Vec<LogLine>,
    /// Why the view that the job asks for had nothing to show.
    pub(crate) not_shown: Option<String>,
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

/// Where runs share this process, a program that calls `exit` or `abort` ends them all. Says so before that.
pub(crate) fn tell_exits() {
    if is_inside_job() {
        return;
    }
    exits::on_exit(|call| {
        let who = call.program.as_deref().unwrap_or("a program");
        let (at, code, seed) = (Time::at_wall_ns(call.exit.wall_ns), call.exit.code, call.seed);
        print_error(&format!(
            "{who} called exit({code}) at {at} of seed {seed}. In isolation `thread` this ends all runs: there are no further \
             results. With isolation `fork` it is an exit of that program, which is started again."
        ));
        EXIT_OF_PROGRAM
    });
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
    tell_exits();
    let mut showing = job.view.begin();
    let is_wanted = showing.is_wanted();
    let mut watch = |attempt: usize, history: &History| showing.go_on(attempt, history);
    let ran = run_watched(prepared, job.seed, &plan, if is_wanted { Some(&mut watch) } else { None });
    let wall_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    match ran {
        Ok(run) => {
            let not_shown = showing.end(&run.history);
            Report { not_shown, ..Report::of(run, job.detail, wall_us) }
        }
        Err(no_run) => {
            let not_shown = showing.end(&no_run.history);
            let detail = job.detail.then(|| Timeline::of(&no_run.history));
            let last_words = LogLine::last(&no_run.history, &no_run.why);
            Report { detail, last_words, not_shown, ..Report::none(job, no_run.why) }
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
            struck: Some(struck(&run)),
            detail: detail.then(|| Timeline::of(&run.history)),
            last_words: run
                .violation
                .as_ref()
                .map_or_else(Vec::new, |v| LogLine::last(&run.history, &v.message)),
            violation: run.violation.map(found),
            fingerprint: run.fingerprint.to_string(),
            virtual_ms: run.end.0,
            wall_us,
            converged_after_ms: run.converged_after_ms,
            unused: run.unused.into_iter().map(|unused| (unused.what, unused.why.to_owned())).collect(),
            notes: run.notes.into_iter().map(|note| (note.key, note.text)).collect(),
            no_run: None,
            not_shown: None,
        }
    }

    fn none(job: &Job, why: String) -> Self {
        Self {
            seed: job.seed,
            plan: job.plan.clone().unwrap_or_default(),
            struck: None,
            violation: None,
            fingerprint: String::new(),
            virtual_ms: 0,
            wall_us: 0,
            converged_after_ms: None,
            unused: Vec::new(),
            notes: Vec::new(),
            no_run: Some(why),
            last_words: Vec::new(),
            not_shown: None,
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
            Outcome::Stuck { wall_s } => (
                oracle::STUCK,
                format!(
                    "a program has blocked the run for {wall_s} s of wall time (this depends on the machine)"
                ),
            ),
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

/// The planned faults that had struck when the violation was found; all that struck if there is none.
fn struck(run: &Run) -> Vec<String> {
    let end = run.violation.as_ref().map_or(run.end, |found| found.time);
    let mut strikes: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in run.history.record.entries().iter().filter(|entry| entry.time <= end) {
        if let What::Fault(text) = &entry.what {
            *strikes.entry(text).or_default() += 1;
        }
    }
    let planned = run.plan.0.iter().map(ToString::to_string);
    let has_struck = |text: &String| match strikes.get_mut(text.as_str()) {
        Some(left) if *left > 0 => {
            *left -= 1;
            true
        }
        _ => false,
    };
    planned.filter(has_struck).collect()
}

/// The jobs of a sweep over one scenario.
pub(crate) fn jobs(scenario: usize, seeds: Range<u64>, plan: Option<&str>) -> Vec<Job> {
    let job =
        |seed| Job { scenario, seed, plan: plan.map(str::to_owned), detail: false, view: View::Nothing };
    seeds.map(job).collect()
}

/// The job with which a zygote warms up. It depends on neither seed nor plan, and is short also where runs are long.
pub(crate) fn warm_up(scenario: usize) -> Job {
    Job { scenario, seed: 0, plan: Some(String::new()), detail: false, view: View::WarmUp }
}
