//! The API server against recorded answers of a real one: each case is played step by step through the HTTP rim.
//!
//! - `cases/`: one file per case: requests, and what a kube-apiserver v1.36 answered; `<any>` stands for what may differ
//! - `case`: a case as data
//! - `player`: sends the steps to a fresh server, in virtual time
//! - `compare`: what must agree, and what may differ
//! - `EXPECTED`: the steps that do not hold yet and why: `case steps... # why`. It only shrinks: a listed step that holds fails
//!   the test as much as an unlisted one that does not
//!
//! Not judged: authentication, the order of keys, relations between resourceVersions.

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

/// What became of a case's steps.
struct Played {
    name: String,
    outcomes: Vec<Outcome>,
}

impl Played {
    fn held(&self) -> usize {
        self.outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Held)).count()
    }

    fn judged(&self) -> usize {
        self.outcomes.iter().filter(|outcome| !matches!(outcome, Outcome::NotJudged)).count()
    }

    /// The steps that do not hold, with the first difference.
    fn broken(&self) -> impl Iterator<Item = (usize, &str)> {
        self.outcomes.iter().enumerate().filter_map(|(step, outcome)| match outcome {
            Outcome::Differs(how) => Some((step, how.as_str())),
            Outcome::Held | Outcome::NotJudged => None,
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
    let (table, complaints) = (table(&played), complaints(&played, &expected));
    println!("{table}");
    assert!(complaints.is_empty(), "{complaints}{table}");
}

/// Each case with its figures, and the sum.
fn table(played: &[Played]) -> String {
    let mut out = String::new();
    for case in played {
        writeln!(out, "{:48} {:3} of {:3}", case.name, case.held(), case.judged()).unwrap();
    }
    let whole = played.iter().filter(|case| case.held() == case.judged()).count();
    let (held, judged) =
        (played.iter().map(Played::held).sum::<usize>(), played.iter().map(Played::judged).sum::<usize>());
    writeln!(out, "cases whole: {whole} of {}; steps held: {held} of {judged}", played.len()).unwrap();
    out
}

/// Where the outcome is not what `EXPECTED` says.
fn complaints(played: &[Played], expected: &Expected) -> String {
    let mut out = String::new();
    for case in played {
        for (step, how) in case.broken() {
            if !expected.lists(&case.name, step) {
                writeln!(out, "{} {step} differs: {how}", case.name).unwrap();
            }
        }
        for (step, outcome) in case.outcomes.iter().enumerate() {
            if !matches!(outcome, Outcome::Differs(_)) && expected.lists(&case.name, step) {
                writeln!(out, "{} {step} holds: take it out of EXPECTED", case.name).unwrap();
            }
        }
    }
    for name in expected.cases().filter(|name| !played.iter().any(|case| case.name == *name)) {
        writeln!(out, "{name} in EXPECTED is no case").unwrap();
    }
    out
}
