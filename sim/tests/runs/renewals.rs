//! Renewals of Leases that are left to the wire: nobody can tell, and who looks sees them.

use wavetank_sim::engine::Time;
use wavetank_sim::explore::Run;
use wavetank_sim::scenario::{
    Action, Cascade, Check, Expectation, KindName, Modality, Scenario, Step, Target, UntilGone, Var,
};
use wavetank_sim::wire::resource::{LEASES, NODES};
use wavetank_sim::wire::{ObjectKey, Resource};

use crate::{RunExt, condition, held, played, wait, web};

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
        let (left, made) = (held(web(), 1, plan), held(looked_at(web()), 1, plan));
        assert_eq!(others(&left), others(&made), "{plan}");
        assert!(renewals(&left) * 3 < renewals(&made), "{plan}: {} of {}", renewals(&left), renewals(&made));
    }
}

#[test]
fn at_the_end_each_lease_tells_its_last_renewal() {
    let idle = Scenario { steps: vec![wait(10 * 60_000)], ..web() };
    let (left, made) = (held(idle.clone(), 1, ""), held(looked_at(idle), 1, ""));
    assert_eq!(left.end, made.end);
    let last = |run: &Run| -> Vec<String> {
        let leases = run.at(*LEASES, run.end);
        leases.iter().filter_map(|lease| lease.str_at(&["spec", "renewTime"])).map(str::to_owned).collect()
    };
    assert_eq!(last(&left), last(&made));
}

#[test]
fn a_lease_that_someone_deletes_comes_back() {
    let namespace = Some("kube-node-lease".into());
    let target = Target::Named { kind: "lease".into(), namespace, name: "node-1".into() };
    let (cascade, until_gone) = (Cascade::Background, UntilGone::default());
    let delete = Action::Delete { target, cascade, grace_period_seconds: None, until_gone };
    let steps = vec![wait(60_000), Step::new(delete), wait(60_000)];
    let run = held(Scenario { steps, ..web() }, 1, "");
    assert_eq!(run.at(*LEASES, run.end).len(), 3);
}

#[test]
fn a_node_that_dies_just_when_its_renewals_are_left_to_the_wire_is_missed_all_the_same() {
    let begin = "kubelet-restart(Node/node-1)@10s";
    for seed in 0..12 {
        let restarted = played(web(), seed, begin);
        let mut later = restarted.commits().filter(|(time, _)| *time > Time(10_000));
        let renewed = later.find(|(_, commit)| commit.resource == *LEASES && commit.key.name == "node-1");
        let renewed = renewed.map(|(time, _)| time.0).expect("it goes on");
        // Its answer takes some of these, and what is told of it some more.
        for at in renewed..renewed + 7 {
            let plan = format!("{begin}; node-loss(Node/node-1)@{at}ms+2m");
            let run = played(web(), seed, &plan);
            let unknown = run.first(*NODES, |node| condition(node, "Ready", "status") == Some("Unknown"));
            assert!(unknown.is_some(), "seed {seed}: {plan}");
        }
    }
}
