//! Whether a pod fits a node: tolerations against taints, selector and affinity against labels.
//!
//! Real: component-helpers `scheduling/corev1`. Modelled: all operators of node affinity, and of tolerations all but `Lt` and
//! `Gt`. Not modelled: preferences, which only the scheduler weighs.

use crate::object::{Object, Value};

/// Whether one of these tolerations covers the taint.
pub fn tolerates(tolerations: &[Value], taint: &Value) -> bool {
    tolerations.iter().any(|toleration| tolerates_one(toleration, taint))
}

/// Whether this toleration covers the taint (`Toleration.ToleratesTaint`).
pub fn tolerates_one(toleration: &Value, taint: &Value) -> bool {
    let text = |field: &str| toleration.str_at(&[field]).unwrap_or_default();
    let is = |field: &str| text(field) == taint.str_at(&[field]).unwrap_or_default();
    (text("effect").is_empty() || is("effect"))
        && (text("key").is_empty() || is("key"))
        && match text("operator") {
            "Exists" => true,
            "" | "Equal" => is("value"),
            _ => false,
        }
}

/// Whether `nodeSelector` and the required node affinity of a pod's `spec` select the node.
pub fn selects_node(spec: &Value, node: &Object) -> bool {
    let selector = spec.at(&["nodeSelector"]).and_then(Value::as_map);
    let selected = selector.is_none_or(|selector| {
        selector.iter().all(|(key, value)| node.label(key.as_str()) == value.as_str())
    });
    let required = ["affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"];
    let terms = spec.at(&required).map(|required| required.items_at(&["nodeSelectorTerms"]));
    selected && terms.is_none_or(|terms| terms.iter().any(|term| term_matches(term, node)))
}

/// Whether all requirements of a term hold. A term without requirements matches nothing.
fn term_matches(term: &Value, node: &Object) -> bool {
    let (labels, fields) = (term.items_at(&["matchExpressions"]), term.items_at(&["matchFields"]));
    let holds = |requirement: &Value, found: Option<&str>| {
        let values = requirement.items_at(&["values"]);
        let among = |found: &str| values.iter().any(|value| value.as_str() == Some(found));
        let than = || {
            let bound = values.first().and_then(Value::as_str)?.parse::<i64>().ok()?;
            Some((found?.parse::<i64>().ok()?, bound))
        };
        match requirement.str_at(&["operator"]).unwrap_or_default() {
            "In" => found.is_some_and(among),
            "NotIn" => !found.is_some_and(among),
            "Exists" => found.is_some(),
            "DoesNotExist" => found.is_none(),
            "Gt" => than().is_some_and(|(found, bound)| found > bound),
            "Lt" => than().is_some_and(|(found, bound)| found < bound),
            _ => false,
        }
    };
    let key = |requirement: &Value| requirement.str_at(&["key"]).unwrap_or_default().to_owned();
    !(labels.is_empty() && fields.is_empty())
        && labels.iter().all(|r| holds(r, node.label(&key(r))))
        && fields.iter().all(|r| holds(r, (key(r) == "metadata.name").then_some(node.name())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;

    #[test]
    fn a_toleration_covers_a_taint_by_key_value_and_effect() {
        let taint = value!({"key": "k", "value": "v", "effect": "NoExecute"});
        let covers = |toleration: Value| tolerates(&[toleration], &taint);
        assert!(covers(value!({"operator": "Exists"})), "without a key it covers everything");
        assert!(covers(value!({"key": "k", "operator": "Exists", "effect": "NoExecute"})));
        assert!(covers(value!({"key": "k", "value": "v"})));
        assert!(!covers(value!({"key": "k", "value": "other"})));
        assert!(!covers(value!({"key": "k", "operator": "Exists", "effect": "NoSchedule"})));
        assert!(!covers(value!({"key": "other", "operator": "Exists"})));
    }

    #[test]
    fn terms_of_affinity_are_alternatives_and_their_requirements_hold_together() {
        let node = Object::new(value!({"metadata": {"name": "n1", "labels": {"zone": "a", "cores": "8"}}}));
        let picks = |terms: Value| {
            let required = "requiredDuringSchedulingIgnoredDuringExecution";
            let affinity = Value::from([(required, value!({"nodeSelectorTerms": terms}))]);
            selects_node(&value!({"affinity": {"nodeAffinity": affinity}}), &node)
        };
        let needs = |key: &str, operator: &str, value: &str| value!({"key": key, "operator": operator, "values": [value]});
        let all = |requirements: Vec<Value>| value!({"matchExpressions": requirements});
        assert!(picks(value!([(all(vec![needs("zone", "In", "a"), needs("cores", "Gt", "4")]))])));
        assert!(!picks(value!([(all(vec![needs("zone", "In", "a"), needs("cores", "Lt", "4")]))])));
        assert!(picks(value!([
            (all(vec![needs("zone", "In", "b")])),
            (all(vec![needs("zone", "NotIn", "b")]))
        ])));
        assert!(picks(value!([{"matchFields": [(needs("metadata.name", "In", "n1"))]}])));
        assert!(!picks(value!([{}])), "an empty term matches nothing");
        assert!(!selects_node(&value!({"nodeSelector": {"zone": "b"}}), &node));
    }
}
