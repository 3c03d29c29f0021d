//! The store and the kubelet of the tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::engine::Time;
use crate::object::patch::merge::merge;
use crate::object::{Object, Value};
use crate::value;
use crate::wire::resource::{NAMESPACES, PODS};
use crate::wire::{Answer, Body, List, ObjectKey, PatchType, Request, Resource, Status, Verb, WatchEvent};

#[derive(Default)]
pub(in crate::controllers) struct Store {
    pub(in crate::controllers) objects: BTreeMap<(Resource, ObjectKey), Arc<Object>>,
    /// Events that are not delivered yet.
    pub(super) events: Vec<(Resource, WatchEvent)>,
    /// Every state of every object, in order of commit.
    pub(in crate::controllers) commits: Vec<(Resource, Arc<Object>)>,
    revision: u64,
    names: u64,
}

impl Store {
    pub(super) fn answer(&mut self, request: &Request, now: Time) -> Answer {
        let resource = request.resource.unwrap();
        let place = (resource, request.key());
        let result = match (request.verb, &request.body) {
            (Verb::List, _) => {
                let is_asked = |key: &ObjectKey| ["", &key.namespace].contains(&request.namespace.as_str());
                let items = self.objects.iter().filter(|((of, key), _)| *of == resource && is_asked(key));
                let items = items.map(|(_, object)| object.clone());
                let list = List { items: items.collect(), revision: self.revision, ..List::default() };
                return Answer::List(Box::new(list));
            }
            (Verb::Watch, _) => return Answer::Watching,
            (Verb::Create, Body::Object(object)) => self.create(resource, object.root().clone(), now),
            (Verb::Update, Body::Object(object)) => {
                self.update(resource, object.clone(), &request.subresource)
            }
            (Verb::Patch, Body::Patch(how, patch)) => match self.objects.get(&place) {
                Some(old) => {
                    let mut patch = without_finalizers(old, patch);
                    if *how == PatchType::Strategic {
                        patch = whole_conditions(old, &patch);
                    }
                    let new = Object::new(merge(old.root(), &patch));
                    self.update(resource, Arc::new(new), &request.subresource)
                }
                None => Err(Status::not_found(resource, &request.name)),
            },
            (Verb::Get, _) => {
                self.objects.get(&place).cloned().ok_or_else(|| Status::not_found(resource, &request.name))
            }
            (Verb::Delete, _) => self.delete(request, now),
            (Verb::DeleteCollection, _) => {
                let is_meant = |key: &ObjectKey| key.namespace == request.namespace;
                let all = self.objects.keys().filter(|(of, key)| *of == resource && is_meant(key));
                for (_, key) in all.cloned().collect::<Vec<_>>() {
                    let one = Request::delete(resource, &key).options(request.options.clone());
                    self.delete(&one, now).expect("the store has the object");
                }
                return Answer::List(Box::default());
            }
            other => panic!("{other:?}"),
        };
        match result {
            Ok(object) => Answer::Object { code: 200, object, warnings: Vec::new() },
            Err(status) => Answer::Status(Box::new(status)),
        }
    }

    pub(super) fn create(&mut self, of: Resource, mut root: Value, now: Time) -> Result<Arc<Object>, Status> {
        self.names += 1;
        let prefix = root.str_at(&["metadata", "generateName"]).map(str::to_owned);
        // A given name takes precedence.
        if let Some(prefix) = prefix.filter(|_| root.str_at(&["metadata", "name"]).is_none()) {
            root.set_at(&["metadata", "name"], format!("{prefix}{:05}", self.names));
        }
        let key = ObjectKey::of(&Object::new(root.clone()));
        if self.objects.contains_key(&(of, key.clone())) {
            return Err(Status::already_exists(of, &key.name));
        }
        root.set_at(&["metadata", "uid"], format!("uid-{}", self.names));
        root.set_at(&["metadata", "creationTimestamp"], now.rfc3339());
        root.set_at(&["metadata", "generation"], 1);
        Ok(self.commit(of, root, WatchEvent::Added))
    }

    pub(in crate::controllers) fn update(
        &mut self,
        of: Resource,
        new: Arc<Object>,
        sub: &str,
    ) -> Result<Arc<Object>, Status> {
        let Some(old) = self.objects.get(&(of, ObjectKey::of(&new))).cloned() else {
            return Err(Status::not_found(of, new.name()));
        };
        let version = new.meta("resourceVersion");
        if (!version.is_empty() && version != old.meta("resourceVersion")) || new.uid() != old.uid() {
            return Err(Status::stale(of, new.name()));
        }
        let mut root = new.root().clone();
        let (theirs, ours) = if sub == "status" { ("spec", "status") } else { ("status", "spec") };
        root.set_at(&[theirs], old.at(&[theirs]).cloned().unwrap_or_else(Value::empty_map));
        if root == *old.root() {
            return Ok(old);
        }
        if sub.is_empty() && root.get(ours) != old.at(&[ours]) {
            root.set_at(&["metadata", "generation"], old.generation() + 1);
        }
        let holds = if of == *NAMESPACES { &["spec", "finalizers"] } else { &["metadata", "finalizers"] };
        if old.is_terminating() && root.items_at(holds).is_empty() && of != *PODS {
            return Ok(self.remove(of, root));
        }
        Ok(self.commit(of, root, WatchEvent::Modified))
    }

    fn delete(&mut self, request: &Request, now: Time) -> Result<Arc<Object>, Status> {
        let (of, options) = (request.resource.unwrap(), &request.options);
        let Some(old) = self.objects.get(&(of, request.key())).cloned() else {
            return Err(Status::not_found(of, &request.name));
        };
        let version = options.precondition_version.as_ref().is_some_and(|v| v != old.meta("resourceVersion"));
        if version || options.precondition_uid.as_ref().is_some_and(|uid| uid != old.uid()) {
            return Err(Status::stale(of, old.name()));
        }
        let finalizer = match &*options.propagation {
            "Foreground" => Some("foregroundDeletion"),
            "Orphan" => Some("orphan"),
            _ => None,
        };
        let mut root = old.root().clone();
        let has = old.finalizers().map(Value::from);
        let finalizers: Vec<Value> = has.chain(finalizer.map(Value::from)).collect();
        let graceful = of == *PODS && old.str_at(&["spec", "nodeName"]).is_some()
            || !old.items_at(&["spec", "finalizers"]).is_empty();
        if finalizers.is_empty() && (!graceful || options.grace_s == Some(0)) {
            return Ok(self.remove(of, root));
        }
        if old.is_terminating() {
            return Ok(old);
        }
        root.set_at(&["metadata", "deletionTimestamp"], now.rfc3339());
        if !finalizers.is_empty() {
            root.set_at(&["metadata", "finalizers"], Value::from(finalizers));
        }
        Ok(self.commit(of, root, WatchEvent::Modified))
    }

    pub(super) fn remove(&mut self, of: Resource, root: Value) -> Arc<Object> {
        let object = self.commit(of, root, WatchEvent::Deleted);
        self.objects.remove(&(of, ObjectKey::of(&object)));
        object
    }

    fn commit(&mut self, of: Resource, mut root: Value, event: fn(Arc<Object>) -> WatchEvent) -> Arc<Object> {
        self.revision += 1;
        root.set_at(&["metadata", "resourceVersion"], self.revision.to_string());
        let object = Object::shared(root);
        self.objects.insert((of, ObjectKey::of(&object)), object.clone());
        self.commits.push((of, object.clone()));
        self.events.push((of, event(object.clone())));
        object
    }

    /// One step of one pod: bind and start, or remove. Pods of the image `broken:1` never get ready.
    pub(super) fn kubelet(&mut self, now: Time) -> bool {
        let pods = self.objects.iter().filter(|((of, _), _)| *of == *PODS).map(|(_, pod)| pod);
        let ends = |pod: &&Arc<Object>| pod.is_terminating() && pod.finalizers().next().is_none();
        if let Some(pod) = pods.clone().find(ends).cloned() {
            self.remove(*PODS, pod.root().clone());
            return true;
        }
        let starts = |pod: &&Arc<Object>| pod.str_at(&["spec", "nodeName"]).is_none();
        let Some(pod) = pods.clone().find(starts).cloned() else { return false };
        let required = "requiredDuringSchedulingIgnoredDuringExecution";
        let affinity = pod.at(&["spec", "affinity", "nodeAffinity", required]);
        let own = affinity.and_then(|a| a.pointer("/nodeSelectorTerms/0/matchFields/0/values/0"));
        let node = own.and_then(Value::as_str).map(str::to_owned);
        let node = node.unwrap_or_else(|| format!("n{}", pods.count() % 3 + 1));
        let ready = pod.at(&["spec"]).unwrap().pointer("/containers/0/image") != Some(&"broken:1".into());
        let mut root = pod.root().clone();
        root.set_at(&["spec", "nodeName"], node);
        let (phase, status) = if ready { ("Running", "True") } else { ("Pending", "False") };
        let condition = value!({"type": "Ready", "status": status, "lastTransitionTime": (now.rfc3339())});
        root.set_at(&["status"], value!({"phase": phase, "conditions": [condition]}));
        self.names += 1;
        root.set_at(&["status", "podIP"], format!("10.244.0.{}", self.names));
        self.commit(*PODS, root, WatchEvent::Modified);
        true
    }
}

/// A strategic patch that removes finalizers, as a merge patch; other patches unchanged.
fn without_finalizers(old: &Object, patch: &Value) -> Value {
    let mut patch = patch.clone();
    if let Some(gone) = patch.remove_at(&["metadata", "$deleteFromPrimitiveList/finalizers"]) {
        let kept = old.finalizers().map(Value::from).filter(|finalizer| !gone.items().contains(finalizer));
        patch.set_at(&["metadata", "finalizers"], kept.collect::<Vec<_>>());
    }
    patch
}

/// A strategic merge patch of conditions, as a merge patch with all of them.
fn whole_conditions(old: &Object, patch: &Value) -> Value {
    let mut patch = patch.clone();
    patch.remove_at(&["status", "$setElementOrder/conditions"]);
    let mut all = old.items_at(&["status", "conditions"]).to_vec();
    for new in patch.items_at(&["status", "conditions"]).to_vec() {
        match all.iter_mut().find(|c| c.get("type") == new.get("type")) {
            Some(condition) => *condition = merge(condition, &new),
            None => all.push(new),
        }
    }
    if patch.at(&["status", "conditions"]).is_some() {
        patch.set_at(&["status", "conditions"], all);
    }
    patch
}
