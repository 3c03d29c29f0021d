//! A cache of one resource, kept by list and watch as client-go's reflector does.
//!
//! Lists are consistent reads without a version. When a watch ends, the informer resumes it from the last version it saw.
//! If that version is too old, it lists again, and objects that the list lacks count as deleted. Not modelled: bookmarks,
//! which client-go requests; so after a long silence an informer lists more often than a real one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Client;
use crate::object::{Map, Object, Str};
use crate::wire::{Answer, ObjectKey, Options, Outbox, Request, Resource, Verb, WatchEvent};

/// A change of one object of the cache. At least one side is present.
#[derive(Clone, Debug)]
pub struct Change {
    /// The object before the change.
    pub old: Option<Arc<Object>>,
    /// The object after the change.
    pub new: Option<Arc<Object>>,
}

impl Change {
    /// The newest known state of the object.
    pub fn object(&self) -> &Arc<Object> {
        self.new.as_ref().or(self.old.as_ref()).expect("a change has at least one side")
    }
}

/// The cache of one resource.
#[derive(Clone, Debug)]
pub struct Informer {
    resource: Resource,
    field_selector: Str,
    objects: BTreeMap<ObjectKey, Arc<Object>>,
    /// The index by owner, if the informer was made with [`by_owner`](Self::by_owner).
    owners: Option<Owners>,
    revision: u64,
    synced: bool,
}

impl Informer {
    /// An informer over all namespaces.
    pub fn new(resource: Resource) -> Self {
        Self::selecting(resource, "")
    }

    /// An informer over the objects that a field selector picks, such as `spec.nodeName=node-1`.
    pub fn selecting(resource: Resource, field_selector: &str) -> Self {
        Self {
            resource,
            field_selector: field_selector.into(),
            objects: BTreeMap::new(),
            owners: None,
            revision: 0,
            synced: false,
        }
    }

    /// Adds an index by owner.
    #[must_use]
    pub fn by_owner(mut self) -> Self {
        self.owners = Some(Owners::default());
        self
    }

    /// The resource.
    pub fn resource(&self) -> Resource {
        self.resource
    }

    /// Whether the cache holds its first list.
    pub fn is_synced(&self) -> bool {
        self.synced
    }

    /// The revision up to which the cache has seen changes.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The object with this key.
    pub fn get(&self, key: &ObjectKey) -> Option<&Arc<Object>> {
        self.objects.get(key)
    }

    /// All objects, sorted by key.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Object>> {
        self.objects.values()
    }

    /// The objects of one namespace, sorted by name.
    pub fn in_namespace<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Arc<Object>> {
        self.objects
            .range(ObjectKey::new(namespace, "")..)
            .take_while(move |(key, _)| key.namespace == namespace)
            .map(|(_, object)| object)
    }

    /// The objects with an ownerReference to this uid, sorted by key. Needs [`by_owner`](Self::by_owner).
    pub fn owned_by(&self, uid: &str) -> impl Iterator<Item = &Arc<Object>> {
        self.dependents(uid).map(|dependent| &dependent.object)
    }

    /// As [`owned_by`](Self::owned_by), with the facts that controllers check first.
    pub fn dependents(&self, uid: &str) -> impl Iterator<Item = &Dependent> {
        self.owners.as_ref().and_then(|owners| owners.owned.get(uid)).into_iter().flat_map(BTreeMap::values)
    }

    /// The objects of one namespace without a controller, sorted by name: a controller may adopt them. Needs
    /// [`by_owner`](Self::by_owner).
    pub fn uncontrolled_in<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Arc<Object>> {
        let first = ObjectKey::new(namespace, "");
        let all = self.owners.iter().flat_map(move |owners| owners.uncontrolled.range(first.clone()..));
        all.take_while(move |(key, _)| key.namespace == namespace).map(|(_, object)| object)
    }

    /// Sends the first list. The client keeps `purpose` for all requests of this informer.
    pub fn start<T>(&mut self, client: &mut Client<T>, purpose: T, out: &mut Outbox) {
        client.send(self.request(Verb::List), purpose, out);
    }

    /// Takes the answer to a list or to the opening of a watch, and returns the changes that a list makes.
    pub fn on_answer<T>(
        &mut self,
        answer: &Answer,
        client: &mut Client<T>,
        purpose: T,
        out: &mut Outbox,
    ) -> Vec<Change> {
        match answer {
            Answer::List(list) => {
                let changes = self.replace(&list.items, list.revision);
                self.watch(client, purpose, out);
                changes
            }
            Answer::Watching => {
                // The watch keeps its purpose: its events have the same number.
                Vec::new()
            }
            _ => {
                client.send(self.request(Verb::List), purpose, out);
                Vec::new()
            }
        }
    }

    /// Opens a watch from the revision of the cache. Call it again when a watch ends.
    pub fn watch<T>(&self, client: &mut Client<T>, purpose: T, out: &mut Outbox) {
        client.send(self.request(Verb::Watch), purpose, out);
    }

    /// Takes events of the watch. `Err` means an ERROR event came: list again with [`start`](Self::start).
    pub fn on_events(&mut self, events: Vec<WatchEvent>) -> Result<Vec<Change>, Vec<Change>> {
        let mut changes = Vec::with_capacity(events.len());
        for event in events {
            match event {
                WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                    debug_assert!(object.revision() >= self.revision, "a watch delivers revisions in order");
                    self.revision = self.revision.max(object.revision());
                    let old = self.put(&object);
                    changes.push(Change { old, new: Some(object) });
                }
                WatchEvent::Deleted(object) => {
                    self.revision = self.revision.max(object.revision());
                    let old = self.drop(&ObjectKey::of(&object)).or(Some(object));
                    changes.push(Change { old, new: None });
                }
                WatchEvent::Bookmark { revision, .. } => self.revision = self.revision.max(revision),
                WatchEvent::Error(_) => return Err(changes),
            }
        }
        Ok(changes)
    }

    fn request(&self, verb: Verb) -> Request {
        let resource_version = (verb == Verb::Watch).then(|| smol_str::format_smolstr!("{}", self.revision));
        let options =
            Options { field_selector: self.field_selector.clone(), resource_version, ..Options::default() };
        Request::many(verb, self.resource, "").options(options)
    }

    fn replace(&mut self, items: &[Arc<Object>], revision: u64) -> Vec<Change> {
        let listed: BTreeSet<ObjectKey> = items.iter().map(|item| ObjectKey::of(item)).collect();
        let gone: Vec<ObjectKey> =
            self.objects.keys().filter(|key| !listed.contains(*key)).cloned().collect();
        let mut changes: Vec<Change> =
            gone.iter().map(|key| Change { old: self.drop(key), new: None }).collect();
        for item in items {
            let old = self.put(item);
            if old.as_ref().is_none_or(|old| old.revision() != item.revision()) {
                changes.push(Change { old, new: Some(item.clone()) });
            }
        }
        self.revision = revision;
        self.synced = true;
        changes
    }

    fn put(&mut self, object: &Arc<Object>) -> Option<Arc<Object>> {
        let key = ObjectKey::of(object);
        let Some(owners) = &mut self.owners else { return self.objects.insert(key, object.clone()) };
        if let Some(place) = self.objects.get_mut(&key)
            && place.has_owners_of(object)
        {
            owners.replace(&key, object);
            return Some(std::mem::replace(place, object.clone()));
        }
        let old = self.drop(&key);
        if let Some(owners) = &mut self.owners {
            owners.add(&key, object);
        }
        self.objects.insert(key, object.clone());
        old
    }

    fn drop(&mut self, key: &ObjectKey) -> Option<Arc<Object>> {
        let old = self.objects.remove(key)?;
        if let Some(owners) = &mut self.owners {
            owners.remove(key, &old);
        }
        Some(old)
    }
}

/// An object with an owner. The other fields copy what controllers read of thousands of objects, for locality in memory.
#[derive(Clone, Debug)]
pub struct Dependent {
    /// The object.
    pub object: Arc<Object>,
    /// Whether the owner is its managing controller.
    pub is_controlled: bool,
    /// The labels of the object.
    pub labels: Option<Map>,
}

impl Dependent {
    fn of(object: &Arc<Object>, is_controlled: bool) -> Self {
        Self { object: object.clone(), is_controlled, labels: object.labels().cloned() }
    }
}

/// The objects of a cache, by owner.
#[derive(Clone, Debug, Default)]
struct Owners {
    /// By uid of an owner.
    owned: BTreeMap<Str, BTreeMap<ObjectKey, Dependent>>,
    /// Objects without a controller.
    uncontrolled: BTreeMap<ObjectKey, Arc<Object>>,
}

impl Owners {
    fn add(&mut self, key: &ObjectKey, object: &Arc<Object>) {
        for owner in object.owners() {
            let dependent = Dependent::of(object, owner.controller);
            self.owned.entry(owner.uid.into()).or_default().insert(key.clone(), dependent);
        }
        if object.controller().is_none() {
            self.uncontrolled.insert(key.clone(), object.clone());
        }
    }

    /// Replaces an object that keeps its owners.
    fn replace(&mut self, key: &ObjectKey, object: &Arc<Object>) {
        for owner in object.owners() {
            if let Some(place) = self.owned.get_mut(owner.uid).and_then(|owned| owned.get_mut(key)) {
                *place = Dependent::of(object, place.is_controlled);
            }
        }
        if let Some(place) = self.uncontrolled.get_mut(key) {
            *place = object.clone();
        }
    }

    fn remove(&mut self, key: &ObjectKey, object: &Object) {
        self.uncontrolled.remove(key);
        for owner in object.owners() {
            if let Some(owned) = self.owned.get_mut(owner.uid) {
                owned.remove(key);
                if owned.is_empty() {
                    self.owned.remove(owner.uid);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;
    use crate::wire::resource::PODS;

    fn pod(name: &str, revision: i64, owner: &str) -> Arc<Object> {
        let version = revision.to_string();
        Object::shared(value!({"metadata": {
            "name": name, "namespace": "default", "resourceVersion": version, "ownerReferences": [{"uid": owner}]
        }}))
    }

    #[test]
    fn a_relist_finds_deletions_that_the_watch_missed() {
        let mut informer = Informer::new(*PODS);
        informer.replace(&[pod("a", 1, "x"), pod("b", 2, "x")], 2);
        let changes = informer.replace(&[pod("b", 2, "x"), pod("c", 4, "x")], 5);
        let seen: Vec<_> = changes.iter().map(|c| (c.object().name().to_owned(), c.new.is_some())).collect();
        assert_eq!(seen, [("a".to_owned(), false), ("c".to_owned(), true)]);
        assert_eq!(informer.revision(), 5);
    }

    #[test]
    fn the_owner_index_follows_owner_references() {
        let mut informer = Informer::new(*PODS).by_owner();
        informer.replace(&[pod("a", 1, "x")], 1);
        assert_eq!(informer.owned_by("x").count(), 1);
        informer.on_events(vec![WatchEvent::Modified(pod("a", 2, "y"))]).unwrap();
        assert_eq!((informer.owned_by("x").count(), informer.owned_by("y").count()), (0, 1));
        assert_eq!(informer.uncontrolled_in("default").count(), 1);
        assert_eq!(informer.uncontrolled_in("defaul").count(), 0);
    }
}
