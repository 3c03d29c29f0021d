//! Triggered steps: done when their time has come, whatever else goes on. Those at events are tested with programs.

use wavetank_sim::explore::Run;
use wavetank_sim::object::Object;
use wavetank_sim::scenario::{Action, NodeChoice, Scenario, Step, TimeRange, Trigger, When, oracle};
use wavetank_sim::wire::What;
use wavetank_sim::wire::resource::{DEPLOYMENTS, NODES};

use crate::{RunExt, held, played, set_image, web};

fn with_steps(steps: Vec<Step>) -> Scenario {
    Scenario { steps, ..web() }
}

fn at(ms: u64, step: Step) -> Step {
    Step { when: Some(When::new(Trigger::At(TimeRange::exactly(ms)))), ..step }
}

fn upgrade() -> Step {
    Step::new(Action::UpgradeNodes { to: "v1.36.7".into(), surge: 1, timeout_ms: 300_000 })
}

/// The first image of the Deployment's template.
fn image_of(deployment: &Object) -> Option<&str> {
    deployment.items_at(&["spec", "template", "spec", "containers"])[0].str_at(&["image"])
}

/// The second from which on the Deployment has this image.
fn has_image(run: &Run, wanted: &str) -> Option<i64> {
    run.first(*DEPLOYMENTS, |deployment| image_of(deployment) == Some(wanted))
}

#[test]
fn a_timed_step_is_done_in_the_midst_of_an_upgrade() {
    let steps = vec![upgrade(), at(1_000, set_image("web:2")), at(3_000, set_image("web:3"))];
    let run = held(with_steps(steps), 1, "pod-deletion(Pod/*[app=web])@1500ms");
    assert_eq!((has_image(&run, "web:2"), has_image(&run, "web:3")), (Some(1), Some(3)));
    let gone = run.commits().filter(|(_, commit)| commit.resource == *NODES && commit.new.is_none());
    let gone: Vec<i64> = gone.map(|(at, _)| at.0 / 1000).collect();
    assert!(gone.len() == 3 && gone[0] < 3 && gone[2] > 3, "nodes go before and after the steps: {gone:?}");
}

#[test]
fn steps_of_one_instant_are_done_in_the_order_of_the_file() {
    let steps = vec![at(5_000, set_image("web:2")), upgrade(), at(5_000, set_image("web:3"))];
    let run = held(with_steps(steps), 1, "");
    let done = run.history.record.entries().iter().filter_map(|entry| match &entry.what {
        What::Step(text) if text.contains("image") => Some(text.as_str()),
        _ => None,
    });
    let steps: Vec<&str> = done.collect();
    assert_eq!(steps, ["set image of deployment/web main=web:2", "set image of deployment/web main=web:3"]);
    assert_eq!(image_of(&run.at(*DEPLOYMENTS, run.end)[0]), Some("web:3"));
}

#[test]
fn the_run_waits_for_the_last_timed_step() {
    let run = held(with_steps(vec![at(600_000, set_image("web:2"))]), 1, "");
    assert_eq!(has_image(&run, "web:2"), Some(600));
}

#[test]
fn a_triggered_step_that_fails_is_a_violation_in_its_own_name() {
    let cordon = Step::new(Action::Cordon(NodeChoice::Named("nobody".into())));
    let run = played(with_steps(vec![upgrade(), at(3_000, cordon)]), 1, "");
    let violation = run.violation.expect("there is no such node");
    assert_eq!(violation.oracle, oracle::STEP);
    assert!(violation.message.starts_with("step \"cordon node/nobody\" failed at 3"), "{violation}");
}
