//! Which nodes are out of the question for a pod, and why: one function per plugin, in the scheduler's order.
//!
//! Real: the Filter plugins of the default profile, and the PreFilter of NodeAffinity. Modelled: those in `FILTERS`, with
//! their texts as v1.36 has them. Not modelled: limits of volumes per node, zones of volumes, devices.

use std::collections::BTreeSet;

use super::affinity::{self, Affinity};
use super::claims;
use super::placement::{NodeFacts, Taken};
use super::resources::Demand;
use super::spread::{self, Spread};
use crate::object::{Object, Str, Value, lasting_containers, selects_node, tolerates};
use crate::value;

/// The plugins that reject pods.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Plugin {
    NodeUnschedulable,
    TaintToleration,
    NodeAffinity,
    NodePorts,
    NodeResourcesFit,
    VolumeRestrictions,
    VolumeBinding,
    PodTopologySpread,
    InterPodAffinity,
}

/// Why a node is out of the question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Reason {
    pub(super) text: Str,
    /// Whether fewer pods on the node would help.
    pub(super) by_pods: bool,
}

pub(super) const fn final_reason(text: &'static str) -> Reason {
    Reason { text: Str::new_static(text), by_pods: false }
}

pub(super) const fn reason_by_pods(text: &'static str) -> Reason {
    Reason { text: Str::new_static(text), by_pods: true }
}

/// Who rejected a node, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Rejection {
    pub(super) plugin: Plugin,
    pub(super) reasons: Vec<Reason>,
}

impl Rejection {
    /// Whether fewer pods on the node would help.
    pub(super) fn by_pods(&self) -> bool {
        self.reasons.iter().all(|reason| reason.by_pods)
    }
}

/// The pod asks for other nodes in one place than in another (plugin NodeAffinity, `errReasonConflict`).
pub(super) const CONFLICT: &str = "pod affinity terms conflict";

/// The nodes that a pod asks for by name, as the pods of a DaemonSet do; none where it does not, or not in every term.
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

/// What a pod asks of nodes, read once for all of them.
pub(super) struct Wish<'a> {
    tolerates_cordon: bool,
    /// Whether it asks for nodes by their labels or fields.
    selects: bool,
    ports: Vec<HostPort<'a>>,
}

impl<'a> Wish<'a> {
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

/// Whether the pod goes on nodes that take no new pods.
pub(super) fn tolerates_cordon(pod: &Object) -> bool {
    let cordon = value!({"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"});
    tolerates(pod.items_at(&["spec", "tolerations"]), &cordon)
}

/// One pod and one node.
pub(super) struct Pair<'a> {
    pub(super) pod: &'a Object,
    pub(super) wish: &'a Wish<'a>,
    pub(super) demand: &'a Demand,
    pub(super) volumes: &'a [claims::Bound],
    pub(super) node: &'a NodeFacts,
    pub(super) taken: &'a Taken,
    pub(super) spread: &'a Spread,
    pub(super) affinity: &'a Affinity<'a>,
}

type Filter = fn(&Pair<'_>, &mut Vec<Reason>);

/// The plugins, in the order of the default profile.
const FILTERS: [(Plugin, Filter); 8] = [
    (Plugin::NodeUnschedulable, node_unschedulable),
    (Plugin::TaintToleration, taint_toleration),
    (Plugin::NodeAffinity, node_affinity),
    (Plugin::NodePorts, node_ports),
    (Plugin::NodeResourcesFit, node_resources_fit),
    (Plugin::VolumeBinding, claims::filter),
    (Plugin::PodTopologySpread, spread::filter),
    (Plugin::InterPodAffinity, affinity::filter),
];

/// The first plugin that has anything against the node.
pub(super) fn filter(pair: &Pair<'_>) -> Option<Rejection> {
    let mut reasons = Vec::new();
    FILTERS.into_iter().find_map(|(plugin, filter)| {
        filter(pair, &mut reasons);
        (!reasons.is_empty()).then(|| Rejection { plugin, reasons: std::mem::take(&mut reasons) })
    })
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
    if !wanted.is_empty() && pair.taken.residents().any(|other| clashes(wanted, other)) {
        reasons.push(reason_by_pods("node(s) didn't have free ports for the requested pod ports"));
    }
}

/// Whether two pods want the same port of their node.
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

fn node_resources_fit(pair: &Pair<'_>, reasons: &mut Vec<Reason>) {
    let Pair { demand, node, taken, .. } = pair;
    if taken.pods + 1 > node.max_pods {
        reasons.push(reason_by_pods("Too many pods"));
    }
    let mut check = |text: &'static str, wanted: i64, there: i64, gone: i64| {
        if wanted > 0 && wanted > there - gone {
            reasons.push(Reason { text: Str::new_static(text), by_pods: wanted <= there });
        }
    };
    let (wanted, there, gone) = (&demand.requests, &node.allocatable, &taken.requests);
    check("Insufficient cpu", wanted.cpu_m, there.cpu_m, gone.cpu_m);
    check("Insufficient memory", wanted.memory, there.memory, gone.memory);
    check("Insufficient ephemeral-storage", wanted.storage, there.storage, gone.storage);
    for (name, wanted) in &wanted.scalars {
        let [there, gone] = [there, gone].map(|list| list.amount(name));
        if *wanted > 0 && *wanted > there - gone {
            let text = smol_str::format_smolstr!("Insufficient {name}");
            reasons.push(Reason { text, by_pods: *wanted <= there });
        }
    }
}

/// Whether the pod would have room on the node if nobody else were there.
pub(super) fn fits_alone(demand: &Demand, node: &NodeFacts) -> bool {
    node.max_pods > 0 && demand.requests.iter().all(|(name, wanted)| wanted <= node.allocatable.amount(name))
}
