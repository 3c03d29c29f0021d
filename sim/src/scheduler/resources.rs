//! The requests of a pod: those of all its containers together.
//!
//! Real: `PodRequests` of component-helpers, and `IsScalarResourceName`. Modelled: containers, init containers and sidecars,
//! requests of the pod as a whole, overhead; cpu, memory, ephemeral storage, extended resources and huge pages. Not
//! modelled: the resources in a pod's status during a resize, device claims.

use std::collections::BTreeMap;

use crate::object::{Object, Quantity, Str, Value, total_of_containers};

/// Cpu of a container without requests, in scores (kube-scheduler `DefaultMilliCPURequest`).
const DEFAULT_CPU_M: i64 = 100;
/// Memory of a container without requests, in scores (kube-scheduler `DefaultMemoryRequest`).
const DEFAULT_MEMORY: i64 = 200 << 20;

/// Amounts by resource.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Resources {
    pub(super) cpu_m: i64,
    pub(super) memory: i64,
    /// Ephemeral storage.
    pub(super) storage: i64,
    /// Extended resources, huge pages and the like, by name. Most nodes have none, and an empty map costs nothing.
    pub(super) scalars: BTreeMap<Str, i64>,
}

impl Resources {
    /// From a resource list, such as requests or capacity.
    pub(super) fn of(list: Option<&Value>) -> Self {
        let mut all = Self::default();
        all.replace(list, |_| true);
        all
    }

    /// Replaces the amounts of those names in the list that pass `counts`.
    fn replace(&mut self, list: Option<&Value>, counts: fn(&str) -> bool) {
        for (name, amount) in list.and_then(Value::as_map).into_iter().flatten() {
            let amount = amount.as_str().and_then(|text| text.parse::<Quantity>().ok());
            if let Some(amount) = amount.filter(|_| counts(name.as_str())) {
                self.set(name.as_str(), amount);
            }
        }
    }

    fn set(&mut self, name: &str, amount: Quantity) {
        let whole = |n: i128| i64::try_from(n).unwrap_or(i64::MAX);
        match name {
            "cpu" => self.cpu_m = whole(amount.millis()),
            "memory" => self.memory = whole(amount.units()),
            "ephemeral-storage" => self.storage = whole(amount.units()),
            _ if is_scalar(name) => drop(self.scalars.insert(name.into(), whole(amount.units()))),
            _ => {}
        }
    }

    /// The amounts for scores, with defaults for missing requests.
    fn for_scores(&self, list: Option<&Value>) -> Self {
        let lacks = |name| list.and_then(|list| list.get(name)).is_none();
        let or = |lacks, amount, default| if lacks { default } else { amount };
        Self {
            cpu_m: or(lacks("cpu"), self.cpu_m, DEFAULT_CPU_M),
            memory: or(lacks("memory"), self.memory, DEFAULT_MEMORY),
            ..self.clone()
        }
    }

    fn merge(&mut self, other: &Self, both: fn(i64, i64) -> i64) {
        self.cpu_m = both(self.cpu_m, other.cpu_m);
        self.memory = both(self.memory, other.memory);
        self.storage = both(self.storage, other.storage);
        for (name, amount) in &other.scalars {
            let sum = self.scalars.entry(name.clone()).or_default();
            *sum = both(*sum, *amount);
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.merge(other, i64::saturating_add);
    }

    pub(super) fn subtract(&mut self, other: &Self) {
        self.merge(other, i64::saturating_sub);
    }

    fn raise(&mut self, other: &Self) {
        self.merge(other, i64::max);
    }

    /// Names and amounts.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, i64)> {
        let plain = [("cpu", self.cpu_m), ("memory", self.memory), ("ephemeral-storage", self.storage)];
        plain.into_iter().chain(self.scalars.iter().map(|(name, amount)| (name.as_str(), *amount)))
    }

    /// The amount of a resource.
    pub(super) fn amount(&self, name: &str) -> i64 {
        match name {
            "cpu" => self.cpu_m,
            "memory" => self.memory,
            "ephemeral-storage" => self.storage,
            _ => self.scalars.get(name).copied().unwrap_or(0),
        }
    }

    /// Whether `more` has more than `less` of a resource that is requested here.
    pub(super) fn any_more(&self, more: &Self, less: &Self) -> bool {
        self.iter().any(|(name, wanted)| wanted > 0 && more.amount(name) > less.amount(name))
    }
}

/// Whether a resource is counted in whole units by its name.
fn is_scalar(name: &str) -> bool {
    name.contains('/') || name.starts_with("hugepages-") || name.starts_with("attachable-volumes-")
}

/// Whether `spec.resources` of a pod can request it.
fn is_of_pods(name: &str) -> bool {
    matches!(name, "cpu" | "memory") || name.starts_with("hugepages-")
}

/// What a pod needs of a node.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Demand {
    /// Its requests.
    pub(super) requests: Resources,
    /// Its requests for scores, with defaults.
    pub(super) for_scores: Resources,
    /// The uid of its controller; empty if it has none.
    pub(super) owner: Str,
}

impl Demand {
    pub(super) fn of(pod: &Object) -> Self {
        let asked = |container: &Value| {
            let list = container.at(&["resources", "requests"]);
            let requests = Resources::of(list);
            [requests.for_scores(list), requests]
        };
        let both = |change: fn(&mut Resources, &Resources)| {
            move |to: &mut [Resources; 2], by: &[Resources; 2]| {
                to.iter_mut().zip(by).for_each(|(to, by)| change(to, by));
            }
        };
        let total = total_of_containers(pod, asked, both(Resources::add), both(Resources::raise));
        let [for_scores, requests] = total.map(|mut sum| {
            sum.replace(pod.at(&["spec", "resources", "requests"]), is_of_pods);
            sum.add(&Resources::of(pod.at(&["spec", "overhead"])));
            sum
        });
        Self { requests, for_scores, owner: pod.controller().map_or("", |owner| owner.uid).into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;

    fn text(pod: Value) -> String {
        let requests = Demand::of(&Object::new(pod)).requests;
        let all = requests.iter().filter(|(_, amount)| *amount != 0);
        all.map(|(name, amount)| format!("{name}={amount}")).collect::<Vec<_>>().join(" ")
    }

    fn container(cpu: &str, policy: &str) -> Value {
        value!({"restartPolicy": policy, "resources": {"requests": {"cpu": cpu, "example.com/gpu": "1"}}})
    }

    #[test]
    fn an_init_container_runs_beside_the_sidecars_before_it() {
        let init = |cpu: &str| {
            let all = value!([(container("1", "Always")), (container(cpu, "")), (container("1", "Always"))]);
            value!({"spec": {"containers": [(container("2", ""))], "initContainers": all}})
        };
        assert_eq!(text(init("1")), "cpu=4000 example.com/gpu=3");
        assert_eq!(text(init("5")), "cpu=6000 example.com/gpu=3");
    }

    #[test]
    fn requests_of_the_pod_as_a_whole_take_precedence_and_overhead_is_added() {
        let spec = value!({"spec": {
            "containers": [(container("2", ""))], "overhead": {"cpu": "250m", "memory": "1Ki"},
            "resources": {"requests": {"cpu": "1", "ephemeral-storage": "9"}}
        }});
        assert_eq!(text(spec), "cpu=1250 memory=1024 example.com/gpu=1");
    }
}
