//! The strategic merge patch from one status to another, as the kubelet and the node's heartbeat send it.
//!
//! Real: `CreateTwoWayMergePatch`. Modelled for statuses: fields that differ; conditions merged by type, with their order.
//! A field of the old status that the new one lacks is not the kubelet's and stays.

use crate::object::{Key, Map, Value};
use crate::value;

/// The patch that turns the `from` status into the `to` status; none where nothing differs. With a uid the server
/// refuses it for another object of the same name.
pub(super) fn status_patch(from: &Value, to: &Value, uid: Option<&str>) -> Option<Value> {
    let mut changed: Vec<(Key, Value)> = Vec::new();
    for (key, value) in to.as_map()? {
        if from.get(key.as_str()) == Some(value) {
            continue;
        }
        if key.as_str() == "conditions" {
            let merged = conditions(from.items_at(&["conditions"]), value.items());
            if !merged.is_empty() {
                let order = value.items().iter().map(|c| value!({"type": (type_of(c))}));
                changed.push((Key::new("$setElementOrder/conditions"), Value::list(order)));
                changed.push((*key, merged.into()));
            }
        } else {
            changed.push((*key, value.clone()));
        }
    }
    if changed.is_empty() {
        return None;
    }
    let mut patch = value!({"status": (Value::Map(Map::from_entries(changed)))});
    if let Some(uid) = uid {
        patch.set_at(&["metadata", "uid"], uid);
    }
    Some(patch)
}

fn type_of(condition: &Value) -> Value {
    condition.get("type").cloned().unwrap_or_default()
}

/// The conditions that differ: all of a new one, of an old one what differs.
fn conditions(from: &[Value], to: &[Value]) -> Vec<Value> {
    to.iter()
        .filter_map(|new| {
            let old = from.iter().find(|old| old.get("type") == new.get("type"));
            match (old.and_then(Value::as_map), new.as_map()) {
                (Some(old), Some(new)) => (old != new).then(|| difference(old, new)),
                _ => Some(new.clone()),
            }
        })
        .collect()
}

fn difference(old: &Map, new: &Map) -> Value {
    let gone =
        old.iter().filter(|(key, _)| new.get(key.as_str()).is_none()).map(|(key, _)| (*key, Value::Null));
    let changed = new
        .iter()
        .filter(|(key, value)| key.as_str() == "type" || old.get(key.as_str()) != Some(value))
        .cloned();
    Value::Map(gone.chain(changed).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_sent_and_what_a_condition_loses_is_null() {
        let from = value!({"phase": "Pending", "qosClass": "Burstable", "conditions": [
            {"type": "Ready", "status": "False", "reason": "ContainersNotReady"}, {"type": "PodScheduled", "status": "True"}
        ]});
        let to = value!({"phase": "Running", "conditions": [
            {"type": "Ready", "status": "True"}, {"type": "PodScheduled", "status": "True"}
        ]});
        let patch = status_patch(&from, &to, Some("u")).unwrap();
        assert_eq!(
            patch,
            value!({"metadata": {"uid": "u"}, "status": {
                "phase": "Running",
                "$setElementOrder/conditions": [{"type": "Ready"}, {"type": "PodScheduled"}],
                "conditions": [{"type": "Ready", "status": "True", "reason": null}]
            }})
        );
        assert_eq!(status_patch(&to, &to, None), None);
    }
}
