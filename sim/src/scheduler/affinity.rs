//! Required affinity and anti-affinity between pods.
//!
//! Real: the filter part of the plugin InterPodAffinity. Modelled: the pod's own terms, the anti-affinity of the pods that are
//! there, the first pod of a group that wants itself near. Not modelled: preferences, and matchLabelKeys, which a real API
//! server turns into selectors.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::filter::{Pair, Reason, final_reason, reason_by_pods};
use super::placement::{NodeFacts, Taken};
use crate::client::Informer;
use crate::object::{LabelSelector, Map, Object, Str, Value};
use crate::wire::ObjectKey;

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";

/// The labels of namespaces: of the pod's own one, and of all where its terms ask for them.
#[derive(Debug, Default)]
pub(super) struct Spaces(BTreeMap<Str, Map>);

impl Spaces {
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
    pub(super) fn of(pod: &'a Object, spaces: &Spaces, nodes: &[(&'a NodeFacts, &'a Taken)]) -> Self {
        let (near, away) = (terms(pod, "podAffinity"), terms(pod, "podAntiAffinity"));
        let mut found = Self {
            near: near.iter().filter_map(|term| Some((key(term)?, BTreeSet::new()))).collect(),
            ..Self::default()
        };
        let fits_all = |other: &Object| near.iter().all(|term| selects(term, pod, other, Some(spaces)));
        for (node, taken) in nodes {
            if near.is_empty() && away.is_empty() {
                taken
                    .shunning()
                    .for_each(|other| found.meet((pod, spaces), other, &node.node, (false, away)));
                continue;
            }
            for other in taken.residents() {
                found.meet((pod, spaces), other, &node.node, (!near.is_empty() && fits_all(other), away));
            }
        }
        let nobody = found.near.iter().all(|(_, domains)| domains.is_empty());
        found.first = !near.is_empty() && nobody && fits_all(pod);
        found
    }

    /// Takes in one pod that is there.
    fn meet(
        &mut self,
        (pod, spaces): (&'a Object, &Spaces),
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
        self.away
            .extend(away.iter().filter(|term| selects(term, pod, other, Some(spaces))).filter_map(domain));
        let theirs = terms(other, "podAntiAffinity").iter();
        self.shunned.extend(theirs.filter(|term| selects(term, other, pod, Some(spaces))).filter_map(domain));
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

/// Whether a term of `owner` means `other`. Without the labels of namespaces, a selector of them means all.
fn selects(term: &Value, owner: &Object, other: &Object, spaces: Option<&Spaces>) -> bool {
    let namespaces = term.items_at(&["namespaces"]);
    let by_labels = term.get("namespaceSelector").filter(|selector| !selector.is_null());
    let here = namespaces.is_empty() && by_labels.is_none() && owner.namespace() == other.namespace();
    let listed = || namespaces.iter().any(|namespace| namespace.as_str() == Some(other.namespace()));
    let labels = |spaces: &Spaces, s: &LabelSelector| s.matches(spaces.0.get(other.namespace()));
    let labelled = |s: &LabelSelector| spaces.is_none_or(|spaces| labels(spaces, s));
    let by_labels =
        || by_labels.map(LabelSelector::from_value).is_some_and(|s| s.is_ok_and(|s| labelled(&s)));
    let selector = term.get("labelSelector").map(LabelSelector::from_value);
    (here || listed() || by_labels()) && selector.is_some_and(|s| s.is_ok_and(|s| s.matches(other.labels())))
}

/// Whether terms of `owner`, if it has any, all mean `other`.
fn all_select(terms: &[Value], owner: &Object, other: &Object) -> bool {
    !terms.is_empty() && terms.iter().all(|term| selects(term, owner, other, None))
}

/// Whether what happened to a pod on a node may help the waiting one.
pub(super) fn is_helped_by_pod(pod: &Object, old: Option<&Object>, new: Option<&Object>) -> bool {
    let is = |kind: &str, other: Option<&Object>| other.is_some_and(|o| all_select(terms(pod, kind), pod, o));
    let shuns = |other: Option<&Object>| {
        other.is_some_and(|o| terms(o, "podAntiAffinity").iter().any(|term| selects(term, o, pod, None)))
    };
    (!is("podAffinity", old) && is("podAffinity", new))
        || (is("podAntiAffinity", old) && !is("podAntiAffinity", new))
        || (shuns(old) && !shuns(new))
}

/// Whether what happened to a node may help the waiting pod.
pub(super) fn is_helped_by_node(pod: &Object, old: Option<&Object>, new: &Object) -> bool {
    let Some(old) = old else { return true };
    let mut keys =
        ["podAffinity", "podAntiAffinity"].into_iter().flat_map(|kind| terms(pod, kind)).filter_map(key);
    keys.any(|key| old.label(key) != new.label(key))
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
