//! One run as one line of JSON.

use serde_json::json;
use wavetank_sim::scenario::OracleInfo;

use crate::sweep::Report;

/// The line: scenario, seed, verdict (`held` or `violated`), fingerprint, virtual_s, wall_ms, violation (null, or an object
/// with oracle, message and at_s), plan, no_run (null, or why setup failed, so that there was no run).
pub(crate) fn run_line(scenario: &str, report: &Report, expected: Option<&OracleInfo>) -> String {
    let violation = report
        .violation
        .as_ref()
        .map(|found| json!({"oracle": found.oracle, "message": found.message, "at_s": seconds(found.at_ms)}));
    let verdict = if report.is_held(expected) { "held" } else { "violated" };
    json!({
        "scenario": scenario,
        "seed": report.seed,
        "verdict": verdict,
        "fingerprint": report.fingerprint,
        "virtual_s": seconds(report.virtual_ms),
        "wall_ms": report.wall_us as f64 / 1000.0,
        "violation": violation,
        "plan": report.plan,
        "no_run": report.no_run,
    })
    .to_string()
}

fn seconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
}
