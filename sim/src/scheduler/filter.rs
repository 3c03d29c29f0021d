//! Which nodes a pod does not fit, and why: one function per plugin, in the scheduler's order.
//!
//! Real: the Filter plugins of the default profile, and the PreFilter of NodeAffinity. Modelled: those in `FILTERS`, with the
//! texts of v1.36. Not modelled: limits of volumes per node, zones of volumes, devices.

use std::collections::BTreeSet;

use super::affinity::{self, Affinity};
use super::claims;
use super::placement::{NodeFacts, NodeUsage, is_affine, tolerates_taints};
use super::reasons::{FilterReason, Plugin, Rejection, final_reason, reason_by_pods};
use super::resources::Demand;
use super::spread::{self, Spread};
use crate::object::{Object, Str, Value, lasting_containers, tolerates};
use crate::value;

/// The message for a pod whose terms name different nodes (plugin NodeAffinity, `errReasonConflict`).
pub(super) const CONFLICT: &str = "pod affinity terms conflict";

/// The nodes that a pod names in every term of its node affinity, as the pods of a DaemonSet do; `None` if it does not.
pub(super) fn named_nodes(pod: &Object) -> Option<BTreeSet<&str>> {
    let required = ["nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"];
    let terms = pod.at(&["spec", "affinity"])?.items_at(&required);
    let mut all = None;
    for term in terms {
        let by_name = term.items_at(&["matchFields"]).iter().filter(|field| {
            field.str_at(&["key"]) == Some("metadata.name") && field.str_at(&["operator"]) == Some("In")
        });
        let names =
            by_name.map(|field| field.items_at(&["values"]).iter().filter_map(Value::as_str).collect());
        let both = names.reduce(|a: BTreeSet<&str>, b| a.intersection(&b).copied().collect())?;
        all.get_or_insert_with(BTreeSet::new).extend(both);
    }
    all
}

/// What a pod requires of nodes, read once per cycle.
pub(super) struct NodeRequirements<'a> {
    tolerates_cordon: bool,
    /// Whether it has a node selector or node affinity.
    selects: bool,
    ports: Vec<HostPort<'a>>,
}

impl<'a> NodeRequirements<'a> {
    pub(super) fn of(pod: &'a Object) -> Self {
        Self {
            tolerates_cordon: tolerates_cordon(pod),
            selects: [&["spec", "nodeSelector"][..], &["spec", "affinity", "nodeAffinity"]]
                .iter()
                .any(|path| pod.at(path).is_some()),
            ports: host_ports(pod).collect(),
        }
    }
}

/// Whether the pod tolerates cordoned nodes.
pub(super) fn tolerates_cordon(pod: &Object) -> bool {
    let cordon = value!({"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"});
    tolerates(pod.items_at(&["spec", "tolerations"]), &cordon)
}

/// One pod and one node.
pub(super) struct PodAndNode<'a> {
    pub(super) pod: &'a Object,
    pub(super) requirements: &'a NodeRequirements<'a>,
    pub(super) demand: &'a Demand,
    pub(super) volumes: &'a [claims::Bound],
    pub(super) node: &'a NodeFacts,
    pub(super) used: &'a NodeUsage,
    pub(super) spread: &'a Spread,
    pub(super) affinity: &'a Affinity<'a>,
}

type Filter = fn(&PodAndNode<'_>, &mut Vec<FilterReason>);

/// The plugins, in the order of the default profile.
const FILTERS: [(Plugin, Filter); 8] = [
    (Plugin::NodeUnschedulable, node_unschedulable),
    (Plugin::TaintToleration, taint_toleration),
    (Plugin::NodeAffinity, node_affinity),
    (Plugin::NodePorts, node_ports),
    (Plugin::NodeResourcesFit, node_resources_fit),
    (Plugin::VolumeBinding, |pair, reasons| claims::filter(pair.volumes, pair.node, reasons)),
    (Plugin::PodTopologySpread, |pair, reasons| spread::filter(pair.spread, pair.node, reasons)),
    (Plugin::InterPodAffinity, |pair, reasons| affinity::filter(pair.affinity, pair.node, reasons)),
];

/// The rejection of the first plugin that rejects the node.
pub(super) fn filter(pair: &PodAndNode<'_>) -> Option<Rejection> {
    let mut reasons = Vec::new();
    FILTERS.into_iter().find_map(|(plugin, filter)| {
        filter(pair, &mut reasons);
        (!reasons.is_empty()).then(|| Rejection { plugin, reasons: std::mem::take(&mut reasons) })
    })
}

fn node_unschedulable(pair: &PodAndNode<'_>, reasons: &mut Vec<FilterReason>) {
    if pair.node.cordoned && !pair.requirements.tolerates_cordon {
        reasons.push(final_reason("node(s) were unschedulable"));
    }
}

fn taint_toleration(pair: &PodAndNode<'_>, reasons: &mut Vec<FilterReason>) {
    if pair.node.tainted && !tolerates_taints(pair.pod, &pair.node.node) {
        reasons.push(final_reason("node(s) had untolerated taint(s)"));
    }
}

fn node_affinity(pair: &PodAndNode<'_>, reasons: &mut Vec<FilterReason>) {
    if pair.requirements.selects && !is_affine(pair.pod, &pair.node.node) {
        reasons.push(final_reason("node(s) didn't match Pod's node affinity/selector"));
    }
}

fn node_ports(pair: &PodAndNode<'_>, reasons: &mut Vec<FilterReason>) {
    let wanted = &pair.requirements.ports;
    if !wanted.is_empty() && pair.used.residents().any(|other| clashes(wanted, other)) {
        reasons.push(reason_by_pods("node(s) didn't have free ports for the requested pod ports"));
    }
}

/// Whether two pods need the same port of their node.
pub(super) fn share_a_port(pod: &Object, other: &Object) -> bool {
    clashes(&host_ports(pod).collect::<Vec<_>>(), other)
}

fn clashes(wanted: &[HostPort<'_>], other: &Object) -> bool {
    let any = |ip: &str| ip == "0.0.0.0";
    let clash = |(ip, protocol, port): &HostPort<'_>, (other, its, number): HostPort<'_>| {
        *protocol == its && *port == number && (*ip == other || any(ip) || any(other))
    };
    host_ports(other).any(|there| wanted.iter().any(|mine| clash(mine, there)))
}

/// Address, protocol, number.
type HostPort<'a> = (&'a str, &'a str, i64);

fn host_ports(pod: &Object) -> impl Iterator<Item = HostPort<'_>> {
    lasting_containers(pod).flat_map(|container| container.items_at(&["ports"])).filter_map(|port| {
        let number = port.i64_at(&["hostPort"]).filter(|number| *number > 0)?;
        let ip = port.str_at(&["hostIP"]).filter(|ip| !ip.is_empty()).unwrap_or("0.0.0.0");
        Some((ip, port.str_at(&["protocol"]).unwrap_or("TCP"), number))
    })
}

fn node_resources_fit(pair: &PodAndNode<'_>, reasons: &mut Vec<FilterReason>) {
    let PodAndNode { demand, node, used, .. } = pair;
    if used.pods + 1 > node.max_pods {
        reasons.push(reason_by_pods("Too many pods"));
    }
    let mut check = |text: &'static str, wanted: i64, all: i64, used: i64| {
        if wanted > 0 && wanted > all - used {
            reasons.push(FilterReason { text: Str::new_static(text), by_pods: wanted <= all });
        }
    };
    let (wanted, all, used) = (&demand.requests, &node.allocatable, &used.requests);
    check("Insufficient cpu", wanted.cpu_m, all.cpu_m, used.cpu_m);
    check("Insufficient memory", wanted.memory, all.memory, used.memory);
    check("Insufficient ephemeral-storage", wanted.storage, all.storage, used.storage);
    for (name, wanted) in &wanted.scalars {
        let [all, used] = [all, used].map(|list| list.amount(name));
        if *wanted > 0 && *wanted > all - used {
            let text = smol_str::format_smolstr!("Insufficient {name}");
            reasons.push(FilterReason { text, by_pods: *wanted <= all });
        }
    }
}

/// Whether the pod would fit the node without other pods.
pub(super) fn fits_alone(demand: &Demand, node: &NodeFacts) -> bool {
    node.max_pods > 0 && demand.requests.iter().all(|(name, wanted)| wanted <= node.allocatable.amount(name))
}
