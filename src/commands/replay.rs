//! `wavetank replay`: one run again, shown step by step.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::run::IsolationFlag;
use crate::cli::{BAD_INPUT, OUR_BUG, VIOLATION, shell_word};
use crate::isolate::{Isolation, Pool};
use crate::registry::Registry;
use crate::report::{self, View, print, print_error};
use crate::summary::Summary;
use crate::sweep::{Job, Report, warm_up, work};

/// Arguments of `replay`.
#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// The scenario file.
    path: PathBuf,
    /// The seed.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The faults, as a failing run printed them; default: the seed draws them.
    #[arg(long)]
    plan: Option<String>,
    /// Show the whole record in place of steps and pods.
    #[arg(long)]
    record: bool,
    /// How to isolate the run; default: fork if a program runs, else thread.
    #[arg(long, value_enum)]
    isolation: Option<IsolationFlag>,
}

/// The command that reproduces a run, with the program that runs now.
pub(crate) fn replay_line(path: &str, report: &Report) -> String {
    let program = std::env::args().next().unwrap_or_else(|| "wavetank".into());
    let words = [shell_word(&program), "replay".into(), shell_word(path), format!("--seed {}", report.seed)];
    format!("{} --plan {}", words.join(" "), shell_word(&report.plan))
}

/// Runs the seed and prints what a user would have seen, step by step, and the verdict.
pub(crate) fn execute(args: &Replay, registry: &Registry) -> ExitCode {
    let prepared = match registry.load(&args.path) {
        Ok(prepared) => prepared,
        Err(bad) => {
            print_error(&bad.to_string());
            return ExitCode::from(BAD_INPUT);
        }
    };
    if let Some(Err(bad)) = args.plan.as_deref().map(str::parse::<wavetank_sim::scenario::Plan>) {
        print_error(&format!("--plan: {bad}"));
        return ExitCode::from(BAD_INPUT);
    }
    let isolation =
        args.isolation.map_or_else(|| Isolation::default_for(prepared.has_programs()), Isolation::from);
    let path = args.path.display().to_string();
    let summary = Summary::of(&prepared, &path, 1);
    let scenarios = [prepared];
    let do_job = |job: &Job| work(&scenarios, job);
    let job =
        Job { scenario: 0, seed: args.seed, plan: args.plan.clone(), detail: true, view: View::Nothing };
    let mut session = match Pool::new(isolation, 1).open(Some(&warm_up(0)), &do_job) {
        Ok(session) => session,
        Err(error) => {
            print_error(&format!("wavetank cannot start the run: {error}"));
            return ExitCode::from(OUR_BUG);
        }
    };
    let mut reports = Vec::new();
    session.run(std::slice::from_ref(&job), &mut |_, outcome| {
        reports.push(Report::from_outcome(outcome, &job));
        ControlFlow::Continue(())
    });
    let Some(report) = reports.pop() else { return ExitCode::from(OUR_BUG) };
    print_result(&summary, &report, args)
}

fn print_result(summary: &Summary, report: &Report, args: &Replay) -> ExitCode {
    if let Some(timeline) = &report.detail {
        let lines = if args.record { &timeline.record } else { &timeline.story };
        lines.iter().for_each(|line| print(line));
    }
    if let Some(why) = &report.no_run {
        print_error(&report::no_run(summary, report.seed, why));
        return ExitCode::from(BAD_INPUT);
    }
    for (what, why) in &report.unused {
        print(&format!("unused     {what}: {why}"));
    }
    for (_, text) in &report.notes {
        print(&format!("note       {text}"));
    }
    let held = report.is_held(summary.expected);
    if report.violation.is_some() {
        print(&report::found(summary, report, &replay_line(&summary.path, report)));
    }
    let verdict = if held { "held" } else { "violated" };
    print(&format!("{verdict}   seed {}   fingerprint {}", report.seed, report.fingerprint));
    if held { ExitCode::SUCCESS } else { ExitCode::from(VIOLATION) }
}
