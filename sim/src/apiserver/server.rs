//! The server: its parts, and one input at a time.
//!
//! Real: kube-apiserver with etcd. Modelled: one server, whose requests take no time of their own (latency is the wire's).
//! Not modelled: authentication, priority and fairness, several servers with caches that lag.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::engine::{Millis, SECOND, Time};
use crate::object::{Managed, Object, Str, Value};
use crate::wire::resource::{CRDS, NAMESPACES};
use crate::wire::{Addr, Answer, Birth, Commit, ObjectKey, Request, RequestId, Resource, WatchEvent};

use super::admission::Plugins;
use super::crd::STEP_MS;
use super::kind::Kind;
use super::names::Names;
use super::registry::Registry;
use super::store::{HISTORY_MS, Store, set_version};
use super::watch_cache::{StreamId, Watchers, at_revision};

/// The timer of bookmarks; others belong to streams.
const BOOKMARKS: u64 = 0;
/// How often watches get bookmarks (watch cache `defaultBookmarkFrequency`).
const BOOKMARKS_MS: u64 = 60 * SECOND;
/// The namespaces that the server makes itself (kube-apiserver `--system-namespaces`).
const SYSTEM_NAMESPACES: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];

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
    second: (i64, Str),
    timers: BTreeMap<u64, Alarm>,
    last_timer: u64,
    ticking: bool,
    expire_at: Time,
}

/// What a timer is for.
#[derive(Clone, Debug)]
enum Alarm {
    /// A watch has lived long enough.
    Timeout(StreamId),
    /// A definition is due for its next step.
    Definition(ObjectKey),
}

/// What reaches the server.
#[derive(Debug)]
pub enum ServerInput {
    /// A request.
    Request(Box<Request>),
    /// A timer that it set.
    Timer(u64),
}

/// What the server did with an input.
#[derive(Debug, Default)]
pub struct Replies {
    /// Answers to requests. One that opens a watch goes before the watch's events.
    pub answers: Vec<(Addr, RequestId, Answer)>,
    /// Watch events, in the order of each stream.
    pub events: Vec<(Addr, RequestId, WatchEvent)>,
    /// Streams that the server ends, after their events.
    pub ended: Vec<(Addr, RequestId)>,
    /// Changes of the store, in order.
    pub commits: Vec<Commit>,
    /// Timers to set.
    pub timers: Vec<(Time, u64)>,
}

impl ApiServer {
    /// A server that booted at `boot`, with the namespaces that it makes itself. The seed names uids and suffixes.
    pub fn new(seed: u64, boot: Time) -> Self {
        let mut server = Self {
            store: Store::default(),
            registry: Registry::builtin(),
            watchers: Watchers::default(),
            names: Names::new(seed),
            now: boot,
            plugins: Plugins { service_account: true, object_in_use: true },
            redefined: BTreeSet::new(),
            second: (boot.wall_s(), boot.rfc3339()),
            timers: BTreeMap::new(),
            last_timer: BOOKMARKS,
            ticking: false,
            expire_at: boot + HISTORY_MS,
        };
        for name in SYSTEM_NAMESPACES {
            let namespace = crate::value!({"metadata": {"name": name}});
            server.plant((*NAMESPACES, "kube-apiserver"), namespace, &mut Replies::default());
        }
        server
    }

    /// The same server, that names what it makes from now on by this seed.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.names.reseed(seed);
        self
    }

    /// Switches admission plugins on and off that need a controller beside the server.
    pub fn set_plugins(&mut self, plugins: Plugins) {
        self.plugins = plugins;
    }

    /// Takes one input. Time never goes back.
    pub fn on(&mut self, now: Time, input: ServerInput, out: &mut Replies) {
        self.now = self.now.max(now);
        match input {
            ServerInput::Request(request) => {
                let (to, id) = (request.from, request.id);
                let answer = self.handle(request, out).unwrap_or_else(Answer::Status);
                out.answers.push((to, id, answer));
            }
            ServerInput::Timer(BOOKMARKS) => {
                self.ticking = false;
                self.watchers.bookmark(self.store.revision(), &mut out.events);
                self.tick(out);
            }
            ServerInput::Timer(timer) => match self.timers.remove(&timer) {
                Some(Alarm::Timeout(stream)) if self.watchers.remove(stream) => out.ended.push(stream),
                Some(Alarm::Definition(key)) => self.step_definition(&key, out),
                Some(Alarm::Timeout(_)) | None => {}
            },
        }
    }

    /// All objects as they are, by resource and key: for oracles and tests, which need no request.
    pub fn objects(&self) -> impl Iterator<Item = (Resource, &Arc<Object>)> {
        self.store.iter()
    }

    /// One object as it is. The resource is the one it is stored under.
    pub fn get(&self, resource: Resource, key: &ObjectKey) -> Option<&Arc<Object>> {
        self.store.get(resource, key)
    }

    /// The revision of the last write.
    pub fn revision(&self) -> u64 {
        self.store.revision()
    }

    /// Forgets history up to a revision: older watches and lists are answered with 410.
    pub fn compact(&mut self, to: u64) {
        self.store.compact(to);
    }

    /// Closes a watch: the client did, or its connection broke.
    pub fn close_watch(&mut self, to: Addr, id: RequestId) {
        self.watchers.remove((to, id));
    }

    /// Ends a stream after `after_s` seconds.
    pub(super) fn time_out(&mut self, stream: StreamId, after_s: u64, out: &mut Replies) {
        self.alarm(after_s * SECOND, Alarm::Timeout(stream), out);
    }

    /// Looks at a definition again in a moment.
    pub(super) fn step_later(&mut self, key: ObjectKey, out: &mut Replies) {
        self.alarm(STEP_MS, Alarm::Definition(key), out);
    }

    fn alarm(&mut self, after: Millis, alarm: Alarm, out: &mut Replies) {
        self.last_timer += 1;
        self.timers.insert(self.last_timer, alarm);
        out.timers.push((self.now + after, self.last_timer));
    }

    /// Sets the timer of bookmarks, if anyone wants them and it is not set.
    pub(super) fn tick(&mut self, out: &mut Replies) {
        if !self.ticking && self.watchers.wants_bookmarks() {
            self.ticking = true;
            out.timers.push((self.now + BOOKMARKS_MS, BOOKMARKS));
        }
    }

    /// The time, as objects carry it.
    pub(super) fn timestamp(&mut self) -> Str {
        let second = self.now.wall_s();
        if self.second.0 != second {
            self.second = (second, self.now.rfc3339());
        }
        self.second.1.clone()
    }

    /// Stores an object, tells watchers, and returns it as stored.
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

    /// As [`put`](Self::put), for an object that carries its version already.
    pub(super) fn put_as_is(
        &mut self,
        kind: &Kind,
        key: ObjectKey,
        root: Value,
        managed: Managed,
        birth: Option<Birth>,
        out: &mut Replies,
    ) -> Arc<Object> {
        let object = Arc::new(Object::with_managed(root, managed));
        self.write(kind, key, Some(object.clone()), birth, out);
        object
    }

    /// Removes an object, tells watchers, and returns what it was, with the revision of its going.
    pub(super) fn take(
        &mut self,
        kind: &Kind,
        key: ObjectKey,
        object: &Arc<Object>,
        out: &mut Replies,
    ) -> Arc<Object> {
        let gone = at_revision(object, self.store.next_revision());
        self.write(kind, key, None, None, out);
        gone
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
        self.watchers.tell(resource, change, &mut out.events);
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
            self.instance_gone(kind, out);
        }
    }
}
