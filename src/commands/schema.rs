//! `wavetank schema`: the JSON Schema of scenario files.

use std::process::ExitCode;

use crate::report::print;
use crate::scenario;

/// Prints the schema.
pub(crate) fn execute() -> ExitCode {
    let schema = scenario::schema();
    let pretty = serde_json::to_string_pretty(&schema).unwrap_or_else(|_| schema.to_json());
    print(&pretty);
    ExitCode::SUCCESS
}
