//! The nodes and what is used of them, by bound and assumed pods.
//!
//! Real: the scheduler cache and its snapshot. Modelled: the resources of `resources` and the number of pods; reserving them
//! for nominated pods. Not modelled: reserving host ports, affinity and spread for nominated pods; images; limits of
//! volumes per node.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::resources::{Demand, Resources};
use crate::object::{Object, Quantity, Str, Value, selects_node, tolerates};
use crate::wire::ObjectKey;

/// What is used on one node, and by which pods.
#[derive(Clone, Default, Debug)]
pub(super) struct NodeUsage {
    pub(super) requests: Resources,
    pub(super) for_scores: Resources,
    pub(super) pods: i64,
    by_owner: BTreeMap<Str, i64>,
    residents: BTreeMap<Str, Arc<Object>>,
    /// The residents with required anti-affinity.
    with_anti_affinity: BTreeMap<Str, Arc<Object>>,
}

impl NodeUsage {
    /// How many pods of this controller the node has.
    pub(super) fn of_owner(&self, owner: &str) -> i64 {
        if owner.is_empty() { 0 } else { self.by_owner.get(owner).copied().unwrap_or(0) }
    }

    /// The node's pods, by uid.
    pub(super) fn residents(&self) -> impl Iterator<Item = &Arc<Object>> {
        self.residents.values()
    }

    /// The node's pods with required anti-affinity, by uid.
    pub(super) fn with_anti_affinity(&self) -> impl Iterator<Item = &Arc<Object>> {
        self.with_anti_affinity.values()
    }

    fn add_pod(&mut self, uid: Str, pod: &Arc<Object>) {
        if has_anti_affinity(pod) {
            self.with_anti_affinity.insert(uid.clone(), pod.clone());
        }
        self.residents.insert(uid, pod.clone());
    }

    /// Adds the demand of a pod, or subtracts it with the sign -1.
    fn count(&mut self, demand: &Demand, sign: i64) {
        let both = if sign < 0 { Resources::subtract } else { Resources::add };
        both(&mut self.requests, &demand.requests);
        both(&mut self.for_scores, &demand.for_scores);
        self.pods += sign;
        debug_assert!(self.pods >= 0, "each pod is counted once and removed once");
        add(&mut self.by_owner, &demand.owner, sign);
    }
}

/// Adds to a count; counts of zero are removed.
fn add(counts: &mut BTreeMap<Str, i64>, key: &Str, more: i64) {
    let count = counts.entry(key.clone()).or_default();
    *count += more;
    if *count == 0 {
        counts.remove(key);
    }
}

/// What the filters and scores read of a node.
#[derive(Clone, Debug)]
pub(super) struct NodeFacts {
    pub(super) node: Arc<Object>,
    pub(super) allocatable: Resources,
    pub(super) max_pods: i64,
    /// Whether it is unschedulable.
    pub(super) cordoned: bool,
    /// Whether it has taints.
    pub(super) tainted: bool,
    /// The zone; empty if it has none.
    pub(super) zone: Str,
}

impl NodeFacts {
    pub(super) fn new(node: Arc<Object>) -> Self {
        let list = node.at(&["status", "allocatable"]);
        let pods = list.and_then(|list| list.str_at(&["pods"])).and_then(|n| n.parse::<Quantity>().ok());
        Self {
            allocatable: Resources::of(list),
            max_pods: pods.map_or(0, |n| i64::try_from(n.units()).unwrap_or(i64::MAX)),
            cordoned: is_cordoned(&node),
            tainted: !node.items_at(&["spec", "taints"]).is_empty(),
            zone: node.label("topology.kubernetes.io/zone").unwrap_or_default().into(),
            node,
        }
    }
}

/// Whether a node is unschedulable.
pub(super) fn is_cordoned(node: &Object) -> bool {
    node.at(&["spec", "unschedulable"]).and_then(Value::as_bool) == Some(true)
}

/// Whether the pod tolerates all NoSchedule and NoExecute taints of the node.
pub(super) fn tolerates_taints(pod: &Object, node: &Object) -> bool {
    let tolerations = pod.items_at(&["spec", "tolerations"]);
    node.items_at(&["spec", "taints"]).iter().all(|taint| {
        !matches!(taint.str_at(&["effect"]), Some("NoSchedule" | "NoExecute"))
            || tolerates(tolerations, taint)
    })
}

/// Whether the node matches the pod's `nodeSelector` and required node affinity.
pub(super) fn is_affine(pod: &Object, node: &Object) -> bool {
    pod.at(&["spec"]).is_none_or(|spec| selects_node(spec, node))
}

fn has_anti_affinity(pod: &Object) -> bool {
    let path = ["spec", "affinity", "podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution"];
    !pod.items_at(&path).is_empty()
}

/// The node with a name, and its usage; the node may not exist while pods have its name.
#[derive(Clone, Default, Debug)]
struct NodeEntry {
    facts: Option<NodeFacts>,
    used: NodeUsage,
}

/// The nodes and the pods on them.
#[derive(Clone, Default, Debug)]
pub(super) struct Placement {
    entries: BTreeMap<Str, NodeEntry>,
    /// How many pods of each controller are in each zone.
    by_zone: BTreeMap<Str, BTreeMap<Str, i64>>,
    /// Node and demand of each pod, by uid.
    pods: BTreeMap<Str, (Str, Demand)>,
    /// Pods that wait until their victims are gone, by uid.
    nominated: BTreeMap<Str, Nominee>,
}

/// A nominated pod, for which its node reserves resources.
#[derive(Clone, Debug)]
struct Nominee {
    key: ObjectKey,
    node: Str,
    priority: i64,
    demand: Demand,
}

/// The priority of a pod.
pub(super) fn priority(pod: &Object) -> i64 {
    pod.i64_at(&["spec", "priority"]).unwrap_or(0)
}

impl Placement {
    /// The nodes, sorted by name, and their usage.
    pub(super) fn nodes(&self) -> impl Iterator<Item = (&NodeFacts, &NodeUsage)> {
        self.entries.values().filter_map(|entry| Some((entry.facts.as_ref()?, &entry.used)))
    }

    /// How many pods of this controller the zone has.
    pub(super) fn in_zone(&self, zone: &str, owner: &str) -> i64 {
        self.by_zone.get(zone).and_then(|zone| zone.get(owner)).copied().unwrap_or(0)
    }

    /// The node with this name, and its usage.
    pub(super) fn node(&self, name: &str) -> Option<(&NodeFacts, &NodeUsage)> {
        self.entries.get(name).and_then(|entry| Some((entry.facts.as_ref()?, &entry.used)))
    }

    /// Adds or updates a node.
    pub(super) fn set_node(&mut self, node: Arc<Object>) {
        let entry = self.entries.entry(node.name().into()).or_default();
        let old = entry.facts.replace(NodeFacts::new(node));
        let zone = |facts: Option<&NodeFacts>| facts.map(|facts| facts.zone.clone());
        if zone(old.as_ref()) != zone(entry.facts.as_ref()) {
            count_in_zone(&mut self.by_zone, zone(old.as_ref()), &entry.used, -1);
            count_in_zone(&mut self.by_zone, zone(entry.facts.as_ref()), &entry.used, 1);
        }
    }

    pub(super) fn remove_node(&mut self, name: &str) {
        let Some(entry) = self.entries.get_mut(name) else { return };
        let zone = entry.facts.take().map(|facts| facts.zone);
        count_in_zone(&mut self.by_zone, zone, &entry.used, -1);
        if entry.used.pods == 0 {
            self.entries.remove(name);
        }
    }

    /// The pod is bound to this node, or assumed there.
    pub(super) fn put(&mut self, pod: &Arc<Object>, node: &str) {
        let (uid, demand) = (Str::from(pod.uid()), Demand::of(pod));
        self.nominated.remove(&uid);
        if !self.pods.get(&uid).is_some_and(|(before, counted)| before == node && *counted == demand) {
            self.remove(&uid);
            self.count(node, &demand, 1);
            self.pods.insert(uid.clone(), (node.into(), demand));
        }
        self.entries.entry(node.into()).or_default().used.add_pod(uid, pod);
    }

    /// Adds the demand of a pod to a node, or subtracts it with the sign -1.
    fn count(&mut self, node: &str, demand: &Demand, sign: i64) {
        let entry = self.entries.entry(node.into()).or_default();
        entry.used.count(demand, sign);
        if let Some(facts) = &entry.facts {
            add(self.by_zone.entry(facts.zone.clone()).or_default(), &demand.owner, sign);
        }
    }

    /// Whether the pod with this uid is bound or assumed.
    pub(super) fn has(&self, uid: &str) -> bool {
        self.pods.contains_key(uid)
    }

    /// The pod is nominated to this node.
    pub(super) fn nominate(&mut self, pod: &Object, node: &str) {
        let (key, demand) = (ObjectKey::of(pod), Demand::of(pod));
        let nominee = Nominee { key, node: node.into(), priority: priority(pod), demand };
        self.nominated.insert(pod.uid().into(), nominee);
    }

    /// The pod is no longer nominated.
    pub(super) fn unnominate(&mut self, uid: &str) {
        self.nominated.remove(uid);
    }

    /// The node that the pod is nominated to.
    pub(super) fn nominated(&self, uid: &str) -> Option<&Str> {
        self.nominated.get(uid).map(|nominee| &nominee.node)
    }

    /// The pods nominated to a node that are less important than this one.
    pub(super) fn nominated_below(&self, pod: &Object, node: &str) -> Vec<ObjectKey> {
        let below = |nominee: &&Nominee| nominee.node == node && nominee.priority < priority(pod);
        self.nominated.values().filter(below).map(|nominee| nominee.key.clone()).collect()
    }

    /// A node's usage for this pod: with the pods nominated there that are at least as important. `None` if there are none.
    pub(super) fn with_nominated(&self, pod: &Object, node: &str, used: &NodeUsage) -> Option<NodeUsage> {
        let before = self.nominated.iter().filter(|(uid, nominee)| {
            nominee.node == node && nominee.priority >= priority(pod) && uid.as_str() != pod.uid()
        });
        before.fold(None, |sum, (_, nominee)| {
            let mut sum = sum.unwrap_or_else(|| used.clone());
            sum.requests.add(&nominee.demand.requests);
            sum.pods += 1;
            Some(sum)
        })
    }

    /// Removes the pod with this uid. Whether it was bound or assumed.
    pub(super) fn remove(&mut self, uid: &str) -> bool {
        self.nominated.remove(uid);
        let Some((node, demand)) = self.pods.remove(uid) else { return false };
        if let Some(entry) = self.entries.get_mut(&node) {
            entry.used.residents.remove(uid);
            entry.used.with_anti_affinity.remove(uid);
        }
        self.count(&node, &demand, -1);
        true
    }
}

/// Adds the pods of a node to its zone, or subtracts them with the sign -1.
fn count_in_zone(
    by_zone: &mut BTreeMap<Str, BTreeMap<Str, i64>>,
    zone: Option<Str>,
    used: &NodeUsage,
    sign: i64,
) {
    let Some(zone) = zone else { return };
    let counts = by_zone.entry(zone).or_default();
    used.by_owner.iter().for_each(|(owner, count)| add(counts, owner, sign * count));
}
