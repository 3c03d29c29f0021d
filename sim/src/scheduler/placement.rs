//! What the nodes have and what is taken of it, including pods that are bound but not yet seen so (assumed pods).
//!
//! Real: the scheduler cache and its snapshot. Modelled: cpu, memory and the number of pods; requests of containers, and of
//! init containers where they are larger; room that is kept for nominated pods. Not modelled: other resources, pod
//! overhead, resize.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::affinity::wants_to_be_away;
use crate::object::{Object, Quantity, Str, Value};

/// What a container without requests counts for in scores (kube-scheduler `DefaultMilliCPURequest`).
const DEFAULT_CPU_M: i64 = 100;
/// The same of memory (kube-scheduler `DefaultMemoryRequest`).
const DEFAULT_MEMORY: i64 = 200 << 20;

/// Amounts of the resources that count.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Resources {
    pub(super) cpu_m: i64,
    pub(super) memory: i64,
}

impl Resources {
    /// From a list of resources: requests, capacity.
    fn of(list: Option<&Value>) -> Self {
        let amount = |name: &str| list?.str_at(&[name])?.parse::<Quantity>().ok();
        let whole = |n: i128| i64::try_from(n).unwrap_or(i64::MAX);
        Self {
            cpu_m: amount("cpu").map_or(0, |q| whole(q.millis())),
            memory: amount("memory").map_or(0, |q| whole(q.units())),
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            cpu_m: self.cpu_m.saturating_add(other.cpu_m),
            memory: self.memory.saturating_add(other.memory),
        }
    }

    fn minus(self, other: Self) -> Self {
        Self { cpu_m: self.cpu_m - other.cpu_m, memory: self.memory - other.memory }
    }

    fn max(self, other: Self) -> Self {
        Self { cpu_m: self.cpu_m.max(other.cpu_m), memory: self.memory.max(other.memory) }
    }

    fn or_defaults(self) -> Self {
        let or = |n: i64, default| if n == 0 { default } else { n };
        Self { cpu_m: or(self.cpu_m, DEFAULT_CPU_M), memory: or(self.memory, DEFAULT_MEMORY) }
    }
}

/// What a pod takes.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Demand {
    /// What it requests.
    pub(super) requests: Resources,
    /// The same for scores: a container without requests counts for something.
    pub(super) for_scores: Resources,
    /// The uid of its controller, or nothing.
    pub(super) owner: Str,
}

impl Demand {
    pub(super) fn of(pod: &Object) -> Self {
        let each = |list: &[&str]| -> Vec<Resources> {
            let containers = pod.items_at(list).iter();
            containers.map(|c| Resources::of(c.at(&["resources", "requests"]))).collect()
        };
        let (containers, init) = (each(&["spec", "containers"]), each(&["spec", "initContainers"]));
        let total = |all: &[Resources], read: fn(Resources) -> Resources, init: &[Resources]| {
            let sum = all.iter().fold(Resources::default(), |sum, one| sum.plus(read(*one)));
            init.iter().fold(sum, |most, one| most.max(read(*one)))
        };
        Self {
            requests: total(&containers, |one| one, &init),
            for_scores: total(&containers, Resources::or_defaults, &init),
            owner: pod.controller().map_or("", |owner| owner.uid).into(),
        }
    }
}

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
        let both = |sum: Resources, one: Resources| if sign < 0 { sum.minus(one) } else { sum.plus(one) };
        self.requests = both(self.requests, demand.requests);
        self.for_scores = both(self.for_scores, demand.for_scores);
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
    fn new(node: Arc<Object>) -> Self {
        let list = node.at(&["status", "allocatable"]);
        let pods = list.and_then(|list| list.str_at(&["pods"])).and_then(|n| n.parse::<Quantity>().ok());
        Self {
            allocatable: Resources::of(list),
            max_pods: pods.map_or(0, |n| i64::try_from(n.units()).unwrap_or(i64::MAX)),
            cordoned: node.at(&["spec", "unschedulable"]).and_then(Value::as_bool) == Some(true),
            tainted: !node.items_at(&["spec", "taints"]).is_empty(),
            zone: node.label("topology.kubernetes.io/zone").unwrap_or_default().into(),
            node,
        }
    }
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
    /// Pods that wait for their victims to go, by uid: the node, the priority, what they take.
    nominated: BTreeMap<Str, (Str, i64, Demand)>,
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

    /// Takes a node's newest state; says whether a pod that found no node might now find one.
    pub(super) fn set_node(&mut self, node: Arc<Object>) -> bool {
        let spot = self.spots.entry(node.name().into()).or_default();
        let same = |old: &Object, path: &[&str]| old.at(path) == node.at(path);
        let matters = spot.facts.as_ref().is_none_or(|old| {
            !same(&old.node, &["spec"])
                || !same(&old.node, &["metadata", "labels"])
                || !same(&old.node, &["status", "allocatable"])
        });
        let old = spot.facts.replace(NodeFacts::new(node));
        let zone = |facts: Option<&NodeFacts>| facts.map(|facts| facts.zone.clone());
        if zone(old.as_ref()) != zone(spot.facts.as_ref()) {
            count_in_zone(&mut self.by_zone, zone(old.as_ref()), &spot.taken, -1);
            count_in_zone(&mut self.by_zone, zone(spot.facts.as_ref()), &spot.taken, 1);
        }
        matters
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

    /// The pod will go to this node once its victims are gone.
    pub(super) fn nominate(&mut self, pod: &Object, node: &str) {
        self.nominated.insert(pod.uid().into(), (node.into(), priority(pod), Demand::of(pod)));
    }

    /// The node that the pod waits for.
    pub(super) fn nominated(&self, uid: &str) -> Option<&Str> {
        self.nominated.get(uid).map(|(node, ..)| node)
    }

    /// What is taken on a node in the eyes of this pod: with the pods nominated there that go before it.
    pub(super) fn with_nominated(&self, pod: &Object, node: &str, taken: &Taken) -> Option<Taken> {
        let before = self.nominated.iter().filter(|(uid, (there, its, _))| {
            there == node && *its >= priority(pod) && uid.as_str() != pod.uid()
        });
        before.fold(None, |sum, (_, (_, _, demand))| {
            let mut sum = sum.unwrap_or_else(|| taken.clone());
            sum.requests = sum.requests.plus(demand.requests);
            sum.pods += 1;
            Some(sum)
        })
    }

    /// The pod with this uid takes nothing any more; says whether it did.
    pub(super) fn remove(&mut self, uid: &str) -> bool {
        let waited = self.nominated.remove(uid).is_some();
        let Some((node, demand)) = self.pods.remove(uid) else { return waited };
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
