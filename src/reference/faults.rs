//! The page of a fault, from its row.

use wavetank_sim::scenario::fault::{ArgInfo, Lasts, Takes, Unless};
use wavetank_sim::scenario::{FaultInfo, Victim};

use super::row;

/// What it does, what it takes, and an example in a plan and in a file.
pub(super) fn page(fault: &FaultInfo) -> String {
    let lasts = match fault.lasts {
        Lasts::Never => "none: the fault strikes at one instant",
        Lasts::May => "optional",
        Lasts::Must => "required",
    };
    let mut text = format!("fault {}\n{}\n\n", fault.name, fault.about);
    text += &row("target", &fault.victims());
    text += &row("when", "required (wavetank explain trigger)");
    text += &row(
        "times",
        "how often it strikes: a count or a range of counts; 1 without it, required with `every`",
    );
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
        Victim::Between => ("Node/*", "target: {kind: Node, pick: one}"),
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
    use wavetank_sim::scenario::fault::FAULTS;

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
