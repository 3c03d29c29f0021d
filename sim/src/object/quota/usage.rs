//! The usage of an object in a ResourceQuota: one of its kind, and the requests of a pod, claim or service.
//!
//! Real: pkg/quota/v1/evaluator/core. Modelled: object counts in both spellings, requests and limits of pods with sidecars
//! and overhead, storage of claims in total and by class, ports and load balancers of services. Not modelled: device claims,
//! the allocated storage of a claim that grows.

use std::collections::BTreeMap;

use crate::object::{Object, Quantity, Str, Value, total_of_containers};

/// Amounts by their names in quotas.
pub type Amounts = BTreeMap<Str, Quantity>;

/// Resources that quotas also count by their plural alone.
const PLAIN: [&str; 7] = [
    "configmaps",
    "persistentvolumeclaims",
    "pods",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "services",
];
/// Stands between a class and its resource (pkg/quota/v1/evaluator/core `storageClassSuffix`).
const OF_CLASS: &str = ".storageclass.storage.k8s.io/";
/// Services with a load balancer.
const LOAD_BALANCERS: &str = "services.loadbalancers";
/// Ports that services open on every node.
const NODE_PORTS: &str = "services.nodeports";
/// Requests of containers that quotas also name without a prefix.
const COMPUTE: [&str; 3] = ["cpu", "ephemeral-storage", "memory"];

/// The usage of an object of the resource with this group and plural.
pub fn usage(group: &str, plural: &str, object: &Object) -> Amounts {
    let one = Quantity::from_units(1);
    let mut amounts = Amounts::from([(count_name(group, plural), one)]);
    if !group.is_empty() || !PLAIN.contains(&plural) {
        return amounts;
    }
    match plural {
        "pods" if object.is_finished_pod() => return amounts,
        "pods" => add_compute(object, &mut amounts),
        "persistentvolumeclaims" => add_storage(object, &mut amounts),
        "services" => add_ports(object, &mut amounts),
        _ => {}
    }
    amounts.insert(plural.into(), one);
    amounts
}

/// The usage of a pod that has ended, or should have: only its object count.
pub fn usage_of_ended_pod() -> Amounts {
    Amounts::from([(count_name("", "pods"), Quantity::from_units(1))])
}

/// `count/deployments.apps`, `count/pods`.
fn count_name(group: &str, plural: &str) -> Str {
    let dot = if group.is_empty() { "" } else { "." };
    smol_str::format_smolstr!("count/{plural}{dot}{group}")
}

/// Whether the hard limit of this name counts objects of the resource with this group and plural.
pub fn is_about(name: &str, group: &str, plural: &str) -> bool {
    let plain = group.is_empty() && PLAIN.contains(&plural);
    let of_pods = name.starts_with("requests.") || name.starts_with("limits.") || COMPUTE.contains(&name);
    name == count_name(group, plural)
        || (plain && name == plural)
        || (plain && plural == "pods" && of_pods && name != "requests.storage")
        || (plain && plural == "persistentvolumeclaims" && (name == "requests.storage" || is_of_class(name)))
        || (plain && plural == "services" && [LOAD_BALANCERS, NODE_PORTS].contains(&name))
}

/// `gold.storageclass.storage.k8s.io/requests.storage`.
fn is_of_class(name: &str) -> bool {
    name.split_once(OF_CLASS)
        .is_some_and(|(_, what)| matches!(what, "requests.storage" | "persistentvolumeclaims"))
}

fn quantity(value: Option<&Value>) -> Option<Quantity> {
    match value? {
        Value::Str(text) => text.parse().ok(),
        Value::Int(number) => Some(Quantity::from_units(*number)),
        _ => None,
    }
}

/// The requests of a claim, in total and by class.
fn add_storage(claim: &Object, amounts: &mut Amounts) {
    let annotated = claim.annotation("volume.beta.kubernetes.io/storage-class");
    let class = annotated.or_else(|| claim.str_at(&["spec", "storageClassName"])).filter(|c| !c.is_empty());
    let of_class = |class: &str, what: &str| smol_str::format_smolstr!("{class}{OF_CLASS}{what}");
    if let Some(class) = class {
        amounts.insert(of_class(class, "persistentvolumeclaims"), Quantity::from_units(1));
    }
    if let Some(storage) = quantity(claim.at(&["spec", "resources", "requests", "storage"])) {
        amounts.insert("requests.storage".into(), storage);
        amounts.extend(class.map(|class| (of_class(class, "requests.storage"), storage)));
    }
}

/// The node ports and load balancer of a service.
fn add_ports(service: &Object, amounts: &mut Amounts) {
    let ports = service.items_at(&["spec", "ports"]);
    let chosen = || ports.iter().filter(|port| port.i64_at(&["nodePort"]).unwrap_or(0) != 0).count();
    let allocates = service.at(&["spec", "allocateLoadBalancerNodePorts"]).and_then(Value::as_bool);
    let (balancers, node_ports) = match service.str_at(&["spec", "type"]) {
        Some("NodePort") => (0, ports.len()),
        Some("LoadBalancer") if allocates == Some(false) => (1, chosen()),
        Some("LoadBalancer") => (1, ports.len()),
        _ => (0, 0),
    };
    let node_ports = i64::try_from(node_ports).unwrap_or(i64::MAX);
    amounts.insert(LOAD_BALANCERS.into(), Quantity::from_units(balancers));
    amounts.insert(NODE_PORTS.into(), Quantity::from_units(node_ports));
}

/// Requests and limits of a pod, with the overhead.
fn add_compute(pod: &Object, amounts: &mut Amounts) {
    for (kind, prefix) in [("requests", "requests."), ("limits", "limits.")] {
        let mut all = total_of_containers(pod, |container| asked(container, kind), add, raise);
        for (name, amount) in pod.at(&["spec", "overhead"]).and_then(Value::as_map).into_iter().flatten() {
            let Some(more) = quantity(Some(amount)) else { continue };
            // A pod without a limit stays without.
            if kind == "requests" || all.contains_key(name.as_str()) {
                add(&mut all, &Amounts::from([(name.as_str().into(), more)]));
            }
        }
        for (name, amount) in all {
            if kind == "requests" && COMPUTE.contains(&name.as_str()) {
                amounts.insert(name.clone(), amount);
            }
            amounts.insert(smol_str::format_smolstr!("{prefix}{name}"), amount);
        }
    }
}

fn add(sums: &mut Amounts, more: &Amounts) {
    for (name, amount) in more {
        let sum = sums.entry(name.clone()).or_insert(Quantity::ZERO);
        *sum = if sum.is_zero() { *amount } else { *sum + *amount };
    }
}

fn raise(most: &mut Amounts, to: &Amounts) {
    for (name, amount) in to {
        let most = most.entry(name.clone()).or_insert(*amount);
        *most = (*amount).max(*most);
    }
}

/// The requests or limits of a container.
fn asked(container: &Value, kind: &str) -> Amounts {
    let asked = container.at(&["resources", kind]).and_then(Value::as_map).into_iter().flatten();
    asked.filter_map(|(name, amount)| Some((name.as_str().into(), quantity(Some(amount))?))).collect()
}

/// The hard limits whose resource some container of the pod must name and does not, each with those containers.
pub fn unspecified<'a>(hard: impl Iterator<Item = &'a str>, pod: &Object) -> Vec<(&'a str, Vec<Str>)> {
    let asks = |container: &Value, kind: &str, name: &str| container.at(&["resources", kind, name]).is_some();
    let lacks = |container: &Value, limit: &str| match limit.split_once('.') {
        Some((kind @ ("requests" | "limits"), name)) if COMPUTE.contains(&name) => {
            !asks(container, kind, name)
        }
        None if COMPUTE.contains(&limit) => !asks(container, "requests", limit),
        _ => false,
    };
    let of = |field| pod.items_at(&["spec", field]).iter();
    let containers = |limit: &str| -> Vec<Str> {
        let lacking =
            of("containers").chain(of("initContainers")).filter(|container| lacks(container, limit));
        lacking.filter_map(|container| container.str_at(&["name"]).map(Str::new)).collect()
    };
    hard.map(|limit| (limit, containers(limit))).filter(|(_, names)| !names.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;

    fn text(amounts: &Amounts) -> String {
        amounts.iter().map(|(name, amount)| format!("{name}={amount}")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_pod_uses_its_requests_and_limits_until_it_has_ended() {
        let container = |cpu: &str| value!({"name": cpu, "resources": {"requests": {"cpu": cpu}, "limits": {"memory": "100Mi"}}});
        let pod = Object::new(value!({
            "spec": {"containers": [(container("500m")), (container("1"))], "initContainers": [(container("2"))]}
        }));
        assert_eq!(
            text(&usage("", "pods", &pod)),
            "count/pods=1 cpu=2 limits.memory=200Mi pods=1 requests.cpu=2"
        );
        let ended = pod.edited(|root| root.set_at(&["status", "phase"], "Failed"));
        assert_eq!(text(&usage("", "pods", &ended)), "count/pods=1");
        let lacking = unspecified(["pods", "requests.cpu", "limits.cpu"].into_iter(), &pod);
        assert_eq!(lacking, [("limits.cpu", vec!["500m".into(), "1".into(), "2".into()])]);
    }

    #[test]
    fn other_objects_count_one_each() {
        let object = Object::new(value!({}));
        assert_eq!(text(&usage("apps", "deployments", &object)), "count/deployments.apps=1");
        assert_eq!(text(&usage("", "configmaps", &object)), "configmaps=1 count/configmaps=1");
        assert!(
            is_about("limits.memory", "", "pods")
                && is_about("count/deployments.apps", "apps", "deployments")
        );
        assert!(!is_about("pods", "", "configmaps") && !is_about("requests.storage", "", "pods"));
    }

    #[test]
    fn sidecars_are_added_and_run_beside_the_init_containers_after_them() {
        let asks = |cpu: &str| value!({"resources": {"requests": {"cpu": cpu}}});
        let sidecar = value!({"restartPolicy": "Always", "resources": {"requests": {"cpu": "1"}}});
        let cpu = |init: Value| {
            let spec = value!({"containers": [(asks("2"))], "initContainers": init, "overhead": {"cpu": "100m", "memory": "1Mi"}});
            let amounts = usage("", "pods", &Object::new(value!({"spec": spec})));
            assert_eq!(amounts.get("requests.memory"), Some(&"1Mi".parse().unwrap()));
            amounts["cpu"].to_string()
        };
        assert_eq!(cpu(value!([(sidecar.clone()), (asks("1"))])), "3100m");
        assert_eq!(cpu(value!([(sidecar.clone()), (asks("4"))])), "5100m");
        assert_eq!(cpu(value!([(asks("4")), sidecar])), "4100m");
    }

    #[test]
    fn claims_use_storage_of_their_class_and_services_node_ports() {
        let spec = value!({"storageClassName": "gold", "resources": {"requests": {"storage": "2Gi"}}});
        let claim = Object::new(value!({"spec": spec}));
        assert_eq!(
            text(&usage("", "persistentvolumeclaims", &claim)),
            "count/persistentvolumeclaims=1 gold.storageclass.storage.k8s.io/persistentvolumeclaims=1 \
             gold.storageclass.storage.k8s.io/requests.storage=2Gi persistentvolumeclaims=1 requests.storage=2Gi"
        );
        assert!(is_about("a.storageclass.storage.k8s.io/requests.storage", "", "persistentvolumeclaims"));
        let opens = |kind: &str, allocates: bool| {
            let ports = value!([{"port": 1, "nodePort": 30001}, {"port": 2}]);
            let spec = value!({"type": kind, "ports": ports, "allocateLoadBalancerNodePorts": allocates});
            let amounts = usage("", "services", &Object::new(value!({"spec": spec})));
            [LOAD_BALANCERS, NODE_PORTS].map(|name| amounts[name].units())
        };
        assert_eq!(opens("ClusterIP", true), [0, 0]);
        assert_eq!(opens("NodePort", true), [0, 2]);
        assert_eq!((opens("LoadBalancer", true), opens("LoadBalancer", false)), ([1, 2], [1, 1]));
        assert!(is_about(NODE_PORTS, "", "services") && !is_about(NODE_PORTS, "", "pods"));
    }
}
