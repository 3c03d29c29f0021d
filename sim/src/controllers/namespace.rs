//! The namespace controller: empties a namespace that goes, then lets it go.
//!
//! Real: pkg/controller/namespace/deletion, which deletes collections resource by resource. Modelled: what the caches show is
//! deleted object by object, in the background; when they show nothing, live lists confirm it; then the finalizer
//! `kubernetes` is removed through `/finalize`. Not modelled: the conditions of a terminating namespace.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Caches, Call, Controller, Outcome, Target, Verdict, Watches};
use crate::client::Change;
use crate::engine::Time;
use crate::object::{Object, Str, Value};
use crate::wire::resource::NAMESPACES;
use crate::wire::{Answer, ObjectKey, Request, Resource, Verb};

const FINALIZER: &str = "kubernetes";

/// The controller of namespaces.
#[derive(Clone, Debug, Default)]
pub(super) struct Namespaces {
    /// The namespaces that are going.
    going: BTreeSet<Str>,
}

impl Controller for Namespaces {
    fn name(&self) -> &'static str {
        "namespace-controller"
    }

    fn watches(&self) -> Watches {
        Watches::All
    }

    fn keys(&mut self, resource: Resource, change: &Change, _: &Caches, out: &mut Vec<Target>) {
        let object = change.object();
        if resource == *NAMESPACES {
            if change.new.as_ref().is_some_and(|new| new.is_terminating()) {
                self.going.insert(object.name().into());
                out.push(Target::of(resource, object));
            } else {
                self.going.remove(object.name());
            }
        } else if !self.going.is_empty() && self.going.contains(object.namespace()) {
            out.push(Target::new(*NAMESPACES, ObjectKey::new("", object.namespace())));
        }
    }

    fn reconcile(&mut self, target: &Target, caches: &Caches, _: Time) -> Outcome {
        let mut out = Outcome::done();
        let going = caches.of(*NAMESPACES).get(&target.key).filter(|namespace| namespace.is_terminating());
        let Some(namespace) = going.filter(|namespace| finalizers(namespace).any(|f| f == FINALIZER)) else {
            return out;
        };
        let mut deletes = Vec::new();
        let mut empty = true;
        for cache in caches.namespaced() {
            for object in cache.in_namespace(namespace.name()) {
                empty = false;
                if !object.is_terminating() {
                    let mut request = Request::delete(cache.resource(), &ObjectKey::of(object));
                    request.options.propagation = "Background".into();
                    deletes.push(request);
                }
            }
        }
        out.together(deletes);
        if empty {
            let name = namespace.name();
            out.together(
                caches.namespaced().map(|cache| Request::many(Verb::List, cache.resource(), name)).collect(),
            );
            out.then(finalize(namespace));
        }
        out
    }

    fn answered(&mut self, _: &Target, call: &Call, answer: &Answer, _: &Caches) -> Verdict {
        match answer {
            // The caches lag behind: what is left will show up in them.
            Answer::List(list) if !list.items.is_empty() => Verdict::Retry,
            // The namespace has gone, or a resource is not served any more.
            Answer::Status(status) if status.code == 404 => Verdict::Fine,
            _ => Verdict::usual(call, answer),
        }
    }
}

fn finalizers(namespace: &Object) -> impl Iterator<Item = &str> {
    namespace.items_at(&["spec", "finalizers"]).iter().filter_map(Value::as_str)
}

/// The request that takes the namespace's own finalizer away.
fn finalize(namespace: &Object) -> Request {
    let kept = finalizers(namespace).filter(|f| *f != FINALIZER).map(Value::from).collect::<Vec<_>>();
    let updated = namespace.edited(|root| root.set_at(&["spec", "finalizers"], Value::list(kept)));
    Request::update(*NAMESPACES, Arc::new(updated)).subresource("finalize")
}
