//! Required affinity and anti-affinity between pods.
//!
//! Real: the filter part of the plugin InterPodAffinity. Modelled: the pod's own terms, the anti-affinity of the pods that are
//! there, the first pod of a group that wants itself near. Not modelled: namespace selectors other than the empty one,
//! matchLabelKeys, preferences.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::filter::{Pair, Reason, final_reason, reason_by_pods};
use super::placement::{NodeFacts, Taken};
use crate::object::{LabelSelector, Object, Value};

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";

/// A topology key and a value: where a pod may or must not be.
type Domain<'a> = (&'a str, &'a str);

/// What the pods that are there mean for one pod.
#[derive(Debug, Default)]
pub(super) struct Affinity<'a> {
    /// Per term of the pod's affinity: its key, and the domains where a pod is that fits all terms.
    near: Vec<(&'a str, BTreeSet<Domain<'a>>)>,
    /// No pod fits yet but the pod itself: any node will do.
    first: bool,
    /// Domains with pods that it wants to be away from.
    away: BTreeSet<Domain<'a>>,
    /// Domains with pods that want to be away from it.
    shunned: BTreeSet<Domain<'a>>,
}

impl<'a> Affinity<'a> {
    pub(super) fn of(pod: &'a Object, nodes: &[(&'a NodeFacts, &'a Taken)]) -> Self {
        let (near, away) = (terms(pod, "podAffinity"), terms(pod, "podAntiAffinity"));
        let mut found = Self {
            near: near.iter().filter_map(|term| Some((key(term)?, BTreeSet::new()))).collect(),
            ..Self::default()
        };
        let fits_all = |other: &Object| near.iter().all(|term| selects(term, pod, other));
        for (node, taken) in nodes {
            if near.is_empty() && away.is_empty() {
                taken.shunning().for_each(|other| found.meet(pod, other, &node.node, (false, away)));
                continue;
            }
            for other in taken.residents() {
                found.meet(pod, other, &node.node, (!near.is_empty() && fits_all(other), away));
            }
        }
        let nobody = found.near.iter().all(|(_, domains)| domains.is_empty());
        found.first = !near.is_empty() && nobody && fits_all(pod);
        found
    }

    /// Takes in one pod that is there.
    fn meet(
        &mut self,
        pod: &'a Object,
        other: &'a Arc<Object>,
        node: &'a Object,
        (fits, away): (bool, &'a [Value]),
    ) {
        let domain = |term: &'a Value| key(term).and_then(|key| Some((key, node.label(key)?)));
        if fits {
            for (key, domains) in &mut self.near {
                domains.extend(node.label(key).map(|value| (*key, value)));
            }
        }
        self.away.extend(away.iter().filter(|term| selects(term, pod, other)).filter_map(domain));
        let theirs = terms(other, "podAntiAffinity").iter();
        self.shunned.extend(theirs.filter(|term| selects(term, other, pod)).filter_map(domain));
    }
}

/// Whether a pod has terms that keep others away.
pub(super) fn wants_to_be_away(pod: &Object) -> bool {
    !terms(pod, "podAntiAffinity").is_empty()
}

fn terms<'a>(pod: &'a Object, kind: &str) -> &'a [Value] {
    pod.items_at(&["spec", "affinity", kind, REQUIRED])
}

fn key(term: &Value) -> Option<&str> {
    term.str_at(&["topologyKey"])
}

/// Whether a term of `owner` means `other`.
fn selects(term: &Value, owner: &Object, other: &Object) -> bool {
    let namespaces = term.items_at(&["namespaces"]);
    let everywhere = term.get("namespaceSelector").and_then(Value::as_map).is_some_and(|map| map.is_empty());
    let here = namespaces.is_empty() && term.get("namespaceSelector").is_none_or(Value::is_null);
    let listed = namespaces.iter().any(|namespace| namespace.as_str() == Some(other.namespace()));
    let selector = term.get("labelSelector").map(LabelSelector::from_value);
    (everywhere || listed || (here && owner.namespace() == other.namespace()))
        && selector.is_some_and(|s| s.is_ok_and(|s| s.matches(other.labels())))
}

/// InterPodAffinity.
pub(super) fn filter(pair: &Pair<'_>, reasons: &mut Vec<Reason>) {
    let Affinity { near, first, away, shunned } = pair.affinity;
    let label = |key: &str| pair.node.node.label(key);
    let is_near = near
        .iter()
        .all(|(key, domains)| label(key).is_some_and(|value| *first || domains.contains(&(*key, value))));
    let is_in = |domains: &BTreeSet<Domain<'_>>| domains.iter().any(|(key, value)| label(key) == Some(value));
    if !is_near {
        reasons.push(final_reason("node(s) didn't match pod affinity rules"));
    } else if is_in(away) {
        reasons.push(reason_by_pods("node(s) didn't match pod anti-affinity rules"));
    } else if is_in(shunned) {
        reasons.push(reason_by_pods("node(s) didn't satisfy existing pods anti-affinity rules"));
    }
}
