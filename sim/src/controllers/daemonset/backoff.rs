//! How long a failed pod stays on a node before the controller deletes it: a delay that doubles with each failure.
//!
//! Real: client-go flowcontrol `Backoff` with a key of set, generation and node. Modelled: the same, without jitter.

use std::collections::BTreeMap;

use crate::engine::{Millis, Time};
use crate::object::Str;

/// First delay, in ms (pkg/controller/daemon: `NewBackOff(1*time.Second, 15*time.Minute)`).
const FIRST_MS: Millis = 1_000;
/// Longest delay, in ms (the same).
const LONGEST_MS: Millis = 900_000;

/// The set's uid, its observedGeneration, the node.
pub(super) type BackoffKey = (Str, i64, Str);

/// The delays of failed pods (Go: `failedPodsBackoff`).
#[derive(Clone, Debug, Default)]
pub(super) struct FailedPodsBackoff {
    /// The delay of each key and when it last failed.
    entries: BTreeMap<BackoffKey, (Millis, Time)>,
}

impl FailedPodsBackoff {
    /// 0 if the pod may be deleted now, which counts as a failure. Else the time to the next sync: the whole delay,
    /// however much of it has passed (`enqueueDaemonSetAfter`).
    pub(super) fn fail(&mut self, key: &BackoffKey, now: Time) -> Millis {
        let entry = self.entries.get(key).filter(|(_, last)| now.since(*last) <= 2 * LONGEST_MS);
        let next = match entry {
            Some((delay, last)) if now.since(*last) < *delay => return *delay,
            Some((delay, _)) => (delay * 2).min(LONGEST_MS),
            None => FIRST_MS,
        };
        self.entries.insert(key.clone(), (next, now));
        0
    }

    /// Forgets a set, or only its generations before this one.
    pub(super) fn forget(&mut self, uid: &str, before: Option<i64>) {
        self.entries
            .retain(|(of, generation, _), _| of != uid || before.is_some_and(|now| *generation >= now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_from_a_second_and_are_forgotten_after_half_an_hour() {
        let (mut backoff, key) = (FailedPodsBackoff::default(), (Str::from("u"), 1, Str::from("n1")));
        assert_eq!(backoff.fail(&key, Time(0)), 0);
        assert_eq!(backoff.fail(&key, Time(400)), 1_000);
        assert_eq!(backoff.fail(&key, Time(1_000)), 0);
        assert_eq!(backoff.fail(&key, Time(1_000)), 2_000);
        assert_eq!(backoff.fail(&key, Time(1_801_001)), 0);
        assert_eq!(backoff.fail(&key, Time(1_801_001)), 1_000);
        backoff.forget("u", Some(2));
        assert_eq!(backoff.fail(&key, Time(1_801_002)), 0);
    }
}
