//! Triggered steps: done when their time has come, whatever else goes on. Those at events are tested with programs.

use super::{held, image, played, scenario, step};
use crate::explore::Run;
use crate::scenario::{Action, NodeChoice, Step, TimeRange, Trigger, When, oracle};
use crate::wire::What;
use crate::wire::resource::{DEPLOYMENTS, NODES};

fn at(ms: u64, step: Step) -> Step {
    Step { when: Some(When::new(Trigger::At(TimeRange::exactly(ms)))), ..step }
}

fn upgrade() -> Step {
    step(Action::UpgradeNodes { to: "v1.36.7".into(), surge: 1, timeout_ms: 300_000 })
}

/// The first image of the Deployment's template is this from that second on.
fn has_image(run: &Run, wanted: &str) -> Option<i64> {
    run.first(*DEPLOYMENTS, |deployment| {
        let containers = deployment.items_at(&["spec", "template", "spec", "containers"]);
        containers[0].str_at(&["image"]) == Some(wanted)
    })
}

#[test]
fn a_timed_step_is_done_in_the_midst_of_an_upgrade() {
    let mut scenario = scenario();
    scenario.steps = vec![upgrade(), at(1_000, image("web:2")), at(3_000, image("web:3"))];
    let run = held(scenario, "pod-deletion(Pod/*[app=web])@1500ms");
    assert_eq!((has_image(&run, "web:2"), has_image(&run, "web:3")), (Some(1), Some(3)));
    let gone = run.commits().filter(|(_, commit)| commit.resource == *NODES && commit.new.is_none());
    let gone: Vec<i64> = gone.map(|(at, _)| at.0 / 1000).collect();
    assert!(gone.len() == 3 && gone[0] < 3 && gone[2] > 3, "nodes go before and after the steps: {gone:?}");
}

#[test]
fn steps_of_one_instant_are_done_in_the_order_of_the_file() {
    let mut scenario = scenario();
    scenario.steps = vec![at(5_000, image("web:2")), upgrade(), at(5_000, image("web:3"))];
    let run = held(scenario, "");
    let steps: Vec<String> = run
        .history
        .record
        .entries()
        .iter()
        .filter_map(|entry| match &entry.what {
            What::Step(text) if text.contains("image") => Some(text.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(steps, ["set image of deployment/web c=web:2", "set image of deployment/web c=web:3"]);
    let end = run.at(*DEPLOYMENTS, run.end);
    let containers = end[0].items_at(&["spec", "template", "spec", "containers"]);
    assert_eq!(containers[0].str_at(&["image"]), Some("web:3"));
}

#[test]
fn the_run_waits_for_the_last_timed_step() {
    let mut scenario = scenario();
    scenario.steps = vec![at(600_000, image("web:2"))];
    assert_eq!(has_image(&held(scenario, ""), "web:2"), Some(600));
}

#[test]
fn a_triggered_step_that_fails_is_a_violation_in_its_own_name() {
    let mut scenario = scenario();
    let cordon = step(Action::Cordon(NodeChoice::Named("nobody".into())));
    scenario.steps = vec![upgrade(), at(3_000, cordon)];
    let violation = played(scenario, "").violation.expect("there is no such node");
    assert_eq!(violation.oracle, oracle::STEP);
    assert!(violation.message.starts_with("step \"cordon node/nobody\" failed at 3"), "{violation}");
}
