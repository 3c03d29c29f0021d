//! PodDisruptionBudgets.
//!
//! Real: pkg/controller/disruption `trySync`. Modelled: NoPods, UnmanagedPods, CalculateExpectedPodCountFailed. Differs: once per
//! change of the status, where a real controller reports at every sync and raises the count.

use super::report::Reports;
use crate::object::{LabelSelector, Object, Value};

const CONTROLLER: &str = "controllermanager";

impl Reports<'_> {
    /// What the disruption controller reports of a budget.
    pub(super) fn budget(&mut self, old: Option<&Object>, new: Option<&Object>) {
        let (Some(old), Some(new)) = (old, new) else { return };
        if old.at(&["status"]) == new.at(&["status"]) {
            return;
        }
        let selector = new.at(&["spec", "selector"]).filter(|selector| !selector.is_null());
        let pods: Vec<_> = match selector.map(LabelSelector::from_value) {
            Some(Ok(selector)) => {
                let here = self.state.pods().filter(|pod| pod.namespace() == new.namespace());
                here.filter(|pod| selector.matches(pod.labels())).cloned().collect()
            }
            _ => Vec::new(),
        };
        if pods.is_empty() {
            self.by_controller(CONTROLLER, old, "NoPods", "No matching pods found".to_owned());
        }
        let condition = new.condition("DisruptionAllowed");
        let text = |field| condition.and_then(|c| c.str_at(&[field])).unwrap_or_default();
        if text("reason") == "SyncFailed" {
            let message = format!("Failed to calculate the number of expected pods: {}", text("message"));
            self.by_controller(CONTROLLER, old, "CalculateExpectedPodCountFailed", message).warn();
        } else if counts_by_owners(new) && pods.iter().any(|pod| pod.controller().is_none()) {
            let selector = printed(selector.unwrap_or(&Value::Null));
            let message = format!(
                "Pods selected by this PodDisruptionBudget (selector: {selector}) were found to be unmanaged. As a result, \
                 the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account \
                 for these pods please set \".spec.minAvailable\" field of the PDB to an integer value."
            );
            self.by_controller(CONTROLLER, old, "UnmanagedPods", message).warn();
        }
    }
}

/// Whether the budget needs the sizes of its pods' owners.
fn counts_by_owners(budget: &Object) -> bool {
    let spec = |field| budget.at(&["spec", field]);
    spec("maxUnavailable").is_some() || spec("minAvailable").is_some_and(|least| least.as_str().is_some())
}

/// A label selector as Go prints it (`LabelSelector.String`).
fn printed(selector: &Value) -> String {
    let labels = selector.at(&["matchLabels"]).and_then(Value::as_map).into_iter().flatten();
    let labels: String = labels
        .map(|(key, value)| format!("{}: {},", key.as_str(), value.as_str().unwrap_or_default()))
        .collect();
    let one = |expression: &Value| {
        let text = |field| expression.str_at(&[field]).unwrap_or_default();
        let values: Vec<&str> = expression.items_at(&["values"]).iter().filter_map(Value::as_str).collect();
        let (key, operator, values) = (text("key"), text("operator"), values.join(" "));
        format!("LabelSelectorRequirement{{Key:{key},Operator:{operator},Values:[{values}],}},")
    };
    let expressions: String = selector.items_at(&["matchExpressions"]).iter().map(one).collect();
    format!(
        "&LabelSelector{{MatchLabels:map[string]string{{{labels}}},\
         MatchExpressions:[]LabelSelectorRequirement{{{expressions}}},}}"
    )
}
