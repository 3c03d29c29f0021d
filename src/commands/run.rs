//! `wavetank run`: scenarios over many seeds.

use std::ops::{ControlFlow, Range};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use wavetank_sim::explore::Prepared;
use wavetank_sim::scenario::oracle;

use super::replay::replay_line;
use crate::cli::{BAD_INPUT, NONDETERMINISM, OUR_BUG, VIOLATION, scenario_files};
use crate::isolate::{Isolation, Pool, Session};
use crate::registry::Registry;
use crate::report::{self, print, print_error};
use crate::sweep::{Job, Report, Summary, jobs, warm_up, work};

/// Arguments of `run`.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// Scenario files, or folders of them (`*.yaml`, without subfolders).
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// Seeds to run, such as `0..200`, where 200 does not run; default: the seeds of each scenario.
    #[arg(long, value_name = "A..B", value_parser = seeds)]
    seeds: Option<Range<u64>>,
    /// How many runs at the same time; default: one per core.
    #[arg(long)]
    jobs: Option<usize>,
    /// Print a JSON object for each run, each on a line.
    #[arg(long)]
    json: bool,
    /// Write a JUnit file.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// How to isolate runs from each other; default: fork if a program runs, else thread.
    #[arg(long, value_enum)]
    isolation: Option<IsolationFlag>,
    /// Run each seed twice and name the first entry of the record that differs.
    #[arg(long)]
    check_determinism: bool,
}

/// The values of `--isolation`.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub(crate) enum IsolationFlag {
    /// A fresh thread per run.
    Thread,
    /// A fresh process per run.
    Fork,
}

impl From<IsolationFlag> for Isolation {
    fn from(flag: IsolationFlag) -> Self {
        match flag {
            IsolationFlag::Thread => Self::Thread,
            IsolationFlag::Fork => Self::Fork,
        }
    }
}

/// Reads the value of `--seeds`, `A..B`.
pub(crate) fn seeds(text: &str) -> Result<Range<u64>, String> {
    if !text.contains("..") {
        return Err("write a range such as 0..200, whose end is larger and does not run".into());
    }
    wavetank_sim::scenario::range::seeds(text)
}

/// Runs all scenarios, or none if one of them is bad.
pub(crate) fn execute(args: &Run, registry: &Registry) -> ExitCode {
    let files = match scenario_files(&args.paths) {
        Ok(files) => files,
        Err(bad) => return bad_input(&bad.to_string()),
    };
    let (loaded, bad): (Vec<_>, Vec<_>) =
        files.iter().map(|file| registry.load(file)).partition(Result::is_ok);
    if !bad.is_empty() {
        let words: Vec<String> = bad.into_iter().filter_map(Result::err).map(|bad| bad.to_string()).collect();
        return bad_input(&words.join("\n"));
    }
    if let Some(path) = &args.junit
        && let Err(error) = std::fs::OpenOptions::new().append(true).create(true).open(path)
    {
        return bad_input(&format!("{}: wavetank cannot write the JUnit file: {error}", path.display()));
    }
    let scenarios: Vec<Prepared> = loaded.into_iter().filter_map(Result::ok).collect();
    let paths: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    Sweep { args, scenarios: &scenarios, paths: &paths }.execute()
}

fn bad_input(words: &str) -> ExitCode {
    print_error(words);
    ExitCode::from(BAD_INPUT)
}

struct Sweep<'a> {
    args: &'a Run,
    scenarios: &'a [Prepared],
    paths: &'a [String],
}

impl Sweep<'_> {
    fn execute(&self) -> ExitCode {
        let has_programs = self.scenarios.iter().any(Prepared::has_programs);
        let isolation =
            self.args.isolation.map_or_else(|| Isolation::default_for(has_programs), Isolation::from);
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let pool = Pool::new(isolation, self.args.jobs.unwrap_or(cores));
        let do_job = |job: &Job| work(self.scenarios, job);
        let mut session = match pool.open(Some(&warm_up(0)), &do_job) {
            Ok(session) => session,
            Err(error) => {
                print_error(&format!("wavetank cannot start the runs: {error}"));
                return ExitCode::from(OUR_BUG);
            }
        };
        let mut results = Vec::new();
        let mut worst = 0;
        for index in 0..self.scenarios.len() {
            let (summary, failure, code) = self.scenario(index, &mut session);
            worst = worse(worst, code);
            results.push((summary, failure));
        }
        if let Some(code) = self.write_junit(&results) {
            return code;
        }
        ExitCode::from(worst)
    }

    /// Runs one scenario and prints its result. Returns the summary, the text of a failure, and the exit code.
    fn scenario(
        &self,
        index: usize,
        session: &mut Session<'_, Job, Report>,
    ) -> (Summary, Option<String>, u8) {
        let prepared = &self.scenarios[index];
        let scenario = prepared.scenario();
        let seeds = self.args.seeds.clone().unwrap_or(scenario.seeds.clone());
        let jobs = jobs(index, seeds, None);
        let mut summary = Summary::of(prepared, &self.paths[index]);
        // The warm-up is a run of the first scenario.
        if index == 0 && session.warm_up_was_stuck() {
            summary.count_stuck_warm_up();
        }
        let (started, progress) = (Instant::now(), self.progress(&scenario.name, jobs.len()));
        let mut differs = None;
        let mut take = |n: usize, outcome| {
            let report = Report::from_outcome(outcome, &jobs[n]);
            if self.args.json {
                print(&report::run_line(&scenario.name, &report, scenario.expect_violation));
            }
            summary.add(&report);
            progress.inc(1);
            summary.goes_on(&report)
        };
        if self.args.check_determinism {
            differs = check_determinism(session, &jobs, &mut take);
        } else {
            session.run(&jobs, &mut take);
        }
        progress.finish_and_clear();
        summary.wall_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.print_result(summary, differs)
    }

    fn progress(&self, name: &str, runs: usize) -> ProgressBar {
        // indicatif draws on stderr, and only where that is a terminal.
        let bar = ProgressBar::new(runs as u64);
        let style = ProgressStyle::with_template("{prefix} {bar:30} {pos}/{len} runs, {per_sec}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_prefix(name.to_owned());
        bar
    }

    fn print_result(&self, summary: Summary, differs: Option<String>) -> (Summary, Option<String>, u8) {
        let width = self.scenarios.iter().map(|s| s.scenario().name.len()).max().unwrap_or(0);
        let say = |text: &str| if self.args.json { print_error(text) } else { print(text) };
        if let Some((seed, why)) =
            summary.first_bad.as_ref().and_then(|r| Some((r.seed, r.no_run.as_deref()?)))
        {
            let text = report::no_run(&summary, seed, why);
            print_error(&text);
            return (summary, Some(text), BAD_INPUT);
        }
        say(&report::summary_line(&summary, width));
        summary.notes().for_each(|note| say(&format!("note       {note}")));
        if let Some(differs) = differs {
            print_error(&differs);
            return (summary, Some(differs), NONDETERMINISM);
        }
        let failure = summary
            .first_bad
            .as_ref()
            .map(|bad| report::failure(&summary, bad, &replay_line(&summary.path, bad)));
        failure.iter().for_each(|text| say(text));
        match summary.verdict() {
            Ok(()) => {
                if let Some(found) = &summary.first_expected {
                    say(&report::failure(&summary, found, &replay_line(&summary.path, found)));
                }
                (summary, None, 0)
            }
            Err(why) => {
                say(&format!("{}: {why}", summary.name));
                let bug = summary.first_bad.as_ref().and_then(|bad| bad.violation.as_ref());
                let is_ours = bug.is_some_and(|found| found.oracle == oracle::INTERNAL.name);
                let code = if is_ours { OUR_BUG } else { VIOLATION };
                (summary, failure.or(Some(why)), code)
            }
        }
    }

    fn write_junit(&self, results: &[(Summary, Option<String>)]) -> Option<ExitCode> {
        let path = self.args.junit.as_ref()?;
        let written =
            report::junit(results).and_then(|text| std::fs::write(path, text).map_err(|e| e.to_string()));
        let error = written.err()?;
        print_error(&format!("{}: wavetank cannot write the JUnit file: {error}", path.display()));
        Some(ExitCode::from(BAD_INPUT))
    }
}

/// The worse of two exit codes. From best to worst: held, violation, nondeterminism, bad input, our bug.
fn worse(a: u8, b: u8) -> u8 {
    let rank = |code: u8| [0, VIOLATION, NONDETERMINISM, BAD_INPUT, OUR_BUG].iter().position(|c| *c == code);
    if rank(a) >= rank(b) { a } else { b }
}

/// Runs every job twice. Returns, in words, the first difference of the first seed that differs.
fn check_determinism(
    session: &mut Session<'_, Job, Report>,
    jobs: &[Job],
    take: &mut dyn FnMut(usize, crate::isolate::Outcome<Report>) -> ControlFlow<()>,
) -> Option<String> {
    let mut first = Vec::new();
    session.run(jobs, &mut |n, outcome| {
        let report = Report::from_outcome(outcome.clone(), &jobs[n]);
        // A stuck run says nothing of determinism, and would be stuck again.
        if !report.is_stuck() {
            first.push((jobs[n].clone(), report.fingerprint));
        }
        take(n, outcome)
    });
    let mut differing = None;
    let again: Vec<Job> = first.iter().map(|(job, _)| job.clone()).collect();
    session.run(&again, &mut |n, outcome| {
        let report = Report::from_outcome(outcome, &again[n]);
        if report.fingerprint == first[n].1 {
            return ControlFlow::Continue(());
        }
        differing = Some((again[n].clone(), report.is_stuck()));
        ControlFlow::Break(())
    });
    let (job, stuck) = differing?;
    if stuck {
        return Some(format!(
            "nondeterminism  seed {}: the first run ended, the second one was stuck",
            job.seed
        ));
    }
    let job = Job { detail: true, ..job };
    let seed = job.seed;
    let mut records = Vec::new();
    session.run(&[job.clone(), job.clone()], &mut |_, outcome| {
        records.push(Report::from_outcome(outcome, &job).detail.unwrap_or_default().record);
        ControlFlow::Continue(())
    });
    Some(first_difference(seed, records.first()?, records.get(1)?))
}

fn first_difference(seed: u64, one: &[String], two: &[String]) -> String {
    let place = one.iter().zip(two).position(|(a, b)| a != b).unwrap_or(one.len().min(two.len()));
    let entry =
        |record: &[String]| record.get(place).cloned().unwrap_or_else(|| "(the record ends here)".into());
    if place >= one.len() && place >= two.len() {
        return format!(
            "nondeterminism  seed {seed}: two runs had different fingerprints, and two more runs had equal records"
        );
    }
    let (a, b) = (entry(one), entry(two));
    format!("nondeterminism  seed {seed}: entry {place} of the record differs\n  first   {a}\n  second  {b}")
}
