//! One run as one line of JSON.

use serde_json::{Value, json};

use crate::summary::Summary;
use crate::sweep::Report;

/// The line: scenario, file, seed, verdict (`held` or `violated`), fingerprint, virtual_s, wall_ms, violation (null, or an object
/// with oracle, message, at_s, and whether the scenario expects it), plan, struck (the faults that had struck when the violation
/// was found; null if the run did not come to its end), notes (each with key and text; `unused` is a fault or a step without effect), replay (the command that runs it again), no_run
/// (null, or why setup failed, so that there was no run). With details also timeline, record and logs.
pub(crate) fn run_line(summary: &Summary, report: &Report, replay: &str) -> String {
    let is_expected = |name: &str| summary.expected.is_some_and(|oracle| oracle.name == name);
    let violation = report.violation.as_ref().map(|found| {
        json!({
            "oracle": found.oracle, "message": found.message, "at_s": seconds(found.at_ms),
            "expected": is_expected(&found.oracle),
        })
    });
    let idle =
        report.unused.iter().map(|(what, why)| json!({"key": "unused", "text": format!("{what}: {why}")}));
    let notes = report.notes.iter().map(|(key, text)| json!({"key": key, "text": text}));
    let verdict = if report.is_held(summary.expected) { "held" } else { "violated" };
    let mut line = json!({
        "scenario": summary.name,
        "file": summary.path,
        "seed": report.seed,
        "verdict": verdict,
        "fingerprint": report.fingerprint,
        "virtual_s": seconds(report.virtual_ms),
        "wall_ms": report.wall_us as f64 / 1000.0,
        "violation": violation,
        "plan": report.plan,
        "struck": report.struck,
        "notes": idle.chain(notes).collect::<Vec<_>>(),
        "replay": replay,
        "no_run": report.no_run,
    });
    if let (Some(timeline), Value::Object(fields)) = (&report.detail, &mut line) {
        fields.insert("timeline".into(), json!(timeline.story));
        fields.insert("record".into(), json!(timeline.record));
        let logs = timeline
            .logs
            .iter()
            .map(|log| json!({"at_s": seconds(log.at_ms), "host": log.host, "text": log.text}));
        fields.insert("logs".into(), logs.collect());
    }
    line.to_string()
}

fn seconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
}
