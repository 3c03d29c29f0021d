//! One run, step by step: changes, faults, and pods in the format of `kubectl get pods`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use wavetank_sim::engine::Time;
use wavetank_sim::object::{Object, PodRow, pod_row};
use wavetank_sim::wire::{self, History, ObjectKey, What, resource};

/// A run as lines of text.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Timeline {
    /// Every entry of the record.
    pub(crate) record: Vec<String>,
    /// What a user would have seen: steps, faults, programs, and the pods after each change.
    pub(crate) story: Vec<String>,
    /// What programs wrote to stdout and stderr.
    pub(crate) logs: Vec<LogLine>,
}

/// A line that a program wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LogLine {
    /// When, in ms from t = 0.
    pub(crate) at_ms: i64,
    /// The host; `?` for a task that cannot be put down to one.
    pub(crate) host: String,
    /// The text.
    pub(crate) text: String,
}

type Pods = BTreeMap<ObjectKey, Arc<Object>>;

impl Timeline {
    /// The timeline of a record.
    pub(crate) fn of(history: &History) -> Self {
        let entries = history.record.entries();
        let record = entries.iter().map(|entry| history.line(entry)).collect();
        let mut story = Vec::new();
        let mut pods = Pods::new();
        let mut shown = String::new();
        for (i, entry) in entries.iter().enumerate() {
            match &entry.what {
                What::Commit(commit) if commit.resource == *resource::PODS => {
                    match &commit.new {
                        Some(new) => pods.insert(commit.key.clone(), new.clone()),
                        None => pods.remove(&commit.key),
                    };
                }
                What::Step(text) | What::Fault(text) | What::Host(text) => {
                    let who = &history.actor(entry.actor).name;
                    story.push(format!("{:>10}  {who}: {text}", entry.time.to_string()));
                }
                _ => {}
            }
            // One table for all changes of an instant.
            let instant_over = entries.get(i + 1).is_none_or(|next| next.time != entry.time);
            if instant_over && let Some(table) = changed_table(&pods, entry.time, &mut shown) {
                story.extend(table);
            }
        }
        let logs = history.logs.lines().iter().map(|line| LogLine::of(history, line)).collect();
        Self { record, story, logs }
    }
}

/// How many last lines a failure comes with. Our choice: what fits on a screen.
const LAST_LINES: usize = 20;

impl LogLine {
    fn of(history: &History, line: &wire::LogLine) -> Self {
        let host = line.host.map_or("?", |host| &history.actor(host).name);
        Self { at_ms: line.time.0, host: host.to_owned(), text: line.text.clone() }
    }

    /// The last lines of the program that a message is about, oldest first: of all programs if it names none of them.
    pub(crate) fn last(history: &History, message: &str) -> Vec<Self> {
        let lines = history.logs.lines();
        let is_named =
            |line: &wire::LogLine| line.host.is_some_and(|host| mentions(message, &history.actor(host).name));
        let one_is_named = lines.iter().any(is_named);
        let about = lines.iter().rev().filter(|line| !one_is_named || is_named(line));
        let mut last: Vec<Self> = about.take(LAST_LINES).map(|line| Self::of(history, line)).collect();
        last.reverse();
        last
    }
}

/// Whether a text has this name as a word of its own.
fn mentions(text: &str, name: &str) -> bool {
    let part_of_word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '~');
    text.match_indices(name).any(|(at, _)| {
        !text[..at].ends_with(part_of_word) && !text[at + name.len()..].starts_with(part_of_word)
    })
}

/// The table, if more than ages has changed since the last one.
fn changed_table(pods: &Pods, now: Time, shown: &mut String) -> Option<Vec<String>> {
    let rows: Vec<PodRow> = pods
        .values()
        .map(|pod| pod_row(pod, |text| Some(now.wall_s() - Time::parse_rfc3339(text)?.wall_s())))
        .collect();
    let state: Vec<String> =
        rows.iter().map(|r| format!("{} {} {} {}", r.name, r.ready, r.status, restarts(r))).collect();
    let state = state.join("\n");
    if state == *shown {
        return None;
    }
    *shown = state;
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0).max(4);
    let line = |name: &str, ready: &str, status: &str, restarts: &str, age: &str| {
        format!("            {name:<width$}   {ready:<5}   {status:<17}   {restarts:<12}   {age}")
    };
    let mut lines = vec![format!("{:>10}  kubectl get pods", now.to_string())];
    if rows.is_empty() {
        lines.push("            No resources found.".into());
        return Some(lines);
    }
    lines.push(line("NAME", "READY", "STATUS", "RESTARTS", "AGE"));
    lines.extend(rows.iter().map(|r| line(&r.name, &r.ready, &r.status, &r.restarts, &r.age)));
    Some(lines.into_iter().map(|line| line.trim_end().to_owned()).collect())
}

/// The number of restarts, without the time of the last one.
fn restarts(row: &PodRow) -> &str {
    row.restarts.split(' ').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use wavetank_sim::engine::Time;
    use wavetank_sim::wire::{Actor, ActorClass, Addr, History};

    use super::{LAST_LINES, LogLine};

    #[test]
    fn last_lines_are_those_of_the_program_that_the_message_names_else_of_all() {
        let mut history = History::default();
        for name in ["op", "stop", "op-0"] {
            history.actors.push(Actor { name: name.into(), class: ActorClass::Host });
        }
        for n in 0..100 {
            history.logs.push(Time(n), Some(Addr(n as u32 % 3)), n.to_string());
        }
        history.logs.push(Time(200), None, "whose".into());
        let hosts = |message: &str| -> Vec<String> {
            LogLine::last(&history, message).into_iter().map(|line| line.host).collect()
        };
        assert_eq!(hosts("op panicked at a.rs: it"), vec!["op"; LAST_LINES]);
        assert_eq!(hosts("stop; op-0: do not"), ["stop", "op-0"].repeat(10)[..]);
        assert_eq!(hosts("opa-stop")[LAST_LINES - 3..], ["op-0", "op", "?"]);
        let last = LogLine::last(&history, "op").pop().map(|line| (line.at_ms, line.text));
        assert_eq!(last, Some((99, "99".to_owned())));
    }
}
