//! Steps that events set off. A step whose event never comes is reported.

use wavetank::sim::explore::{Prepared, Run, draw_plan, run};
use wavetank::sim::faults::Unused;
use wavetank::sim::object::Object;
use wavetank::sim::programs::Program;
use wavetank::sim::scenario::{
    Action, CountRange, EventPattern, EventVerb, Moment, NodeChoice, OperatorSpec, Scenario, Step, Trigger,
    When,
};
use wavetank::sim::value;
use wavetank::sim::wire::What;

use super::follow_pods;

/// A program that watches all pods.
fn follower() -> Program {
    Program::new("follower", follow_pods)
}

/// Runs a scenario that creates a pod, and cordons a node at this event.
fn played(event: EventPattern, moment: Moment, nth: u64, plan: &str) -> Run {
    let mut scenario = Scenario::new("cordoned");
    let (name, program) = ("follower".to_owned(), "follower".to_owned());
    scenario.operators.push(OperatorSpec { name, program, replicas: 1, with: value!({}) });
    let pod = value!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "c", "image": "i"}]}
    });
    let when = When { trigger: Trigger::On(event), nth: CountRange::exactly(nth), moment };
    let cordon = Action::Cordon(NodeChoice::Named("node-1".into()));
    scenario.steps = vec![
        Step { name: Some("cordoned".into()), when: Some(when), action: cordon },
        Step::new(Action::Create(vec![Object::shared(pod)])),
    ];
    scenario.converge.settle_ms = 30_000;
    let plan = if plan.is_empty() { draw_plan(&scenario, 1) } else { plan.parse().unwrap() };
    let prepared = Prepared::new(scenario, &[follower()]).unwrap();
    let run = run(&prepared, 1, &plan).unwrap_or_else(|no_run| panic!("{}", no_run.why));
    assert!(run.violation.is_none(), "{:?}", run.violation);
    run
}

/// The follower's last entry in the record before the step.
fn before_the_step(run: &Run) -> Option<String> {
    let entries = run.history.record.entries();
    let step =
        entries.iter().position(|entry| matches!(&entry.what, What::Step(text) if text == "cordoned"))?;
    let is_follower = |addr| run.history.actor(addr).name == "follower";
    entries[..step].iter().rev().find(|entry| is_follower(entry.actor)).map(|entry| entry.what.to_string())
}

fn event(verb: EventVerb) -> EventPattern {
    EventPattern { kind: Some("Pod".into()), actor: Some("follower".into()), ..EventPattern::any(verb) }
}

#[test]
fn a_watch_event_sets_a_step_off() {
    let run = played(event(EventVerb::Modified), Moment::After, 1, "");
    let entry = before_the_step(&run).unwrap();
    assert!(entry.starts_with("got ") && entry.contains("events of pods"), "{entry}");
    let other = EventPattern { kind: Some("Secret".into()), ..event(EventVerb::Modified) };
    let never = played(other, Moment::After, 1, "");
    assert_eq!(
        (before_the_step(&never), &never.unused[..]),
        (None, &[Unused::never("step \"cordoned\"")][..])
    );
}

#[test]
fn a_request_sets_a_step_off_at_its_moment() {
    // The list of setup does not count. The next list comes after a crash, when the program starts again.
    let list = || event(EventVerb::List);
    let crash = "crash(follower)@20s";
    let never = played(list(), Moment::After, 1, "");
    assert_eq!((before_the_step(&never), never.unused.len()), (None, 1));
    let second = played(list(), Moment::After, 2, crash);
    assert_eq!((before_the_step(&second), second.unused.len()), (None, 1), "there is only one list");
    for (moment, has_answer) in [(Moment::After, false), (Moment::AfterResponse, true)] {
        let run = played(list(), moment, 1, crash);
        let entries = run.history.record.entries();
        let at =
            |found: &dyn Fn(&What) -> bool| entries.iter().rposition(|entry| found(&entry.what)).unwrap();
        let listed = at(&|what| what.to_string() == "list pods default/ -> 200");
        let step = at(&|what| matches!(what, What::Step(text) if text == "cordoned"));
        assert!(listed < step, "{moment}: the list is committed first");
        let answered = entries[listed..step].iter().any(|entry| matches!(entry.what, What::Answered { .. }));
        assert_eq!(answered, has_answer, "{moment}");
        let again = played(list(), moment, 1, crash);
        assert_eq!(again.fingerprint, run.fingerprint);
    }
}
