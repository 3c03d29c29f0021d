//! The server's parts, and how it handles one input at a time.
//!
//! Real: kube-apiserver with etcd. Modelled: one server that handles each request in an instant; the wire adds latency.
//! Not modelled: authentication and authorization (each client may do everything), priority and fairness, and a second
//! server whose cache lags.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::engine::{Millis, SECOND, Time};
use crate::object::names::SYSTEM_NAMESPACES;
use crate::object::{Managed, Object, Str, Value, keys};
use crate::wire::resource::{CRDS, NAMESPACES};
use crate::wire::{Addr, Answer, Birth, Commit, ObjectKey, Request, RequestId, Resource, WatchEvent};

use super::admission::Plugins;
use super::crd::STEP_MS;
use super::kind::Kind;
use super::names::Names;
use super::registry::Registry;
use super::store::{HISTORY_MS, Store, set_version};
use super::view::ClientView;
use super::watch_cache::{StreamId, Watchers, at_revision};

/// The id of the timer for bookmarks. All other timers get ids above it.
const BOOKMARKS: u64 = 0;
/// How often watches get bookmarks (apiserver cacher `defaultBookmarkFrequency`).
const BOOKMARKS_MS: u64 = 60 * SECOND;

/// The API server and its store.
#[derive(Clone, Debug)]
pub struct ApiServer {
    pub(super) store: Store,
    pub(super) registry: Registry,
    pub(super) watchers: Watchers,
    pub(super) names: Names,
    pub(super) now: Time,
    pub(super) plugins: Plugins,
    /// Custom resources whose schema has changed since some of their objects were stored.
    pub(super) redefined: BTreeSet<Resource>,
    /// The current second, and its text.
    timestamp: (i64, Str),
    timers: BTreeMap<u64, Alarm>,
    last_timer: u64,
    bookmark_timer_is_set: bool,
    /// When the store next drops old history.
    expire_at: Time,
}

/// What a timer is for.
#[derive(Clone, Debug)]
enum Alarm {
    /// A watch reaches its timeout.
    Timeout(StreamId),
    /// A custom resource definition takes its next step.
    Definition(ObjectKey),
}

/// An input of the server.
#[derive(Debug)]
pub enum ServerInput {
    /// A request.
    Request(Box<Request>),
    /// A timer that the server set.
    Timer(u64),
}

/// The output of the server for one or more inputs.
#[derive(Debug, Default)]
pub struct Replies {
    /// Answers to requests. The answer that opens a watch comes before the watch's events.
    pub answers: Vec<(Addr, RequestId, Answer)>,
    /// Watch events, in the order of each stream.
    pub events: Vec<(Addr, RequestId, WatchEvent)>,
    /// Streams that the server closes, after their events.
    pub ended: Vec<(Addr, RequestId)>,
    /// Changes of the store, in order.
    pub commits: Vec<Commit>,
    /// Timers to set.
    pub timers: Vec<(Time, u64)>,
}

impl ApiServer {
    /// A server that booted at `boot`, with the system namespaces. It draws uids and name suffixes from the seed.
    pub fn new(seed: u64, boot: Time) -> Self {
        let mut server = Self {
            store: Store::default(),
            registry: Registry::builtin(),
            watchers: Watchers::default(),
            names: Names::new(seed),
            now: boot,
            plugins: Plugins { service_account: true, object_in_use: true },
            redefined: BTreeSet::new(),
            timestamp: (boot.wall_s(), boot.rfc3339()),
            timers: BTreeMap::new(),
            last_timer: BOOKMARKS,
            bookmark_timer_is_set: false,
            expire_at: boot + HISTORY_MS,
        };
        for name in SYSTEM_NAMESPACES {
            let namespace = crate::value!({"metadata": {"name": name}});
            server.plant((*NAMESPACES, "kube-apiserver"), namespace, &mut Replies::default());
        }
        server
    }

    /// The same server; from now on it draws uids and name suffixes from this seed.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.names.reseed(seed);
        self
    }

    /// Chooses which of the admission plugins run that depend on a controller.
    pub fn set_plugins(&mut self, plugins: Plugins) {
        self.plugins = plugins;
    }

    /// Handles one input. Time never goes back.
    pub fn on(&mut self, now: Time, input: ServerInput, out: &mut Replies) {
        debug_assert!(now >= self.now, "inputs arrive in the order of time");
        self.now = self.now.max(now);
        match input {
            ServerInput::Request(request) => {
                let (to, id) = (request.from, request.id);
                let answer = self.handle(request, out).unwrap_or_else(Answer::Status);
                out.answers.push((to, id, answer));
            }
            ServerInput::Timer(BOOKMARKS) => {
                self.bookmark_timer_is_set = false;
                self.watchers.bookmark(self.store.revision(), &mut out.events);
                self.set_bookmark_timer(out);
            }
            ServerInput::Timer(timer) => match self.timers.remove(&timer) {
                Some(Alarm::Timeout(stream)) if self.watchers.remove(stream) => out.ended.push(stream),
                Some(Alarm::Definition(key)) => self.step_definition(&key, out),
                Some(Alarm::Timeout(_)) | None => {}
            },
        }
    }

    /// Drops history up to a revision: watches and lists from before it get 410.
    pub fn compact(&mut self, to: u64) {
        self.store.compact(to);
    }

    /// Closes a watch whose client closed it or lost its connection.
    pub fn close_watch(&mut self, to: Addr, id: RequestId) {
        self.watchers.remove((to, id));
    }

    /// Sets the timeout of a stream.
    pub(super) fn time_out(&mut self, stream: StreamId, after_s: u64, out: &mut Replies) {
        self.set_timer(after_s * SECOND, Alarm::Timeout(stream), out);
    }

    /// Schedules the next step of a definition.
    pub(super) fn step_later(&mut self, key: ObjectKey, out: &mut Replies) {
        self.set_timer(STEP_MS, Alarm::Definition(key), out);
    }

    fn set_timer(&mut self, after: Millis, alarm: Alarm, out: &mut Replies) {
        self.last_timer += 1;
        self.timers.insert(self.last_timer, alarm);
        out.timers.push((self.now + after, self.last_timer));
    }

    /// Sets the timer for bookmarks, if a watch wants bookmarks and the timer is not set.
    pub(super) fn set_bookmark_timer(&mut self, out: &mut Replies) {
        if !self.bookmark_timer_is_set && self.watchers.wants_bookmarks() {
            self.bookmark_timer_is_set = true;
            out.timers.push((self.now + BOOKMARKS_MS, BOOKMARKS));
        }
    }

    /// The current time as objects carry it.
    pub(super) fn timestamp(&mut self) -> Str {
        let second = self.now.wall_s();
        if self.timestamp.0 != second {
            self.timestamp = (second, self.now.rfc3339());
        }
        self.timestamp.1.clone()
    }

    /// How a client sees objects that requests them as `kind`.
    pub(super) fn view(&self, kind: &Arc<Kind>) -> ClientView {
        ClientView::new(kind, &self.registry, &self.redefined)
    }

    /// Stores an object, notifies watches, and returns the stored object.
    pub(super) fn put(
        &mut self,
        kind: &Kind,
        key: ObjectKey,
        mut root: Value,
        managed: Managed,
        birth: Option<Birth>,
        out: &mut Replies,
    ) -> Arc<Object> {
        set_version(&mut root, self.store.next_revision());
        self.put_as_is(kind, key, root, managed, birth, out)
    }

    /// As [`put`](Self::put), for an object that already carries its resourceVersion.
    pub(super) fn put_as_is(
        &mut self,
        kind: &Kind,
        key: ObjectKey,
        root: Value,
        managed: Managed,
        birth: Option<Birth>,
        out: &mut Replies,
    ) -> Arc<Object> {
        debug_assert!(root.meta(keys::MANAGED_FIELDS).is_none(), "managed fields are kept beside the tree");
        let object = Arc::new(Object::with_managed(root, managed));
        self.write(kind, key, Some(object.clone()), birth, out);
        object
    }

    /// Removes an object, notifies watches, and returns its last state with the revision of the deletion.
    pub(super) fn take(
        &mut self,
        kind: &Kind,
        key: ObjectKey,
        object: &Arc<Object>,
        out: &mut Replies,
    ) -> Arc<Object> {
        let deleted = at_revision(object, self.store.next_revision());
        self.write(kind, key, None, None, out);
        deleted
    }

    fn write(
        &mut self,
        kind: &Kind,
        key: ObjectKey,
        new: Option<Arc<Object>>,
        birth: Option<Birth>,
        out: &mut Replies,
    ) {
        if self.expire_at <= self.now {
            self.expire_at = self.now + HISTORY_MS;
            self.store.expire(self.now);
        }
        let resource = kind.storage;
        let change = self.store.write(self.now, resource, key, new);
        debug_assert!(
            change.new.as_ref().is_none_or(|new| new.api_version() == resource.api_version()),
            "objects are stored in the storage version"
        );
        self.watchers.notify(resource, change, &mut out.events);
        out.commits.push(Commit {
            revision: change.revision,
            resource,
            key: change.key.clone(),
            old: change.old.clone(),
            new: change.new.clone(),
            birth,
        });
        if resource == *CRDS {
            let (key, old, new) = (change.key.clone(), change.old.clone(), change.new.clone());
            self.definition_changed(&key, old.as_ref(), new.as_ref(), out);
        } else if kind.terminating && change.new.is_none() {
            self.instance_deleted(kind, out);
        }
    }
}
