//! Server-side apply to an object or its status. Applying an absent object creates it.
//!
//! `object::patch::apply` decides on field owners and conflicts. This file drops the parts of the config that the endpoint
//! ignores, and handles the result as a create or update.

use std::sync::Arc;

use super::super::errors;
use super::super::kind::Kind;
use super::super::server::{ApiServer, Replies};
use super::{VerbResult, body, write};
use crate::object::patch::apply::{self, ApplyError, Conflicts};
use crate::object::{Map, Object, Value};
use crate::value;
use crate::wire::{Request, Status};

impl ApiServer {
    pub(super) fn apply(
        &mut self,
        kind: &Arc<Kind>,
        request: &Request,
        sent: &Value,
        out: &mut Replies,
    ) -> VerbResult {
        body::of_kind(kind, sent)?;
        body::fits_url(request, sent)?;
        if !sent.items_at(&["metadata", "managedFields"]).is_empty() {
            return Err(Box::new(Status::bad_request("metadata.managedFields must be nil")));
        }
        let stored = self.store.get(kind.storage, &request.key()).cloned();
        if stored.is_none() && !request.subresource.is_empty() {
            return Err(errors::not_found(kind.resource, &request.name));
        }
        let shown = stored.as_ref().map(|object| self.view(kind).of(object));
        let live = shown.as_deref().map(|object| (object.root(), object.managed()));
        let writer = write::writer(kind, request, self.timestamp());
        let config = config(kind, request, sent);
        let applied = apply::apply(live, &config, &writer, request.options.force, kind.shape())
            .map_err(|error| refusal(&error))?;
        let old = shown.as_deref().map(Object::root);
        let decoded = write::decode(kind, request, &applied.root, old)
            .map_err(|why| Box::new(Status::new(500, "", why)))?;
        match stored {
            Some(stored) => self.replace(kind, request, &stored, decoded, Some(applied.managed), out),
            None => self.add(kind, request, decoded, applied.managed, out),
        }
    }
}

/// The parts of the sent config that count: without status for the object, only status for `/status`.
fn config(kind: &Kind, request: &Request, sent: &Value) -> Value {
    let mut config = sent.clone();
    config.set_at(&["metadata", "name"], request.name.clone());
    if request.subresource == "status" {
        let kept = |key: &str| matches!(key, "apiVersion" | "kind" | "metadata" | "status");
        let entries = config.as_map().into_iter().flatten();
        config = Value::Map(entries.filter(|(key, _)| kept(key.as_str())).cloned().collect::<Map>());
    } else if kind.drops_status() {
        config.remove_at(&["status"]);
    }
    config
}

fn refusal(error: &ApplyError) -> Box<Status> {
    match error {
        ApplyError::Untyped(why) => Box::new(Status::new(500, "", why.as_str())),
        ApplyError::Conflicts(conflicts) => conflict(conflicts),
    }
}

/// 409: other managers own fields that would change.
fn conflict(conflicts: &Conflicts) -> Box<Status> {
    let causes = conflicts.0.iter().map(|conflict| {
        let (message, path) = (conflict.message(), conflict.path.as_str());
        value!({"reason": "FieldManagerConflict", "message": message, "field": path})
    });
    let mut details = Value::empty_map();
    details.set_at(&["causes"], Value::list(causes));
    Box::new(Status::new(409, "Conflict", conflicts.to_string()).details(details))
}

#[cfg(test)]
mod tests {
    use super::super::super::fixture::{Server, config_map};
    use super::*;
    use crate::wire::{ObjectKey, Options, PatchType, Resource};

    fn definition() -> Value {
        let schema = value!({
            "type": "object",
            "properties": {
                "spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}
            }
        });
        value!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "crs.ex.test"},
            "spec": {
                "group": "ex.test", "scope": "Namespaced", "names": {"plural": "crs", "kind": "Cr"},
                "versions": [{
                    "name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
                    "schema": {"openAPIV3Schema": schema}
                }]
            }
        })
    }

    fn applied(server: &mut Server, manager: &str, resource: Resource, config: &Value) -> Arc<Object> {
        let options = Options { field_manager: manager.into(), force: true, ..Options::default() };
        let key = ObjectKey::new("default", "a");
        let request = Request::patch(resource, &key, PatchType::Apply, config.clone()).options(options);
        server.object(request).expect("an apply succeeds")
    }

    /// An object that carries empties wherever its type may have them.
    fn with_empties(api_version: &str, kind: &str, rest: Value) -> Value {
        let mut config = value!({
            "apiVersion": api_version, "kind": kind,
            "metadata": {
                "name": "a", "namespace": "default", "labels": {}, "annotations": {}, "finalizers": [], "ownerReferences": []
            }
        });
        for (key, value) in rest.as_map().unwrap() {
            config.set_at(&[key.as_str()], value.clone());
        }
        config
    }

    fn empties() -> [Value; 3] {
        let container = value!({
            "name": "c", "image": "i", "args": [], "env": [],
            "resources": {"limits": {}, "requests": {"cpu": "1000m"}}, "volumeMounts": null
        });
        let spec = value!({
            "selector": {"matchLabels": {"app": "a"}, "matchExpressions": []},
            "template": {
                "metadata": {"labels": {"app": "a"}, "annotations": {}},
                "spec": {"containers": [container], "volumes": [], "nodeSelector": {}, "securityContext": {}}
            }
        });
        [
            with_empties("v1", "ConfigMap", value!({"data": {}, "binaryData": {}})),
            with_empties("apps/v1", "Deployment", value!({"spec": spec})),
            with_empties("ex.test/v1", "Cr", value!({"spec": {"list": [], "map": {}, "n": 1}})),
        ]
    }

    #[test]
    fn a_repeated_apply_of_empties_makes_no_revision_however_late() {
        let mut server = Server::new();
        server.create(definition()).unwrap();
        server.wait(10_000);
        server.commits();
        for config in empties() {
            let kind = config.str_at(&["kind"]).unwrap();
            let resource =
                server.api.registry.by_kind(config.str_at(&["apiVersion"]).unwrap(), kind).unwrap().resource;
            let first = applied(&mut server, "op", resource, &config);
            let commits = server.commits().len();
            for _ in 0..3 {
                server.wait(5_000);
                let again = applied(&mut server, "op", resource, &config);
                assert_eq!(again.json(), first.json(), "{kind}: not even a time of managedFields changes");
            }
            assert_eq!((commits, server.commits().len()), (1, 0), "{kind}");
            let other = applied(&mut server, "other", resource, &config);
            assert!(other.revision() > first.revision(), "{kind}: a new manager is a change");
            server.commits();
        }
    }

    #[test]
    fn an_update_with_only_another_time_in_managed_fields_makes_no_revision() {
        let mut server = Server::new();
        let first = server.create(config_map("a", "1")).unwrap();
        server.wait(5_000);
        let mut sent = first.full_tree();
        let mut entries = sent.items_at(&["metadata", "managedFields"]).to_vec();
        entries[0].set_at(&["time"], "2026-01-01T00:00:03Z");
        sent.set_at(&["metadata", "managedFields"], entries.clone());
        sent.set_at(&["metadata", "labels"], Value::empty_map());
        assert_eq!(server.update(sent.clone()).unwrap().json(), first.json());
        entries[0].set_at(&["manager"], "another");
        sent.set_at(&["metadata", "managedFields"], entries);
        assert!(server.update(sent).unwrap().revision() > first.revision());
    }
}
