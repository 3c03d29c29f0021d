//! Pod failure policies and success policies: what a failed pod means, which successes suffice.
//!
//! Real: pkg/controller/job/pod_failure_policy.go and success_policy.go. Modelled: all of it.

use super::indexes::Indexes;
use super::spec::JobSpec;
use crate::object::{Object, Value};

/// What a failed pod means.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Meaning {
    /// It counts towards the back-off limits.
    Counts,
    /// It does not count.
    Ignored,
    /// It counts, and its index has failed.
    FailsIndex,
    /// It counts, and the job has failed with this message.
    FailsJob(String),
}

impl Meaning {
    /// The meaning of a failed pod by the first rule that matches.
    pub(super) fn of(spec: &JobSpec<'_>, pod: &Object) -> Self {
        let rules = spec.failure_rules.unwrap_or_default().iter().enumerate();
        rules.filter_map(|(i, rule)| by_rule(rule, i, pod)).next().unwrap_or(Self::Counts)
    }

    pub(super) fn counts(&self) -> bool {
        *self != Self::Ignored
    }
}

fn by_rule(rule: &Value, index: usize, pod: &Object) -> Option<Meaning> {
    let action = rule.str_at(&["action"]).unwrap_or_default();
    let (namespace, name) = (pod.namespace(), pod.name());
    let text = if let Some(wanted) = rule.at(&["onExitCodes"]) {
        let status = container_with(wanted, pod)?;
        let (container, code) = (status.str_at(&["name"]).unwrap_or_default(), exit_code(status)?);
        format!("Container {container} for pod {namespace}/{name} failed with exit code {code}")
    } else {
        let condition = condition_among(rule.items_at(&["onPodConditions"]), pod)?;
        let kind = condition.str_at(&["type"]).unwrap_or_default();
        format!("Pod {namespace}/{name} has condition {kind}")
    };
    Some(match action {
        "Ignore" => Meaning::Ignored,
        "Count" => Meaning::Counts,
        "FailIndex" => Meaning::FailsIndex,
        "FailJob" => Meaning::FailsJob(format!("{text} matching {action} rule at index {index}")),
        _ => return None,
    })
}

fn exit_code(status: &Value) -> Option<i64> {
    status.i64_at(&["state", "terminated", "exitCode"])
}

/// The first container whose exit code matches; init containers come last.
fn container_with<'a>(wanted: &Value, pod: &'a Object) -> Option<&'a Value> {
    let name = wanted.str_at(&["containerName"]);
    let codes = wanted.items_at(&["values"]);
    let fits = |status: &&Value| {
        let code = exit_code(status).filter(|code| *code != 0);
        let listed = code.map(|code| codes.contains(&Value::Int(code)));
        name.is_none_or(|name| status.str_at(&["name"]) == Some(name))
            && match wanted.str_at(&["operator"]) {
                Some("In") => listed == Some(true),
                Some("NotIn") => listed == Some(false),
                _ => false,
            }
    };
    let of = |field| pod.items_at(&["status", field]).iter();
    of("containerStatuses").chain(of("initContainerStatuses")).find(fits)
}

fn condition_among<'a>(patterns: &[Value], pod: &'a Object) -> Option<&'a Value> {
    let same =
        |condition: &Value, pattern: &Value, field| condition.str_at(&[field]) == pattern.str_at(&[field]);
    let fits = |condition: &&Value| {
        patterns.iter().any(|pattern| same(condition, pattern, "type") && same(condition, pattern, "status"))
    };
    pod.items_at(&["status", "conditions"]).iter().find(fits)
}

/// The message of the condition for the first rule of the success policy that these indexes fulfil.
pub(super) fn fulfilled(spec: &JobSpec<'_>, succeeded: &Indexes) -> Option<String> {
    if succeeded.is_empty() {
        return None;
    }
    let fulfils = |rule: &Value| {
        let count = rule.i64_at(&["succeededCount"]);
        match rule.str_at(&["succeededIndexes"]) {
            Some(text) => {
                let wanted = Indexes::parse(text, spec.index_limit());
                let has = wanted.overlap(succeeded);
                !wanted.is_empty() && (has == wanted.total() || count.is_some_and(|count| has >= count))
            }
            None => count.is_some_and(|count| succeeded.total() >= count),
        }
    };
    let index = spec.success_rules.iter().position(fulfils)?;
    Some(format!("Matched rules at index {index}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;

    fn meaning(rules: Value, pod: Value) -> Meaning {
        let job = Object::new(value!({"spec": {"podFailurePolicy": {"rules": rules}}}));
        Meaning::of(&JobSpec::of(&job), &Object::new(pod))
    }

    fn failed(code: i64) -> Value {
        value!({"metadata": {"name": "p", "namespace": "n"}, "status": {
            "containerStatuses": [{"name": "c", "state": {"terminated": {"exitCode": code}}}],
            "conditions": [{"type": "DisruptionTarget", "status": "True"}]
        }})
    }

    #[test]
    fn the_first_matching_rule_decides_what_a_failed_pod_means() {
        let on = |operator: &str, action: &str| value!({"action": action, "onExitCodes": {"operator": operator, "values": [42, 43]}});
        let disrupted =
            value!({"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]});
        let both = value!([(on("In", "FailJob")), disrupted]);
        // As recorded in ctl-job-pod-failure-policy.
        let text = "Container c for pod n/p failed with exit code 42 matching FailJob rule at index 0";
        assert_eq!(meaning(both.clone(), failed(42)), Meaning::FailsJob(text.into()));
        assert_eq!(meaning(both, failed(1)), Meaning::Ignored);
        assert_eq!(meaning(value!([(on("NotIn", "FailIndex"))]), failed(1)), Meaning::FailsIndex);
        assert_eq!(meaning(value!([(on("NotIn", "FailIndex"))]), failed(0)), Meaning::Counts);
        assert_eq!(meaning(value!([(on("In", "Count")), (on("In", "Ignore"))]), failed(43)), Meaning::Counts);
    }

    #[test]
    fn a_success_policy_needs_certain_indexes_or_a_number_of_them() {
        let judge = |rules: Value, succeeded: &str| {
            let job = Object::new(value!({"spec": {"completions": 10, "successPolicy": {"rules": rules}}}));
            fulfilled(&JobSpec::of(&job), &Indexes::parse(succeeded, 10))
        };
        let rules = value!([
            {"succeededIndexes": "0,2-3"}, {"succeededIndexes": "4-9", "succeededCount": 2}, {"succeededCount": 5}
        ]);
        assert_eq!(judge(rules.clone(), "0,2"), None);
        assert_eq!(judge(rules.clone(), "0-3").as_deref(), Some("Matched rules at index 0"));
        assert_eq!(judge(rules.clone(), "5,7").as_deref(), Some("Matched rules at index 1"));
        assert_eq!(judge(rules, "0-2,4,9").as_deref(), Some("Matched rules at index 1"));
        assert_eq!(
            judge(value!([{"succeededCount": 5}]), "0-4").as_deref(),
            Some("Matched rules at index 0")
        );
        assert_eq!(judge(value!([{"succeededIndexes": "0"}]), ""), None);
    }
}
