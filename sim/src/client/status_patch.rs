//! Writes of a status by one of several writers: what differs, on top of the newest state that the writer knows.
//!
//! Real: kubelet and scheduler send strategic merge patches, in which conditions merge by type on the server. Modelled: JSON
//! merge patches with the whole list of conditions and the resourceVersion it is based on, so that no condition of another
//! writer gets lost: a writer that was overtaken gets a 409 and writes again.

use std::sync::Arc;

use crate::object::{Key, Object, Value};
use crate::value;
use crate::wire::{ObjectKey, PatchType, Request, Resource};

/// The request that gives the object the fields of the `wanted` status; none where it has them. Conditions of other types
/// than the wanted ones stay, behind those.
pub fn status_patch(resource: Resource, known: &Arc<Object>, wanted: &Value) -> Option<Request> {
    let status = known.at(&["status"]);
    let mut changed: Vec<(Key, Value)> = Vec::new();
    for (key, value) in wanted.as_map()? {
        let old = status.and_then(|status| status.get(key.as_str()));
        let value = match (key.as_str(), old) {
            ("conditions", Some(old)) => with_foreign(value, old),
            _ => value.clone(),
        };
        if old != Some(&value) {
            changed.push((*key, value));
        }
    }
    if changed.is_empty() {
        return None;
    }
    let patch = value!({
        "metadata": {"resourceVersion": (known.meta("resourceVersion")), "uid": (known.uid())},
        "status": (Value::Map(changed.into_iter().collect())),
    });
    Some(Request::patch(resource, &ObjectKey::of(known), PatchType::Merge, patch).subresource("status"))
}

fn with_foreign(wanted: &Value, known: &Value) -> Value {
    let foreign = |c: &&Value| wanted.items().iter().all(|own| own.get("type") != c.get("type"));
    Value::list(wanted.items().iter().chain(known.items().iter().filter(foreign)).cloned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Body;
    use crate::wire::resource::PODS;

    #[test]
    fn only_what_differs_is_sent_and_conditions_of_others_stay() {
        let pod = Object::shared(value!({
            "metadata": {"name": "a", "namespace": "default", "uid": "u", "resourceVersion": "7"},
            "status": {"phase": "Running", "qosClass": "Burstable", "conditions": [
                {"type": "Mine", "status": "False", "reason": "Why"}, {"type": "Theirs", "status": "True"}
            ]}
        }));
        let wanted = value!({"phase": "Running", "conditions": [{"type": "Mine", "status": "True"}]});
        let request = status_patch(*PODS, &pod, &wanted).unwrap();
        let Body::Patch(PatchType::Merge, patch) = request.body else { panic!("no merge patch") };
        assert_eq!(
            patch,
            value!({"metadata": {"uid": "u", "resourceVersion": "7"}, "status": {"conditions": [
                {"type": "Mine", "status": "True"}, {"type": "Theirs", "status": "True"}
            ]}})
        );
        assert!(status_patch(*PODS, &pod, &value!({"phase": "Running"})).is_none());
    }
}
