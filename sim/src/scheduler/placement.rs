//! What the nodes have and what is taken of it, including pods that are bound but not yet seen so (assumed pods).
//!
//! Real: the scheduler cache and its snapshot. Modelled: the resources of `resources` and the number of pods; room that is
//! kept for nominated pods. Not modelled: their host ports, affinity and spread, which a real one keeps free, too; images,
//! what volumes of a kind a node can hold.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::affinity::wants_to_be_away;
use super::resources::{Demand, Resources};
use crate::object::{Object, Quantity, Str, Value};
use crate::wire::ObjectKey;

/// What is taken on one node.
#[derive(Clone, Default, Debug)]
pub(super) struct Taken {
    pub(super) requests: Resources,
    pub(super) for_scores: Resources,
    pub(super) pods: i64,
    by_owner: BTreeMap<Str, i64>,
    residents: BTreeMap<Str, Arc<Object>>,
    /// The residents that want to be away from others.
    shunning: BTreeMap<Str, Arc<Object>>,
}

impl Taken {
    /// How many pods of this controller are there.
    pub(super) fn of_owner(&self, owner: &str) -> i64 {
        if owner.is_empty() { 0 } else { self.by_owner.get(owner).copied().unwrap_or(0) }
    }

    /// The pods that are there, by uid.
    pub(super) fn residents(&self) -> impl Iterator<Item = &Arc<Object>> {
        self.residents.values()
    }

    /// Those of them that want to be away from others, by uid.
    pub(super) fn shunning(&self) -> impl Iterator<Item = &Arc<Object>> {
        self.shunning.values()
    }

    fn settle(&mut self, uid: Str, pod: &Arc<Object>) {
        if wants_to_be_away(pod) {
            self.shunning.insert(uid.clone(), pod.clone());
        }
        self.residents.insert(uid, pod.clone());
    }

    /// Counts a pod that takes this in, or out with the sign -1.
    fn count(&mut self, demand: &Demand, sign: i64) {
        let both = if sign < 0 { Resources::subtract } else { Resources::add };
        both(&mut self.requests, &demand.requests);
        both(&mut self.for_scores, &demand.for_scores);
        self.pods += sign;
        add(&mut self.by_owner, &demand.owner, sign);
    }
}

/// Adds to a count that is only there while it is not zero.
fn add(counts: &mut BTreeMap<Str, i64>, key: &Str, more: i64) {
    let count = counts.entry(key.clone()).or_default();
    *count += more;
    if *count == 0 {
        counts.remove(key);
    }
}

/// A node that is there.
#[derive(Clone, Debug)]
pub(super) struct NodeFacts {
    pub(super) node: Arc<Object>,
    pub(super) allocatable: Resources,
    pub(super) max_pods: i64,
    /// Whether it takes no new pods.
    pub(super) cordoned: bool,
    /// Whether it has taints.
    pub(super) tainted: bool,
    /// The zone, or nothing.
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

/// Whether a node takes no new pods.
pub(super) fn is_cordoned(node: &Object) -> bool {
    node.at(&["spec", "unschedulable"]).and_then(Value::as_bool) == Some(true)
}

/// A name that pods are on, or that a node has.
#[derive(Clone, Default, Debug)]
struct Spot {
    facts: Option<NodeFacts>,
    taken: Taken,
}

/// The nodes and the pods on them.
#[derive(Clone, Default, Debug)]
pub(super) struct Placement {
    spots: BTreeMap<Str, Spot>,
    /// How many pods of each controller are in each zone.
    by_zone: BTreeMap<Str, BTreeMap<Str, i64>>,
    /// By uid of the pod.
    pods: BTreeMap<Str, (Str, Demand)>,
    /// Pods that wait for their victims to go, by uid.
    nominated: BTreeMap<Str, Nominee>,
}

/// A pod for which room is kept.
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
    /// The nodes, sorted by name, with what is taken on each.
    pub(super) fn nodes(&self) -> impl Iterator<Item = (&NodeFacts, &Taken)> {
        self.spots.values().filter_map(|spot| Some((spot.facts.as_ref()?, &spot.taken)))
    }

    /// How many pods of this controller are in this zone.
    pub(super) fn in_zone(&self, zone: &str, owner: &str) -> i64 {
        self.by_zone.get(zone).and_then(|zone| zone.get(owner)).copied().unwrap_or(0)
    }

    /// The node with this name and what is taken on it.
    pub(super) fn node(&self, name: &str) -> Option<(&NodeFacts, &Taken)> {
        self.spots.get(name).and_then(|spot| Some((spot.facts.as_ref()?, &spot.taken)))
    }

    /// Takes a node's newest state.
    pub(super) fn set_node(&mut self, node: Arc<Object>) {
        let spot = self.spots.entry(node.name().into()).or_default();
        let old = spot.facts.replace(NodeFacts::new(node));
        let zone = |facts: Option<&NodeFacts>| facts.map(|facts| facts.zone.clone());
        if zone(old.as_ref()) != zone(spot.facts.as_ref()) {
            count_in_zone(&mut self.by_zone, zone(old.as_ref()), &spot.taken, -1);
            count_in_zone(&mut self.by_zone, zone(spot.facts.as_ref()), &spot.taken, 1);
        }
    }

    pub(super) fn remove_node(&mut self, name: &str) {
        let Some(spot) = self.spots.get_mut(name) else { return };
        let zone = spot.facts.take().map(|facts| facts.zone);
        count_in_zone(&mut self.by_zone, zone, &spot.taken, -1);
        if spot.taken.pods == 0 {
            self.spots.remove(name);
        }
    }

    /// The pod is on this node, seen or assumed.
    pub(super) fn put(&mut self, pod: &Arc<Object>, node: &str) {
        let (uid, demand) = (Str::from(pod.uid()), Demand::of(pod));
        self.nominated.remove(&uid);
        if !self.pods.get(&uid).is_some_and(|(there, known)| there == node && *known == demand) {
            self.remove(&uid);
            self.count(node, &demand, 1);
            self.pods.insert(uid.clone(), (node.into(), demand));
        }
        self.spots.entry(node.into()).or_default().taken.settle(uid, pod);
    }

    /// Counts a pod that takes this in on a node, or out with the sign -1.
    fn count(&mut self, node: &str, demand: &Demand, sign: i64) {
        let spot = self.spots.entry(node.into()).or_default();
        spot.taken.count(demand, sign);
        if let Some(facts) = &spot.facts {
            add(self.by_zone.entry(facts.zone.clone()).or_default(), &demand.owner, sign);
        }
    }

    /// Whether the pod with this uid is on a node, seen or assumed.
    pub(super) fn has(&self, uid: &str) -> bool {
        self.pods.contains_key(uid)
    }

    /// The pod will go to this node once its victims are gone.
    pub(super) fn nominate(&mut self, pod: &Object, node: &str) {
        let (key, demand) = (ObjectKey::of(pod), Demand::of(pod));
        let nominee = Nominee { key, node: node.into(), priority: priority(pod), demand };
        self.nominated.insert(pod.uid().into(), nominee);
    }

    /// No room is kept for the pod any more.
    pub(super) fn unnominate(&mut self, uid: &str) {
        self.nominated.remove(uid);
    }

    /// The node that the pod waits for.
    pub(super) fn nominated(&self, uid: &str) -> Option<&Str> {
        self.nominated.get(uid).map(|nominee| &nominee.node)
    }

    /// The pods nominated to a node that are less important than this one.
    pub(super) fn nominated_below(&self, pod: &Object, node: &str) -> Vec<ObjectKey> {
        let below = |nominee: &&Nominee| nominee.node == node && nominee.priority < priority(pod);
        self.nominated.values().filter(below).map(|nominee| nominee.key.clone()).collect()
    }

    /// What is taken on a node in the eyes of this pod: with the pods nominated there that go before it.
    pub(super) fn with_nominated(&self, pod: &Object, node: &str, taken: &Taken) -> Option<Taken> {
        let before = self.nominated.iter().filter(|(uid, nominee)| {
            nominee.node == node && nominee.priority >= priority(pod) && uid.as_str() != pod.uid()
        });
        before.fold(None, |sum, (_, nominee)| {
            let mut sum = sum.unwrap_or_else(|| taken.clone());
            sum.requests.add(&nominee.demand.requests);
            sum.pods += 1;
            Some(sum)
        })
    }

    /// The pod with this uid takes nothing any more; says whether it did.
    pub(super) fn remove(&mut self, uid: &str) -> bool {
        self.nominated.remove(uid);
        let Some((node, demand)) = self.pods.remove(uid) else { return false };
        if let Some(spot) = self.spots.get_mut(&node) {
            spot.taken.residents.remove(uid);
            spot.taken.shunning.remove(uid);
        }
        self.count(&node, &demand, -1);
        true
    }
}

/// Counts all that is taken on a node of this zone in, or out with the sign -1.
fn count_in_zone(
    by_zone: &mut BTreeMap<Str, BTreeMap<Str, i64>>,
    zone: Option<Str>,
    taken: &Taken,
    sign: i64,
) {
    let Some(zone) = zone else { return };
    let counts = by_zone.entry(zone).or_default();
    taken.by_owner.iter().for_each(|(owner, count)| add(counts, owner, sign * count));
}
