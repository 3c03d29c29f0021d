//! Reports for people.

use crate::sweep::{Report, Summary};

/// The line of a scenario: its name, how many runs there were and passed, the times to converge, the wall time.
pub(crate) fn summary_line(summary: &Summary, width: usize) -> String {
    let Summary { name, runs, held, .. } = summary;
    let mut line = format!("{name:<width$}   {runs} seeds   {held} passed");
    if let Some(expected) = &summary.expected {
        line.push_str(&format!("   {} with the expected violation {expected}", summary.as_expected));
    }
    if let (Some(p50), Some(p99)) = (summary.converge_s(50), summary.converge_s(99)) {
        line.push_str(&format!("   converge p50 {p50} s  p99 {p99} s (virtual)"));
    }
    line.push_str(&format!("   {:.2} s wall", summary.wall_ms as f64 / 1000.0));
    line
}

/// A failed run: the violation in words, the scenario and its faults, and the line that replays it.
pub(crate) fn failure(summary: &Summary, report: &Report, replay: &str) -> String {
    let Some(found) = &report.violation else { return String::new() };
    let place = if summary.path.is_empty() { &summary.name } else { &summary.path };
    let mut lines = vec![
        format!("violation  {}: {}", found.oracle, found.message),
        format!("scenario   {place}   seed {}", report.seed),
    ];
    for fault in report.plan.split("; ").filter(|fault| !fault.is_empty()) {
        lines.push(format!("           {fault}"));
    }
    lines.push(format!("replay     {replay}"));
    lines.join("\n")
}

/// A run that could not begin, and why.
pub(crate) fn no_run(summary: &Summary, seed: u64, why: &str) -> String {
    let place = if summary.path.is_empty() { &summary.name } else { &summary.path };
    format!("{place}: seed {seed}: {why}")
}
