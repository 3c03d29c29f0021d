//! The pods without a node: active, parked until an event may help, or backing off after an error.
//!
//! Real: activeQ, unschedulablePods and backoffQ. Modelled: all three. An unschedulable pod is tried again as soon as an
//! event may help: since v1.33 an idle scheduler does not wait for its back-off (recorded). Not modelled: events during a
//! cycle, as a cycle takes no time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::fit_error::Unscheduled;
use super::reasons::Plugin;
use crate::engine::{Millis, SECOND, Time};
use crate::object::{Object, Str};
use crate::wire::ObjectKey;

/// Longest time in the park (kube-scheduler `pod-max-in-unschedulable-pods-duration`).
const PARK_MS: Millis = 300 * SECOND;
/// First back-off after an error (kube-scheduler `podInitialBackoffSeconds`).
const FIRST_MS: Millis = SECOND;
/// Longest back-off (kube-scheduler `podMaxBackoffSeconds`).
const LONGEST_MS: Millis = 10 * SECOND;

/// The order of active pods: priority, creation, arrival.
type Rank = (Reverse<i64>, Str, u64);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum QueueState {
    Active,
    Parked(Time),
    BackingOff(Time),
    /// Its binding is in progress.
    Binding,
}

#[derive(Clone, Debug)]
struct QueuedPod {
    uid: Str,
    rank: Rank,
    state: QueueState,
    errors: u32,
    /// The plugins that rejected it in its last cycle.
    plugins: BTreeSet<Plugin>,
    /// The last written condition: the message, and the nominated node.
    written: (String, Option<Str>),
}

/// The pods without a node.
#[derive(Clone, Default, Debug)]
pub(super) struct SchedulingQueue {
    pods: BTreeMap<ObjectKey, QueuedPod>,
    arrived: u64,
}

impl SchedulingQueue {
    /// Adds a pod.
    pub(super) fn add(&mut self, key: ObjectKey, pod: &Object) {
        let priority = pod.i64_at(&["spec", "priority"]).unwrap_or(0);
        self.arrived += 1;
        let rank = (Reverse(priority), pod.meta("creationTimestamp").into(), self.arrived);
        let (uid, state) = (pod.uid().into(), QueueState::Active);
        let waiting = QueuedPod {
            uid,
            rank,
            state,
            errors: 0,
            plugins: BTreeSet::new(),
            written: (String::new(), None),
        };
        self.pods.insert(key, waiting);
    }

    pub(super) fn remove(&mut self, key: &ObjectKey) {
        self.pods.remove(key);
    }

    /// Whether the queue has the pod with this key and uid.
    pub(super) fn has(&self, key: &ObjectKey, uid: &str) -> bool {
        self.pods.get(key).is_some_and(|waiting| waiting.uid == uid)
    }

    /// Activates parked pods that `helps`, given their key and the plugins that rejected them.
    pub(super) fn wake(&mut self, helps: impl Fn(&ObjectKey, &BTreeSet<Plugin>) -> bool) {
        for (key, waiting) in &mut self.pods {
            if matches!(waiting.state, QueueState::Parked(_)) && helps(key, &waiting.plugins) {
                waiting.state = QueueState::Active;
            }
        }
    }

    /// As [`wake`](Self::wake), for one pod.
    pub(super) fn wake_one(&mut self, key: &ObjectKey, helps: impl Fn(&BTreeSet<Plugin>) -> bool) {
        if let Some(waiting) = self.pods.get_mut(key)
            && matches!(waiting.state, QueueState::Parked(_))
            && helps(&waiting.plugins)
        {
            waiting.state = QueueState::Active;
        }
    }

    /// Activates pods whose wait is over.
    pub(super) fn activate_due(&mut self, now: Time) {
        for waiting in self.pods.values_mut() {
            if let QueueState::Parked(until) | QueueState::BackingOff(until) = waiting.state
                && until <= now
            {
                waiting.state = QueueState::Active;
            }
        }
    }

    /// The pods to try, in order.
    pub(super) fn active(&self) -> Vec<ObjectKey> {
        let active = self.pods.iter().filter(|(_, waiting)| waiting.state == QueueState::Active);
        let mut active: Vec<(&Rank, &ObjectKey)> =
            active.map(|(key, waiting)| (&waiting.rank, key)).collect();
        active.sort();
        active.into_iter().map(|(_, key)| key.clone()).collect()
    }

    /// Its binding is in progress.
    pub(super) fn set_binding(&mut self, key: &ObjectKey) {
        if let Some(waiting) = self.pods.get_mut(key) {
            waiting.state = QueueState::Binding;
        }
    }

    /// Parks an unschedulable pod. Returns until when, and whether its condition changes.
    pub(super) fn park(&mut self, key: &ObjectKey, verdict: &Unscheduled, now: Time) -> (Time, bool) {
        let until = now + PARK_MS;
        let Some(waiting) = self.pods.get_mut(key) else { return (until, false) };
        waiting.state = QueueState::Parked(until);
        waiting.plugins.clone_from(&verdict.plugins);
        let nominated = verdict.nominated.as_ref().unwrap_or(&waiting.written.1);
        let written = (verdict.message.clone(), nominated.clone());
        let changed = waiting.written != written;
        waiting.written = written;
        (until, changed)
    }

    /// The write of its condition failed. Returns until when a parked pod backs off.
    pub(super) fn report_failed(&mut self, key: &ObjectKey, now: Time) -> Option<Time> {
        let waiting = self.pods.get_mut(key)?;
        waiting.written = (String::new(), None);
        if matches!(waiting.state, QueueState::Parked(_)) { self.failed(key, now) } else { None }
    }

    /// Its binding failed. Returns until when it backs off.
    pub(super) fn failed(&mut self, key: &ObjectKey, now: Time) -> Option<Time> {
        let waiting = self.pods.get_mut(key)?;
        let delay = (FIRST_MS << waiting.errors.min(10)).min(LONGEST_MS);
        waiting.errors += 1;
        waiting.plugins.clear();
        waiting.state = QueueState::BackingOff(now + delay);
        Some(now + delay)
    }
}
