//! Preemption.

use wavetank_sim::object::{Object, Value};
use wavetank_sim::value;
use wavetank_sim::wire::{Request, Resource};

use crate::constraints::{important, priority_class};
use crate::rig::Rig;
use crate::scheduling::{cluster, message, node_of, requests};

/// Three priorities: low, middle, high.
fn ranked(nodes: u32) -> Rig {
    let mut rig = cluster(nodes, 1);
    for (name, value) in [("low", 1), ("middle", 5), ("high", 10)] {
        priority_class(&mut rig, name, value, "PreemptLowerPriority");
    }
    rig
}

fn whole_message(rig: &Rig, pod: &str) -> String {
    let condition =
        rig.get_pod(pod).and_then(|pod| pod.condition("PodScheduled")).cloned().unwrap_or_default();
    condition.str_at(&["message"]).unwrap_or_default().to_owned()
}

fn nominated(rig: &Rig, pod: &str) -> Option<String> {
    rig.get_pod(pod)?.str_at(&["status", "nominatedNodeName"]).map(str::to_owned)
}

fn is_preempted(rig: &Rig, pod: &str) -> bool {
    rig.get_pod(pod).is_none_or(|pod| pod.is_terminating())
}

#[test]
fn the_pods_of_the_lowest_priority_are_preempted() {
    let mut rig = ranked(2);
    rig.pod("a", "node-1", important("low", "2"));
    rig.pod("b", "node-1", important("middle", "2"));
    rig.pod("c", "node-2", important("middle", "3"));
    rig.run_to(5.0);
    rig.pod("h", "", important("high", "2"));
    // Long enough for the scheduler's three writes, too short for the kubelet to stop anything.
    rig.run_to(5.005);
    let (h, a) = (rig.get_pod("h").unwrap(), rig.get_pod("a").unwrap());
    assert_eq!(message(&rig, "h"), "0/2 nodes are available: 2 Insufficient cpu.");
    assert_eq!(h.str_at(&["status", "nominatedNodeName"]), Some("node-1"));
    assert_eq!((a.is_terminating(), a.is_condition_true("DisruptionTarget")), (true, true));
    // A pod of lower priority does not take the reserved room.
    rig.pod("l", "", important("low", "2"));
    rig.run_to(60.0);
    assert_eq!((node_of(&rig, "h").as_str(), node_of(&rig, "l").as_str()), ("node-1", ""));
    assert!(rig.get_pod("b").is_some() && rig.get_pod("c").is_some());
}

#[test]
fn a_pod_with_the_policy_never_preempts_no_pods() {
    let mut rig = cluster(1, 1);
    priority_class(&mut rig, "never", 10, "Never");
    rig.pod("a", "node-1", requests("4"));
    rig.run_to(5.0);
    rig.pod("h", "", important("never", "4"));
    rig.run_to(6.0);
    assert_eq!(
        whole_message(&rig, "h"),
        "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: not eligible due to \
         preemptionPolicy=Never."
    );
    assert!(!rig.get_pod("a").unwrap().is_terminating());
}

#[test]
fn without_enough_room_no_pod_is_preempted_and_the_message_says_why() {
    let mut rig = ranked(3);
    rig.pod("a", "node-1", important("low", "1"));
    rig.pod("b", "node-1", important("high", "3"));
    rig.pod("c", "node-2", important("high", "4"));
    rig.pod("d", "node-3", important("high", "4"));
    rig.run_to(5.0);
    rig.pod("h", "", important("high", "2"));
    rig.run_to(6.0);
    assert_eq!(
        whole_message(&rig, "h"),
        "0/3 nodes are available: 3 Insufficient cpu. no new claims to deallocate, preemption: 0/3 nodes are available: 1 \
         Insufficient cpu, 2 No preemption victims found for incoming pod."
    );
    assert!(!is_preempted(&rig, "a"));
}

/// A budget that allows no disruptions: without a disruption controller its status stays empty.
fn budget(rig: &mut Rig) {
    let budget = value!({
        "metadata": {"name": "b", "namespace": "default"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "guarded"}}}
    });
    let budgets = Resource::new("policy/v1/poddisruptionbudgets");
    rig.ask(Request::create(budgets, Object::shared(budget)));
}

fn guarded(class: &'static str, cpu: &'static str) -> impl FnOnce(&mut Value) {
    move |pod| {
        important(class, cpu)(pod);
        pod.set_at(&["metadata", "labels", "app"], "guarded");
    }
}

#[test]
fn a_pod_protected_by_a_budget_is_preempted_last() {
    let mut rig = ranked(2);
    budget(&mut rig);
    rig.pod("a", "node-1", guarded("low", "4"));
    rig.pod("b", "node-2", guarded("low", "2"));
    rig.pod("c", "node-2", important("middle", "2"));
    rig.run_to(5.0);
    rig.pod("h", "", important("high", "2"));
    rig.run_to(5.005);
    assert_eq!(["a", "b", "c"].map(|pod| is_preempted(&rig, pod)), [false, false, true]);
    // Only protected pods are left.
    rig.pod("i", "", important("high", "2"));
    rig.run_to(5.010);
    assert_eq!(["a", "b", "c"].map(|pod| is_preempted(&rig, pod)), [true, false, true]);
}

#[test]
fn while_its_victim_is_terminating_a_pod_preempts_no_other() {
    let mut rig = ranked(2);
    rig.pod("a", "node-1", important("low", "4"));
    rig.pod("b", "node-2", important("middle", "2"));
    rig.pod("c", "node-2", important("high", "2"));
    rig.run_to(5.0);
    rig.pod("h", "", important("high", "4"));
    rig.run_to(5.005);
    assert_eq!((nominated(&rig, "h").as_deref(), is_preempted(&rig, "a")), (Some("node-1"), true));
    rig.delete("c", Some(0));
    rig.run_to(5.008);
    assert_eq!(
        whole_message(&rig, "h"),
        "0/2 nodes are available: 2 Insufficient cpu. no new claims to deallocate, preemption: not eligible due to a \
         terminating pod on the nominated node."
    );
    assert!(!is_preempted(&rig, "b"));
}

#[test]
fn a_pod_that_preemption_cannot_help_loses_its_nominated_node() {
    let mut rig = ranked(1);
    rig.pod("a", "node-1", important("high", "3"));
    rig.pod("b", "node-1", requests("100m"));
    rig.pod("h", "", important("high", "4"));
    rig.run_to(5.0);
    let no_victims = "preemption: 0/1 nodes are available: 1 Insufficient cpu.";
    assert!(whole_message(&rig, "h").ends_with(no_victims));
    rig.edit_status("h", |pod| pod.set_at(&["status", "nominatedNodeName"], "node-1"));
    rig.delete("b", Some(0));
    rig.run_to(6.0);
    assert_eq!((nominated(&rig, "h"), node_of(&rig, "h").as_str()), (None, ""));
}

#[test]
fn pods_of_lower_priority_lose_their_nomination_to_the_preemptor() {
    let mut rig = ranked(1);
    priority_class(&mut rig, "never", 3, "Never");
    rig.pod("a", "node-1", important("low", "4"));
    rig.run_to(5.0);
    rig.pod("l", "", important("never", "4"));
    rig.run_to(5.1);
    rig.edit_status("l", |pod| pod.set_at(&["status", "nominatedNodeName"], "node-1"));
    rig.run_to(5.2);
    assert_eq!(nominated(&rig, "l").as_deref(), Some("node-1"));
    rig.pod("h", "", important("high", "4"));
    rig.run_to(5.205);
    assert_eq!((nominated(&rig, "h").as_deref(), nominated(&rig, "l")), (Some("node-1"), None));
    assert_eq!(message(&rig, "h"), "0/1 nodes are available: 1 Insufficient cpu.");
}
