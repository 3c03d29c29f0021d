//! The pods that wait for a node: ready to be tried, parked until the cluster changes, or backing off after an error.
//!
//! Real: activeQ, unschedulablePods and backoffQ. Modelled: all three. A pod that found no node is tried again as soon as
//! something changed that may help: as recorded, since v1.33 an idle scheduler does not wait for a back-off there. Not
//! modelled: the events of a cycle's duration, as a cycle takes no time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::filter::Plugin;
use super::fit_error::Verdict;

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
    /// Who rejected it when it was tried last.
    plugins: BTreeSet<Plugin>,
    /// What its condition was given last: the message, and the node it waits for.
    told: (String, Option<Str>),
}

/// The pods without a node.
#[derive(Clone, Default, Debug)]
pub(super) struct Queue {
    pods: BTreeMap<ObjectKey, Waiting>,
    arrived: u64,
}

impl Queue {
    /// Adds a pod.
    pub(super) fn add(&mut self, key: ObjectKey, pod: &Object) {
        let priority = pod.i64_at(&["spec", "priority"]).unwrap_or(0);
        self.arrived += 1;
        let rank = (Reverse(priority), pod.meta("creationTimestamp").into(), self.arrived);
        let (uid, state) = (pod.uid().into(), State::Active);
        let waiting =
            Waiting { uid, rank, state, errors: 0, plugins: BTreeSet::new(), told: (String::new(), None) };
        self.pods.insert(key, waiting);
    }

    pub(super) fn remove(&mut self, key: &ObjectKey) {
        self.pods.remove(key);
    }

    /// Whether this very pod is here.
    pub(super) fn has(&self, key: &ObjectKey, uid: &str) -> bool {
        self.pods.get(key).is_some_and(|waiting| waiting.uid == uid)
    }

    /// Something happened: those of the parked pods are tried again that it helps, as their key and who rejected them say.
    pub(super) fn wake(&mut self, helps: impl Fn(&ObjectKey, &BTreeSet<Plugin>) -> bool) {
        for (key, waiting) in &mut self.pods {
            if matches!(waiting.state, State::Parked(_)) && helps(key, &waiting.plugins) {
                waiting.state = State::Active;
            }
        }
    }

    /// As [`wake`](Self::wake), for one pod.
    pub(super) fn wake_one(&mut self, key: &ObjectKey, helps: impl Fn(&BTreeSet<Plugin>) -> bool) {
        if let Some(waiting) = self.pods.get_mut(key)
            && matches!(waiting.state, State::Parked(_))
            && helps(&waiting.plugins)
        {
            waiting.state = State::Active;
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

    /// It found no node. Says until when it is parked, and whether the verdict is news.
    pub(super) fn park(&mut self, key: &ObjectKey, verdict: &Verdict, now: Time) -> (Time, bool) {
        let until = now + PARK_MS;
        let Some(waiting) = self.pods.get_mut(key) else { return (until, false) };
        waiting.state = State::Parked(until);
        waiting.plugins.clone_from(&verdict.plugins);
        let nominated = verdict.nominated.as_ref().unwrap_or(&waiting.told.1);
        let told = (verdict.message.clone(), nominated.clone());
        let news = waiting.told != told;
        waiting.told = told;
        (until, news)
    }

    /// The message did not reach the server. Says until when a pod that is still parked backs off.
    pub(super) fn untold(&mut self, key: &ObjectKey, now: Time) -> Option<Time> {
        let waiting = self.pods.get_mut(key)?;
        waiting.told = (String::new(), None);
        if matches!(waiting.state, State::Parked(_)) { self.failed(key, now) } else { None }
    }

    /// Its binding failed. Says until when it backs off.
    pub(super) fn failed(&mut self, key: &ObjectKey, now: Time) -> Option<Time> {
        let waiting = self.pods.get_mut(key)?;
        let delay = (FIRST_MS << waiting.errors.min(10)).min(LONGEST_MS);
        waiting.errors += 1;
        waiting.plugins.clear();
        waiting.state = State::BackingOff(now + delay);
        Some(now + delay)
    }
}
