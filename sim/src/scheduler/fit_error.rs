//! Why no node takes a pod, in the scheduler's own words.

use std::collections::BTreeMap;

use super::filter::Reason;

/// With no node at all (kube-scheduler `ErrNoNodesAvailable`).
pub(super) const NO_NODES: &str = "no nodes available to schedule pods";

/// What preemption came to, where it found no victims.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Preemption {
    /// It looked at all nodes.
    NoVictims,
    /// It was not tried, for this reason.
    NotEligible(&'static str),
}

/// Why no node takes the pod, one list of reasons per node, without what preemption came to.
pub(super) fn reasons(per_node: &[Vec<Reason>]) -> String {
    let why = tally(per_node.iter().flatten().map(|reason| reason.text));
    format!("0/{} nodes are available: {why}.", per_node.len())
}

/// What is wrong with the pod itself: no node was looked at.
pub(super) fn unresolvable(nodes: usize, why: &str) -> String {
    format!("0/{nodes} nodes are available: {why}. not found")
}

/// The whole message where preemption found no victims.
pub(super) fn message(per_node: &[Vec<Reason>], preemption: Preemption) -> String {
    let reasons = reasons(per_node);
    let preemption = match preemption {
        Preemption::NoVictims => preempted(per_node),
        Preemption::NotEligible(why) => why.to_owned(),
    };
    format!("{reasons} no new claims to deallocate, preemption: {preemption}")
}

fn preempted(per_node: &[Vec<Reason>]) -> String {
    let nodes = per_node.len();
    let each = tally(per_node.iter().map(|reasons| {
        if reasons.iter().all(|reason| reason.by_pods) {
            "No preemption victims found for incoming pod"
        } else {
            "Preemption is not helpful for scheduling"
        }
    }));
    format!("0/{nodes} nodes are available: {each}.")
}

/// `1 this, 2 that`, sorted as text.
fn tally<'a>(reasons: impl Iterator<Item = &'a str>) -> String {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    reasons.for_each(|reason| *counts.entry(reason).or_default() += 1);
    let mut parts: Vec<String> = counts.iter().map(|(reason, n)| format!("{n} {reason}")).collect();
    parts.sort();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts are recorded (`ctl-sched-unschedulable`, `ctl-sched-cordon-taints`).
    #[test]
    fn messages_are_those_of_a_real_scheduler() {
        let cpu = Reason { text: "Insufficient cpu", by_pods: false };
        let taint = Reason { text: "node(s) had untolerated taint(s)", by_pods: false };
        let cordon = Reason { text: "node(s) were unschedulable", by_pods: false };
        assert_eq!(
            message(&[vec![cpu], vec![cpu], vec![cpu]], Preemption::NoVictims),
            "0/3 nodes are available: 3 Insufficient cpu. no new claims to deallocate, preemption: 0/3 nodes are \
             available: 3 Preemption is not helpful for scheduling."
        );
        assert_eq!(
            message(&[vec![cordon], vec![taint], vec![cordon]], Preemption::NoVictims),
            "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 node(s) were unschedulable. no new claims to \
             deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
        );
    }
}
