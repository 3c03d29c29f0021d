//! One run, step by step: changes, faults, and pods in the format of `kubectl get pods`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use wavetank_sim::engine::Time;
use wavetank_sim::object::{Object, PodRow, pod_row};
use wavetank_sim::wire::{History, ObjectKey, What, resource};

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
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct LogLine {
    /// When, in ms from t = 0.
    pub(crate) ms: i64,
    /// The host.
    pub(crate) host: String,
    /// The line.
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
        Self { record, story, logs: Vec::new() }
    }
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
