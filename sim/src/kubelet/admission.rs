//! Whether the node accepts a pod that is bound to it. The kubelet checks again what the scheduler checks, because a pod
//! may name its node, two schedulers may conflict, and the node may have changed since.
//!
//! Real: pkg/kubelet/lifecycle `predicateAdmitHandler`. Modelled: the number of pods, cpu and memory, node selector and
//! affinity, taints with NoExecute; the first reason counts. Not modelled: ports, devices, the operating system, preemption
//! for critical pods, the order of pods by age after a boot. The messages are not recorded: they come from general
//! knowledge, those of resources from real clusters.

use crate::object::{Object, Quantity, Str, quota, selects_node, tolerates};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Requests {
    cpu_m: i128,
    memory: i128,
}

impl Requests {
    pub(super) fn of(pod: &Object) -> Self {
        let amounts = quota::usage("", "pods", pod);
        let of = |name: &str| amounts.get(name).copied().unwrap_or(Quantity::ZERO);
        Self { cpu_m: of("cpu").millis(), memory: of("memory").units() }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AdmitFailure {
    /// The reason in its status, such as `OutOfcpu`.
    pub(super) reason: Str,
    pub(super) message: String,
}

impl AdmitFailure {
    fn new(reason: impl Into<Str>, why: &str) -> Self {
        Self { reason: reason.into(), message: format!("Pod was rejected: {why}") }
    }

    fn failed(predicate: &'static str, why: &str) -> Self {
        Self::new(predicate, &format!("Predicate {predicate} failed: {why}"))
    }
}

/// Why the node rejects a pod with these requests beside these others; `None` if it accepts it.
pub(super) fn admit_failure(
    pod: &Object,
    wanted: Requests,
    node: &Object,
    others: &[Requests],
) -> Option<AdmitFailure> {
    let allocatable = |name: &str| node.str_at(&["status", "allocatable", name])?.parse::<Quantity>().ok();
    let sum = |read: fn(&Requests) -> i128| others.iter().map(read).sum::<i128>();
    let resources = [
        ("pods", 1, others.len() as i128, allocatable("pods").map(Quantity::units)),
        ("cpu", wanted.cpu_m, sum(|other| other.cpu_m), allocatable("cpu").map(Quantity::millis)),
        ("memory", wanted.memory, sum(|other| other.memory), allocatable("memory").map(Quantity::units)),
    ];
    for (name, requested, used, capacity) in resources {
        let capacity = capacity.unwrap_or(0);
        if requested > 0 && requested > capacity - used {
            let why = format!(
                "Node didn't have enough resource: {name}, requested: {requested}, used: {used}, capacity: {capacity}"
            );
            return Some(AdmitFailure::new(smol_str::format_smolstr!("OutOf{name}"), &why));
        }
    }
    if pod.at(&["spec"]).is_some_and(|spec| !selects_node(spec, node)) {
        return Some(AdmitFailure::failed(
            "NodeAffinity",
            "node(s) didn't match Pod's node affinity/selector",
        ));
    }
    let tolerations = pod.items_at(&["spec", "tolerations"]);
    let mut taints = node.items_at(&["spec", "taints"]).iter();
    let bad = taints.any(|t| t.str_at(&["effect"]) == Some("NoExecute") && !tolerates(tolerations, t));
    bad.then(|| AdmitFailure::failed("TaintToleration", "node(s) had taints that the pod didn't tolerate"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Value;
    use crate::value;

    fn pod(cpu: &str, more: Value) -> Object {
        let mut spec = value!({"containers": [{"name": "c", "resources": {"requests": {"cpu": cpu}}}]});
        for (field, value) in more.as_map().into_iter().flatten() {
            spec.set_at(&[field.as_str()], value.clone());
        }
        Object::new(value!({"metadata": {"name": "p"}, "spec": spec}))
    }

    #[test]
    fn a_pod_that_fits_is_accepted_and_another_rejected_with_the_first_reason() {
        let node = Object::new(value!({
            "metadata": {"name": "n", "labels": {"zone": "a"}},
            "spec": {"taints": [{"key": "k", "effect": "NoExecute"}]},
            "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "pods": "3"}}
        }));
        let tolerant = || value!({"tolerations": [{"operator": "Exists"}]});
        let other = Requests { cpu_m: 3_500, memory: 0 };
        let reason = |pod: &Object, others: &[Requests]| {
            admit_failure(pod, Requests::of(pod), &node, others).map(|no| (no.reason, no.message))
        };
        assert_eq!(reason(&pod("500m", tolerant()), &[other]), None);
        let (why, text) = reason(&pod("1", tolerant()), &[other]).unwrap();
        assert_eq!(why, "OutOfcpu");
        assert_eq!(
            text,
            "Pod was rejected: Node didn't have enough resource: cpu, requested: 1000, used: 3500, capacity: 4000"
        );
        let full = [Requests::default(); 3];
        assert_eq!(reason(&pod("9", tolerant()), &full).unwrap().0, "OutOfpods");
        let elsewhere = value!({"nodeSelector": {"zone": "b"}});
        assert_eq!(reason(&pod("1", elsewhere), &[]).unwrap().0, "NodeAffinity");
        assert_eq!(reason(&pod("1", value!({})), &[]).unwrap().0, "TaintToleration");
    }
}
