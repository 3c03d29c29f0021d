//! A status write by one of several writers: a patch of what differs from the newest state that the writer knows.
//!
//! Real: kubelet and scheduler send the patch that `CreateTwoWayMergePatch` makes of two statuses. Modelled: the same
//! strategic merge patch; the server merges conditions by type, so those of other writers stay. Not modelled: removal of a
//! field; a field that the wanted status lacks stays.

use std::sync::Arc;

use crate::object::{Key, Map, Object, Value, keys};
use crate::wire::{ObjectKey, PatchType, Request, Resource};
use crate::{key, value};

/// The request that gives the object the fields of the `wanted` status; none if the object has them. The uid in the patch
/// makes the server refuse it for another object of the same name.
pub fn status_patch(resource: Resource, known: &Arc<Object>, wanted: &Value) -> Option<Request> {
    let status = known.root().get_key(keys::STATUS);
    let mut changed: Vec<(Key, Value)> = Vec::new();
    for (key, value) in wanted.as_map()? {
        let old = status.and_then(|status| status.get_key(*key));
        if old == Some(value) {
            continue;
        }
        if *key == keys::CONDITIONS {
            let merged = differing(old.map(Value::items).unwrap_or_default(), value.items());
            if !merged.is_empty() {
                let order = value.items().iter().map(|c| value!({"type": (type_of(c))}));
                changed.push((key!("$setElementOrder/conditions"), Value::list(order)));
                changed.push((*key, merged.into()));
            }
        } else {
            changed.push((*key, value.clone()));
        }
    }
    if changed.is_empty() {
        return None;
    }
    let patch = value!({
        "metadata": {"uid": (known.meta_text(keys::UID))},
        "status": (Map::from_entries(changed)),
    });
    Some(Request::patch(resource, &ObjectKey::of(known), PatchType::Strategic, patch).subresource("status"))
}

fn type_of(condition: &Value) -> Value {
    condition.get_key(keys::TYPE).cloned().unwrap_or_default()
}

/// The conditions that differ: new ones whole, old ones reduced to what differs.
fn differing(old: &[Value], wanted: &[Value]) -> Vec<Value> {
    let difference =
        |new: &Value| match old.iter().find(|old| old.get_key(keys::TYPE) == new.get_key(keys::TYPE)) {
            Some(old) if old == new => None,
            Some(Value::Map(old)) => Some(change(old, new.as_map()?)),
            _ => Some(new.clone()),
        };
    wanted.iter().filter_map(difference).collect()
}

fn change(old: &Map, new: &Map) -> Value {
    let gone = old.iter().filter(|(key, _)| new.get_key(*key).is_none()).map(|(key, _)| (*key, Value::Null));
    let differs = |(key, value): &&(Key, Value)| *key == keys::TYPE || old.get_key(*key) != Some(value);
    let mut entries = Vec::with_capacity(new.len());
    entries.extend(gone);
    entries.extend(new.iter().filter(differs).cloned());
    Value::Map(Map::from_entries(entries))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Body;
    use crate::wire::resource::PODS;

    #[test]
    fn only_differences_are_sent_and_removed_condition_fields_are_null() {
        let pod = Object::shared(value!({
            "metadata": {"name": "a", "namespace": "default", "uid": "u", "resourceVersion": "7"},
            "status": {"phase": "Running", "qosClass": "Burstable", "conditions": [
                {"type": "Mine", "status": "False", "reason": "Why"}, {"type": "Theirs", "status": "True"}
            ]}
        }));
        let wanted = value!({"phase": "Running", "conditions": [{"type": "Mine", "status": "True"}]});
        let request = status_patch(*PODS, &pod, &wanted).unwrap();
        let Body::Patch(PatchType::Strategic, patch) = request.body else { panic!("no strategic patch") };
        assert_eq!(
            patch,
            value!({"metadata": {"uid": "u"}, "status": {
                "$setElementOrder/conditions": [{"type": "Mine"}],
                "conditions": [{"type": "Mine", "status": "True", "reason": null}]
            }})
        );
        assert!(status_patch(*PODS, &pod, &value!({"phase": "Running"})).is_none());
    }
}
