//! The controllers for custom resource definitions that run inside kube-apiserver: they serve the defined kinds, set
//! conditions step by step, and delete all instances before a definition is removed.
//!
//! `crd` decides on the next step; this file decides when, and applies it to store, registry and watches.

use std::sync::Arc;

use super::crd::{self, NextStep};
use super::kind::Kind;
use super::server::{ApiServer, Replies};
use crate::object::{Object, Value};
use crate::wire::resource::CRDS;
use crate::wire::{ObjectKey, Options, Resource};

impl ApiServer {
    /// Follows a written or removed definition: serves the kinds that it defines, and schedules its next step.
    pub(super) fn definition_changed(
        &mut self,
        key: &ObjectKey,
        old: Option<&Arc<Object>>,
        new: Option<&Arc<Object>>,
        out: &mut Replies,
    ) {
        if let Some(old) = old {
            self.registry.remove(name(old, "group"), plural(old));
        }
        match new {
            Some(new) => {
                if crd::is_established(new.root()) {
                    let kinds = crd::kinds(new.root()).expect("a stored definition is valid");
                    self.registry.add(kinds);
                }
                if let (Some(old), Some(resource)) = (old, stored_resource(new))
                    && old.at(&["spec", "versions"]) != new.at(&["spec", "versions"])
                    && !self.instances(new).is_empty()
                {
                    self.redefined.insert(resource);
                }
                self.step_later(key.clone(), out);
            }
            None => {
                if let Some(old) = old {
                    self.end_streams_of(old, out);
                }
            }
        }
    }

    /// Schedules the next step of a terminating definition, one of whose instances was removed.
    pub(super) fn instance_deleted(&mut self, kind: &Kind, out: &mut Replies) {
        let key = ObjectKey::new("", format!("{}.{}", kind.resource.plural(), kind.resource.group()));
        debug_assert!(
            self.store.get(*CRDS, &key).is_some(),
            "a definition is named after its resource, and is removed after its instances"
        );
        self.step_later(key, out);
    }

    /// Takes the next step of a definition, if it still exists.
    pub(super) fn step_definition(&mut self, key: &ObjectKey, out: &mut Replies) {
        let Some(definition) = self.store.get(*CRDS, key).cloned() else { return };
        let instances = self.instances(&definition);
        let now = self.timestamp();
        let others =
            self.store.table(*CRDS).into_iter().flat_map(|table| table.iter("").map(|(_, o)| o.root()));
        match crd::next(definition.root(), others, !instances.is_empty(), &now) {
            NextStep::None => {}
            NextStep::Status(status) => {
                let mut root = definition.root().clone();
                root.set_at(&["status"], status);
                self.put_own_status(*CRDS, &definition, root, out);
            }
            NextStep::DeleteInstances => self.delete_instances(&definition, &instances, out),
            NextStep::RemoveFinalizer => self.remove_finalizer(key, &definition, out),
        }
    }

    fn instances(&self, definition: &Object) -> Vec<Arc<Object>> {
        let Some(resource) = stored_resource(definition) else { return Vec::new() };
        let table = self.store.table(resource);
        table.into_iter().flat_map(|table| table.iter("").map(|(_, object)| object.clone())).collect()
    }

    fn delete_instances(&mut self, definition: &Object, instances: &[Arc<Object>], out: &mut Replies) {
        let Some(kind) = stored_resource(definition).and_then(|r| self.registry.lookup(r)).cloned() else {
            return;
        };
        let before = self.revision();
        for instance in instances.iter().filter(|instance| !instance.is_terminating()) {
            self.remove_one(&kind, instance, &Options::default(), out)
                .expect("a deletion without options is never refused");
        }
        // An instance with finalizers schedules the next step when it is removed.
        if self.revision() != before {
            self.step_later(ObjectKey::of(definition), out);
        }
    }

    /// Removes the finalizer, and the definition if that was the last one.
    fn remove_finalizer(&mut self, key: &ObjectKey, definition: &Arc<Object>, out: &mut Replies) {
        let kind = self.registry.lookup(*CRDS).cloned().expect("definitions are a built-in kind");
        let all = definition.items_at(&["metadata", "finalizers"]).iter();
        let others: Vec<Value> = all.filter(|f| f.as_str() != Some(crd::FINALIZER)).cloned().collect();
        if others.is_empty() {
            self.take(&kind, key.clone(), definition, out);
            return;
        }
        let mut root = definition.root().clone();
        root.set_at(&["metadata", "finalizers"], others);
        self.put(&kind, key.clone(), root, definition.managed().clone(), None, out);
    }

    fn end_streams_of(&mut self, definition: &Object, out: &mut Replies) {
        let Some(resource) = stored_resource(definition) else { return };
        for stream in self.watchers.of(resource) {
            self.watchers.remove(stream);
            out.ended.push(stream);
        }
    }
}

fn name<'a>(definition: &'a Object, key: &str) -> &'a str {
    definition.str_at(&["spec", key]).unwrap_or_default()
}

fn plural(definition: &Object) -> &str {
    definition.str_at(&["spec", "names", "plural"]).unwrap_or_default()
}

/// The resource under which instances are stored.
fn stored_resource(definition: &Object) -> Option<Resource> {
    let version = crd::storage_version(definition.root())?.as_str()?;
    Some(Resource::of(name(definition, "group"), version, plural(definition)))
}
