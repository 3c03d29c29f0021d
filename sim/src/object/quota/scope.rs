//! The scopes of a ResourceQuota, which select pods.
//!
//! Real: `podMatchesScopeFunc`. Modelled: all scopes of pods, in `scopes` or `scopeSelector`; operators matter for priority
//! classes only. Not modelled: the scope VolumeAttributesClass of claims.

use crate::object::{Object, Value};

/// Whether the scopes of a quota select the object. A quota with scopes selects only pods.
pub fn in_scope(quota: &Object, plural: &str, object: &Object) -> bool {
    let scopes = quota.items_at(&["spec", "scopes"]).iter().filter_map(Value::as_str);
    let selected = quota.items_at(&["spec", "scopeSelector", "matchExpressions"]).iter();
    let selects = |expression: &Value| {
        let text = |field: &str| expression.str_at(&[field]).unwrap_or_default();
        plural == "pods"
            && has_scope(object, text("scopeName"), text("operator"), expression.items_at(&["values"]))
    };
    scopes.into_iter().all(|scope| plural == "pods" && has_scope(object, scope, "Exists", &[]))
        && selected.into_iter().all(selects)
}

fn has_scope(pod: &Object, scope: &str, operator: &str, values: &[Value]) -> bool {
    let ends = || pod.i64_at(&["spec", "activeDeadlineSeconds"]).is_some_and(|seconds| seconds >= 0);
    let best_effort = || pod.str_at(&["status", "qosClass"]) == Some("BestEffort");
    match scope {
        "Terminating" => ends(),
        "NotTerminating" => !ends(),
        "BestEffort" => best_effort(),
        "NotBestEffort" => !best_effort(),
        "CrossNamespacePodAffinity" => looks_across_namespaces(pod),
        "PriorityClass" => {
            let class = pod.str_at(&["spec", "priorityClassName"]).filter(|class| !class.is_empty());
            let listed = class.is_some_and(|class| values.iter().any(|value| value.as_str() == Some(class)));
            match operator {
                "Exists" => class.is_some(),
                "DoesNotExist" => class.is_none(),
                "In" => listed,
                "NotIn" => !listed,
                _ => false,
            }
        }
        _ => false,
    }
}

/// Whether a term of the pod's pod affinity names other namespaces (`usesCrossNamespacePodAffinity`).
fn looks_across_namespaces(pod: &Object) -> bool {
    let across = |term: &Value| {
        !term.items_at(&["namespaces"]).is_empty() || term.at(&["namespaceSelector"]).is_some()
    };
    ["podAffinity", "podAntiAffinity"].iter().any(|kind| {
        let terms = |rule: &str| pod.items_at(&["spec", "affinity", kind, rule]).iter();
        let weighed = terms("preferredDuringSchedulingIgnoredDuringExecution");
        terms("requiredDuringSchedulingIgnoredDuringExecution").any(across)
            || weighed.filter_map(|weighed| weighed.at(&["podAffinityTerm"])).any(across)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;

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

    #[test]
    fn selectors_pick_pods_by_their_priority_class_and_affinity() {
        let picks = |scope: &str, operator: &str, pod: Value| {
            let expression = value!({"scopeName": scope, "operator": operator, "values": ["high"]});
            let quota = Object::new(value!({"spec": {"scopeSelector": {"matchExpressions": [expression]}}}));
            let pod = Object::new(value!({"spec": pod}));
            assert!(!in_scope(&quota, "services", &pod));
            in_scope(&quota, "pods", &pod)
        };
        let classes =
            [value!({"priorityClassName": "high"}), value!({"priorityClassName": "low"}), value!({})];
        for (operator, picked) in [
            ("In", [true, false, false]),
            ("NotIn", [false, true, true]),
            ("Exists", [true, true, false]),
            ("DoesNotExist", [false, false, true]),
        ] {
            assert_eq!(
                classes.clone().map(|pod| picks("PriorityClass", operator, pod)),
                picked,
                "{operator}"
            );
        }
        assert!(picks("Terminating", "Exists", value!({"activeDeadlineSeconds": 1})));
        let term = |term: Value| {
            let rule =
                value!({"preferredDuringSchedulingIgnoredDuringExecution": [{"podAffinityTerm": term}]});
            picks("CrossNamespacePodAffinity", "Exists", value!({"affinity": {"podAntiAffinity": rule}}))
        };
        assert!(term(value!({"namespaces": ["a"]})) && term(value!({"namespaceSelector": {}})));
        assert!(!term(value!({"topologyKey": "zone"})));
    }
}
