//! Runs one scenario after the other, prints failures as they are found and summaries at the end, and writes the JUnit file.
//!
//! Ctrl-C and SIGTERM end it at once: it prints the summary of what ran so far, completes the JUnit file, and exits with
//! 128 and the number of the signal, as shells show a command that a signal ended, whatever the runs came to.

use std::ops::ControlFlow;
use std::process::ExitCode;
use std::time::Instant;

use wavetank_sim::explore::Prepared;

use super::Run;
use super::determinism::Twice;
use crate::cli::{BAD_INPUT, NONDETERMINISM, OUR_BUG, VIOLATION};
use crate::commands::replay::replay_line;
use crate::isolate::{Isolation, Pool, Session, catch_signals, caught_signal};
use crate::report::{self, Case, Progress, View, print, print_error};
use crate::summary::{Audience, Cut, Limits, Summary, conduct};
use crate::sweep::{Job, Report, jobs, warm_up, work};

/// With details, a report may have some megabytes: so few of them wait in memory.
const DETAILS_AHEAD: usize = 16;

/// The scenarios of a command, and what they came to so far.
pub(super) struct Sweep<'a> {
    args: &'a Run,
    scenarios: &'a [Prepared],
    /// A summary of each scenario, before its first run.
    blank: Vec<Summary>,
    done: Vec<Case>,
    worst: u8,
    limits: Limits,
    bar: Progress,
    started: Instant,
    /// For `--check-determinism`: what the runs of the current scenario were.
    fingerprints: Vec<Option<String>>,
}

impl<'a> Sweep<'a> {
    pub(super) fn new(args: &'a Run, scenarios: &'a [Prepared], paths: &[String]) -> Self {
        let seeds = |prepared: &Prepared| args.seeds().unwrap_or(prepared.scenario().seeds.clone());
        let blank = scenarios.iter().zip(paths).map(|(prepared, path)| {
            let mut summary = Summary::of(prepared, path, seeds(prepared).count());
            let same = scenarios.iter().filter(|other| other.scenario().name == summary.name);
            if same.count() > 1 {
                summary.title = format!("{} ({path})", summary.name);
            }
            summary
        });
        Self {
            args,
            scenarios,
            blank: blank.collect(),
            done: Vec::new(),
            worst: 0,
            limits: args.limits(),
            bar: Progress::hidden(),
            started: Instant::now(),
            fingerprints: Vec::new(),
        }
    }

    pub(super) fn execute(mut self) -> ExitCode {
        let scenarios = self.scenarios;
        let has_programs = scenarios.iter().any(Prepared::has_programs);
        let isolation =
            self.args.isolation.map_or_else(|| Isolation::default_for(has_programs), Isolation::from);
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let mut pool = Pool::new(isolation, self.args.jobs.unwrap_or(cores));
        if self.args.detail {
            pool.ahead = DETAILS_AHEAD;
        }
        let do_job = |job: &Job| work(scenarios, job);
        let mut session = match pool.open(Some(&warm_up(0)), &do_job) {
            Ok(session) => session,
            Err(error) => {
                print_error(&format!("wavetank cannot start the runs: {error}"));
                return ExitCode::from(OUR_BUG);
            }
        };
        catch_signals();
        // The time of the start-up does not count.
        self.limits = self.args.limits();
        for index in 0..scenarios.len() {
            self.scenario(index, &mut session);
            if self.args.fail_fast && self.worst != 0 {
                break;
            }
        }
        self.write_junit();
        ExitCode::from(self.worst)
    }

    /// Runs one scenario and prints what it comes to.
    fn scenario(&mut self, index: usize, session: &mut Session<'_, Job, Report>) {
        let (prepared, limits) = (&self.scenarios[index], self.limits.clone());
        self.bar = Progress::new(&self.blank[index].title, self.blank[index].seeds);
        (self.started, self.fingerprints) = (Instant::now(), Vec::new());
        let view = if self.bar.is_hidden() { View::Nothing } else { View::Clock };
        let seeds = self.args.seeds().unwrap_or(prepared.scenario().seeds.clone());
        let with_view = |job| Job { detail: self.args.detail, view: view.clone(), ..job };
        let jobs: Vec<Job> = jobs(index, seeds, None).into_iter().map(with_view).collect();
        let mut summary = self.blank[index].clone();
        conduct(session, prepared, &jobs, &limits, &mut summary, self);
        let mut differs = None;
        if self.args.check_determinism {
            let first = std::mem::take(&mut self.fingerprints);
            differs =
                Twice { jobs: &jobs, first: &first, summary: &summary, sweep: self }.check(session, prepared);
        }
        self.bar.finish();
        let (case, code) = self.judged(summary, differs);
        self.worst = worse(self.worst, code);
        self.done.push(case);
    }

    /// Prints a line for people: to stdout, or beside JSON to stderr.
    fn say(&self, text: &str) {
        self.bar.suspend(|| if self.args.json { print_error(text) } else { print(text) });
    }

    /// Prints what a scenario came to. Returns it with its exit code.
    fn judged(&self, summary: Summary, differs: Option<String>) -> (Case, u8) {
        let width = self.blank.iter().map(|summary| summary.title.len()).max().unwrap_or(0);
        if let Some((seed, why)) = &summary.no_run {
            let text = report::no_run(&summary, *seed, why);
            print_error(&text);
            return (Case { failure: Some((why.clone(), text)), summary }, BAD_INPUT);
        }
        self.say(&report::summary_line(&summary, width));
        summary.notes().for_each(|note| self.say(&format!("note       {note}")));
        let counts = report::failures(&summary);
        counts.iter().for_each(|line| self.say(line));
        if let Some(found) = &summary.first_expected {
            self.say(&report::found(&summary, found, &replay_line(&summary.path, found)));
        }
        if let Some(differs) = differs {
            print_error(&differs);
            return (Case { failure: Some(("nondeterminism".into(), differs)), summary }, NONDETERMINISM);
        }
        let Err(why) = summary.verdict(self.args.strict) else {
            return (Case { failure: None, summary }, 0);
        };
        self.say(&format!("{}: {why}", summary.title));
        let code = if summary.has_our_bug() { OUR_BUG } else { VIOLATION };
        let failures = &summary.failures.groups;
        let text = failures
            .iter()
            .map(|failure| report::failure(&summary, failure, &replay_line(&summary.path, &failure.first)));
        let text: Vec<String> = text.chain(counts).collect();
        (Case { failure: Some((why, text.join("\n"))), summary }, code)
    }

    /// Ends this process before the sweep is over: at a signal, or because stdout takes nothing any more.
    fn leave(&mut self, summary: &Summary, code: u8) -> ! {
        self.bar.finish();
        let wall_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let mut summary = summary.clone();
        (summary.cut, summary.wall_ms) = (Some(Cut::Signal), wall_ms);
        let (case, _) = self.judged(summary, None);
        self.done.push(case);
        self.write_junit();
        std::process::exit(code.into())
    }

    /// Ends this process if stdout takes nothing any more.
    fn leave_if_unheard(&self) {
        if let Some(code) = report::output_failure() {
            self.bar.finish();
            std::process::exit(code.into());
        }
    }

    /// Writes the JUnit file, if one is wanted, with all scenarios, also those that did not run.
    fn write_junit(&mut self) {
        let Some(path) = &self.args.junit else { return };
        let ahead = self.blank.split_off(self.done.len());
        self.done.extend(ahead.into_iter().map(|summary| Case { summary, failure: None }));
        let written =
            report::junit(&self.done).and_then(|text| std::fs::write(path, text).map_err(|e| e.to_string()));
        if let Err(error) = written {
            print_error(&format!("{}: wavetank cannot write the JUnit file: {error}", path.display()));
            self.worst = worse(self.worst, BAD_INPUT);
        }
    }
}

impl Audience for Sweep<'_> {
    fn on_run(&mut self, summary: &Summary, report: &Report, is_new: bool) -> ControlFlow<()> {
        self.bar.inc();
        if self.args.check_determinism {
            self.fingerprints.push((!report.is_stuck()).then(|| report.fingerprint.clone()));
        }
        let replay = || replay_line(&summary.path, report);
        if self.args.json {
            self.bar.suspend(|| print(&report::run_line(summary, report, &replay())));
        }
        if is_new {
            self.say(&report::found(summary, report, &replay()));
        }
        self.leave_if_unheard();
        ControlFlow::Continue(())
    }

    fn on_told(&mut self, text: &str) {
        self.bar.set_message(format!("a run is at {text}"));
    }

    fn on_wait(&mut self, summary: &Summary) {
        if let Some(signal) = caught_signal() {
            self.leave(summary, u8::try_from(128 + signal).unwrap_or(VIOLATION));
        }
    }
}

/// The worse of two exit codes. From best to worst: held, violation, nondeterminism, bad input, our bug.
fn worse(a: u8, b: u8) -> u8 {
    let rank = |code: u8| [0, VIOLATION, NONDETERMINISM, BAD_INPUT, OUR_BUG].iter().position(|c| *c == code);
    if rank(a) >= rank(b) { a } else { b }
}
