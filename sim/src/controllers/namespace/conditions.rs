//! The five conditions of a terminating namespace: all `False` when nothing blocks its deletion.

use std::collections::BTreeMap;

use smol_str::format_smolstr;

use crate::engine::Time;
use crate::object::{Object, Str, Value};
use crate::value;
use crate::wire::Resource;

/// Type, reason and message of each condition that is `False`, in order (`conditionTypes`, `okReasons`, `okMessages`).
const FINE: [[&str; 3]; 5] = [
    ["NamespaceDeletionDiscoveryFailure", "ResourcesDiscovered", "All resources successfully discovered"],
    [
        "NamespaceDeletionGroupVersionParsingFailure",
        "ParsedGroupVersions",
        "All legacy kube types successfully parsed",
    ],
    [
        "NamespaceDeletionContentFailure",
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    ],
    ["NamespaceContentRemaining", "ContentRemoved", "All content successfully removed"],
    ["NamespaceFinalizersRemaining", "ContentHasNoFinalizers", "All content-preserving finalizers finished"],
];

/// The remaining content of a namespace.
#[derive(Clone, Debug, Default)]
pub(super) struct Remaining {
    /// How many objects of each resource.
    pub(super) objects: BTreeMap<Resource, usize>,
    /// How many objects have each finalizer.
    pub(super) finalizers: BTreeMap<Str, usize>,
}

/// The conditions that a namespace should have; `None` if it has them. An unchanged status keeps its time.
pub(super) fn updated(
    namespace: &Object,
    remaining: &Remaining,
    failures: &[String],
    now: Time,
) -> Option<Value> {
    let old = namespace.items_at(&["status", "conditions"]);
    let mut all = old.to_vec();
    for [kind, reason, message] in FINE {
        let (status, reason, message) = match blocker(kind, remaining, failures) {
            Some((reason, message)) => ("True", reason, message),
            None => ("False", reason, message.to_owned()),
        };
        let has = |condition: &Value, field: &str, text: &str| condition.str_at(&[field]) == Some(text);
        let place = all.iter().position(|condition| has(condition, "type", kind));
        let same = place.map(|at| &all[at]).filter(|condition| has(condition, "status", status));
        if same.is_some_and(|it| has(it, "reason", reason) && has(it, "message", &message)) {
            continue;
        }
        let since = same.and_then(|condition| condition.get("lastTransitionTime")).cloned();
        let condition = value!({
            "type": kind, "status": status, "lastTransitionTime": (since.unwrap_or_else(|| now.rfc3339().into())),
            "reason": reason, "message": message
        });
        match place {
            Some(at) => all[at] = condition,
            None => all.push(condition),
        }
    }
    (all != old).then(|| all.into())
}

/// Why a condition is `True`.
fn blocker(kind: &str, remaining: &Remaining, failures: &[String]) -> Option<(&'static str, String)> {
    match kind {
        "NamespaceDeletionContentFailure" if !failures.is_empty() => {
            let mut failures = failures.to_vec();
            failures.sort();
            let (count, all) = (failures.len(), failures.join(", "));
            Some((
                "ContentDeletionFailed",
                format!("Failed to delete all resource types, {count} remaining: {all}"),
            ))
        }
        "NamespaceContentRemaining" if !remaining.objects.is_empty() => {
            let each = remaining.objects.iter().map(|(resource, count)| {
                format!("{}.{} has {count} resource instances", resource.plural(), resource.group())
            });
            let mut each: Vec<String> = each.collect();
            each.sort();
            Some(("SomeResourcesRemain", format!("Some resources are remaining: {}", each.join(", "))))
        }
        "NamespaceFinalizersRemaining" if !remaining.finalizers.is_empty() => {
            let each = remaining.finalizers.iter();
            let each: Vec<Str> =
                each.map(|(name, count)| format_smolstr!("{name} in {count} resource instances")).collect();
            let all = each.join(", ");
            Some((
                "SomeFinalizersRemain",
                format!("Some content in the namespace has finalizers remaining: {all}"),
            ))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::resource::{CONFIG_MAPS, DEPLOYMENTS};

    fn namespace(conditions: Value) -> Object {
        Object::new(value!({"metadata": {"name": "n"}, "status": {"conditions": conditions}}))
    }

    #[test]
    fn conditions_come_in_order_and_keep_their_time_while_their_status_lasts() {
        let first = updated(&namespace(value!([])), &Remaining::default(), &[], Time::ZERO).unwrap();
        let kinds: Vec<_> = first.items().iter().map(|c| c.str_at(&["type"]).unwrap()).collect();
        assert_eq!(kinds, FINE.map(|[kind, ..]| kind));
        let nothing_new = updated(&namespace(first.clone()), &Remaining::default(), &[], Time(9_000));
        assert_eq!(nothing_new, None);
        let mut remaining = Remaining::default();
        remaining.objects.extend([(*DEPLOYMENTS, 2), (*CONFIG_MAPS, 1)]);
        remaining.finalizers.insert("ex.test/f".into(), 1);
        let second = updated(&namespace(first), &remaining, &["b".into(), "a".into()], Time(9_000)).unwrap();
        let say = |all: &Value| -> Vec<String> {
            let text = |c: &Value, field| c.str_at(&[field]).unwrap().to_owned();
            let of = |c: &Value| {
                ["lastTransitionTime", "status", "reason", "message"].map(|f| text(c, f)).join(" ")
            };
            all.items()[2..].iter().map(of).collect()
        };
        let at = "2026-01-01T00:00:09Z True";
        assert_eq!(
            say(&second),
            [
                format!("{at} ContentDeletionFailed Failed to delete all resource types, 2 remaining: a, b"),
                format!(
                    "{at} SomeResourcesRemain Some resources are remaining: configmaps. has 1 resource instances, \
                     deployments.apps has 2 resource instances"
                ),
                format!(
                    "{at} SomeFinalizersRemain Some content in the namespace has finalizers remaining: ex.test/f in 1 \
                     resource instances"
                ),
            ]
        );
        remaining.objects.remove(&*DEPLOYMENTS);
        let third = updated(&namespace(second), &remaining, &[], Time(20_000)).unwrap();
        assert!(say(&third)[1].starts_with(at), "{third:?}");
        assert!(say(&third)[0].starts_with("2026-01-01T00:00:20Z False ContentDeleted"), "{third:?}");
    }
}
