//! `wavetank explain`: what an oracle finds and what a fault does. It prints the tables that the code and the schema use.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use wavetank_sim::scenario::fault::{ArgInfo, FAULTS, Lasts, Takes, Unless};
use wavetank_sim::scenario::oracle::{ORACLES, OracleInfo, Reporter, Use};
use wavetank_sim::scenario::{FaultInfo, Victim};

use crate::cli::BAD_INPUT;
use crate::report::{print, print_error};

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    #[command(subcommand)]
    topic: Option<Topic>,
}

#[derive(Debug, Subcommand)]
enum Topic {
    /// What an oracle finds; without a name, all of them.
    Oracle {
        /// The oracle's name.
        name: Option<String>,
    },
    /// What a fault does, with an example; without a name, all of them.
    Fault {
        /// The fault's name.
        name: Option<String>,
    },
}

/// Prints the page of one oracle or fault, or the list of all.
pub(crate) fn execute(args: &Explain) -> ExitCode {
    let text = match &args.topic {
        None => Ok(format!("{}\n{}", oracles(), faults())),
        Some(Topic::Oracle { name: None }) => Ok(oracles()),
        Some(Topic::Fault { name: None }) => Ok(faults()),
        Some(Topic::Oracle { name: Some(name) }) => OracleInfo::usable(name, Use::Explained).map(oracle),
        Some(Topic::Fault { name: Some(name) }) => FaultInfo::usable(name).map(fault),
    };
    match text {
        Ok(text) => {
            print(text.trim_end());
            ExitCode::SUCCESS
        }
        Err(why) => {
            print_error(&why);
            ExitCode::from(BAD_INPUT)
        }
    }
}

/// A line with two columns.
fn row(left: &str, right: &str) -> String {
    format!("  {left:<24}{right}\n")
}

fn oracles() -> String {
    let entries =
        ORACLES.iter().filter(|oracle| oracle.available).map(|oracle| row(oracle.name, oracle.about));
    "oracles: what can be wrong with a run (wavetank explain oracle NAME)\n".to_owned()
        + &entries.collect::<String>()
}

fn faults() -> String {
    let entries = FAULTS.iter().filter(|fault| fault.available).map(|fault| row(fault.name, fault.about));
    "faults: what can go wrong in a run (wavetank explain fault NAME)\n".to_owned()
        + &entries.collect::<String>()
}

fn oracle(oracle: &OracleInfo) -> String {
    let reporter = match oracle.from {
        Reporter::Record => "an oracle that reads the record of the run",
        Reporter::Check => "a check of the scenario",
        Reporter::Run => "the run itself",
        Reporter::Process => "the process around the run",
    };
    let mut text = format!("oracle {oracle}\n{}\n\n", oracle.about);
    text += &row("reported by", reporter);
    if oracle.most >= Use::Expected {
        text += &row("to expect it", &format!("expect: {{violation: {oracle}}}"));
    }
    let disabled = match oracle.most {
        Use::Disabled => format!("oracles: {{disable: [{{name: {oracle}, reason: \"..\"}}]}}"),
        Use::Explained | Use::Expected => "it cannot be disabled".into(),
    };
    text + &row("to disable it", &disabled)
}

fn fault(fault: &FaultInfo) -> String {
    let lasts = match fault.lasts {
        Lasts::Never => "none: the fault strikes at one instant",
        Lasts::May => "optional",
        Lasts::Must => "required",
    };
    let mut text = format!("fault {}\n{}\n\n", fault.name, fault.about);
    text += &row("target", &fault.victims());
    text += &row("duration", lasts);
    for (i, arg) in fault.args.iter().enumerate() {
        text += &row(if i == 0 { "args" } else { "" }, &argument(arg));
    }
    let example = Example::of(fault);
    format!("{text}\nin a plan:\n  {}\nin a file:\n{}", example.plan, example.entry)
}

fn argument(arg: &ArgInfo) -> String {
    let takes = match arg.takes {
        Takes::Count => "a count or a range of counts, such as 3 or 0..3".to_owned(),
        Takes::Time => "a time or a range of times, such as 30s or 10s..1m".to_owned(),
        Takes::Bool => "true or false".to_owned(),
        Takes::Text => "a name".to_owned(),
        Takes::OneOf(words) => words.join(", "),
    };
    let otherwise = match arg.unless {
        Unless::Required => "required".to_owned(),
        Unless::Absent => "optional".to_owned(),
        Unless::Default(text) => format!("default {text}"),
    };
    let about = arg.about.trim_end_matches('.');
    format!("{}: {about}: {takes}; {otherwise}", arg.name)
}

/// An example of a fault, in a plan and in a scenario file.
struct Example {
    plan: String,
    entry: String,
}

impl Example {
    fn of(fault: &FaultInfo) -> Self {
        let (planned, target) = fault.targets.first().map_or(("", ""), |victim| victim_example(*victim));
        let required = |arg: &&ArgInfo| arg.unless == Unless::Required;
        let args: Vec<(&str, &str)> =
            fault.args.iter().filter(required).map(|arg| (arg.name, value_example(arg.takes))).collect();
        let (at, when) = if fault.targets.contains(&Victim::Program) {
            let moment = fault.moment;
            let when = format!("{{event: {{write: {{kind: Deployment}}}}, nth: 3, moment: {moment}}}");
            (format!("{moment}(write Deployment/*/*#3)"), when)
        } else {
            ("30s".to_owned(), "{at: 30s}".to_owned())
        };
        let lasts = fault.lasts == Lasts::Must;
        let given = |sign: &str| args.iter().map(|(name, value)| format!("{name}{sign}{value}")).collect();
        let (mut inside, in_file): (Vec<String>, Vec<String>) = (given("="), given(": "));
        if !planned.is_empty() {
            inside.insert(0, planned.to_owned());
        }
        let plan = format!("{}({})@{at}{}", fault.name, inside.join(", "), if lasts { "+2m" } else { "" });
        let lines = [
            Some(format!("- fault: {}", fault.name)),
            Some(format!("  {target}")).filter(|_| !target.is_empty()),
            Some(format!("  when: {when}")),
            lasts.then(|| "  duration: 2m".to_owned()),
            Some(format!("  args: {{{}}}", in_file.join(", "))).filter(|_| !in_file.is_empty()),
        ];
        let entry = lines.into_iter().flatten().map(|line| format!("  {line}\n")).collect();
        Self { plan, entry }
    }
}

/// An example of a target, in a plan and in a scenario file.
fn victim_example(victim: Victim) -> (&'static str, &'static str) {
    match victim {
        Victim::Pod => ("Pod/*[app=web]", "target: {kind: Pod, selector: app=web, pick: one}"),
        Victim::Node => ("Node/*", "target: {kind: Node, pick: one}"),
        Victim::Program => ("my-operator", "target: {program: my-operator}"),
        Victim::Image => ("image=example.com/web:*", "target: {image: \"example.com/web:*\"}"),
        Victim::Between => ("Node/*", "between: [{kind: Node, pick: one}, kube-apiserver]"),
        Victim::Cluster => ("", ""),
    }
}

fn value_example(takes: Takes) -> &'static str {
    match takes {
        Takes::Count => "3",
        Takes::Time => "10s",
        Takes::Bool => "true",
        Takes::Text => "web",
        Takes::OneOf(words) => words[0],
    }
}

#[cfg(test)]
mod tests {
    use wavetank_sim::scenario::Plan;

    use super::*;
    use crate::scenario;

    #[test]
    fn the_two_examples_of_a_fault_are_valid_and_mean_the_same() {
        for fault in FAULTS.iter().filter(|fault| fault.available) {
            let Example { plan, entry } = Example::of(fault);
            let planned: Plan = plan.parse().unwrap();
            assert_eq!(planned.to_string(), plan);
            let file = format!(
                "apiVersion: wavetank.dev/v1alpha1\nkind: Scenario\nmetadata: {{name: s}}\nspec:\n  operators: [{{program: my-operator}}]\n  faults:\n{entry}"
            );
            let none = |_: &std::path::Path| Err(std::io::ErrorKind::NotFound.into());
            let read = scenario::parse(file.as_bytes(), "s.yaml", &none, &["my-operator"]);
            let read = read.unwrap_or_else(|bad| panic!("{bad}\n{file}"));
            assert_eq!(
                (read.faults[0].fault, &read.faults[0].target),
                (planned.0[0].fault, &planned.0[0].target)
            );
        }
    }
}
