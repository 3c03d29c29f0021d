//! Read your writes: a sync ends only when the caches show what it wrote.
//!
//! Real: the ReplicaSet, DaemonSet and Job controllers count the creations and deletions they expect, and touch no replica
//! before their caches show these or 5 minutes have passed; other controllers live with stale caches and conflicts.
//! Differs: every write of every controller is expected, by revision or by disappearance, with the same time-out. So our
//! controllers send fewer writes that must fail than real ones, never more.

use std::collections::{BTreeMap, VecDeque};

use crate::client::Informer;
use crate::controllers::{Caches, Call, SyncKey};
use crate::engine::{Millis, Time};
use crate::object::Str;
use crate::wire::{Answer, ObjectKey, Resource, Verb};

/// How long a write may stay unseen, in ms (kube-controller-manager `ExpectationsTimeout`).
const TIMEOUT_MS: Millis = 300_000;

/// One sync of one controller.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct SyncId {
    /// The controller's place in the manager.
    pub(crate) slot: usize,
    /// What it syncs.
    pub(crate) target: SyncKey,
    /// Its number among all syncs.
    pub(crate) number: u64,
}

/// What a cache must show.
#[derive(Clone, Debug)]
enum Awaited {
    /// This revision, or a later one of any object.
    Revision(u64),
    /// That the object with this uid is terminating or gone.
    Deletion(Option<Str>),
}

impl Awaited {
    fn is_seen(&self, cache: &Informer, key: &ObjectKey) -> bool {
        match self {
            Self::Revision(revision) => cache.revision() >= *revision,
            Self::Deletion(uid) => cache.get(key).is_none_or(|object| {
                object.is_terminating() || uid.as_ref().is_some_and(|uid| object.uid() != uid)
            }),
        }
    }
}

/// The writes that no cache shows yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expectations {
    unseen: BTreeMap<(Resource, ObjectKey), Vec<(Awaited, SyncId)>>,
    /// Sorted by time.
    deadlines: VecDeque<(Time, SyncId)>,
}

impl Expectations {
    /// Whether every write has been seen.
    pub(crate) fn is_empty(&self) -> bool {
        self.unseen.is_empty()
    }

    /// Records a write that succeeded. Whether the sync has to wait for it.
    pub(crate) fn expect(&mut self, call: &Call, answer: &Answer, caches: &Caches, sync: &SyncId) -> bool {
        let Some(cache) = caches.find(call.resource) else { return false };
        let object = answer.object().ok();
        let (key, expected) = match (call.verb, object) {
            (Verb::Create | Verb::Update | Verb::Patch, Some(object)) => {
                (ObjectKey::of(object), Awaited::Revision(object.revision()))
            }
            (Verb::Delete, _) => (call.key.clone(), Awaited::Deletion(call.uid.clone())),
            _ => return false,
        };
        if expected.is_seen(cache, &key) {
            return false;
        }
        self.unseen.entry((call.resource, key)).or_default().push((expected, sync.clone()));
        true
    }

    /// A cache changed at `key`: the syncs that waited for this change.
    pub(crate) fn seen(&mut self, caches: &Caches, resource: Resource, key: &ObjectKey) -> Vec<SyncId> {
        if self.unseen.is_empty() {
            return Vec::new();
        }
        let place = (resource, key.clone());
        let (Some(cache), Some(waiting)) = (caches.find(resource), self.unseen.get_mut(&place)) else {
            return Vec::new();
        };
        let seen =
            waiting.extract_if(.., |(write, _)| write.is_seen(cache, key)).map(|(_, sync)| sync).collect();
        if waiting.is_empty() {
            self.unseen.remove(&place);
        }
        seen
    }

    /// A new list filled a cache: the syncs that waited for what it shows.
    pub(crate) fn listed(&mut self, caches: &Caches, resource: Resource) -> Vec<SyncId> {
        let from = (resource, ObjectKey::default());
        let keys = self.unseen.range(from..).take_while(|((of, _), _)| *of == resource);
        let keys: Vec<ObjectKey> = keys.map(|((_, key), _)| key.clone()).collect();
        keys.iter().flat_map(|key| self.seen(caches, resource, key)).collect()
    }

    /// Starts the time-out of a sync.
    pub(crate) fn wait(&mut self, now: Time, sync: SyncId) {
        let due = now + TIMEOUT_MS;
        debug_assert!(
            self.deadlines.back().is_none_or(|(last, _)| *last <= due),
            "deadlines come in order of time"
        );
        self.deadlines.push_back((due, sync));
    }

    /// When the first open sync times out.
    pub(crate) fn next_due(&mut self, is_open: impl Fn(&SyncId) -> bool) -> Option<Time> {
        while self.deadlines.front().is_some_and(|(_, sync)| !is_open(sync)) {
            self.deadlines.pop_front();
        }
        self.deadlines.front().map(|(due, _)| *due)
    }

    /// The next sync that has timed out.
    pub(crate) fn timed_out(&mut self, now: Time) -> Option<SyncId> {
        if self.deadlines.front()?.0 > now {
            return None;
        }
        let (_, sync) = self.deadlines.pop_front()?;
        self.unseen.retain(|_, waiting| {
            waiting.retain(|(_, of)| *of != sync);
            !waiting.is_empty()
        });
        Some(sync)
    }
}
