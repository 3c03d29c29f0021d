//! Required affinity and anti-affinity between pods.
//!
//! Real: the filter part of the plugin InterPodAffinity. Modelled: the pod's own terms, the anti-affinity of existing pods, the
//! first pod of a group whose affinity selects itself. Not modelled: preferences, and matchLabelKeys, which a real API
//! server turns into selectors.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::placement::{NodeFacts, NodeUsage};
use super::reasons::{FilterReason, final_reason, reason_by_pods};
use crate::client::Informer;
use crate::object::{LabelSelector, Map, Object, Str, Value};
use crate::wire::ObjectKey;

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";

/// The labels of namespaces: of all if the pod's terms select namespaces, else of its own.
#[derive(Debug, Default)]
pub(super) struct NamespaceLabels(BTreeMap<Str, Map>);

impl NamespaceLabels {
    pub(super) fn of(pod: &Object, namespaces: &Informer) -> Self {
        let mut terms = ["podAffinity", "podAntiAffinity"].into_iter().flat_map(|kind| terms(pod, kind));
        let labels = |space: &Arc<Object>| (space.name().into(), space.labels().cloned().unwrap_or_default());
        if terms.any(|term| term.get("namespaceSelector").is_some()) {
            return Self(namespaces.iter().map(labels).collect());
        }
        let own = namespaces.get(&ObjectKey::new("", pod.namespace()));
        Self(own.map(labels).into_iter().collect())
    }
}

/// A topology key and a value.
type Domain<'a> = (&'a str, &'a str);

/// The domains where one pod may or must not run, by the existing pods.
#[derive(Debug, Default)]
pub(super) struct Affinity<'a> {
    /// Per term of the pod's affinity: its key, and the domains with a pod that matches all terms.
    near: Vec<(&'a str, BTreeSet<Domain<'a>>)>,
    /// Only the pod itself matches its terms: any node will do.
    first: bool,
    /// The domains that the pod's anti-affinity excludes.
    avoids: BTreeSet<Domain<'a>>,
    /// The domains that the anti-affinity of existing pods excludes.
    avoided_by: BTreeSet<Domain<'a>>,
}

impl<'a> Affinity<'a> {
    pub(super) fn of(
        pod: &'a Object,
        spaces: &NamespaceLabels,
        nodes: &[(&'a NodeFacts, &'a NodeUsage)],
    ) -> Self {
        let (near, avoids) = (terms(pod, "podAffinity"), terms(pod, "podAntiAffinity"));
        let mut found = Self {
            near: near.iter().filter_map(|term| Some((key(term)?, BTreeSet::new()))).collect(),
            ..Self::default()
        };
        let fits_all = |other: &Object| near.iter().all(|term| selects(term, pod, other, Some(spaces)));
        for (node, used) in nodes {
            if near.is_empty() && avoids.is_empty() {
                used.with_anti_affinity()
                    .for_each(|other| found.add((pod, spaces), other, &node.node, (false, avoids)));
                continue;
            }
            for other in used.residents() {
                found.add((pod, spaces), other, &node.node, (!near.is_empty() && fits_all(other), avoids));
            }
        }
        let none_matches = found.near.iter().all(|(_, domains)| domains.is_empty());
        found.first = !near.is_empty() && none_matches && fits_all(pod);
        found
    }

    /// Adds the domains of an existing pod.
    fn add(
        &mut self,
        (pod, spaces): (&'a Object, &NamespaceLabels),
        other: &'a Arc<Object>,
        node: &'a Object,
        (fits, avoids): (bool, &'a [Value]),
    ) {
        let domain = |term: &'a Value| key(term).and_then(|key| Some((key, node.label(key)?)));
        if fits {
            for (key, domains) in &mut self.near {
                domains.extend(node.label(key).map(|value| (*key, value)));
            }
        }
        self.avoids
            .extend(avoids.iter().filter(|term| selects(term, pod, other, Some(spaces))).filter_map(domain));
        let theirs = terms(other, "podAntiAffinity").iter();
        self.avoided_by
            .extend(theirs.filter(|term| selects(term, other, pod, Some(spaces))).filter_map(domain));
    }
}

fn terms<'a>(pod: &'a Object, kind: &str) -> &'a [Value] {
    pod.items_at(&["spec", "affinity", kind, REQUIRED])
}

fn key(term: &Value) -> Option<&str> {
    term.str_at(&["topologyKey"])
}

/// Whether a term of `owner` selects `other`. Without `spaces`, a selector of namespaces selects all.
fn selects(term: &Value, owner: &Object, other: &Object, spaces: Option<&NamespaceLabels>) -> bool {
    let namespaces = term.items_at(&["namespaces"]);
    let by_labels = term.get("namespaceSelector").filter(|selector| !selector.is_null());
    let here = namespaces.is_empty() && by_labels.is_none() && owner.namespace() == other.namespace();
    let listed = || namespaces.iter().any(|namespace| namespace.as_str() == Some(other.namespace()));
    let labels = |spaces: &NamespaceLabels, s: &LabelSelector| s.matches(spaces.0.get(other.namespace()));
    let labelled = |s: &LabelSelector| spaces.is_none_or(|spaces| labels(spaces, s));
    let by_labels =
        || by_labels.map(LabelSelector::from_value).is_some_and(|s| s.is_ok_and(|s| labelled(&s)));
    let selector = term.get("labelSelector").map(LabelSelector::from_value);
    (here || listed() || by_labels()) && selector.is_some_and(|s| s.is_ok_and(|s| s.matches(other.labels())))
}

/// Whether `owner` has terms and all of them select `other`.
fn all_select(terms: &[Value], owner: &Object, other: &Object) -> bool {
    !terms.is_empty() && terms.iter().all(|term| selects(term, owner, other, None))
}

/// Whether a change of a pod on a node may make the waiting pod fit.
pub(super) fn is_helped_by_pod(pod: &Object, old: Option<&Object>, new: Option<&Object>) -> bool {
    let is = |kind: &str, other: Option<&Object>| other.is_some_and(|o| all_select(terms(pod, kind), pod, o));
    let excludes = |other: Option<&Object>| {
        other.is_some_and(|o| terms(o, "podAntiAffinity").iter().any(|term| selects(term, o, pod, None)))
    };
    (!is("podAffinity", old) && is("podAffinity", new))
        || (is("podAntiAffinity", old) && !is("podAntiAffinity", new))
        || (excludes(old) && !excludes(new))
}

/// Whether a change of a node may make the waiting pod fit.
pub(super) fn is_helped_by_node(pod: &Object, old: Option<&Object>, new: &Object) -> bool {
    let Some(old) = old else { return true };
    let mut keys =
        ["podAffinity", "podAntiAffinity"].into_iter().flat_map(|kind| terms(pod, kind)).filter_map(key);
    keys.any(|key| old.label(key) != new.label(key))
}

/// InterPodAffinity.
pub(super) fn filter(affinity: &Affinity<'_>, node: &NodeFacts, reasons: &mut Vec<FilterReason>) {
    let Affinity { near, first, avoids, avoided_by } = affinity;
    let label = |key: &str| node.node.label(key);
    let is_near = near
        .iter()
        .all(|(key, domains)| label(key).is_some_and(|value| *first || domains.contains(&(*key, value))));
    let is_in = |domains: &BTreeSet<Domain<'_>>| domains.iter().any(|(key, value)| label(key) == Some(value));
    if !is_near {
        reasons.push(final_reason("node(s) didn't match pod affinity rules"));
    } else if is_in(avoids) {
        reasons.push(reason_by_pods("node(s) didn't match pod anti-affinity rules"));
    } else if is_in(avoided_by) {
        reasons.push(reason_by_pods("node(s) didn't satisfy existing pods anti-affinity rules"));
    }
}
