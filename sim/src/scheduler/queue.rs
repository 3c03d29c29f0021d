//! The pods that wait for a node: ready to be tried, parked until the cluster changes, or backing off after an error.
//!
//! Real: activeQ, unschedulablePods and backoffQ. Modelled: all three. A pod that found no node is tried again as soon as
//! something changed: as recorded, since v1.33 an idle scheduler does not wait for a back-off there. Not modelled: hints per
//! plugin, so that a change may cause a cycle in vain.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::engine::{Millis, SECOND, Time};
use crate::object::{Object, Str};
use crate::wire::ObjectKey;

/// A pod that found no node is tried again after this long in any case (kube-scheduler
/// `pod-max-in-unschedulable-pods-duration`).
const PARK_MS: Millis = 300 * SECOND;
/// The first back-off after an error (kube-scheduler `podInitialBackoffSeconds`).
const FIRST_MS: Millis = SECOND;
/// The longest (kube-scheduler `podMaxBackoffSeconds`).
const LONGEST_MS: Millis = 10 * SECOND;

/// Priority, creation, arrival: who comes first.
type Rank = (Reverse<i64>, Str, u64);

/// Whether it matters to a pod where other pods are.
fn is_sociable(pod: &Object) -> bool {
    pod.at(&["spec", "affinity", "podAffinity"]).is_some()
        || !pod.items_at(&["spec", "topologySpreadConstraints"]).is_empty()
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Active,
    Parked(Time),
    BackingOff(Time),
    /// Its binding is under way.
    Binding,
}

#[derive(Clone, Debug)]
struct Waiting {
    uid: Str,
    rank: Rank,
    state: State,
    errors: u32,
    /// Whether it matters to it where other pods are.
    sociable: bool,
    /// The message that its condition was given last.
    told: String,
}

/// The pods without a node.
#[derive(Clone, Default, Debug)]
pub(super) struct Queue {
    pods: BTreeMap<ObjectKey, Waiting>,
    arrived: u64,
}

impl Queue {
    /// Adds a pod, or makes one that changed ready to be tried again.
    pub(super) fn add(&mut self, key: ObjectKey, pod: &Object) {
        let priority = pod.i64_at(&["spec", "priority"]).unwrap_or(0);
        match self.pods.get_mut(&key) {
            Some(waiting) if waiting.uid == pod.uid() => {
                if waiting.state != State::Binding {
                    waiting.state = State::Active;
                }
            }
            _ => {
                self.arrived += 1;
                let rank = (Reverse(priority), pod.meta("creationTimestamp").into(), self.arrived);
                let (uid, told, sociable) = (pod.uid().into(), String::new(), is_sociable(pod));
                self.pods.insert(key, Waiting { uid, rank, state: State::Active, errors: 0, sociable, told });
            }
        }
    }

    pub(super) fn remove(&mut self, key: &ObjectKey) {
        self.pods.remove(key);
    }

    /// Whether this very pod is here.
    pub(super) fn has(&self, key: &ObjectKey, uid: &str) -> bool {
        self.pods.get(key).is_some_and(|waiting| waiting.uid == uid)
    }

    /// Something changed: parked pods are tried again.
    pub(super) fn wake(&mut self) {
        for waiting in self.pods.values_mut() {
            if matches!(waiting.state, State::Parked(_)) {
                waiting.state = State::Active;
            }
        }
    }

    /// A pod came to a node: those are tried again to whom that may matter.
    pub(super) fn wake_sociable(&mut self) {
        for waiting in self.pods.values_mut().filter(|waiting| waiting.sociable) {
            if matches!(waiting.state, State::Parked(_)) {
                waiting.state = State::Active;
            }
        }
    }

    /// Makes those ready whose time has come.
    pub(super) fn ripen(&mut self, now: Time) {
        for waiting in self.pods.values_mut() {
            if let State::Parked(until) | State::BackingOff(until) = waiting.state
                && until <= now
            {
                waiting.state = State::Active;
            }
        }
    }

    /// The pods to try, in order.
    pub(super) fn active(&self) -> Vec<ObjectKey> {
        let active = self.pods.iter().filter(|(_, waiting)| waiting.state == State::Active);
        let mut active: Vec<(&Rank, &ObjectKey)> =
            active.map(|(key, waiting)| (&waiting.rank, key)).collect();
        active.sort();
        active.into_iter().map(|(_, key)| key.clone()).collect()
    }

    /// Its binding is under way.
    pub(super) fn binds(&mut self, key: &ObjectKey) {
        if let Some(waiting) = self.pods.get_mut(key) {
            waiting.state = State::Binding;
        }
    }

    /// It found no node. Says until when it is parked, and whether the message is news.
    pub(super) fn park(&mut self, key: &ObjectKey, message: &str, now: Time) -> (Time, bool) {
        let until = now + PARK_MS;
        let Some(waiting) = self.pods.get_mut(key) else { return (until, false) };
        waiting.state = State::Parked(until);
        let news = waiting.told != message;
        if news {
            message.clone_into(&mut waiting.told);
        }
        (until, news)
    }

    /// The message did not reach the server. Says until when a pod that is still parked backs off.
    pub(super) fn untold(&mut self, key: &ObjectKey, now: Time) -> Option<Time> {
        let waiting = self.pods.get_mut(key)?;
        waiting.told.clear();
        if matches!(waiting.state, State::Parked(_)) { self.failed(key, now) } else { None }
    }

    /// Its binding failed. Says until when it backs off.
    pub(super) fn failed(&mut self, key: &ObjectKey, now: Time) -> Option<Time> {
        let waiting = self.pods.get_mut(key)?;
        let delay = (FIRST_MS << waiting.errors.min(10)).min(LONGEST_MS);
        waiting.errors += 1;
        waiting.state = State::BackingOff(now + delay);
        Some(now + delay)
    }
}
