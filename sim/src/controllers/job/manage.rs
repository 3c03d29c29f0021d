//! How many pods a job should have now, and which to create or delete.
//!
//! Real: `manageJob`. Modelled: all of it, including that the status shows no active pods during a back-off.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::backoff::remaining_for_index_ms;
use super::indexes::Indexes;
use super::pod::{self, Failures};
use super::policy::Meaning;
use super::sync::{JobSync, number};
use crate::controllers::shared::pods;
use crate::engine::Millis;
use crate::object::Object;
use crate::wire::Request;
use crate::wire::resource::PODS;

/// At most so many creations or deletions per sync (pkg/controller/job `MaxPodCreateDeletePerSync`).
const BURST: usize = 500;
/// How long changes of pods wait for others (pkg/controller/job `syncJobBatchPeriod`).
pub(super) const BATCH_MS: Millis = 1_000;

impl JobSync<'_> {
    /// Creates or deletes pods. The status counts creations in advance, except in a `cautious` sync.
    pub(super) fn manage(&mut self, cautious: bool) {
        let active = number(self.active.len());
        if self.spec.suspended {
            return self.delete(self.active.clone());
        }
        let wanted = self.wanted();
        let mut surplus = self.surplus(usize::try_from(active - wanted).unwrap_or(0));
        surplus.truncate(BURST);
        if !surplus.is_empty() {
            return self.delete(surplus);
        }
        let waits_for = if self.spec.replaces_ended_pods_only { self.status.terminating } else { 0 };
        let missing = usize::try_from(wanted - waits_for - active).unwrap_or(0).min(BURST);
        if missing == 0 {
            return;
        }
        match self.creations(missing) {
            Ok(creations) => {
                if !cautious {
                    self.status.active += number(creations.len());
                }
                self.creations = creations;
            }
            Err(wait) => {
                self.out.after(wait.max(BATCH_MS));
                self.status.active = 0;
            }
        }
    }

    fn wanted(&self) -> i64 {
        match self.spec.completions {
            Some(completions) => (completions - self.succeeded).min(self.spec.parallelism).max(0),
            // A work queue with a success gets no new pods.
            None if self.succeeded > 0 => number(self.active.len()),
            None => self.spec.parallelism,
        }
    }

    /// The active pods to delete: at least so many, and all without an index of the job or with another pod's index.
    fn surplus(&self, at_least: usize) -> Vec<Arc<Object>> {
        let order = |a: &Arc<Object>, b: &Arc<Object>| pods::plain_deletion_order(a, b);
        let (mut surplus, mut rest) = (Vec::new(), Vec::new());
        if self.spec.indexed {
            let mut by_index: BTreeMap<i64, Vec<Arc<Object>>> = BTreeMap::new();
            for pod in &self.active {
                match self.index_of(pod) {
                    Some(index) => by_index.entry(index).or_default().push(pod.clone()),
                    None => surplus.push(pod.clone()),
                }
            }
            for mut same in by_index.into_values() {
                same.sort_by(order);
                rest.extend(same.pop());
                surplus.append(&mut same);
            }
        } else {
            rest.clone_from(&self.active);
        }
        if surplus.len() < at_least {
            rest.sort_by(order);
            rest.truncate(at_least - surplus.len());
            surplus.append(&mut rest);
        }
        surplus
    }

    /// Deletes surplus pods, without counting them.
    fn delete(&mut self, surplus: Vec<Arc<Object>>) {
        let tracked = surplus.iter().filter(|pod| pod::is_tracked(pod));
        self.out.together(tracked.map(|pod| pod::untrack(pod)).collect());
        self.out.together(surplus.iter().map(|pod| pods::delete(pod)).collect());
        self.status.active -= number(surplus.len());
        self.status.terminating += number(surplus.len());
        self.status.ready -= number(surplus.iter().filter(|pod| pods::is_ready(pod)).count());
    }

    /// Requests that create pods, or how long to wait.
    fn creations(&self, missing: usize) -> Result<Vec<Request>, Millis> {
        let per_index = self.spec.backoff_limit_per_index.is_some();
        let wait = if per_index { 0 } else { self.record.remaining_ms(self.now) };
        if wait > 0 {
            return Err(wait);
        }
        let create = |index: Option<i64>| {
            let failures = index.filter(|_| per_index).map(|index| self.failures_before(index));
            Request::create(*PODS, Object::shared(pod::of_template(&self.owner(), index, failures)))
        };
        if !self.spec.indexed {
            return Ok((0..missing).map(|_| create(None)).collect());
        }
        let indexes = self.taken().missing(missing, self.spec.index_limit());
        let wait = |index: &i64| remaining_for_index_ms(self.to_replace.get(index), self.now);
        let due: Vec<i64> = indexes.iter().copied().filter(|index| !per_index || wait(index) == 0).collect();
        match indexes.iter().map(wait).min() {
            Some(first) if due.is_empty() => Err(first),
            _ => Ok(due.into_iter().map(|index| create(Some(index))).collect()),
        }
    }

    /// The indexes that need no new pod.
    fn taken(&self) -> Indexes {
        let mut taken = self.succeeded_indexes.clone();
        if let Some(failed) = &self.failed_indexes {
            taken.merge(failed);
        }
        let holds = |pod: &&Arc<Object>| {
            pods::is_active(pod) || (self.spec.replaces_ended_pods_only && pods::is_stopping(pod))
        };
        let held = self.pods.iter().filter(holds).filter_map(|pod| pod::index_of(pod));
        held.for_each(|index| taken.insert(index));
        taken
    }

    /// How often the index has failed, for the annotations of its next pod.
    fn failures_before(&self, index: i64) -> Failures {
        let Some(last) = self.to_replace.get(&index) else { return (0, 0) };
        let (counted, ignored) = pod::failure_counts(last);
        match Meaning::of(&self.spec, last).counts() {
            true => (counted + 1, ignored),
            false => (counted, ignored + 1),
        }
    }
}
