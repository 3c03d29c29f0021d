//! The API server against the recorded answers of a real one. The test replays each case step by step through the HTTP rim.
//!
//! - `cases/`: one file per case: requests, and the answers of a kube-apiserver v1.36; `<any>` marks values that may differ
//! - `case`: a case as data
//! - `player`: sends the steps of a case to a new server, in virtual time
//! - `compare`: which parts of two answers must be equal
//! - `EXPECTED`: the steps that fail, with the reason: `case steps... # why`. The list only shrinks: the test fails on an
//!   unlisted step that fails, and on a listed step that passes
//!
//! Not compared: authentication, the order of keys, relations between resourceVersions.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a test target reads its cases from files and prints a table"
)]

mod case;
mod compare;
mod expected;
mod player;

use std::fmt::Write as _;
use std::path::Path;

use case::Case;
use expected::Expected;
use player::Outcome;

/// The outcomes of a case's steps.
struct Played {
    name: String,
    outcomes: Vec<Outcome>,
}

impl Played {
    fn passed(&self) -> usize {
        self.outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Passed)).count()
    }

    fn compared(&self) -> usize {
        self.outcomes.iter().filter(|outcome| !matches!(outcome, Outcome::NotCompared)).count()
    }

    /// The steps that fail, with the first difference.
    fn failed(&self) -> impl Iterator<Item = (usize, &str)> {
        self.outcomes.iter().enumerate().filter_map(|(step, outcome)| match outcome {
            Outcome::Differs(how) => Some((step, how.as_str())),
            Outcome::Passed | Outcome::NotCompared => None,
        })
    }
}

#[test]
fn the_server_answers_as_recorded() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance");
    let expected = Expected::parse(&std::fs::read_to_string(folder.join("EXPECTED")).unwrap());
    let played: Vec<Played> = Case::all(&folder.join("cases"))
        .iter()
        .map(|case| Played { name: case.name.clone(), outcomes: player::play(case) })
        .collect();
    let (table, surprises) = (table(&played), surprises(&played, &expected));
    println!("{table}");
    assert!(surprises.is_empty(), "{surprises}{table}");
}

/// Each case with its counts, and the sums.
fn table(played: &[Played]) -> String {
    let mut out = String::new();
    for case in played {
        writeln!(out, "{:48} {:3} of {:3}", case.name, case.passed(), case.compared()).unwrap();
    }
    let whole = played.iter().filter(|case| case.passed() == case.compared()).count();
    let passed: usize = played.iter().map(Played::passed).sum();
    let compared: usize = played.iter().map(Played::compared).sum();
    writeln!(out, "cases passed: {whole} of {}; steps passed: {passed} of {compared}", played.len()).unwrap();
    out
}

/// The outcomes that differ from `EXPECTED`.
fn surprises(played: &[Played], expected: &Expected) -> String {
    let mut out = String::new();
    for case in played {
        for (step, how) in case.failed() {
            if !expected.lists(&case.name, step) {
                writeln!(out, "{} {step} differs: {how}", case.name).unwrap();
            }
        }
        for (step, outcome) in case.outcomes.iter().enumerate() {
            if !matches!(outcome, Outcome::Differs(_)) && expected.lists(&case.name, step) {
                writeln!(out, "{} {step} passes: remove it from EXPECTED", case.name).unwrap();
            }
        }
    }
    for name in expected.cases().filter(|name| !played.iter().any(|case| case.name == *name)) {
        writeln!(out, "{name} in EXPECTED is not a case").unwrap();
    }
    out
}
