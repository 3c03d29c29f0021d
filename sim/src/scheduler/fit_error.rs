//! Why no node fits a pod, in the words of the real scheduler.

use std::collections::{BTreeMap, BTreeSet};

use super::cycle::Unfit;
use super::reasons::{FilterReason, Plugin};
use crate::object::Str;

/// The message without any node (kube-scheduler `ErrNoNodesAvailable`).
pub(super) const NO_NODES: &str = "no nodes available to schedule pods";

/// The result of a cycle that found no node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Unscheduled {
    /// The message of the pod's condition.
    pub(super) message: String,
    /// The plugins that rejected the pod; if empty, any change may help.
    pub(super) plugins: BTreeSet<Plugin>,
    /// The node that the pod is nominated to from now on; `None`: unchanged.
    pub(super) nominated: Option<Option<Str>>,
}

/// The result of a preemption without victims.
#[derive(Debug)]
pub(super) enum Preemption {
    /// Why the pod does not fit these nodes even with fewer pods.
    NoVictims(BTreeMap<Str, Vec<FilterReason>>),
    /// Why it was not tried.
    NotEligible(&'static str),
}

/// Why no node fits the pod, without the result of preemption.
pub(super) fn reasons(unfit: &Unfit) -> String {
    let each = unfit.rejected.iter().map(|(_, rejection)| &rejection.reasons);
    available(unfit.all, each, "node(s) didn't satisfy plugin(s) [NodeAffinity]")
}

/// Why a pod is unschedulable on any node. The last words are those of the plugin of device claims, which has not run.
pub(super) fn unresolvable(nodes: usize, why: &str) -> String {
    format!("0/{nodes} nodes are available: {why}. not found")
}

/// The whole message of a cycle without victims.
pub(super) fn message(unfit: &Unfit, preemption: &Preemption) -> String {
    let reasons = reasons(unfit);
    let preemption = match preemption {
        Preemption::NoVictims(why) => {
            available(unfit.all, why.values(), "Preemption is not helpful for scheduling")
        }
        Preemption::NotEligible(why) => (*why).to_owned(),
    };
    format!("{reasons} no new claims to deallocate, preemption: {preemption}")
}

/// The reasons of all nodes; `rest` is that of nodes without one.
fn available<'a>(nodes: usize, each: impl Iterator<Item = &'a Vec<FilterReason>>, rest: &str) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut left = nodes;
    for reasons in each {
        left = left.saturating_sub(1);
        reasons.iter().for_each(|reason| *counts.entry(&reason.text).or_default() += 1);
    }
    if left > 0 {
        *counts.entry(rest).or_default() += left;
    }
    // Sorted as text, as in the real scheduler: 10 comes before 2.
    let mut parts: Vec<String> = counts.iter().map(|(reason, n)| format!("{n} {reason}")).collect();
    parts.sort();
    format!("0/{nodes} nodes are available: {}.", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::super::reasons::{Rejection, final_reason, reason_by_pods};
    use super::*;

    fn unfit(all: usize, each: &[FilterReason]) -> Unfit {
        let rejection =
            |reason: &FilterReason| Rejection { plugin: Plugin::NodeAffinity, reasons: vec![reason.clone()] };
        let named = each.iter().enumerate().map(|(n, reason)| (n.to_string().into(), rejection(reason)));
        Unfit { all, rejected: named.collect(), plugins: BTreeSet::new() }
    }

    /// The texts are recorded (`ctl-sched-unschedulable`, `ctl-sched-cordon-taints`, `ctl-ds-node-selector-and-taint`).
    #[test]
    fn messages_are_those_of_a_real_scheduler() {
        let cpu = final_reason("Insufficient cpu");
        let taint = final_reason("node(s) had untolerated taint(s)");
        let cordon = final_reason("node(s) were unschedulable");
        let label = final_reason("node(s) didn't match Pod's node affinity/selector");
        let text = |unfit: &Unfit| message(unfit, &Preemption::NoVictims(BTreeMap::new()));
        assert_eq!(
            text(&unfit(3, &[cpu.clone(), cpu.clone(), cpu])),
            "0/3 nodes are available: 3 Insufficient cpu. no new claims to deallocate, preemption: 0/3 nodes are \
             available: 3 Preemption is not helpful for scheduling."
        );
        assert_eq!(
            text(&unfit(3, &[cordon.clone(), taint, cordon])),
            "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 node(s) were unschedulable. no new claims to \
             deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
        );
        assert_eq!(
            text(&unfit(3, &[label])),
            "0/3 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 2 node(s) didn't satisfy \
             plugin(s) [NodeAffinity]. no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is \
             not helpful for scheduling."
        );
    }

    #[test]
    fn the_message_has_the_reasons_why_preemption_does_not_help() {
        let cpu = reason_by_pods("Insufficient cpu");
        let why = BTreeMap::from([("0".into(), vec![cpu.clone()])]);
        assert_eq!(
            message(&unfit(2, &[cpu.clone(), cpu]), &Preemption::NoVictims(why)),
            "0/2 nodes are available: 2 Insufficient cpu. no new claims to deallocate, preemption: 0/2 nodes are \
             available: 1 Insufficient cpu, 1 Preemption is not helpful for scheduling."
        );
    }
}
