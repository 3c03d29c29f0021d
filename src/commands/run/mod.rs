//! `wavetank run`: scenarios over many seeds.
//!
//! - `arguments`: the arguments
//! - `scenarios`: runs one scenario after the other and prints what they come to
//! - `determinism`: `--check-determinism`

mod arguments;
mod determinism;
mod scenarios;

use std::process::ExitCode;

use wavetank_sim::explore::Prepared;

use crate::cli::{BAD_INPUT, load, scenario_files};
use crate::registry::Registry;
use crate::report::{WRITES_JUNIT, print_error};
pub(crate) use arguments::{IsolationFlag, Run};
use scenarios::Sweep;

/// Runs all scenarios, or none if one of them is bad.
pub(crate) fn execute(args: &Run, registry: &Registry) -> ExitCode {
    let files = match scenario_files(&args.paths) {
        Ok(files) => files,
        Err(bad) => return bad_input(&bad.to_string()),
    };
    let (loaded, bad): (Vec<_>, Vec<_>) =
        files.iter().map(|file| load(registry, file)).partition(Result::is_ok);
    if !bad.is_empty() {
        let words: Vec<String> = bad.into_iter().filter_map(Result::err).map(|bad| bad.to_string()).collect();
        return bad_input(&words.join("\n"));
    }
    if args.junit.is_some() && !WRITES_JUNIT {
        let right =
            "add the feature `junit` to the dependency wavetank in Cargo.toml, or leave `--junit` out";
        return bad_input(&format!("--junit: this build writes no JUnit file: {right}"));
    }
    if let Some(path) = &args.junit
        && let Err(error) = std::fs::OpenOptions::new().append(true).create(true).open(path)
    {
        return bad_input(&format!("{}: wavetank cannot write the JUnit file: {error}", path.display()));
    }
    let scenarios: Vec<Prepared> = loaded.into_iter().filter_map(Result::ok).collect();
    let paths: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    Sweep::new(args, &scenarios, &paths).execute()
}

fn bad_input(words: &str) -> ExitCode {
    print_error(words);
    ExitCode::from(BAD_INPUT)
}
