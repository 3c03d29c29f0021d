//! `wavetank replay`: one run again, shown step by step while it goes.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use wavetank_sim::engine::Time;
use wavetank_sim::scenario::Plan;
use wavetank_sim::scenario::range::Millis;

use super::run::IsolationFlag;
use crate::cli::{BAD_INPUT, OUR_BUG, STDIN, VIOLATION, load, shell_word};
use crate::isolate::{Isolation, Pool};
use crate::registry::Registry;
use crate::report::{self, Named, View, print, print_error};
use crate::summary::{Audience, Limits, Summary, conduct};
use crate::sweep::{Job, Report, warm_up, work};

/// Arguments of `replay`.
#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// The scenario file, or `-` for a scenario from stdin.
    path: PathBuf,
    /// The seed.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The faults, as a failing run printed them; default: the seed draws them.
    #[arg(long)]
    plan: Option<String>,
    /// Show what programs print among the steps; without it, only the last lines before a violation.
    #[arg(long, conflicts_with_all = ["record", "object", "get"])]
    logs: bool,
    /// Show the whole record in place of steps and pods.
    #[arg(long, conflicts_with_all = ["object", "get"])]
    record: bool,
    /// Show the revisions of this object, with their writers and what they changed.
    #[arg(long, value_name = "KIND/NAME", conflicts_with = "get")]
    object: Option<String>,
    /// Print only this object, as it was at a time or at the end.
    #[arg(long, value_name = "KIND/NAME")]
    get: Option<String>,
    /// The time of `--get`, from t = 0, such as `12s`; default: the end of the run.
    #[arg(long, value_name = "TIME", value_parser = time, requires = "get", allow_hyphen_values = true)]
    at: Option<i64>,
    /// The format of `--get`.
    #[arg(short, long, value_enum, requires = "get")]
    output: Option<Output>,
    /// The namespace of the object; default: the scenario's.
    #[arg(short, long, value_name = "NAME")]
    namespace: Option<String>,
    /// How to isolate the run; default: fork if a program runs, else thread.
    #[arg(long, value_enum)]
    isolation: Option<IsolationFlag>,
}

/// The values of `--output`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Output {
    /// YAML, as kubectl prints it without managedFields. The default.
    Yaml,
    /// JSON.
    Json,
}

/// Reads a time of a run: a duration from t = 0, before it with a minus.
fn time(text: &str) -> Result<i64, String> {
    let (sign, duration) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let ms = i64::try_from(duration.parse::<Millis>()?.0).unwrap_or(i64::MAX);
    Ok(sign * ms)
}

impl Replay {
    /// What to show.
    ///
    /// # Errors
    /// A name that is none.
    fn view(&self, namespace: &str) -> Result<View, String> {
        let namespace = self.namespace.as_deref().unwrap_or(namespace);
        let named =
            |flag: &str, text: &str| Named::parse(text, namespace).map_err(|why| format!("{flag}: {why}"));
        Ok(match (&self.object, &self.get) {
            (Some(text), _) => View::Object(Box::new(named("--object", text)?)),
            (_, Some(text)) => {
                let json = self.output == Some(Output::Json);
                View::Get { named: Box::new(named("--get", text)?), at_ms: self.at, json }
            }
            _ if self.namespace.is_some() => {
                return Err("--namespace goes with --object or --get: name an object, or leave it out".into());
            }
            _ if self.record => View::Record,
            _ => View::Story { logs: self.logs },
        })
    }
}

/// The command that reproduces a run, with the program that runs now. A scenario from stdin has to come from there again.
pub(crate) fn replay_line(path: &str, report: &Report) -> String {
    let program = std::env::args().next().unwrap_or_else(|| "wavetank".into());
    let words = [shell_word(&program), "replay".into(), shell_word(path), format!("--seed {}", report.seed)];
    let stdin = if path == STDIN { " < FILE" } else { "" };
    format!("{} --plan {}{stdin}", words.join(" "), shell_word(&report.plan))
}

/// Runs the seed, prints what a user would have seen as the run goes, and the verdict.
pub(crate) fn execute(args: &Replay, registry: &Registry) -> ExitCode {
    let bad_input = |words: &str| {
        print_error(words);
        ExitCode::from(BAD_INPUT)
    };
    let prepared = match load(registry, &args.path) {
        Ok(prepared) => prepared,
        Err(bad) => return bad_input(&bad.to_string()),
    };
    if let Some(Err(bad)) = args.plan.as_deref().map(str::parse::<Plan>) {
        return bad_input(&format!("--plan: {bad}"));
    }
    let view = match args.view(&prepared.scenario().namespace) {
        Ok(view) => view,
        Err(why) => return bad_input(&why),
    };
    let isolation =
        args.isolation.map_or_else(|| Isolation::default_for(prepared.has_programs()), Isolation::from);
    let path = args.path.display().to_string();
    let mut summary = Summary::of(&prepared, &path, 1);
    let scenarios = [prepared];
    let do_job = |job: &Job| work(&scenarios, job);
    let job = Job { scenario: 0, seed: args.seed, plan: args.plan.clone(), detail: false, view };
    let mut session = match Pool::new(isolation, 1).open(Some(&warm_up(0)), &do_job) {
        Ok(session) => session,
        Err(error) => {
            print_error(&format!("wavetank cannot start the run: {error}"));
            return ExitCode::from(OUR_BUG);
        }
    };
    let mut shown = Shown::default();
    conduct(&mut session, &scenarios[0], &[job], &Limits::default(), &mut summary, &mut shown);
    let Some(report) = shown.report else { return ExitCode::from(OUR_BUG) };
    if let Some(why) = &report.not_shown {
        return bad_input(&format!("{path}: seed {}: {why}", report.seed));
    }
    if args.get.is_some() && report.fingerprint.is_empty() && report.violation.is_none() {
        // What it shows is of a setup that failed.
        return print_result(&summary, &report);
    }
    if args.get.is_some() { ExitCode::SUCCESS } else { print_result(&summary, &report) }
}

/// Prints what the run tells, as it goes.
#[derive(Default)]
struct Shown {
    report: Option<Report>,
}

impl Audience for Shown {
    fn on_run(&mut self, _: &Summary, report: &Report, _: bool) -> ControlFlow<()> {
        self.report = Some(report.clone());
        ControlFlow::Continue(())
    }

    fn on_told(&mut self, text: &str) {
        print(text);
        if let Some(code) = report::output_failure() {
            std::process::exit(code.into());
        }
    }
}

fn print_result(summary: &Summary, report: &Report) -> ExitCode {
    last_lines(report).iter().for_each(|line| print(line));
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
    if let Some(found) = &report.violation {
        print(&report::found(summary, report, &replay_line(&summary.path, report)));
        if held {
            let oracle = &found.oracle;
            print(&format!("expected   the scenario expects a violation of `{oracle}`, and this is it"));
        }
    }
    let verdict = if held { "held" } else { "violated" };
    print(&format!("{verdict}   seed {}   fingerprint {}", report.seed, report.fingerprint));
    if held { ExitCode::SUCCESS } else { ExitCode::from(VIOLATION) }
}

/// The last lines of the program that a failure is about.
fn last_lines(report: &Report) -> Vec<String> {
    let Some(first) = report.last_words.first() else { return Vec::new() };
    let head =
        format!("logs       the last {} lines, from {} on", report.last_words.len(), Time(first.at_ms));
    std::iter::once(head).chain(report.last_words.iter().map(ToString::to_string)).collect()
}

#[cfg(test)]
mod tests {
    use wavetank_sim::explore::Prepared;
    use wavetank_sim::object::Value;
    use wavetank_sim::programs::{Host, Program};
    use wavetank_sim::scenario::{OperatorSpec, Scenario};

    use super::last_lines;
    use crate::report::View;
    use crate::sweep::{Job, Report, work};

    /// The report of a run whose program panics if it shall.
    fn report(panics: bool) -> Report {
        let program = Program::new("op", move |_: Host| async move {
            tokio::time::sleep(std::time::Duration::from_secs(90)).await;
            assert!(!panics, "no such website");
            std::future::pending::<Result<(), String>>().await
        });
        let mut scenario = Scenario::new("says");
        let (name, program_name) = ("op".to_owned(), "op".to_owned());
        scenario.operators =
            vec![OperatorSpec { name, program: program_name, replicas: 1, with: Value::Null }];
        let scenarios = [Prepared::new(scenario, &[program]).unwrap()];
        let job = Job { scenario: 0, seed: 1, plan: Some(String::new()), detail: false, view: View::Nothing };
        std::thread::scope(|scope| scope.spawn(|| work(&scenarios, &job)).join().unwrap())
    }

    #[test]
    fn a_failure_comes_with_the_last_lines_of_its_program() {
        let lines = last_lines(&report(true));
        // It is started again and again.
        assert_eq!(lines[0], format!("logs       the last {} lines, from 30s on", lines.len() - 1));
        assert!(lines[1].starts_with("       30s  op | panicked at src/commands/replay.rs:"), "{lines:?}");
        assert!(lines[1].ends_with(": no such website"), "{lines:?}");
        assert_eq!(last_lines(&report(false)), [""; 0]);
    }
}
