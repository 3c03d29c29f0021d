//! Reports for people.

use crate::summary::{Failure, Summary};
use crate::sweep::Report;

/// How many characters of a message a line of counts has. Our choice: it fits into the width of most terminals.
const MESSAGE_WIDTH: usize = 90;

/// The line of a scenario: its name, how many runs there were and passed, the times to converge, the wall time.
#[cfg(feature = "cli")]
pub(crate) fn summary_line(summary: &Summary, width: usize) -> String {
    let Summary { title, runs, held, .. } = summary;
    let of = summary.cut.as_ref().map_or(String::new(), |_| format!(" of {}", summary.seeds));
    let mut line = format!("{title:<width$}   {runs}{of} seeds   {held} passed");
    if let Some(expected) = &summary.expected {
        line.push_str(&format!("   {} with the expected violation {expected}", summary.as_expected));
    }
    if let (Some(p50), Some(p99)) = (summary.converge_s(50), summary.converge_s(99)) {
        line.push_str(&format!("   converge p50 {p50} s  p99 {p99} s (virtual)"));
    }
    line.push_str(&format!("   {:.2} s wall", summary.wall_ms as f64 / 1000.0));
    line
}

/// A run with a violation: the violation in words, the scenario, the faults that had struck, and the line that replays it.
pub(crate) fn found(summary: &Summary, report: &Report, replay: &str) -> String {
    let Some(found) = &report.violation else { return String::new() };
    let place = if summary.path.is_empty() { &summary.name } else { &summary.path };
    let is_expected = summary.expected.is_some_and(|oracle| oracle.name == found.oracle);
    let expected = if is_expected { " (expected)" } else { "" };
    let mut lines = vec![
        format!("violation  {}{expected}: {}", found.oracle, found.message),
        format!("scenario   {place}   seed {}", report.seed),
    ];
    let planned: Vec<&str> = report.plan.split("; ").filter(|fault| !fault.is_empty()).collect();
    match &report.struck {
        Some(struck) => {
            lines.extend(struck.iter().map(|fault| format!("           {fault}")));
            let later = planned.len().saturating_sub(struck.len());
            if later > 0 {
                let of = planned.len();
                lines.push(format!("           {later} of {of} planned faults had not struck by then"));
            }
        }
        None => lines.extend(planned.iter().map(|fault| format!("           {fault} (planned)"))),
    }
    lines.push(format!("replay     {replay}"));
    lines.join("\n")
}

/// The first run of a failure.
pub(crate) fn failure(summary: &Summary, failure: &Failure, replay: &str) -> String {
    found(summary, &failure.first, replay)
}

/// How many runs fail in which way; nothing if only one run fails.
pub(crate) fn failures(summary: &Summary) -> Vec<String> {
    let failures = &summary.failures;
    let runs = failures.others + failures.groups.iter().map(|group| group.runs).sum::<usize>();
    if runs < 2 {
        return Vec::new();
    }
    let line = |group: &Failure| {
        let found = group.found()?;
        let (runs, seed) = (group.runs, group.first.seed);
        let words = format!("{}: {}", found.oracle, found.message);
        Some(format!("failed     {runs} runs, first with seed {seed}   {}", shortened(&words)))
    };
    let others =
        (failures.others > 0).then(|| format!("failed     {} runs in yet other ways", failures.others));
    failures.groups.iter().filter_map(line).chain(others).collect()
}

/// The beginning of a text, on one line.
fn shortened(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let short: String = line.chars().take(MESSAGE_WIDTH).collect();
    if short.len() < text.len() { format!("{short}..") } else { short }
}

/// A run that could not begin, and why.
pub(crate) fn no_run(summary: &Summary, seed: u64, why: &str) -> String {
    let place = if summary.path.is_empty() { &summary.name } else { &summary.path };
    format!("{place}: seed {seed}: {why}")
}
