//! The shared informers: one per resource, built-in or defined by a CRD.
//!
//! Real: shared informer factories, a metadata informer per custom resource, discovery every 30 s. Modelled: one cache
//! per resource; after a failed list or watch, a new list with client-go's back-off. Differs: custom resources are cached
//! as whole objects, as soon as the cache of CRDs shows the condition Established; the back-off has no jitter.

use std::collections::{BTreeMap, BTreeSet};

use crate::client::{Change, Client, Informer};
use crate::controllers::manager::component::Purpose;
use crate::engine::{Millis, Time};
use crate::object::{Object, Str, Value};
use crate::wire::resource::CRDS;
use crate::wire::{Answer, Effect, ObjectKey, Outbox, RequestId, Resource, WatchEvent};

/// First and longest delay before a list that follows a failed one, in ms (client-go `NewReflector`).
const BACKOFF_MS: (Millis, Millis) = (800, 30_000);

/// One kind of object, as owner references name it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServedKind {
    /// Its resource.
    pub resource: Resource,
    /// The version that the manager watches: all versions serve the same objects.
    pub followed: Resource,
    /// `Pod`.
    pub kind: Str,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
}

/// The caches of all resources.
#[derive(Clone, Debug, Default)]
pub struct Caches {
    feeds: BTreeMap<Resource, CacheFeed>,
    kinds: BTreeMap<(Str, Str), ServedKind>,
    /// The kinds that each CRD defines.
    custom: BTreeMap<Str, Vec<ServedKind>>,
    /// The lists to send after failures.
    retries: BTreeSet<(Time, Resource)>,
}

/// One informer and the state of its connection.
#[derive(Clone, Debug)]
struct CacheFeed {
    informer: Informer,
    stream: Option<RequestId>,
    failures: u32,
    /// The server cannot list this resource, so nothing waits for its first list.
    absent: bool,
}

impl Caches {
    /// The cache of a resource that the caller watches.
    pub fn of(&self, resource: Resource) -> &Informer {
        &self.feeds.get(&resource).expect("a controller reads what it watches").informer
    }

    /// The cache of a resource, if there is one.
    pub fn find(&self, resource: Resource) -> Option<&Informer> {
        self.feeds.get(&resource).map(|feed| &feed.informer)
    }

    /// The kind that an owner reference names, if the server serves it as far as the caches show.
    pub fn kind(&self, api_version: &str, kind: &str) -> Option<&ServedKind> {
        self.kinds.get(&(Str::new(api_version), Str::new(kind)))
    }

    /// The caches of all resources whose objects live in namespaces.
    pub fn namespaced(&self) -> impl Iterator<Item = &Informer> {
        let is_namespaced =
            |resource: Resource| self.kinds.values().any(|kind| kind.followed == resource && kind.namespaced);
        self.feeds
            .iter()
            .filter(move |(resource, _)| is_namespaced(**resource))
            .map(|(_, feed)| &feed.informer)
    }

    /// The kind of the objects of a resource.
    pub fn kind_of(&self, resource: Resource) -> Option<&ServedKind> {
        self.kinds.values().find(|kind| kind.resource == resource)
    }

    /// Whether every cache, or each of these, has its first list.
    pub(crate) fn is_synced(&self, resources: Option<&[Resource]>) -> bool {
        match resources {
            Some(these) => these.iter().all(|r| self.find(*r).is_some_and(Informer::is_synced)),
            None => self.feeds.values().all(|feed| feed.absent || feed.informer.is_synced()),
        }
    }

    /// Adds a kind and starts to watch its resource.
    pub(crate) fn add(&mut self, kind: ServedKind, client: &mut Client<Purpose>, out: &mut Outbox) {
        let followed = kind.followed;
        self.add_kind(kind);
        self.follow(followed, client, out);
    }

    fn add_kind(&mut self, kind: ServedKind) {
        self.kinds.insert((kind.resource.api_version().into(), kind.kind.clone()), kind);
    }

    /// Starts to list and watch a resource, once.
    pub(crate) fn follow(&mut self, resource: Resource, client: &mut Client<Purpose>, out: &mut Outbox) {
        self.feeds.entry(resource).or_insert_with(|| {
            let mut informer = Informer::new(resource).by_owner();
            informer.start(client, Purpose::Cache(resource), out);
            CacheFeed { informer, stream: None, failures: 0, absent: false }
        });
    }

    /// Handles the answer to a list or watch request.
    pub(crate) fn on_answer(
        &mut self,
        (id, resource): (RequestId, Resource),
        answer: &Answer,
        client: &mut Client<Purpose>,
        out: &mut Outbox,
    ) -> Vec<Change> {
        let opened = matches!(answer, Answer::Watching);
        if !opened {
            client.take(id);
        }
        let Some(feed) = self.feeds.get_mut(&resource) else { return Vec::new() };
        match answer.failure() {
            Some(failure) if matches!(failure.code, 405 | 501) => {
                feed.absent = true;
                Vec::new()
            }
            // After 410, too old a version, the informer lists at once. Other failures back off.
            Some(failure) if failure.code != 410 => {
                let delay = BACKOFF_MS.0.saturating_mul(1 << feed.failures.min(10)).min(BACKOFF_MS.1);
                feed.failures += 1;
                self.retries.insert((out.now() + delay, resource));
                Vec::new()
            }
            _ => {
                if opened {
                    feed.stream = Some(id);
                    feed.failures = 0;
                }
                feed.informer.on_answer(answer, client, Purpose::Cache(resource), out)
            }
        }
    }

    /// Handles events of a watch. After an error event, the informer lists again.
    pub(crate) fn on_events(
        &mut self,
        (id, resource): (RequestId, Resource),
        events: Vec<WatchEvent>,
        client: &mut Client<Purpose>,
        out: &mut Outbox,
    ) -> Vec<Change> {
        let Some(feed) = self.feeds.get_mut(&resource) else { return Vec::new() };
        feed.informer.on_events(events).unwrap_or_else(|changes| {
            client.take(id);
            feed.stream = None;
            feed.informer.start(client, Purpose::Cache(resource), out);
            changes
        })
    }

    /// A watch ended: opens the next one at the last version seen.
    pub(crate) fn on_end(&mut self, resource: Resource, client: &mut Client<Purpose>, out: &mut Outbox) {
        if let Some(feed) = self.feeds.get_mut(&resource) {
            feed.stream = None;
            feed.informer.watch(client, Purpose::Cache(resource), out);
        }
    }

    /// When the next list after a failed one is due.
    pub(crate) fn next_due(&self) -> Option<Time> {
        self.retries.first().map(|(due, _)| *due)
    }

    /// Sends the lists that are due.
    pub(crate) fn retry(&mut self, client: &mut Client<Purpose>, out: &mut Outbox) {
        while self.next_due().is_some_and(|due| due <= out.now()) {
            let Some((_, resource)) = self.retries.pop_first() else { return };
            if let Some(feed) = self.feeds.get_mut(&resource) {
                feed.informer.start(client, Purpose::Cache(resource), out);
            }
        }
    }

    /// Handles a change of a CRD: watches its resource while it is established, and stops when it is deleted.
    pub(crate) fn on_crd(&mut self, change: &Change, client: &mut Client<Purpose>, out: &mut Outbox) {
        let name: Str = change.object().name().into();
        let new = change.new.as_ref().map(|crd| served(crd)).unwrap_or_default();
        let old = self.custom.remove(&name).unwrap_or_default();
        for kind in old.iter().filter(|kind| !new.contains(kind)) {
            self.kinds.remove(&(kind.resource.api_version().into(), kind.kind.clone()));
        }
        let follow = new.first().map(|kind| kind.followed);
        if let Some(left) = old.first().map(|kind| kind.followed).filter(|left| Some(*left) != follow) {
            let feed = self.feeds.remove(&left);
            if let Some(id) = feed.and_then(|feed| feed.stream) {
                client.take(id);
                out.push(Effect::CloseWatch(id));
            }
        }
        if let Some(resource) = follow {
            self.follow(resource, client, out);
            new.iter().cloned().for_each(|kind| self.add_kind(kind));
            self.custom.insert(name, new);
        }
    }

    /// An object of a cache.
    pub fn get(&self, resource: Resource, key: &ObjectKey) -> Option<&std::sync::Arc<Object>> {
        self.find(resource)?.get(key)
    }
}

/// What an established CRD serves: the storage version first.
fn served(crd: &Object) -> Vec<ServedKind> {
    if !crd.is_condition_true("Established") {
        return Vec::new();
    }
    let text = |path: &[&str]| crd.str_at(path).unwrap_or_default();
    let is = |version: &Value, flag: &str| version.get(flag).and_then(Value::as_bool).unwrap_or(false);
    let mut versions: Vec<&Value> =
        crd.items_at(&["spec", "versions"]).iter().filter(|version| is(version, "served")).collect();
    versions.sort_by_key(|version| !is(version, "storage"));
    let resource = |version: &Value| {
        let name = version.str_at(&["name"]).unwrap_or_default();
        Resource::of(text(&["spec", "group"]), name, text(&["spec", "names", "plural"]))
    };
    let Some(followed) = versions.first().map(|version| resource(version)) else { return Vec::new() };
    let kind = |version: &&Value| ServedKind {
        resource: resource(version),
        followed,
        kind: text(&["spec", "names", "kind"]).into(),
        namespaced: text(&["spec", "scope"]) == "Namespaced",
    };
    versions.iter().map(kind).collect()
}

/// Whether objects of this resource define resources of their own: CRDs.
pub(crate) fn defines_resources(resource: Resource) -> bool {
    resource == *CRDS
}
