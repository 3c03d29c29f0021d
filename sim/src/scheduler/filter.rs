//! Which nodes are out of the question for a pod, and why: one function per plugin, in the scheduler's order.
//!
//! Real: the Filter plugins of the default profile. Modelled: those in `FILTERS`, with their texts as v1.36 has them. Not
//! modelled: host ports, volumes, inter-pod affinity, topology spread constraints; a pod that *requires* one of the last
//! two or a claim stays pending and says so.

use super::placement::{Demand, NodeFacts, Taken};
use crate::object::{Object, Value};

/// Why a node is out of the question.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Reason {
    pub(super) text: &'static str,
    /// Whether fewer pods on the node would help.
    pub(super) by_pods: bool,
}

const fn final_reason(text: &'static str) -> Reason {
    Reason { text, by_pods: false }
}

/// One pod and one node.
pub(super) struct Pair<'a> {
    pub(super) pod: &'a Object,
    pub(super) demand: &'a Demand,
    pub(super) node: &'a NodeFacts,
    pub(super) taken: &'a Taken,
}

type Filter = fn(&Pair<'_>, &mut Vec<Reason>);

/// The plugins, in the order of the default profile.
const FILTERS: [Filter; 4] = [node_unschedulable, taint_toleration, node_affinity, node_resources_fit];

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

/// What a pod requires that the model does not know yet.
pub(super) fn not_modelled(pod: &Object) -> Option<&'static str> {
    let required = "requiredDuringSchedulingIgnoredDuringExecution";
    let affinity = |kind| !pod.items_at(&["spec", "affinity", kind, required]).is_empty();
    let hard = |c: &Value| c.str_at(&["whenUnsatisfiable"]) == Some("DoNotSchedule");
    if affinity("podAffinity") || affinity("podAntiAffinity") {
        return Some("required inter-pod affinity");
    }
    if pod.items_at(&["spec", "topologySpreadConstraints"]).iter().any(hard) {
        return Some("topology spread constraints");
    }
    let claims = |volume: &Value| volume.get("persistentVolumeClaim").is_some();
    pod.items_at(&["spec", "volumes"]).iter().any(claims).then_some("persistent volume claims")
}

fn node_unschedulable(pair: &Pair<'_>, reasons: &mut Vec<Reason>) {
    let cordoned = pair.node.node.at(&["spec", "unschedulable"]).and_then(Value::as_bool) == Some(true);
    if cordoned && !tolerates(pair.pod, "node.kubernetes.io/unschedulable", "", "NoSchedule") {
        reasons.push(final_reason("node(s) were unschedulable"));
    }
}

fn taint_toleration(pair: &Pair<'_>, reasons: &mut Vec<Reason>) {
    let untolerated = pair.node.node.items_at(&["spec", "taints"]).iter().any(|taint| {
        let field = |name: &str| taint.str_at(&[name]).unwrap_or_default();
        let effect = field("effect");
        matches!(effect, "NoSchedule" | "NoExecute")
            && !tolerates(pair.pod, field("key"), field("value"), effect)
    });
    if untolerated {
        reasons.push(final_reason("node(s) had untolerated taint(s)"));
    }
}

/// Whether the pod tolerates this taint.
fn tolerates(pod: &Object, key: &str, value: &str, effect: &str) -> bool {
    pod.items_at(&["spec", "tolerations"]).iter().any(|toleration| {
        let field = |name: &str| toleration.str_at(&[name]).unwrap_or_default();
        let exists = field("operator") == "Exists";
        (field("effect").is_empty() || field("effect") == effect)
            && (field("key") == key || (field("key").is_empty() && exists))
            && (exists || field("value") == value)
    })
}

/// `spec.nodeSelector` and the required part of `spec.affinity.nodeAffinity`.
fn node_affinity(pair: &Pair<'_>, reasons: &mut Vec<Reason>) {
    let selector = pair.pod.at(&["spec", "nodeSelector"]).and_then(Value::as_map);
    let selected = selector.is_none_or(|selector| {
        selector.iter().all(|(key, value)| pair.node.node.label(key.as_str()) == value.as_str())
    });
    let required = ["spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"];
    let affine = pair.pod.at(&required).is_none_or(|required| {
        required.items_at(&["nodeSelectorTerms"]).iter().any(|term| term_matches(term, &pair.node.node))
    });
    if !selected || !affine {
        reasons.push(final_reason("node(s) didn't match Pod's node affinity/selector"));
    }
}

/// All requirements of a term hold; a term without any matches nothing.
fn term_matches(term: &Value, node: &Object) -> bool {
    let (labels, fields) = (term.items_at(&["matchExpressions"]), term.items_at(&["matchFields"]));
    let holds = |requirement: &Value, found: Option<&str>| {
        let values = requirement.items_at(&["values"]);
        let among = |found: &str| values.iter().any(|value| value.as_str() == Some(found));
        let than = || {
            let bound = values.first().and_then(Value::as_str)?.parse::<i64>().ok()?;
            Some((found?.parse::<i64>().ok()?, bound))
        };
        match requirement.str_at(&["operator"]).unwrap_or_default() {
            "In" => found.is_some_and(among),
            "NotIn" => !found.is_some_and(among),
            "Exists" => found.is_some(),
            "DoesNotExist" => found.is_none(),
            "Gt" => than().is_some_and(|(found, bound)| found > bound),
            "Lt" => than().is_some_and(|(found, bound)| found < bound),
            _ => false,
        }
    };
    let key = |requirement: &Value| requirement.str_at(&["key"]).unwrap_or_default().to_owned();
    !(labels.is_empty() && fields.is_empty())
        && labels.iter().all(|r| holds(r, node.label(&key(r))))
        && fields.iter().all(|r| holds(r, (key(r) == "metadata.name").then_some(node.name())))
}

fn node_resources_fit(pair: &Pair<'_>, reasons: &mut Vec<Reason>) {
    let Pair { demand, node, taken, .. } = pair;
    if taken.pods + 1 > node.max_pods {
        reasons.push(Reason { text: "Too many pods", by_pods: true });
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
