//! Which nodes are out of the question for a pod, and why: one function per plugin, in the scheduler's order.
//!
//! Real: the Filter plugins of the default profile. Modelled: those in `FILTERS`, with their texts as v1.36 has them. Not
//! modelled: volumes that are bound to nodes.

use super::affinity::{self, Affinity};
use super::placement::{Demand, NodeFacts, Taken};
use super::spread::{self, Spread};
use crate::object::{Object, selects_node, tolerates};
use crate::value;

/// Why a node is out of the question.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Reason {
    pub(super) text: &'static str,
    /// Whether fewer pods on the node would help.
    pub(super) by_pods: bool,
}

pub(super) const fn final_reason(text: &'static str) -> Reason {
    Reason { text, by_pods: false }
}

pub(super) const fn reason_by_pods(text: &'static str) -> Reason {
    Reason { text, by_pods: true }
}

/// What a pod asks of nodes, read once for all of them.
pub(super) struct Wish<'a> {
    tolerates_cordon: bool,
    /// Whether it asks for nodes by their labels or fields.
    selects: bool,
    ports: Vec<HostPort<'a>>,
}

impl<'a> Wish<'a> {
    pub(super) fn of(pod: &'a Object) -> Self {
        let cordon = value!({"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"});
        Self {
            tolerates_cordon: tolerates(pod.items_at(&["spec", "tolerations"]), &cordon),
            selects: [&["spec", "nodeSelector"][..], &["spec", "affinity", "nodeAffinity"]]
                .iter()
                .any(|path| pod.at(path).is_some()),
            ports: host_ports(pod).collect(),
        }
    }
}

/// One pod and one node.
pub(super) struct Pair<'a> {
    pub(super) pod: &'a Object,
    pub(super) wish: &'a Wish<'a>,
    pub(super) demand: &'a Demand,
    pub(super) node: &'a NodeFacts,
    pub(super) taken: &'a Taken,
    pub(super) spread: &'a Spread,
    pub(super) affinity: &'a Affinity<'a>,
}

type Filter = fn(&Pair<'_>, &mut Vec<Reason>);

/// The plugins, in the order of the default profile.
const FILTERS: [Filter; 7] = [
    node_unschedulable,
    taint_toleration,
    node_affinity,
    node_ports,
    node_resources_fit,
    spread::filter,
    affinity::filter,
];

/// Adds the reasons of the first plugin that has any.
pub(super) fn filter(pair: &Pair<'_>, reasons: &mut Vec<Reason>) {
    let before = reasons.len();
    for filter in FILTERS {
        filter(pair, reasons);
        if reasons.len() > before {
            return;
        }
    }
}

fn node_unschedulable(pair: &Pair<'_>, reasons: &mut Vec<Reason>) {
    if pair.node.cordoned && !pair.wish.tolerates_cordon {
        reasons.push(final_reason("node(s) were unschedulable"));
    }
}

fn taint_toleration(pair: &Pair<'_>, reasons: &mut Vec<Reason>) {
    if pair.node.tainted && !tolerates_taints(pair.pod, &pair.node.node) {
        reasons.push(final_reason("node(s) had untolerated taint(s)"));
    }
}

/// Whether the pod tolerates all taints that keep pods away.
pub(super) fn tolerates_taints(pod: &Object, node: &Object) -> bool {
    let tolerations = pod.items_at(&["spec", "tolerations"]);
    node.items_at(&["spec", "taints"]).iter().all(|taint| {
        !matches!(taint.str_at(&["effect"]), Some("NoSchedule" | "NoExecute"))
            || tolerates(tolerations, taint)
    })
}

fn node_affinity(pair: &Pair<'_>, reasons: &mut Vec<Reason>) {
    if pair.wish.selects && !is_affine(pair.pod, &pair.node.node) {
        reasons.push(final_reason("node(s) didn't match Pod's node affinity/selector"));
    }
}

/// `spec.nodeSelector` and the required part of `spec.affinity.nodeAffinity`.
pub(super) fn is_affine(pod: &Object, node: &Object) -> bool {
    pod.at(&["spec"]).is_none_or(|spec| selects_node(spec, node))
}

fn node_ports(pair: &Pair<'_>, reasons: &mut Vec<Reason>) {
    let wanted = &pair.wish.ports;
    if wanted.is_empty() {
        return;
    }
    let mut taken = pair.taken.residents().flat_map(|pod| host_ports(pod));
    let any = |ip: &str| ip == "0.0.0.0";
    let clash = |(ip, protocol, port): &HostPort<'_>, (other, its, number): HostPort<'_>| {
        *protocol == its && *port == number && (*ip == other || any(ip) || any(other))
    };
    if taken.any(|there| wanted.iter().any(|mine| clash(mine, there))) {
        reasons.push(reason_by_pods("node(s) didn't have free ports for the requested pod ports"));
    }
}

/// Address, protocol, number.
type HostPort<'a> = (&'a str, &'a str, i64);

fn host_ports(pod: &Object) -> impl Iterator<Item = HostPort<'_>> {
    let containers = pod.items_at(&["spec", "containers"]).iter();
    containers.flat_map(|container| container.items_at(&["ports"])).filter_map(|port| {
        let number = port.i64_at(&["hostPort"]).filter(|number| *number > 0)?;
        let ip = port.str_at(&["hostIP"]).filter(|ip| !ip.is_empty()).unwrap_or("0.0.0.0");
        Some((ip, port.str_at(&["protocol"]).unwrap_or("TCP"), number))
    })
}

fn node_resources_fit(pair: &Pair<'_>, reasons: &mut Vec<Reason>) {
    let Pair { demand, node, taken, .. } = pair;
    if taken.pods + 1 > node.max_pods {
        reasons.push(reason_by_pods("Too many pods"));
    }
    let mut check = |text, wanted: i64, there: i64, gone: i64| {
        if wanted > 0 && wanted > there - gone {
            reasons.push(Reason { text, by_pods: wanted <= there });
        }
    };
    let (wanted, there, gone) = (demand.requests, node.allocatable, taken.requests);
    check("Insufficient cpu", wanted.cpu_m, there.cpu_m, gone.cpu_m);
    check("Insufficient memory", wanted.memory, there.memory, gone.memory);
}
