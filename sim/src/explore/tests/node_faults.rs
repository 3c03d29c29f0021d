//! The faults of nodes and images bite, and heal.

use super::{held, image, node_of, played_with, restarts, scenario, step, wait};
use crate::engine::Time;
use crate::object::Object;
use crate::scenario::{Action, Scenario};
use crate::value;
use crate::wire::resource::{NODES, PODS};

fn is_unready(pod: &Object) -> bool {
    pod.condition("Ready").and_then(|c| c.str_at(&["status"])) == Some("False")
}

/// When the pods of node-1 were seen unready first, in seconds.
fn unready(run: &crate::explore::Run) -> Option<i64> {
    run.first(*PODS, |pod| node_of(pod) == "node-1" && is_unready(pod))
}

fn at(seconds: i64) -> Time {
    Time(seconds * 1000)
}

#[test]
fn a_node_that_is_lost_for_a_moment_keeps_its_pods_and_restarts_their_containers() {
    let run = held(scenario(), "node-loss(Node/node-1)@10s+2m");
    let before = run.uids(*PODS, at(5));
    let unknown = run
        .first(*NODES, |node| node.condition("Ready").and_then(|c| c.str_at(&["status"])) == Some("Unknown"));
    assert!(
        unknown.is_some_and(|s| (50..=70).contains(&s)),
        "{unknown:?}: 10 s of beats, 50 s of grace, a tick"
    );
    assert!(unready(&run).is_some_and(|s| Some(s) >= unknown && s < 71), "{:?}", unready(&run));
    let end = run.at(*PODS, run.end);
    assert_eq!(run.uids(*PODS, run.end), before, "nobody was evicted");
    for pod in end.iter().filter(|pod| node_of(pod) == "node-1") {
        assert_eq!(restarts(pod), 1);
        let last =
            pod.at(&["status"]).and_then(|s| s.pointer("/containerStatuses/0/lastState/terminated/exitCode"));
        assert_eq!(last.and_then(crate::object::Value::as_i64), Some(255));
    }
}

#[test]
fn a_node_that_is_lost_for_long_loses_its_pods_after_their_toleration() {
    let run = held(scenario(), "node-loss(Node/node-1)@10s+9m");
    let marked = run.first(*PODS, |pod| {
        pod.condition("DisruptionTarget").and_then(|c| c.str_at(&["reason"]))
            == Some("DeletionByTaintManager")
    });
    assert!(marked.is_some_and(|s| (360..=385).contains(&s)), "{marked:?}: 300 s after NoExecute at 60..85");
    let terminating = run.at(*PODS, at(500)).into_iter().filter(|pod| pod.is_terminating()).count();
    let lost = run.at(*PODS, at(5)).iter().filter(|pod| node_of(pod) == "node-1").count();
    assert_eq!(terminating, lost, "the kubelet alone could finish them");
    assert_eq!(run.at(*PODS, run.end).len(), 3);
    assert!(run.at(*NODES, run.end).iter().all(|node| node.items_at(&["spec", "taints"]).is_empty()));
}

#[test]
fn a_node_that_is_replaced_leaves_its_pods_to_the_garbage_collector() {
    let run = held(scenario(), "node-loss(Node/node-1, heal=replace)@10s+8m");
    let nodes: Vec<String> = run.at(*NODES, run.end).iter().map(|node| node.name().to_owned()).collect();
    assert_eq!(nodes, ["node-2", "node-3", "node-4"]);
    let collected = run.first(*PODS, |pod| {
        pod.condition("DisruptionTarget").and_then(|c| c.str_at(&["reason"])) == Some("DeletionByPodGC")
    });
    // The condition of the eviction is there already and is replaced.
    assert!(
        collected.is_some_and(|s| (530..=555).contains(&s)),
        "{collected:?}: 490 s, 40..60 s of quarantine"
    );
}

#[test]
fn a_reboot_keeps_the_pods_and_restarts_their_containers_once() {
    let run = held(scenario(), "reboot(Node/node-1)@10s");
    assert_eq!(run.uids(*PODS, run.end), run.uids(*PODS, at(5)));
    for pod in run.at(*PODS, run.end) {
        assert_eq!(restarts(&pod), i64::from(node_of(&pod) == "node-1"));
    }
}

#[test]
fn a_partition_leaves_containers_running_and_what_returns_is_the_same() {
    let run = held(scenario(), "partition(Node/node-1)@10s+3m");
    assert!(unready(&run).is_some_and(|s| (50..=71).contains(&s)), "{:?}", unready(&run));
    assert_eq!(run.uids(*PODS, run.end), run.uids(*PODS, at(5)));
    assert!(run.at(*PODS, run.end).iter().all(|pod| restarts(pod) == 0));
}

#[test]
fn a_partition_for_long_ends_with_the_kubelet_stopping_what_was_deleted_meanwhile() {
    let run = held(scenario(), "partition(Node/node-1)@10s+9m");
    let gone = |uid: &crate::object::Str| !run.uids(*PODS, run.end).contains(uid);
    let evicted = run.at(*PODS, at(5)).into_iter().filter(|pod| node_of(pod) == "node-1");
    assert!(evicted.map(|pod| crate::object::Str::from(pod.uid())).all(|uid| gone(&uid)));
    let succeeded =
        run.first(*PODS, |pod| pod.is_terminating() && pod.str_at(&["status", "phase"]) == Some("Succeeded"));
    assert!(
        succeeded.is_some_and(|s| s >= 550),
        "{succeeded:?}: its containers ran until they were told to stop"
    );
}

#[test]
fn a_kubelet_that_restarts_disturbs_nobody_but_lists_anew() {
    let run = held(scenario(), "kubelet-restart(Node/node-1)@10s");
    assert_eq!(run.uids(*PODS, run.end), run.uids(*PODS, at(5)));
    assert!(run.at(*PODS, run.end).iter().all(|pod| restarts(pod) == 0));
    assert_eq!(unready(&run), None);
    let lists = |at: Time| {
        let entries = run.history.record.entries().iter();
        entries
            .filter(|e| {
                e.time >= at
                    && matches!(&e.what, crate::wire::What::Request { verb: crate::wire::Verb::List, .. })
            })
            .count()
    };
    assert_eq!(lists(Time(10_000)), 2, "pods and node");
}

#[test]
fn pulls_fail_as_often_as_said_and_back_off() {
    let mut scenario = scenario();
    scenario.steps = vec![image("web:2"), wait(60_000)];
    let run = held(scenario, "image-pull-error(image=web:2, times=2)@0s");
    let waiting = |pod: &Object| {
        pod.at(&["status"]).and_then(|s| s.pointer("/containerStatuses/0/state/waiting/reason").cloned())
    };
    let failed = run.first(*PODS, |pod| waiting(pod) == Some("ErrImagePull".into()));
    let backs_off = run.first(*PODS, |pod| waiting(pod) == Some("ImagePullBackOff".into()));
    assert!(failed.is_some() && failed < backs_off, "{failed:?} {backs_off:?}");
    let of_2 = |pod: &Object| {
        pod.at(&["spec"]).and_then(|s| s.pointer("/containers/0/image")) == Some(&"web:2".into())
    };
    let ready = run.first(*PODS, |pod| of_2(pod) && pod.is_condition_true("Ready"));
    assert!(ready.is_some_and(|s| (30..=40).contains(&s)), "{ready:?}: two pulls, 10 s and 20 s of back-off");
}

#[test]
fn a_slow_start_and_a_flap_take_as_long_as_said() {
    let run = held(scenario(), "slow-start(pods/*:all, by=30s)@5s+1m; container-crash(pods/*)@10s");
    let ready_again = |from: i64| {
        run.first(*PODS, |pod| restarts(pod) == 1 && pod.is_condition_true("Ready")).filter(|s| *s >= from)
    };
    assert!(ready_again(41).is_some_and(|s| s <= 45), "{:?}", ready_again(0));
    let run = held(scenario(), "readiness-flap(pods/*, down=20s)@10s");
    assert_eq!(run.first(*PODS, is_unready), Some(10));
    let unready = |s: i64| run.at(*PODS, at(s)).iter().filter(|pod| is_unready(pod)).count();
    assert_eq!([unready(9), unready(29), unready(31)], [0, 1, 0]);
}

/// The three pods of the Deployment, and one of its own.
fn lone() -> Scenario {
    let mut scenario = scenario();
    let pod = value!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "lone", "labels": {"app": "lone"}},
        "spec": {"containers": [{"name": "c", "image": "web:1"}]}
    });
    scenario.setup.push(step(Action::Apply(vec![Object::shared(pod)])));
    scenario
}

#[test]
fn a_fault_of_hosting_nodes_strikes_those_alone() {
    let mut pods = std::collections::BTreeSet::new();
    for seed in 0..8 {
        let plan = "reboot(Node/* hosting [kind=Pod,app=lone])@10s";
        let run = played_with(lone(), seed, plan);
        assert!(run.violation.is_none(), "{:?}", run.violation);
        let end = run.at(*PODS, run.end);
        let home = end
            .iter()
            .find(|pod| pod.name() == "lone")
            .map(|pod| node_of(pod).to_owned())
            .expect("it is bound");
        assert!(end.iter().all(|pod| restarts(pod) == i64::from(node_of(pod) == home)), "seed {seed}");
        pods.insert(home);
        let nobody = played_with(lone(), seed, "reboot(Node/* hosting [kind=Pod,app=nobody]:all)@10s");
        assert!(nobody.at(*PODS, nobody.end).iter().all(|pod| restarts(pod) == 0), "seed {seed}");
    }
    assert!(pods.len() > 1, "the pod is not always on one node: {pods:?}");
}
