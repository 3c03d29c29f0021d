//! Keys waiting to be reconciled: each at most once, later ones by time, failing ones with back-off.
//!
//! Real: client-go's rate-limited queue. Modelled: deduplication, delays, exponential back-off per key. Not modelled: the
//! overall bucket of 10 per second with a burst of 100.

use std::collections::{BTreeMap, VecDeque};

use crate::engine::{Millis, Time};
use crate::wire::ObjectKey;

/// First delay after a failure, in ms (client-go `DefaultTypedControllerRateLimiter`).
const BACKOFF_BASE_MS: Millis = 5;
/// Longest delay after failures, in ms (the same).
const BACKOFF_MAX_MS: Millis = 1_000_000;

/// The keys of one controller.
#[derive(Debug, Default)]
pub struct WorkQueue {
    ready: VecDeque<ObjectKey>,
    later: BTreeMap<ObjectKey, Time>,
    failures: BTreeMap<ObjectKey, u32>,
}

impl WorkQueue {
    /// Adds a key to reconcile now; one that is there already stays where it is.
    pub fn add(&mut self, key: ObjectKey) {
        if !self.ready.contains(&key) {
            self.ready.push_back(key);
        }
    }

    /// Adds a key to reconcile at `time`, or earlier if it is due earlier already.
    pub fn add_at(&mut self, key: ObjectKey, time: Time) {
        let due = self.later.entry(key).or_insert(time);
        *due = time.min(*due);
    }

    /// Adds a key that failed, with a delay that doubles at each failure in a row. Returns when it is due.
    pub fn add_failed(&mut self, key: ObjectKey, now: Time) -> Time {
        let failures = self.failures.entry(key.clone()).or_default();
        let delay = BACKOFF_BASE_MS.saturating_mul(1 << (*failures).min(30)).min(BACKOFF_MAX_MS);
        *failures += 1;
        self.add_at(key, now + delay);
        now + delay
    }

    /// Ends the back-off of a key that succeeded.
    pub fn forget(&mut self, key: &ObjectKey) {
        self.failures.remove(key);
    }

    /// The next key that is due.
    pub fn pop(&mut self, now: Time) -> Option<ObjectKey> {
        if let Some(key) = self.ready.pop_front() {
            return Some(key);
        }
        let key = self.later.iter().find(|(_, due)| **due <= now)?.0.clone();
        self.later.remove(&key);
        Some(key)
    }

    /// When the next delayed key is due.
    pub fn next_due(&self) -> Option<Time> {
        self.later.values().min().copied()
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
