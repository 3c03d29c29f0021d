//! What the server does by itself about custom resource definitions: serves their kinds, takes their conditions step by
//! step, and empties them before they go.
//!
//! The steps are `crd`'s; here is when they are taken and what they do to store, registry and watches.

use std::sync::Arc;

use super::crd::{self, Next};
use super::kind::Kind;
use super::server::{ApiServer, Replies};
use crate::object::{Object, Str, Value, Writer};
use crate::wire::resource::CRDS;
use crate::wire::{ObjectKey, Options, Resource};

/// The field manager of what the server does by itself.
const MANAGER: &str = "kube-apiserver";

impl ApiServer {
    /// Follows a definition that was written or removed: serves what it defines, and sets the timer of its next step.
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
                    let kinds = crd::kinds(new.root()).expect("a stored definition was validated");
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

    /// Asks again for the definition of a kind whose last instance may have gone.
    pub(super) fn instance_gone(&mut self, kind: &Kind, out: &mut Replies) {
        let name = format!("{}.{}", kind.resource.plural(), kind.resource.group());
        self.step_later(ObjectKey::new("", name), out);
    }

    /// Takes the next step of a definition.
    pub(super) fn step_definition(&mut self, key: &ObjectKey, out: &mut Replies) {
        let Some(definition) = self.store.get(*CRDS, key).cloned() else { return };
        let kind = self.registry.lookup(*CRDS).cloned().expect("definitions are built in");
        let instances = self.instances(&definition);
        let now = self.timestamp();
        let others =
            self.store.table(*CRDS).into_iter().flat_map(|table| table.iter("").map(|(_, o)| o.root()));
        match crd::next(definition.root(), others, !instances.is_empty(), &now) {
            Next::Rest => {}
            Next::Status(status) => {
                let mut root = definition.root().clone();
                root.set_at(&["status"], status);
                let writer = Writer {
                    manager: Str::new_static(MANAGER),
                    subresource: Str::new_static("status"),
                    api_version: Str::new_static(kind.api_version()),
                    time: now,
                };
                let owners =
                    definition.managed().updated(writer, Some(definition.root()), &root, kind.shape());
                self.put(&kind, key.clone(), root, owners, None, out);
            }
            Next::DeleteInstances => self.delete_instances(&definition, &instances, out),
            Next::Finish => self.finish(&kind, key, &definition, out),
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
        // What finalizers still hold is asked for again when it goes.
        if self.revision() != before {
            self.step_later(ObjectKey::of(definition), out);
        }
    }

    /// Takes the finalizer off; without another one the definition goes.
    fn finish(&mut self, kind: &Kind, key: &ObjectKey, definition: &Arc<Object>, out: &mut Replies) {
        let all = definition.items_at(&["metadata", "finalizers"]).iter();
        let others: Vec<Value> = all.filter(|f| f.as_str() != Some(crd::FINALIZER)).cloned().collect();
        if others.is_empty() {
            self.take(kind, key.clone(), definition, out);
            return;
        }
        let mut root = definition.root().clone();
        root.set_at(&["metadata", "finalizers"], others);
        self.put(kind, key.clone(), root, definition.managed().clone(), None, out);
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
    let versions = definition.items_at(&["spec", "versions"]).iter();
    let is_storage = |version: &&Value| version.get("storage").and_then(Value::as_bool) == Some(true);
    let version = versions.clone().find(is_storage)?.str_at(&["name"])?;
    Some(Resource::of(name(definition, "group"), version, plural(definition)))
}
