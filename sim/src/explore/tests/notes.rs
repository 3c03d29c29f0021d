//! Whole runs and their notes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::client::Client;
use super::verdicts::{ran, thing, things};
use super::{played, scenario, wait};
use crate::engine::SECOND;
use crate::explore::Run;
use crate::programs::{Host, Program};
use crate::scenario::{Action, ImageRule, MayBePending, NodeChoice, Scenario, Step, Target, UntilGone};

fn notes(run: &Run) -> Vec<&str> {
    run.notes.iter().map(|note| note.text.as_str()).collect()
}

fn noted(scenario: Scenario, programs: &[Program]) -> Vec<String> {
    let run = ran(scenario, programs).unwrap_or_else(|no_run| panic!("{}", no_run.why));
    assert!(run.violation.is_none(), "{:?}", run.violation);
    run.notes.into_iter().map(|note| note.text).collect()
}

#[test]
fn an_image_rule_that_matches_no_container_or_comes_too_late_is_noted() {
    let with = |globs: &[&str]| {
        let images = globs.iter().map(|glob| ImageRule::matching(*glob)).collect();
        Scenario { images, ..scenario() }
    };
    assert_eq!(notes(&played(with(&["web:*"]), "")), [""; 0]);
    assert_eq!(notes(&played(with(&["wbe:*", "web:*"]), "")), ["images: `wbe:*` matched no container"]);
    let shadowed = ["images: `web:1` matched no container that `*` before it does not match"];
    assert_eq!(notes(&played(with(&["*", "web:1"]), "")), shadowed);
}

#[test]
fn an_entry_of_pending_and_a_step_that_select_nothing_are_noted() {
    let entry = |kind: &str, name: &str| MayBePending {
        kind: kind.into(),
        name: Some(name.to_owned()).filter(|name| !name.is_empty()),
        selector: None,
    };
    let mut scenario = scenario();
    scenario.converge.pending = vec![entry("Deployment", "web"), entry("pods", ""), entry("Pod", "web")];
    let selector = Some("app=wbe".to_owned());
    let pick = crate::scenario::Pick::All;
    let target = Target::Selected { kind: "pod".into(), namespace: None, selector, pick };
    let (cascade, grace_period_seconds) = (crate::scenario::Cascade::Background, None);
    scenario.steps = vec![
        Step::new(Action::Delete { target, cascade, grace_period_seconds, until_gone: UntilGone::default() }),
        Step::new(Action::Cordon(NodeChoice::Selected("disk=none".into()))),
    ];
    let images = std::mem::take(&mut scenario.images);
    assert_eq!(images.len(), 1);
    assert_eq!(
        notes(&played(scenario, "")),
        [
            "a step acted on nothing: `all of pod app=wbe` selected no object",
            "a step acted on nothing: `all of nodes disk=none` selected no object",
            "converge.pending: Pod/web matched no object",
        ]
    );
}

/// A program that ends with an error after so many seconds, as often as it says, and then runs.
fn failing(times: u32, after_s: u64) -> Program {
    let left = Arc::new(AtomicU32::new(times));
    Program::new("op", move |_host: Host| {
        let left = left.clone();
        async move {
            if left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_err() {
                return std::future::pending().await;
            }
            tokio::time::sleep(Duration::from_secs(after_s)).await;
            Err("the schema has changed")
        }
    })
}

#[test]
fn a_program_that_ends_with_an_error_again_and_again_is_noted_unless_faults_rage() {
    assert_eq!(noted(things(), &[failing(2, 0)]), [""; 0]);
    let words = "program op ended with an error 3 times, last at -49s: the schema has changed";
    assert_eq!(noted(things(), &[failing(3, 0)]), [words]);
    let mut scenario = things();
    scenario.steps = vec![wait(300 * SECOND)];
    scenario.operators = vec![crate::scenario::OperatorSpec {
        name: "op".into(),
        program: "op".into(),
        replicas: 1,
        with: crate::object::Value::Null,
    }];
    // It ends 65 s after its start, at 5 s for the first time; until then a fault has struck.
    let run = super::played_with(&[failing(3, 65)], scenario, "compaction(keep=9)@1s");
    assert_eq!(notes(&run), [""; 0]);
}

#[test]
fn a_program_that_asks_for_a_kind_that_never_comes_is_noted() {
    let asking = |path: &'static str| {
        Program::new("op", async move |host: Host| {
            let client = Client::new(&host);
            for _ in 0..5 {
                client.get(path).await.ok();
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            std::future::pending::<Result<(), String>>().await
        })
    };
    let empty = || Scenario { setup: Vec::new(), ..things() };
    for (path, words) in [
        ("/apis/ex.test/v1/things", "things (ex.test/v1), which no CRD defines"),
        ("/apis/ex.test/v1/namespaces/default/things/a", "things (ex.test/v1), which no CRD defines"),
        ("/apis/ex.test/v1", "ex.test/v1, which no CRD defines"),
    ] {
        assert_eq!(noted(empty(), &[asking(path)]), [format!("program op asked 5 times for {words}")]);
    }
    // It comes while the program asks.
    for path in [
        "/apis/ex.test/v1/things",
        "/apis/ex.test/v1",
        "/api/v1/namespaces/default/configmaps/none",
        "/nothing",
    ] {
        assert_eq!(noted(things(), &[asking(path)]), [""; 0], "{path}");
    }
    let other = "program op asked 5 times for things (ex.test/v2), which the server does not have: it serves ex.test/v1";
    assert_eq!(noted(things(), &[asking("/apis/ex.test/v2/things")]), [other]);
}

#[test]
fn a_setup_that_waits_for_a_kind_that_never_comes_says_which() {
    let asking = Program::new("op", async |host: Host| {
        Client::new(&host).get("/apis/other.test/v1/others").await.map(drop)
    });
    let mut scenario = things();
    scenario.setup.push(Step::new(Action::Apply(vec![thing("a")])));
    let why = ran(scenario, &[asking]).map(|_| ()).expect_err("the program keeps ending").why;
    let (first, second) =
        ("setup did not converge: program op ended with an error ", ", which no CRD defines; ");
    assert!(why.starts_with(first) && why.contains(second), "{why}");
}
