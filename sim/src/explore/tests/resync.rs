//! Whole runs of operators with a periodic pass, right ones and one that loses events.

use std::time::Duration;

use http::Method;

use super::client::Client;
use super::{played_with, wait};
use crate::engine::SECOND;
use crate::explore::Run;
use crate::object::{Object, Value};
use crate::programs::{Host, Program};
use crate::scenario::{Action, OperatorSpec, Scenario, Step};
use crate::value;

const CONFIGMAPS: &str = "/api/v1/namespaces/default/configmaps";

/// Copies the text of ConfigMap `a` to ConfigMap `b`: when `a` changes, if `hears` is set, and every five minutes.
async fn copy_on(host: Host, hears: bool) -> Result<(), String> {
    let client = Client::new(&host);
    client.write(Method::POST, CONFIGMAPS, value!({"metadata": {"name": "b"}})).await.ok();
    loop {
        let list = client.get(CONFIGMAPS).await?;
        let from =
            list.str_at(&["metadata", "resourceVersion"]).expect("a list has a resourceVersion").to_owned();
        let mut watch = client.watch(CONFIGMAPS, &from).await?;
        let text = client.get(&format!("{CONFIGMAPS}/a")).await?.at(&["data"]).cloned();
        client
            .write(Method::PATCH, &format!("{CONFIGMAPS}/b"), value!({"data": (text.unwrap_or_default())}))
            .await?;
        let heard = async {
            while let Some(event) = watch.next().await {
                if hears && event.str_at(&["object", "metadata", "name"]) == Some("a") {
                    return;
                }
            }
            std::future::pending().await
        };
        tokio::time::timeout(Duration::from_secs(300), heard).await.ok();
    }
}

fn played(hears: bool, without_resync: bool, plan: &str) -> Run {
    let mut scenario = Scenario::new("copies");
    let with = Value::Null;
    scenario.operators = vec![OperatorSpec { name: "op".into(), program: "op".into(), replicas: 1, with }];
    let original = |text: &str| {
        Step::new(Action::Apply(vec![Object::shared(
            value!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"text": text}}),
        )]))
    };
    scenario.setup = vec![original("first")];
    scenario.steps = vec![original("second"), wait(400 * SECOND), original("third")];
    scenario.converge.without_resync = without_resync;
    played_with(&[Program::new("op", move |host: Host| copy_on(host, hears))], scenario, plan)
}

#[test]
fn a_resync_that_finds_nothing_to_do_is_neither_noted_nor_a_violation() {
    for plan in ["", "watch-cut(op)@200s+100s", "crash(op)@390s"] {
        let run = played(true, true, plan);
        assert!(
            run.violation.is_none() && run.notes.is_empty(),
            "{plan}: {:?} {:?}",
            run.violation,
            run.notes
        );
    }
}

#[test]
fn a_lost_event_that_only_the_resync_makes_up_for_is_noted_or_a_violation_on_request() {
    let run = played(false, false, "");
    assert!(run.violation.is_none(), "{:?}", run.violation);
    let [note] = &run.notes[..] else { panic!("{:?}", run.notes) };
    assert_eq!(note.key, "slow_convergence op");
    let words = note.text.strip_prefix("op converged only by a timer of its own, after ");
    let seconds =
        words.and_then(|words| words.split_once(" s without an event or answer, not by a watch event"));
    let seconds: u64 = seconds.expect("the note says how long").0.parse().expect("a number");
    assert!((100..=300).contains(&seconds), "{seconds}");
    let run = played(false, true, "");
    let found = run.violation.expect("the scenario forbids it").to_string();
    assert!(
        found.starts_with("slow_convergence: op converged only by a timer of its own, after "),
        "{found}"
    );
    assert!(run.notes.is_empty(), "{:?}", run.notes);
}
