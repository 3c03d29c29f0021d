//! Renewals of Leases that are left to the wire: nobody can tell, and who looks sees them.

use super::{held, played, played_with, scenario, step, wait};
use crate::engine::Time;
use crate::explore::Run;
use crate::object::Object;
use crate::scenario::{Action, Cascade, Check, Expectation, KindName, Modality, Scenario, Var};
use crate::wire::resource::{LEASES, NODES};
use crate::wire::{ObjectKey, Resource};

/// The same scenario, where every renewal is carried out because a check may look at it.
fn looked_at(mut scenario: Scenario) -> Scenario {
    let leases = Var {
        name: "leases".into(),
        api_version: "coordination.k8s.io/v1".into(),
        kind: KindName("Lease".into()),
        object: None,
        namespace: Some("kube-node-lease".into()),
        selector: None,
    };
    scenario.expect.push(Expectation {
        name: "there are leases".into(),
        modality: Modality::Always,
        check: Check::Cel { vars: vec![leases], source: "leases.size() > 0".into() },
        on: None,
        grace_ms: 0,
    });
    scenario
}

/// When what was written, Leases aside.
fn others(run: &Run) -> Vec<(Time, Resource, ObjectKey)> {
    let others = run.commits().filter(|(_, commit)| commit.resource != *LEASES);
    others.map(|(time, commit)| (time, commit.resource, commit.key.clone())).collect()
}

fn renewals(run: &Run) -> usize {
    run.commits().filter(|(time, commit)| *time >= Time::ZERO && commit.resource == *LEASES).count()
}

#[test]
fn whatever_happens_to_a_node_all_else_goes_as_if_each_had_been_made() {
    let plans = [
        "node-loss(Node/node-1)@10s+2m",
        "node-loss(Node/node-1)@13s+9m",
        "node-loss(Node/node-1, heal=replace)@10s+8m",
        "reboot(Node/node-1)@17s",
        "kubelet-restart(Node/node-1)@12s",
        "partition(Node/node-1)@14s+7m",
        "node-loss(Node/node-1)@10s+2m; node-loss(Node/node-2)@5s+3m",
    ];
    for plan in plans {
        let (left, made) = (held(scenario(), plan), held(looked_at(scenario()), plan));
        assert_eq!(others(&left), others(&made), "{plan}");
        assert!(renewals(&left) * 3 < renewals(&made), "{plan}: {} of {}", renewals(&left), renewals(&made));
    }
}

#[test]
fn at_the_end_each_lease_tells_its_last_renewal() {
    let mut idle = scenario();
    idle.steps = vec![wait(10 * 60_000)];
    let (left, made) = (held(idle.clone(), ""), held(looked_at(idle), ""));
    let last = |run: &Run| -> Vec<String> {
        let renewed =
            |lease: &std::sync::Arc<Object>| lease.str_at(&["spec", "renewTime"]).map(str::to_owned);
        run.at(*LEASES, run.end).iter().filter_map(renewed).collect()
    };
    assert_eq!(left.end, made.end);
    // One that was on its way at the end had not been made.
    let seconds = |text: &String| text.split('.').next().map(str::to_owned);
    assert_eq!(
        last(&left).iter().map(seconds).collect::<Vec<_>>(),
        last(&made).iter().map(seconds).collect::<Vec<_>>()
    );
}

#[test]
fn a_lease_that_someone_deletes_comes_back() {
    let mut deleted = scenario();
    let lease = crate::scenario::Target::Named {
        kind: "lease".into(),
        namespace: Some("kube-node-lease".into()),
        name: "node-1".into(),
    };
    deleted.steps = vec![
        wait(60_000),
        step(Action::Delete { target: lease, cascade: Cascade::Background, grace_period_seconds: None }),
        wait(60_000),
    ];
    let run = played(deleted, "");
    assert!(run.violation.is_none(), "{:?}", run.violation);
    assert_eq!(run.at(*LEASES, run.end).len(), 3);
}

#[test]
fn a_node_that_dies_just_when_its_renewals_are_left_to_the_wire_is_missed_all_the_same() {
    let begin = "kubelet-restart(Node/node-1)@10s";
    for seed in 0..12 {
        let restarted = played_with(scenario(), seed, begin);
        let is_first = |(time, commit): &(Time, &std::sync::Arc<crate::wire::Commit>)| {
            *time > Time(10_000) && commit.resource == *LEASES && commit.key.name == "node-1"
        };
        let renewed = restarted.commits().find(is_first).map(|(time, _)| time.0).expect("it goes on");
        // Its answer takes some of these, and what is told of it some more.
        for at in renewed..renewed + 7 {
            let plan = format!("{begin}; node-loss(Node/node-1)@{at}ms+2m");
            let run = played_with(scenario(), seed, &plan);
            let is_unknown = |node: &Object| {
                node.condition("Ready").and_then(|c| c.str_at(&["status"])) == Some("Unknown")
            };
            assert!(run.first(*NODES, is_unknown).is_some(), "seed {seed}: {plan}");
        }
    }
}
