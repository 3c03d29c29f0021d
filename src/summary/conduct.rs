//! Carries out the runs of one scenario, within limits, and counts them.

use std::ops::ControlFlow;
use std::time::Instant;

use wavetank_sim::explore::{Prepared, draw_plan};

use super::counted::{Cut, Summary};
use crate::isolate::{Follower, Outcome, Session};
use crate::sweep::{Job, Report};

/// When a sweep ends before its last seed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Limits {
    /// At the first run that fails.
    pub(crate) fail_fast: bool,
    /// No run starts after this time; with the budget in words.
    pub(crate) budget: Option<(Instant, String)>,
}

/// Who sees a sweep while it goes.
pub(crate) trait Audience {
    /// A run has ended and is counted. `is_new`: it fails as none before. `Break` ends the sweep.
    fn on_run(&mut self, _summary: &Summary, _report: &Report, _is_new: bool) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    /// A run tells something before its end.
    fn on_told(&mut self, _text: &str) {}

    /// Comes several times a second.
    fn on_wait(&mut self, _summary: &Summary) {}
}

/// Nobody.
impl Audience for () {}

/// Runs the jobs of one scenario. They end early at the limits, at a seed for which there is no run, and when runs are stuck.
pub(crate) fn conduct(
    session: &mut Session<'_, Job, Report>,
    prepared: &Prepared,
    jobs: &[Job],
    limits: &Limits,
    summary: &mut Summary,
    audience: &mut dyn Audience,
) {
    let started = Instant::now();
    // The warm-up is a run of the first scenario.
    if jobs.first().is_some_and(|job| job.scenario == 0) && session.warm_up_was_stuck() {
        summary.count_stuck_warm_up();
    }
    let mut conducted = Conducted { prepared, jobs, limits, summary, audience };
    if conducted.on_wait().is_continue() {
        session.follow(jobs, &mut conducted);
    }
    if summary.runs == summary.seeds {
        summary.cut = None;
    }
    summary.wall_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
}

struct Conducted<'a> {
    prepared: &'a Prepared,
    jobs: &'a [Job],
    limits: &'a Limits,
    summary: &'a mut Summary,
    audience: &'a mut dyn Audience,
}

impl Follower<Report> for Conducted<'_> {
    fn on_result(&mut self, n: usize, outcome: Outcome<Report>) -> ControlFlow<()> {
        let report = reported(outcome, &self.jobs[n], self.prepared);
        let is_new = self.summary.add(&report);
        let goes_on = self.audience.on_run(self.summary, &report, is_new);
        if report.no_run.is_some() {
            return ControlFlow::Break(());
        }
        if self.summary.is_often_stuck() {
            self.summary.cut_as_stuck();
            return ControlFlow::Break(());
        }
        if self.limits.fail_fast && !report.is_held(self.summary.expected) {
            self.summary.cut = Some(Cut::Failed);
            return ControlFlow::Break(());
        }
        goes_on
    }

    fn on_told(&mut self, _n: usize, text: String) {
        self.audience.on_told(&text);
    }

    fn on_wait(&mut self) -> ControlFlow<()> {
        self.audience.on_wait(self.summary);
        match &self.limits.budget {
            Some((end, budget)) if Instant::now() >= *end => {
                self.summary.cut = Some(Cut::Budget(budget.clone()));
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        }
    }
}

/// The report of a job. One that did not come to its end gets the plan that its seed draws.
fn reported(outcome: Outcome<Report>, job: &Job, prepared: &Prepared) -> Report {
    let mut report = Report::from_outcome(outcome, job);
    if report.fingerprint.is_empty() && job.plan.is_none() {
        report.plan = draw_plan(prepared.scenario(), job.seed).to_string();
    }
    report
}
