//! The stored objects and their history: one revision counter for all writes, one log per resource, compaction.
//!
//! Real: etcd has one revision for the whole store and compacts periodically. In front of it a watch cache per resource
//! keeps at least 100 events, and all events of the last 75 seconds. Modelled: both. Differs: one log per resource serves
//! lists and watches; a watch that starts before the cached events is refused, while a list may still go further back.
//! Not modelled: sizes, latencies and quotas of etcd. The store knows neither kinds nor requests.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use crate::engine::{Millis, Time};
use crate::object::{Object, Str, Value, keys};
use crate::wire::{ObjectKey, Resource};

/// How many events a watch cache keeps whatever their age (apiserver cacher `defaultLowerBoundCapacity`).
const WATCH_CACHE_EVENTS: usize = 100;
/// Up to which age a watch cache keeps all events (apiserver cacher `DefaultEventFreshDuration`).
const WATCH_CACHE_FRESH_MS: Millis = 75_000;
/// How long the store keeps history for lists (kube-apiserver `--etcd-compaction-interval`).
pub(super) const HISTORY_MS: Millis = 300_000;

/// One write of one object.
#[derive(Clone, Debug)]
pub(super) struct StoreChange {
    /// The time of the write.
    pub(super) time: Time,
    /// The store's revision after the write.
    pub(super) revision: u64,
    /// The key of the object.
    pub(super) key: ObjectKey,
    /// The object before.
    pub(super) old: Option<Arc<Object>>,
    /// The object after.
    pub(super) new: Option<Arc<Object>>,
}

/// The objects of one resource.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    objects: BTreeMap<ObjectKey, Arc<Object>>,
    log: VecDeque<StoreChange>,
    /// The oldest revision from which a watch can start.
    watch_floor: u64,
    /// How many entries at the front of the log the watch cache has dropped.
    forgotten: usize,
    /// The revision of the last change.
    last: u64,
}

/// All objects.
#[derive(Clone, Debug, Default)]
pub(super) struct Store {
    tables: BTreeMap<Resource, Table>,
    revision: u64,
    compacted: u64,
}

impl Store {
    /// The revision of the last write.
    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    /// Lists at revisions below this are refused.
    pub(super) fn compacted(&self) -> u64 {
        self.compacted
    }

    /// The objects of a resource; none if it never had any.
    pub(super) fn table(&self, resource: Resource) -> Option<&Table> {
        self.tables.get(&resource)
    }

    /// One object.
    pub(super) fn get(&self, resource: Resource, key: &ObjectKey) -> Option<&Arc<Object>> {
        self.tables.get(&resource)?.objects.get(key)
    }

    /// All objects, by resource and key.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Resource, &Arc<Object>)> {
        self.tables.iter().flat_map(|(resource, table)| table.objects.values().map(|o| (*resource, o)))
    }

    /// The revision of the next write.
    pub(super) fn next_revision(&self) -> u64 {
        self.revision + 1
    }

    /// Writes or removes one object. `new` already carries [`next_revision`](Self::next_revision).
    pub(super) fn write(
        &mut self,
        now: Time,
        resource: Resource,
        key: ObjectKey,
        new: Option<Arc<Object>>,
    ) -> &StoreChange {
        self.revision += 1;
        let table = self.tables.entry(resource).or_default();
        let old = match &new {
            Some(new) => table.objects.insert(key.clone(), new.clone()),
            None => table.objects.remove(&key),
        };
        debug_assert!(
            new.as_ref().is_none_or(|new| new.revision() == self.revision),
            "a stored object carries the revision of its write"
        );
        debug_assert!(
            new.as_ref().is_none_or(|new| ObjectKey::of(new) == key),
            "an object is stored under its own namespace and name"
        );
        debug_assert!(old.is_some() || new.is_some(), "only stored objects are removed");
        debug_assert!(
            table.log.back().is_none_or(|last| last.time <= now && last.revision < self.revision),
            "a log is ordered by time and revision"
        );
        table.last = self.revision;
        table.log.push_back(StoreChange { time: now, revision: self.revision, key, old, new });
        table.age_watch_cache(now);
        table.log.back().expect("pushed above")
    }

    /// Drops all history up to and including revision `to`: older lists and watches are refused.
    pub(super) fn compact(&mut self, to: u64) {
        let to = to.min(self.revision);
        self.compacted = self.compacted.max(to);
        for table in self.tables.values_mut() {
            table.watch_floor = table.watch_floor.max(to);
            table.drop_log(|change| change.revision <= to);
        }
    }

    /// Drops history older than `HISTORY_MS`, as the periodic compaction does. This does not affect watches, which the
    /// watch cache serves.
    pub(super) fn expire(&mut self, now: Time) {
        for table in self.tables.values_mut() {
            let keep = table.log.len().saturating_sub(WATCH_CACHE_EVENTS);
            let mut dropped = 0;
            while dropped < keep && table.log[dropped].time + HISTORY_MS < now {
                self.compacted = self.compacted.max(table.log[dropped].revision);
                dropped += 1;
            }
            table.log.drain(..dropped);
            table.forgotten = table.forgotten.saturating_sub(dropped);
        }
    }
}

impl Table {
    /// The objects of one namespace, sorted by key. An empty namespace means all namespaces.
    pub(super) fn iter<'a>(
        &'a self,
        namespace: &'a str,
    ) -> impl Iterator<Item = (&'a ObjectKey, &'a Arc<Object>)> {
        self.after(namespace, None)
    }

    /// As [`iter`](Self::iter), from the first key after `last`.
    pub(super) fn after<'a>(
        &'a self,
        namespace: &'a str,
        last: Option<&ObjectKey>,
    ) -> impl Iterator<Item = (&'a ObjectKey, &'a Arc<Object>)> {
        use std::ops::Bound::{Excluded, Included, Unbounded};
        let first = ObjectKey::new(namespace, "");
        let from = last.map_or(Included(first), |last| Excluded(last.clone()));
        self.objects
            .range((from, Unbounded))
            .take_while(move |(key, _)| namespace.is_empty() || key.namespace == namespace)
    }

    /// The object with this key.
    pub(super) fn get(&self, key: &ObjectKey) -> Option<&Arc<Object>> {
        self.objects.get(key)
    }

    /// The revision of the last change.
    pub(super) fn last(&self) -> u64 {
        self.last
    }

    /// The oldest revision from which a watch can start.
    pub(super) fn watch_floor(&self) -> u64 {
        self.watch_floor
    }

    /// All changes after a revision, oldest first.
    pub(super) fn since(&self, revision: u64) -> impl Iterator<Item = &StoreChange> {
        let start = self.log.partition_point(|change| change.revision <= revision);
        self.log.range(start..)
    }

    /// The objects as they were at a revision. The revision must not be compacted.
    pub(super) fn at(&self, namespace: &str, revision: u64) -> BTreeMap<ObjectKey, Arc<Object>> {
        let mut objects: BTreeMap<_, _> =
            self.iter(namespace).map(|(key, object)| (key.clone(), object.clone())).collect();
        let start = self.log.partition_point(|change| change.revision <= revision);
        for change in self.log.range(start..).rev() {
            if !namespace.is_empty() && change.key.namespace != namespace {
                continue;
            }
            match &change.old {
                Some(old) => objects.insert(change.key.clone(), old.clone()),
                None => objects.remove(&change.key),
            };
        }
        objects
    }

    /// Raises the floor of watches over the events that a watch cache would have dropped by now.
    fn age_watch_cache(&mut self, now: Time) {
        debug_assert!(self.forgotten <= self.log.len(), "the watch cache drops only events of the log");
        while self.log.len() - self.forgotten > WATCH_CACHE_EVENTS
            && self.log[self.forgotten].time + WATCH_CACHE_FRESH_MS < now
        {
            self.watch_floor = self.watch_floor.max(self.log[self.forgotten].revision);
            self.forgotten += 1;
        }
    }

    fn drop_log(&mut self, is_old: impl Fn(&StoreChange) -> bool) {
        let dropped = self.log.partition_point(is_old);
        self.log.drain(..dropped);
        self.forgotten = self.forgotten.saturating_sub(dropped);
    }
}

/// A revision as the text that objects carry.
pub(super) fn version(revision: u64) -> Str {
    let mut digits = [0; 20];
    let (mut at, mut rest) = (digits.len(), revision);
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    Str::new_inline(str::from_utf8(&digits[at..]).expect("digits are text"))
}

/// Sets an object's resourceVersion.
pub(super) fn set_version(root: &mut Value, revision: u64) {
    let version = version(revision);
    if !root.replace_at(&[keys::METADATA, keys::RESOURCE_VERSION], version.clone()) {
        root.set_at(&["metadata", "resourceVersion"], version);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;
    use crate::wire::resource::{CONFIG_MAPS, PODS};

    fn put(store: &mut Store, at: i64, name: &str) -> u64 {
        put_of(*CONFIG_MAPS, store, at, name)
    }

    fn put_of(resource: Resource, store: &mut Store, at: i64, name: &str) -> u64 {
        let (version, key) = (version(store.next_revision()), ObjectKey::new("default", name));
        let metadata = value!({"name": name, "namespace": "default", "resourceVersion": version});
        store.write(Time(at), resource, key, Some(Object::shared(value!({"metadata": metadata})))).revision
    }

    #[test]
    fn one_counter_serves_all_resources() {
        let mut store = Store::default();
        assert_eq!(put(&mut store, 0, "a"), 1);
        put_of(*PODS, &mut store, 0, "p");
        assert_eq!(put(&mut store, 0, "b"), 3);
        let since: Vec<u64> = store.table(*CONFIG_MAPS).unwrap().since(1).map(|c| c.revision).collect();
        assert_eq!(since, [3]);
    }

    #[test]
    fn a_list_at_an_old_revision_undoes_the_log() {
        let mut store = Store::default();
        put(&mut store, 0, "a");
        let then = put(&mut store, 0, "b");
        put(&mut store, 0, "a");
        store.write(Time(0), *CONFIG_MAPS, ObjectKey::new("default", "b"), None);
        put(&mut store, 0, "c");
        let table = store.table(*CONFIG_MAPS).unwrap();
        let at: Vec<(String, u64)> =
            table.at("default", then).values().map(|o| (o.name().to_owned(), o.revision())).collect();
        assert_eq!(at, [("a".to_owned(), 1), ("b".to_owned(), 2)]);
    }

    #[test]
    fn the_watch_cache_keeps_a_hundred_events_and_all_young_ones() {
        let mut store = Store::default();
        for i in 0..150 {
            put(&mut store, i, "a");
        }
        assert_eq!(store.table(*CONFIG_MAPS).unwrap().watch_floor(), 0);
        put(&mut store, 76_000, "a");
        assert_eq!(store.table(*CONFIG_MAPS).unwrap().watch_floor(), 51);
        store.expire(Time(400_000));
        assert_eq!((store.compacted(), store.table(*CONFIG_MAPS).unwrap().since(0).count()), (51, 100));
    }
}
