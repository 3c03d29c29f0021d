//! Which pods a set creates, deletes and waits for: replicas from the lowest ordinal up, surplus and updates from the
//! highest down.
//!
//! Real: pkg/controller/statefulset `updateStatefulSet` with `processReplica` and `processCondemned`. Modelled: all of it
//! without `maxUnavailable`. Not modelled: repairing a pod whose volumes do not match the set's claims; the server refuses
//! such an update.

use std::sync::Arc;

use super::status::{StatefulSetStatus, is_running_and_ready};
use super::{claims, identity};
use crate::controllers::shared::pods;
use crate::controllers::shared::workload::{self, min_ready_s};
use crate::controllers::{Caches, Outcome};
use crate::engine::Time;
use crate::object::{Object, Value};
use crate::wire::Request;
use crate::wire::resource::{PERSISTENT_VOLUME_CLAIMS, PODS};

/// A revision: its name and its template.
pub(super) type Revision = (String, Value);

/// The pods of a set as one sync sees them.
pub(super) struct Replicas<'a> {
    set: &'a Arc<Object>,
    caches: &'a Caches,
    now: Time,
    current: &'a Revision,
    update: &'a Revision,
    /// By ordinal, from the first on; `None`: to be created.
    pods: Vec<Option<Arc<Object>>>,
    /// Pods with other ordinals, highest first.
    surplus: Vec<Arc<Object>>,
}

/// The requests for one ordinal.
#[derive(Default)]
struct Work {
    /// Sent before those of the pod.
    claims: Vec<Request>,
    pod: Vec<Request>,
    /// Whether an ordered set waits here.
    wait: bool,
}

impl Work {
    fn wait() -> Self {
        Self { wait: true, ..Self::default() }
    }
}

impl<'a> Replicas<'a> {
    pub(super) fn new(
        set: &'a Arc<Object>,
        all: &[Arc<Object>],
        (current, update): (&'a Revision, &'a Revision),
        (caches, now): (&'a Caches, Time),
    ) -> Self {
        let (start, count) = (identity::start(set), workload::replicas(set));
        let mut pods = vec![None; usize::try_from(count).unwrap_or(0)];
        let mut surplus = Vec::new();
        for pod in all {
            let Some(ordinal) = identity::ordinal(pod) else { continue };
            match usize::try_from(ordinal - start).ok().and_then(|index| pods.get_mut(index)) {
                Some(place) => *place = Some(pod.clone()),
                None => surplus.push(pod.clone()),
            }
        }
        surplus.sort_by_key(|pod| std::cmp::Reverse(identity::ordinal(pod)));
        Self { set, caches, now, current, update, pods, surplus }
    }

    fn is_ordered(&self) -> bool {
        self.set.str_at(&["spec", "podManagementPolicy"]) != Some("Parallel")
    }

    fn is_available(&self, pod: &Object) -> bool {
        pods::is_available(pod, min_ready_s(self.set), self.now)
    }

    fn is_unavailable(&self, pod: &Object) -> bool {
        !self.is_available(pod) || pod.is_terminating()
    }

    /// Creates, deletes and updates pods. An ordered set stops at the first pod it has to wait for.
    pub(super) fn act(&self, status: &mut StatefulSetStatus, out: &mut Outcome) {
        let works = (0..self.pods.len()).map(|index| self.replica(index));
        if !self.carry_out(works, out) {
            return;
        }
        let cache = self.caches.of(*PERSISTENT_VOLUME_CLAIMS);
        out.together(
            self.surplus.iter().flat_map(|pod| claims::owned(self.set, pod, false, cache)).collect(),
        );
        if self.shrink(out) {
            self.update(status, out);
        }
    }

    /// Sends the requests: for an ordered set one pod after the other until it has to wait, else in rounds that double.
    /// Whether nothing waits.
    fn carry_out(&self, works: impl Iterator<Item = Work>, out: &mut Outcome) -> bool {
        if self.is_ordered() {
            for work in works {
                out.together(work.claims);
                out.together(work.pod);
                if work.wait {
                    return false;
                }
            }
            return true;
        }
        let (mut works, mut batch) = (works.collect::<Vec<_>>(), 1);
        works.retain(|work| !work.claims.is_empty() || !work.pod.is_empty());
        while !works.is_empty() {
            let rest = works.split_off(batch.min(works.len()));
            let (claims, pods): (Vec<_>, Vec<_>) =
                works.into_iter().map(|work| (work.claims, work.pod)).unzip();
            out.together(claims.into_iter().flatten().collect());
            out.together(pods.into_iter().flatten().collect());
            works = rest;
            batch *= 2;
        }
        true
    }

    fn replica(&self, index: usize) -> Work {
        let Some(pod) = &self.pods[index] else { return self.creation(index) };
        if pods::is_finished(pod) {
            let delete = (!pod.is_terminating()).then(|| identity::delete(pod));
            return Work { pod: delete.into_iter().collect(), ..Work::wait() };
        }
        let cache = self.caches.of(*PERSISTENT_VOLUME_CLAIMS);
        let mut work = Work::default();
        if pods::phase(pod) == "Pending" {
            let missing = identity::ordinal(pod).and_then(|n| claims::missing(self.set, n, cache));
            let Some(missing) = missing else { return Work::wait() };
            work.claims = missing;
            work.claims.extend(claims::owned(self.set, pod, true, cache));
        }
        let settled = !pod.is_terminating() && is_running_and_ready(pod) && self.is_available(pod);
        if self.is_ordered() && !settled {
            work.wait = true;
            return work;
        }
        if work.claims.is_empty() {
            work.claims = claims::owned(self.set, pod, true, cache);
        }
        let corrected = identity::corrected(pod);
        work.pod = corrected.map(|pod| Request::update(*PODS, Arc::new(pod))).into_iter().collect();
        work
    }

    fn creation(&self, index: usize) -> Work {
        let cache = self.caches.of(*PERSISTENT_VOLUME_CLAIMS);
        let ordinal = identity::start(self.set) + i64::try_from(index).unwrap_or(0);
        if claims::are_stale(self.set, ordinal, cache) {
            return Work::wait();
        }
        let Some(claims) = claims::missing(self.set, ordinal, cache) else { return Work::wait() };
        let (name, template) = self.revision_of(index);
        let mut pod = identity::new_pod(self.set, ordinal, (name, template));
        claims::mount(self.set, &mut pod, ordinal);
        Work { claims, pod: vec![Request::create(*PODS, Object::shared(pod))], wait: true }
    }

    /// The revision of a new pod: the old one below the partition.
    fn revision_of(&self, index: usize) -> &'a Revision {
        let rolling = self.set.at(&["spec", "updateStrategy", "rollingUpdate"]);
        let is_rolling = self.set.str_at(&["spec", "updateStrategy", "type"]) == Some("RollingUpdate");
        let old = match rolling {
            Some(_) => self.partition(),
            None if is_rolling => self.set.i64_at(&["status", "currentReplicas"]).unwrap_or(0),
            None => 0,
        };
        if i64::try_from(index).is_ok_and(|index| index < old) { self.current } else { self.update }
    }

    fn partition(&self) -> i64 {
        self.set.i64_at(&["spec", "updateStrategy", "rollingUpdate", "partition"]).unwrap_or(0)
    }

    /// Deletes surplus pods, those of an ordered set one at a time. Whether nothing waits.
    fn shrink(&self, out: &mut Outcome) -> bool {
        if !self.is_ordered() {
            let doomed = self.surplus.iter().filter(|pod| !pod.is_terminating());
            workload::slow_start(doomed.map(|pod| identity::delete(pod)).collect(), 1, out);
            return true;
        }
        let Some(last) = self.surplus.first() else { return true };
        let is_sick = |pod: &Object| !is_running_and_ready(pod) || !self.is_available(pod);
        let first_sick = self.first_unavailable().is_some_and(|pod| pod.name() == last.name());
        if !last.is_terminating() && (!is_sick(last) || first_sick) {
            out.then(identity::delete(last));
        }
        false
    }

    /// The unavailable pod of the lowest ordinal, surplus ones last. Missing pods are unavailable, too.
    fn first_unavailable(&self) -> Option<&Arc<Object>> {
        if let Some(first) = self.pods.iter().find(|pod| pod.as_ref().is_none_or(|p| self.is_unavailable(p)))
        {
            return first.as_ref();
        }
        self.surplus.iter().rev().find(|pod| self.is_unavailable(pod))
    }

    /// Deletes the pod of the highest ordinal that has an old revision, if all above it are available.
    fn update(&self, status: &mut StatefulSetStatus, out: &mut Outcome) {
        if self.set.str_at(&["spec", "updateStrategy", "type"]) == Some("OnDelete") {
            return;
        }
        let least = usize::try_from(self.partition()).unwrap_or(0);
        for pod in self.pods.iter().skip(least).rev() {
            let Some(pod) = pod else { return };
            if identity::revision(pod) != self.update.0 && !pod.is_terminating() {
                out.then(identity::delete(pod));
                status.current_pod_deleted();
                return;
            }
            if self.is_unavailable(pod) {
                return;
            }
        }
    }
}
