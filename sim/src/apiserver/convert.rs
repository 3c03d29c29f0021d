//! Conversion between a served version and the stored one.
//!
//! Modelled: custom resources with conversion `None`, which changes only apiVersion; events of `events.k8s.io`, which are
//! core events under other field names. Not modelled: conversion webhooks; `autoscaling/v1`, whose objects differ in more
//! than field names. Both get 501.

use super::kind::Kind;
use crate::object::{Key, Value};

/// Field names of `events.k8s.io/v1` (served) and of core events (stored).
const EVENT_FIELDS: [(&str, &str); 7] = [
    ("regarding", "involvedObject"),
    ("note", "message"),
    ("reportingController", "reportingComponent"),
    ("deprecatedSource", "source"),
    ("deprecatedFirstTimestamp", "firstTimestamp"),
    ("deprecatedLastTimestamp", "lastTimestamp"),
    ("deprecatedCount", "count"),
];

/// Converts an object from the served version `kind` to the stored version `storage`.
pub(super) fn to_storage(kind: &Kind, storage: &Kind, root: &mut Value) {
    convert(kind, storage, root, |(served, _)| served, |(_, stored)| stored);
}

/// Converts an object from the stored version `storage` to the served version `kind`.
pub(super) fn from_storage(kind: &Kind, storage: &Kind, root: &mut Value) {
    convert(storage, kind, root, |(_, stored)| stored, |(served, _)| served);
}

/// Picks the old or the new name of a field.
type PickName = fn((&'static str, &'static str)) -> &'static str;

fn convert(from: &Kind, to: &Kind, root: &mut Value, old: PickName, new: PickName) {
    if from.resource == to.resource {
        return;
    }
    root.set_at(&["apiVersion"], to.api_version());
    if from.custom {
        return;
    }
    let Some(map) = root.as_map() else { return };
    let renamed = map.iter().map(|(key, value)| {
        let field = EVENT_FIELDS.into_iter().find(|field| old(*field) == key.as_str());
        (field.map_or(*key, |field| Key::new(new(field))), value.clone())
    });
    *root = Value::Map(renamed.collect());
    to.shape().canonicalize(root);
}

#[cfg(test)]
mod tests {
    use super::super::registry::Registry;
    use super::*;
    use crate::value;
    use crate::wire::Resource;

    #[test]
    fn an_event_of_the_new_group_is_stored_as_a_core_event_and_back() {
        let registry = Registry::builtin();
        let kind = |name| registry.lookup(Resource::new(name)).unwrap().clone();
        let (new, core) = (kind("events.k8s.io/v1/events"), kind("v1/events"));
        // Recorded in `events-api`.
        let served = value!({
            "kind": "Event", "apiVersion": "events.k8s.io/v1", "metadata": {"name": "n1"},
            "eventTime": "2026-01-01T00:00:00.000000Z", "reportingController": "ex.test/rec",
            "reportingInstance": "i", "action": "Do", "reason": "Why",
            "regarding": {"kind": "Pod", "namespace": "g", "name": "p"}, "note": "m", "type": "Normal",
            "deprecatedSource": {}, "deprecatedFirstTimestamp": null, "deprecatedLastTimestamp": null
        });
        let stored = value!({
            "kind": "Event", "apiVersion": "v1", "metadata": {"name": "n1"},
            "involvedObject": {"kind": "Pod", "namespace": "g", "name": "p"}, "reason": "Why", "message": "m",
            "source": {}, "firstTimestamp": null, "lastTimestamp": null, "type": "Normal",
            "eventTime": "2026-01-01T00:00:00.000000Z", "action": "Do", "reportingComponent": "ex.test/rec",
            "reportingInstance": "i"
        });
        let mut there = served.clone();
        to_storage(&new, &core, &mut there);
        assert_eq!(there, stored);
        from_storage(&new, &core, &mut there);
        assert_eq!(there, served);
    }
}
