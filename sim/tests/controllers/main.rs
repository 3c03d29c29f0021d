//! The whole control plane against recordings of a real one: the users' requests are sent again at the same times, and
//! every object must take the same states in the same order.
//!
//! - `cases/`: one file per case: actions, writes of the recorder's stand-in kubelet, histories of all objects
//! - `case`: a case as data
//! - `cluster`: API server, controller manager and scheduler in virtual time; no kubelet of ours
//! - `kubelet`: the stand-in that the recordings were made with
//! - `history`: the states of objects, without what differs from run to run
//! - `judge`: compares histories
//! - `events`: compares Events
//! - `EXPECTED`: the cases that do not hold yet and why: `case # why`. The test fails if an unlisted case differs, and if
//!   a listed case holds
//!
//! One case alone, with all differences: `CASE=gc-foreground cargo test -p wavetank-sim --test controllers`.
//!
//! Not compared: the order between objects, times, `managedFields`.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a test target reads its cases from files and prints a table"
)]

mod case;
mod cluster;
#[path = "../conformance/compare.rs"]
mod compare;
mod events;
mod expected;
mod history;
mod judge;
mod kubelet;

use std::fmt::Write as _;
use std::path::Path;

use case::Case;
use expected::Expected;

/// How many differences of each case are printed when all cases are played.
const SHOWN: usize = 3;

fn differences(case: &Case) -> Vec<String> {
    let played = cluster::play(case);
    let mut all = played.answers.clone();
    all.extend(judge::differences(case, &played.observed));
    all.extend(events::differences(case, &played.observed));
    all
}

#[test]
fn the_control_plane_behaves_as_recorded() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/controllers");
    let cases = Case::all(&folder.join("cases"));
    if let Ok(name) = std::env::var("CASE") {
        let case = cases.iter().find(|case| case.name == name).expect("CASE is a file in cases/");
        let all = differences(case);
        assert!(all.is_empty(), "{name} differs:\n{}", all.join("\n"));
        return;
    }
    let expected = Expected::parse(&std::fs::read_to_string(folder.join("EXPECTED")).unwrap());
    let (mut table, mut complaints, mut held) = (String::new(), String::new(), 0);
    for case in &cases {
        let (all, listed) = (differences(case), expected.lists(&case.name));
        held += usize::from(all.is_empty());
        writeln!(table, "{:40} {}", case.name, if all.is_empty() { "holds" } else { "differs" }).unwrap();
        for how in all.iter().take(SHOWN) {
            let out = if listed { &mut table } else { &mut complaints };
            writeln!(out, "    {} {how}", case.name).unwrap();
        }
        if all.is_empty() && listed {
            writeln!(complaints, "{} holds: take it out of EXPECTED", case.name).unwrap();
        }
    }
    for name in expected.cases().filter(|name| !cases.iter().any(|case| case.name == *name)) {
        writeln!(complaints, "{name} in EXPECTED is no case").unwrap();
    }
    writeln!(table, "cases that hold: {held} of {}", cases.len()).unwrap();
    println!("{table}");
    assert!(complaints.is_empty(), "{complaints}{table}");
}
