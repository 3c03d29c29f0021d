//! Keys to reconcile: each at most once, delayed ones by time, failed ones with back-off.
//!
//! Real: client-go's rate-limited queue. Modelled: deduplication, delays, exponential back-off per key. Not modelled: the
//! overall token bucket (10 per second, burst 100).

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::engine::{Millis, Time};
use crate::wire::ObjectKey;

/// First delay after a failure, in ms (client-go `DefaultTypedControllerRateLimiter`).
const BACKOFF_BASE_MS: Millis = 5;
/// Longest delay after failures, in ms (the same).
const BACKOFF_MAX_MS: Millis = 1_000_000;

/// The keys of one controller, of type `K`.
#[derive(Clone, Debug)]
pub struct WorkQueue<K = ObjectKey> {
    ready: VecDeque<K>,
    queued: BTreeSet<K>,
    later: BTreeMap<K, Time>,
    by_time: BTreeSet<(Time, K)>,
    /// The first time in `by_time`.
    due: Option<Time>,
    failures: BTreeMap<K, u32>,
}

impl<K> Default for WorkQueue<K> {
    fn default() -> Self {
        Self {
            ready: VecDeque::new(),
            queued: BTreeSet::new(),
            later: BTreeMap::new(),
            by_time: BTreeSet::new(),
            due: None,
            failures: BTreeMap::new(),
        }
    }
}

impl<K: Clone + Ord> WorkQueue<K> {
    /// Adds a key to reconcile now; a key that is already queued keeps its place.
    pub fn add(&mut self, key: K) {
        if self.queued.insert(key.clone()) {
            self.ready.push_back(key);
        }
    }

    /// Adds a key to reconcile at `time`, or earlier if it is due earlier already.
    pub fn add_at(&mut self, key: K, time: Time) {
        if let Some(due) = self.later.get(&key).copied() {
            if due <= time {
                return;
            }
            self.by_time.remove(&(due, key.clone()));
        }
        self.by_time.insert((time, key.clone()));
        self.later.insert(key, time);
        self.due = self.by_time.first().map(|(due, _)| *due);
    }

    /// Adds a key that failed, with a delay that doubles at each failure in a row. Returns when it is due.
    pub fn add_failed(&mut self, key: K, now: Time) -> Time {
        let failures = self.failures.entry(key.clone()).or_default();
        let delay = BACKOFF_BASE_MS.saturating_mul(1 << (*failures).min(30)).min(BACKOFF_MAX_MS);
        *failures += 1;
        self.add_at(key, now + delay);
        now + delay
    }

    /// Ends the back-off of a key that succeeded.
    pub fn forget(&mut self, key: &K) {
        self.failures.remove(key);
    }

    /// Whether a key is due.
    #[inline]
    pub fn is_due(&self, now: Time) -> bool {
        !self.ready.is_empty() || self.due.is_some_and(|due| due <= now)
    }

    /// The next key that is due.
    pub fn pop(&mut self, now: Time) -> Option<K> {
        if let Some(key) = self.ready.pop_front() {
            self.queued.remove(&key);
            return Some(key);
        }
        if !self.is_due(now) {
            return None;
        }
        let (due, key) = self.by_time.pop_first()?;
        let later = self.later.remove(&key);
        debug_assert_eq!(later, Some(due), "both indexes of delayed keys agree");
        self.due = self.by_time.first().map(|(due, _)| *due);
        Some(key)
    }

    /// When the next delayed key is due.
    pub fn next_due(&self) -> Option<Time> {
        self.due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_added_twice_comes_once_and_failures_double_the_delay() {
        let (mut queue, key) = (WorkQueue::default(), ObjectKey::new("default", "a"));
        queue.add(key.clone());
        queue.add(key.clone());
        assert_eq!((queue.pop(Time(0)), queue.pop(Time(0))), (Some(key.clone()), None));
        assert_eq!(queue.add_failed(key.clone(), Time(0)), Time(5));
        assert_eq!((queue.pop(Time(4)), queue.pop(Time(5))), (None, Some(key.clone())));
        assert_eq!(queue.add_failed(key.clone(), Time(0)), Time(10));
        queue.forget(&key);
        queue.pop(Time(10));
        assert_eq!(queue.add_failed(key, Time(0)), Time(5));
    }
}
