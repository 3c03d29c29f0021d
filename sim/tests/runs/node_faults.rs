//! The faults of nodes and images bite, and heal.

use std::collections::BTreeSet;

use wavetank_sim::engine::Time;
use wavetank_sim::explore::Run;
use wavetank_sim::object::{Object, Value};
use wavetank_sim::scenario::Scenario;
use wavetank_sim::value;
use wavetank_sim::wire::resource::{NODES, PODS};
use wavetank_sim::wire::{Verb, What};

use crate::{RunExt, condition, deployment, held, pod_spec, scenario, set_image, wait, web};

fn is_unready(pod: &Object) -> bool {
    condition(pod, "Ready", "status") == Some("False")
}

fn node_of(pod: &Object) -> &str {
    pod.str_at(&["spec", "nodeName"]).unwrap_or_default()
}

/// The restarts of a pod's containers, added up.
fn restarts(pod: &Object) -> i64 {
    let statuses = pod.items_at(&["status", "containerStatuses"]).iter();
    statuses.filter_map(|status| status.i64_at(&["restartCount"])).sum()
}

fn is_marked(pod: &Object, reason: &str) -> bool {
    condition(pod, "DisruptionTarget", "reason") == Some(reason)
}

/// When the pods of node-1 were seen unready first, in seconds.
fn unready(run: &Run) -> Option<i64> {
    run.first(*PODS, |pod| node_of(pod) == "node-1" && is_unready(pod))
}

fn at(seconds: i64) -> Time {
    Time(seconds * 1000)
}

#[test]
fn a_node_that_is_lost_for_a_moment_keeps_its_pods_and_restarts_their_containers() {
    let run = held(web(), 1, "node-loss(Node/node-1)@10s+2m");
    let before = run.uids(*PODS, at(5));
    let unknown = run.first(*NODES, |node| condition(node, "Ready", "status") == Some("Unknown"));
    assert!(
        unknown.is_some_and(|s| (50..=70).contains(&s)),
        "{unknown:?}: 10 s of beats, 50 s of grace, a tick"
    );
    assert!(unready(&run).is_some_and(|s| Some(s) >= unknown && s < 71), "{:?}", unready(&run));
    let end = run.at(*PODS, run.end);
    assert_eq!(run.uids(*PODS, run.end), before, "nobody was evicted");
    for pod in end.iter().filter(|pod| node_of(pod) == "node-1") {
        assert_eq!(restarts(pod), 1);
        let last = pod.root().pointer("/status/containerStatuses/0/lastState/terminated/exitCode");
        assert_eq!(last.and_then(Value::as_i64), Some(255));
    }
}

#[test]
fn a_node_that_is_lost_for_long_loses_its_pods_after_their_toleration() {
    let run = held(web(), 1, "node-loss(Node/node-1)@10s+9m");
    let marked = run.first(*PODS, |pod| is_marked(pod, "DeletionByTaintManager"));
    assert!(marked.is_some_and(|s| (360..=385).contains(&s)), "{marked:?}: 300 s after NoExecute at 60..85");
    let terminating = run.at(*PODS, at(500)).into_iter().filter(|pod| pod.is_terminating()).count();
    let lost = run.at(*PODS, at(5)).iter().filter(|pod| node_of(pod) == "node-1").count();
    assert_eq!(terminating, lost, "the kubelet alone could finish them");
    assert_eq!(run.at(*PODS, run.end).len(), 3);
    assert!(run.at(*NODES, run.end).iter().all(|node| node.items_at(&["spec", "taints"]).is_empty()));
}

#[test]
fn a_node_that_is_replaced_leaves_its_pods_to_the_garbage_collector() {
    let run = held(web(), 1, "node-loss(Node/node-1, heal=replace)@10s+8m");
    let nodes = run.at(*NODES, run.end);
    assert!(nodes.iter().map(|node| node.name()).eq(["node-2", "node-3", "node-4"]));
    let collected = run.first(*PODS, |pod| is_marked(pod, "DeletionByPodGC"));
    // The condition of the eviction is there already and is replaced.
    assert!(
        collected.is_some_and(|s| (530..=555).contains(&s)),
        "{collected:?}: 490 s, 40..60 s of quarantine"
    );
}

#[test]
fn a_reboot_keeps_the_pods_and_restarts_their_containers_once() {
    let run = held(web(), 1, "reboot(Node/node-1)@10s");
    assert_eq!(run.uids(*PODS, run.end), run.uids(*PODS, at(5)));
    for pod in run.at(*PODS, run.end) {
        assert_eq!(restarts(&pod), i64::from(node_of(&pod) == "node-1"));
    }
}

#[test]
fn a_partition_leaves_containers_running_and_what_returns_is_the_same() {
    let run = held(web(), 1, "partition(Node/node-1)@10s+3m");
    assert!(unready(&run).is_some_and(|s| (50..=71).contains(&s)), "{:?}", unready(&run));
    assert_eq!(run.uids(*PODS, run.end), run.uids(*PODS, at(5)));
    assert!(run.at(*PODS, run.end).iter().all(|pod| restarts(pod) == 0));
}

#[test]
fn a_partition_for_long_ends_with_the_kubelet_stopping_what_was_deleted_meanwhile() {
    let run = held(web(), 1, "partition(Node/node-1)@10s+9m");
    let end = run.uids(*PODS, run.end);
    let before = run.at(*PODS, at(5));
    let mut evicted = before.iter().filter(|pod| node_of(pod) == "node-1");
    assert!(evicted.all(|pod| !end.iter().any(|uid| uid == pod.uid())));
    let succeeded =
        run.first(*PODS, |pod| pod.is_terminating() && pod.str_at(&["status", "phase"]) == Some("Succeeded"));
    assert!(
        succeeded.is_some_and(|s| s >= 550),
        "{succeeded:?}: its containers ran until they were told to stop"
    );
}

#[test]
fn a_kubelet_that_restarts_disturbs_nobody_but_lists_anew() {
    let run = held(web(), 1, "kubelet-restart(Node/node-1)@10s");
    assert_eq!(run.uids(*PODS, run.end), run.uids(*PODS, at(5)));
    assert!(run.at(*PODS, run.end).iter().all(|pod| restarts(pod) == 0));
    assert_eq!(unready(&run), None);
    let later = run.history.record.entries().iter().filter(|entry| entry.time >= at(10));
    let lists = later.filter(|entry| matches!(&entry.what, What::Request { verb: Verb::List, .. }));
    assert_eq!(lists.count(), 2, "pods and node");
}

#[test]
fn pulls_fail_as_often_as_said_and_back_off() {
    let steps = vec![set_image("web:2"), wait(60_000)];
    let run = held(Scenario { steps, ..web() }, 1, "image-pull-error(image=web:2, times=2)@0s");
    let has = |pod: &Object, path: &str, text: &str| pod.root().pointer(path) == Some(&text.into());
    let waits = "/status/containerStatuses/0/state/waiting/reason";
    let failed = run.first(*PODS, |pod| has(pod, waits, "ErrImagePull"));
    let backs_off = run.first(*PODS, |pod| has(pod, waits, "ImagePullBackOff"));
    assert!(failed.is_some() && failed < backs_off, "{failed:?} {backs_off:?}");
    let is_new = |pod: &Object| has(pod, "/spec/containers/0/image", "web:2");
    let ready = run.first(*PODS, |pod| is_new(pod) && pod.is_condition_true("Ready"));
    assert!(ready.is_some_and(|s| (30..=40).contains(&s)), "{ready:?}: two pulls, 10 s and 20 s of back-off");
}

#[test]
fn a_slow_start_and_a_flap_take_as_long_as_said() {
    let run = held(web(), 1, "slow-start(pods/*:all, by=30s)@5s+1m; container-crash(pods/*)@10s");
    let ready_again = |from: i64| {
        run.first(*PODS, |pod| restarts(pod) == 1 && pod.is_condition_true("Ready")).filter(|s| *s >= from)
    };
    assert!(ready_again(41).is_some_and(|s| s <= 45), "{:?}", ready_again(0));
    let run = held(web(), 1, "readiness-flap(pods/*, down=20s)@10s");
    assert_eq!(run.first(*PODS, is_unready), Some(10));
    let unready = |s: i64| run.at(*PODS, at(s)).iter().filter(|pod| is_unready(pod)).count();
    assert_eq!([unready(9), unready(29), unready(31)], [0, 1, 0]);
}

#[test]
fn a_fault_of_hosting_nodes_strikes_those_alone() {
    let lone = value!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "lone", "labels": {"app": "lone"}},
        "spec": (pod_spec("web:1"))
    });
    let scenario = || scenario(vec![deployment(3), lone.clone()]);
    let mut homes = BTreeSet::new();
    for seed in 0..8 {
        let run = held(scenario(), seed, "reboot(Node/* hosting [kind=Pod,app=lone])@10s");
        let end = run.at(*PODS, run.end);
        let home = end.iter().find(|pod| pod.name() == "lone").map(|pod| node_of(pod)).expect("it is bound");
        assert!(end.iter().all(|pod| restarts(pod) == i64::from(node_of(pod) == home)), "seed {seed}");
        homes.insert(home.to_owned());
        let nobody = held(scenario(), seed, "reboot(Node/* hosting [kind=Pod,app=nobody]:all)@10s");
        assert!(nobody.at(*PODS, nobody.end).iter().all(|pod| restarts(pod) == 0), "seed {seed}");
    }
    assert!(homes.len() > 1, "the pod is not always on one node: {homes:?}");
}
