//! What an object counts for in a ResourceQuota: one of its kind, and what a pod or a claim asks for.
//!
//! Real: pkg/quota/v1/evaluator/core. Modelled: object counts in both spellings, requests and limits of pods with overhead,
//! storage of claims, the scopes Terminating, NotTerminating, BestEffort, NotBestEffort. Not modelled: scope selectors by
//! priority class, storage per class, services by type, device claims; a pod that has overstayed its grace counts on.

use std::collections::BTreeMap;

use super::{Object, Quantity, Str, Value};

/// Amounts by the names that quotas use.
pub type Amounts = BTreeMap<Str, Quantity>;

/// Kinds that quotas also count by their plain plural.
const PLAIN: [&str; 7] = [
    "configmaps",
    "persistentvolumeclaims",
    "pods",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "services",
];
/// Resources of containers that quotas know without a prefix, as requests.
const COMPUTE: [&str; 3] = ["cpu", "ephemeral-storage", "memory"];

/// What an object of a resource, given by group and plural, counts for.
pub fn usage(group: &str, plural: &str, object: &Object) -> Amounts {
    let one = Quantity::from_units(1);
    let mut amounts = Amounts::from([(count_name(group, plural), one)]);
    if !group.is_empty() || !PLAIN.contains(&plural) {
        return amounts;
    }
    if plural == "pods" {
        if matches!(object.str_at(&["status", "phase"]), Some("Succeeded" | "Failed")) {
            return amounts;
        }
        add_compute(object, &mut amounts);
    }
    if plural == "persistentvolumeclaims"
        && let Some(storage) = quantity(object.at(&["spec", "resources", "requests", "storage"]))
    {
        amounts.insert("requests.storage".into(), storage);
    }
    amounts.insert(plural.into(), one);
    amounts
}

/// `count/deployments.apps`, `count/pods`.
fn count_name(group: &str, plural: &str) -> Str {
    let dot = if group.is_empty() { "" } else { "." };
    smol_str::format_smolstr!("count/{plural}{dot}{group}")
}

/// Whether a quota's hard limit of this name is about a resource, given by group and plural.
pub fn is_about(name: &str, group: &str, plural: &str) -> bool {
    let plain = group.is_empty() && PLAIN.contains(&plural);
    let of_pods = name.starts_with("requests.") || name.starts_with("limits.") || COMPUTE.contains(&name);
    name == count_name(group, plural)
        || (plain && name == plural)
        || (plain && plural == "pods" && of_pods && name != "requests.storage")
        || (plain && plural == "persistentvolumeclaims" && name == "requests.storage")
}

fn quantity(value: Option<&Value>) -> Option<Quantity> {
    match value? {
        Value::Str(text) => text.parse().ok(),
        Value::Int(number) => Some(Quantity::from_units(*number)),
        _ => None,
    }
}

/// Requests and limits: of all containers together, or of the largest init container; and the overhead.
fn add_compute(pod: &Object, amounts: &mut Amounts) {
    for (kind, prefix) in [("requests", "requests."), ("limits", "limits.")] {
        let mut all = Amounts::new();
        for container in pod.items_at(&["spec", "containers"]) {
            each(container, kind, |name, amount| {
                let sum = all.entry(name.into()).or_insert(Quantity::ZERO);
                *sum = *sum + amount;
            });
        }
        for container in pod.items_at(&["spec", "initContainers"]) {
            each(container, kind, |name, amount| {
                let most = all.entry(name.into()).or_insert(amount);
                *most = amount.max(*most);
            });
        }
        for (name, amount) in pod.at(&["spec", "overhead"]).and_then(Value::as_map).into_iter().flatten() {
            if let (Some(sum), Some(more)) = (all.get_mut(name.as_str()), quantity(Some(amount))) {
                *sum = *sum + more;
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

fn each(container: &Value, kind: &str, mut take: impl FnMut(&str, Quantity)) {
    let asked = container.at(&["resources", kind]).and_then(Value::as_map);
    for (name, amount) in asked.into_iter().flatten() {
        if let Some(amount) = quantity(Some(amount)) {
            take(name.as_str(), amount);
        }
    }
}

/// The limits of a quota that a container of the pod has to ask for and does not, each with the containers.
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

/// Whether a quota's scopes let it count a pod. Other objects it counts only without scopes.
pub fn in_scope(quota: &Object, plural: &str, object: &Object) -> bool {
    let scopes = quota.items_at(&["spec", "scopes"]).iter().filter_map(Value::as_str);
    let ends = object.i64_at(&["spec", "activeDeadlineSeconds"]).is_some_and(|seconds| seconds >= 0);
    let best_effort = object.str_at(&["status", "qosClass"]) == Some("BestEffort");
    scopes.into_iter().all(|scope| {
        plural == "pods"
            && match scope {
                "Terminating" => ends,
                "NotTerminating" => !ends,
                "BestEffort" => best_effort,
                "NotBestEffort" => !best_effort,
                _ => false,
            }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;

    fn text(amounts: &Amounts) -> String {
        amounts.iter().map(|(name, amount)| format!("{name}={amount}")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_pod_counts_with_what_its_containers_ask_for_until_it_has_ended() {
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
    fn scopes_pick_pods_by_their_deadline_and_quality() {
        let quota = |scope: &str| Object::new(value!({"spec": {"scopes": [scope]}}));
        let pod =
            Object::new(value!({"spec": {"activeDeadlineSeconds": 5}, "status": {"qosClass": "BestEffort"}}));
        let picks = |scope| in_scope(&quota(scope), "pods", &pod);
        assert_eq!(
            ["Terminating", "NotTerminating", "BestEffort", "NotBestEffort"].map(picks),
            [true, false, true, false]
        );
        assert!(!in_scope(&quota("BestEffort"), "services", &pod));
    }
}
