//! Disruption budgets on eviction: whether a budget allows it, and the record of the eviction in the budget's status.
//!
//! Recorded in `eviction-pdb`. Real: pkg/registry/core/pod/storage/eviction.go. Modelled: all of it. Differs: writes to the
//! budget never conflict here, because the server handles a request in an instant.

use std::sync::Arc;

use super::super::server::{ApiServer, Replies};
use super::super::tree::replace_condition;
use crate::object::{LabelSelector, Object, Str, Value};
use crate::value;
use crate::wire::Status;
use crate::wire::resource::POD_DISRUPTION_BUDGETS;

/// The most evictions that a budget records before the disruption controller confirms them (`MaxDisruptedPodSize`).
const MAX_DISRUPTED: usize = 2000;
/// When a client should retry while the disruption controller has not observed the budget (eviction.go).
const RETRY_AFTER_S: i64 = 10;

impl ApiServer {
    /// Checks the budget of a pod, if it has one, and records the eviction there.
    pub(super) fn check_budget(
        &mut self,
        pod: &Object,
        dry_run: bool,
        out: &mut Replies,
    ) -> Result<(), Box<Status>> {
        let phase = pod.str_at(&["status", "phase"]).unwrap_or_default();
        if matches!(phase, "Succeeded" | "Failed" | "Pending") || pod.is_terminating() {
            return Ok(());
        }
        let mut budgets = self.budgets_of(pod);
        let Some(budget) = budgets.pop() else { return Ok(()) };
        if !budgets.is_empty() {
            let message = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
            return Err(Box::new(Status::new(500, "", message)));
        }
        if is_exempt(&budget, pod) {
            return Ok(());
        }
        let name = pod.name();
        let disrupted =
            budget.at(&["status", "disruptedPods"]).and_then(Value::as_map).map_or(0, |map| map.len());
        let allowed = allowance(&budget)?;
        if disrupted > MAX_DISRUPTED {
            let why = "DisruptedPods map too big - too many evictions not confirmed by PDB controller";
            return Err(Box::new(Status::forbidden(*POD_DISRUPTION_BUDGETS, budget.name(), why)));
        }
        if !dry_run {
            debug_assert!(allowed > 0, "a budget that allows no disruption refuses the eviction");
            let now = self.timestamp();
            let mut root = budget.root().clone();
            root.set_at(&["status", "disruptionsAllowed"], allowed - 1);
            root.set_at(&["status", "disruptedPods", name], now.clone());
            root.set_at(&["status", "conditions"], conditions(&budget, allowed > 1, &now));
            self.put_own_status(*POD_DISRUPTION_BUDGETS, &budget, root, out);
        }
        Ok(())
    }

    fn budgets_of(&self, pod: &Object) -> Vec<Arc<Object>> {
        let Some(table) = self.store.table(*POD_DISRUPTION_BUDGETS) else { return Vec::new() };
        let selects = |budget: &Object| {
            let selector = budget.at(&["spec", "selector"]).map(LabelSelector::from_value);
            selector.is_some_and(|s| s.is_ok_and(|s| s.matches(pod.labels())))
        };
        table.iter(pod.namespace()).map(|(_, budget)| budget).filter(|b| selects(b)).cloned().collect()
    }
}

/// Whether the budget's policy for unhealthy pods exempts a pod that is not ready.
fn is_exempt(budget: &Object, pod: &Object) -> bool {
    let count = |field| budget.i64_at(&["status", field]).unwrap_or(0);
    let (has, needs) = (count("currentHealthy"), count("desiredHealthy"));
    let always = budget.str_at(&["spec", "unhealthyPodEvictionPolicy"]) == Some("AlwaysAllow");
    !pod.is_condition_true("Ready") && (always || (needs > 0 && has >= needs))
}

/// Whether the disruption controller has observed the current budget.
fn is_observed(budget: &Object) -> bool {
    budget.i64_at(&["status", "observedGeneration"]).unwrap_or(0) >= budget.generation()
}

/// How many evictions the budget allows: at least one, or an error.
fn allowance(budget: &Object) -> Result<i64, Box<Status>> {
    let name = budget.name();
    let count = |field| budget.i64_at(&["status", field]).unwrap_or(0);
    if !is_observed(budget) {
        let why = format!("The disruption budget {name} is still being processed by the server.");
        return Err(refusal(&why, Some(RETRY_AFTER_S)));
    }
    let (allowed, has, needs) =
        (count("disruptionsAllowed"), count("currentHealthy"), count("desiredHealthy"));
    if allowed < 0 {
        return Err(Box::new(Status::forbidden(
            *POD_DISRUPTION_BUDGETS,
            name,
            "pdb disruptions allowed is negative",
        )));
    }
    if allowed > 0 {
        return Ok(allowed);
    }
    let failed =
        budget.condition("DisruptionAllowed").filter(|c| c.str_at(&["reason"]) == Some("SyncFailed"));
    Err(refusal(
        &match failed {
            Some(condition) => format!(
                "The disruption budget {name} does not allow evicting pods currently because it failed sync: {}",
                condition.str_at(&["message"]).unwrap_or_default()
            ),
            None if has <= needs => {
                format!("The disruption budget {name} needs {needs} healthy pods and has {has} currently")
            }
            None => format!("The disruption budget {name} does not allow evicting pods currently"),
        },
        None,
    ))
}

/// 429 with the cause.
fn refusal(why: &str, retry_after_s: Option<i64>) -> Box<Status> {
    let mut details = value!({"causes": [{"reason": "DisruptionBudget", "message": why}]});
    if let Some(seconds) = retry_after_s {
        details.set_at(&["retryAfterSeconds"], seconds);
    }
    let message = "Cannot evict pod as it would violate the pod's disruption budget.";
    Box::new(Status::new(429, "TooManyRequests", message).details(details))
}

/// The conditions of the budget after an eviction.
fn conditions(budget: &Object, allowed: bool, now: &Str) -> Vec<Value> {
    const KIND: &str = "DisruptionAllowed";
    let (status, reason) = if allowed { ("True", "SufficientPods") } else { ("False", "InsufficientPods") };
    let old = budget.condition(KIND).filter(|c| c.str_at(&["status"]) == Some(status));
    let since =
        old.and_then(|c| c.str_at(&["lastTransitionTime"]).map(Str::new)).unwrap_or_else(|| now.clone());
    let condition = value!({
        "type": KIND, "status": status, "reason": reason, "message": "", "lastTransitionTime": since,
        "observedGeneration": (budget.i64_at(&["status", "observedGeneration"]).unwrap_or(0))
    });
    replace_condition(budget.conditions(), condition)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(status: Value) -> Object {
        Object::new(value!({"metadata": {"name": "p", "generation": 2}, "status": status}))
    }

    fn cause(status: Value) -> String {
        let refused = allowance(&budget(status)).unwrap_err();
        refused.details.pointer("/causes/0/message").and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    #[test]
    fn a_refusal_has_the_cause() {
        let unseen =
            allowance(&budget(value!({"observedGeneration": 1, "disruptionsAllowed": 3}))).unwrap_err();
        assert_eq!((unseen.code, unseen.details.i64_at(&["retryAfterSeconds"])), (429, Some(10)));
        let status = |has: i64| value!({"observedGeneration": 2, "disruptionsAllowed": 0, "desiredHealthy": 3, "currentHealthy": has});
        assert_eq!(cause(status(3)), "The disruption budget p needs 3 healthy pods and has 3 currently");
        assert_eq!(cause(status(4)), "The disruption budget p does not allow evicting pods currently");
    }

    #[test]
    fn a_pod_that_is_not_ready_is_exempt_while_enough_others_are_healthy() {
        let pod = Object::new(value!({"status": {"phase": "Running"}}));
        let status = |has: i64| value!({"observedGeneration": 2, "desiredHealthy": 2, "currentHealthy": has});
        assert!(is_exempt(&budget(status(2)), &pod));
        assert!(!is_exempt(&budget(status(1)), &pod));
        let always = budget(status(1)).edited(|root| {
            root.set_at(&["spec", "unhealthyPodEvictionPolicy"], "AlwaysAllow");
        });
        assert!(is_exempt(&always, &pod));
        let ready = Object::new(value!({"status": {"conditions": [{"type": "Ready", "status": "True"}]}}));
        assert!(!is_exempt(&always, &ready));
    }
}
