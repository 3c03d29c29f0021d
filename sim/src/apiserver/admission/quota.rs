//! ResourceQuota: refuses objects that would exceed a quota, and adds accepted ones to its usage.
//!
//! Recorded in `resource-quota` and `resource-quota-status`. Modelled: creates, checked against `status.hard` and
//! `status.used`. A quota without `status.hard` refuses nothing yet. Differs: a create that fails after this check adds
//! nothing to the usage. Not modelled: updates that raise the usage; `limitedResources` of the server's configuration.

use std::sync::Arc;

use crate::object::quota::{Amounts, in_scope, is_about, unspecified, usage};
use crate::object::{Object, Quantity, Str, Value};
use crate::wire::{Resource, Status};

/// The quotas whose usage a new object raises, each with its new tree; 403 if the object exceeds one.
pub(crate) fn charge(
    quotas: Vec<Arc<Object>>,
    (resource, name): (Resource, &str),
    object: &Object,
) -> Result<Vec<(Arc<Object>, Value)>, Box<Status>> {
    let (group, plural) = (resource.group(), resource.plural());
    let asked = usage(group, plural, object);
    let refused = |why: String| Box::new(Status::forbidden(resource, name, &why));
    let mut charged = Vec::new();
    for quota in quotas {
        let mut hard = amounts(&quota, "hard");
        hard.retain(|limit, _| is_about(limit, group, plural));
        if hard.is_empty() || !in_scope(&quota, plural, object) {
            continue;
        }
        if plural == "pods" {
            check_specified(&quota, &hard, object).map_err(&refused)?;
        }
        let mut used = amounts(&quota, "used");
        used.retain(|limit, _| hard.contains_key(limit));
        let unknown: Vec<&str> =
            hard.keys().filter(|limit| !used.contains_key(*limit)).map(Str::as_str).collect();
        if !unknown.is_empty() {
            let why = format!("status unknown for quota: {}, resources: {}", quota.name(), unknown.join(","));
            return Err(refused(why));
        }
        let more: Amounts = asked
            .iter()
            .filter(|(limit, _)| hard.contains_key(*limit))
            .map(|(l, a)| (l.clone(), *a))
            .collect();
        let sum = |limit: &Str| used[limit] + more.get(limit).copied().unwrap_or(Quantity::ZERO);
        let exceeded: Vec<&Str> = more.keys().filter(|limit| sum(limit) > hard[*limit]).collect();
        if !exceeded.is_empty() {
            let text = |of: &Amounts| {
                exceeded.iter().map(|limit| format!("{limit}={}", of[*limit])).collect::<Vec<_>>().join(",")
            };
            return Err(refused(format!(
                "exceeded quota: {}, requested: {}, used: {}, limited: {}",
                quota.name(),
                text(&more),
                text(&used),
                text(&hard)
            )));
        }
        if more.values().any(|amount| !amount.is_zero()) {
            let mut root = quota.root().clone();
            more.keys().for_each(|limit| root.set_at(&["status", "used", limit], sum(limit).to_string()));
            charged.push((quota, root));
        }
    }
    Ok(charged)
}

/// A pod has to specify each compute resource that the quota limits.
fn check_specified(quota: &Object, hard: &Amounts, pod: &Object) -> Result<(), String> {
    let lacking = unspecified(hard.keys().map(Str::as_str), pod);
    if lacking.is_empty() {
        return Ok(());
    }
    let texts: Vec<String> =
        lacking.iter().map(|(limit, containers)| format!("{limit} for: {}", containers.join(","))).collect();
    Err(format!("failed quota: {}: must specify {}", quota.name(), texts.join("; ")))
}

fn amounts(quota: &Object, field: &str) -> Amounts {
    let map = quota.at(&["status", field]).and_then(Value::as_map);
    let read = |amount: &Value| match amount {
        Value::Int(number) => Some(Quantity::from_units(*number)),
        other => other.as_str()?.parse().ok(),
    };
    let known =
        map.into_iter().flatten().filter_map(|(name, amount)| Some((name.as_str().into(), read(amount)?)));
    known.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;
    use crate::wire::resource::PODS;

    fn quota(hard: Value, used: Value) -> Vec<Arc<Object>> {
        vec![Object::shared(value!({"metadata": {"name": "q"}, "status": {"hard": hard, "used": used}}))]
    }

    fn pod(cpu: &str) -> Object {
        Object::new(
            value!({"spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": cpu}}}]}}),
        )
    }

    #[test]
    fn a_pod_within_the_quota_raises_its_usage_and_one_beyond_it_is_refused_as_recorded() {
        let quotas =
            quota(value!({"pods": "2", "requests.cpu": "1"}), value!({"pods": "1", "requests.cpu": "600m"}));
        let charged = charge(quotas.clone(), (*PODS, "b"), &pod("400m")).unwrap();
        assert_eq!(charged[0].1.at(&["status", "used"]), Some(&value!({"pods": "2", "requests.cpu": "1"})));
        let refused = charge(quotas.clone(), (*PODS, "b"), &pod("600m")).unwrap_err();
        assert_eq!(
            refused.message,
            "pods \"b\" is forbidden: exceeded quota: q, requested: requests.cpu=600m, used: requests.cpu=600m, \
             limited: requests.cpu=1"
        );
        let silent = Object::new(value!({"spec": {"containers": [{"name": "c"}]}}));
        let refused = charge(quotas, (*PODS, "nocpu"), &silent).unwrap_err();
        assert_eq!(
            refused.message,
            "pods \"nocpu\" is forbidden: failed quota: q: must specify requests.cpu for: c"
        );
    }

    #[test]
    fn a_quota_without_a_status_refuses_nothing() {
        assert!(charge(quota(value!({}), value!({})), (*PODS, "a"), &pod("9")).unwrap().is_empty());
        let unknown = charge(quota(value!({"pods": "1"}), value!({})), (*PODS, "a"), &pod("9")).unwrap_err();
        assert!(
            unknown.message.ends_with("status unknown for quota: q, resources: pods"),
            "{}",
            unknown.message
        );
    }
}
