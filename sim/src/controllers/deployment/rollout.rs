//! One sync of one deployment: rolling update, recreation, history.

use std::sync::Arc;

use super::rolling::{self, Size, Strategy};
use super::sets;
use crate::client::Informer;
use crate::controllers::shared::pods;
use crate::controllers::shared::workload::{history_limit, replicas};
use crate::controllers::{Caches, Outcome};
use crate::engine::Time;
use crate::object::{Object, Str, Value, keys};
use crate::wire::resource::{PODS, REPLICA_SETS};
use crate::wire::{ObjectKey, Request};

/// One sync of one deployment.
pub(super) struct Rollout<'a> {
    pub(super) deployment: &'a Arc<Object>,
    pub(super) strategy: Strategy,
    /// The set with the deployment's template.
    pub(super) new: Option<Arc<Object>>,
    /// The other sets, oldest first.
    pub(super) old: Vec<Arc<Object>>,
    /// The conditions as this sync leaves them.
    pub(super) conditions: Vec<Value>,
    /// The revision to annotate the deployment with.
    pub(super) revision: Option<Str>,
    /// Whether a status write is among the requests: a second one would be stale.
    pub(super) status_written: bool,
    pub(super) now: Time,
    pub(super) out: Outcome,
}

/// The sync ends here, because a write makes the rest of its view stale.
pub(super) struct Stop;

impl<'a> Rollout<'a> {
    pub(super) fn new(
        deployment: &'a Arc<Object>,
        mut sets: Vec<Arc<Object>>,
        now: Time,
        out: Outcome,
    ) -> Self {
        sets.sort_by(|a, b| sets::age_order(a, b));
        let conditions = deployment.conditions().to_vec();
        let strategy = Strategy::of(deployment);
        let (new, revision, status_written) = (None, None, false);
        Self { deployment, strategy, new, old: sets, conditions, revision, status_written, now, out }
    }

    /// The sync.
    pub(super) fn sync(&mut self, caches: &Caches, failure: Option<&str>) {
        // `out` has the requests in both cases.
        let (Ok(()) | Err(Stop)) = self.try_sync(caches, failure);
    }

    fn try_sync(&mut self, caches: &Caches, failure: Option<&str>) -> Result<(), Stop> {
        self.find_new();
        if self.deployment.is_terminating() {
            self.sync_revision()?;
            self.update_status();
            return Ok(());
        }
        self.sync_paused();
        self.sync_revision()?;
        if self.is_paused() || self.is_scaling() {
            self.scale();
            if self.is_paused() {
                self.clean_up();
            }
            self.update_status();
        } else if self.strategy.rolling {
            self.roll(caches, failure)?;
        } else {
            self.recreate(caches, failure)?;
        }
        Ok(())
    }

    pub(super) fn is_paused(&self) -> bool {
        self.deployment.spec(keys::PAUSED).and_then(Value::as_bool).unwrap_or(false)
    }

    /// Strategy RollingUpdate: grows the new set; when it cannot grow further now, shrinks the old ones.
    fn roll(&mut self, caches: &Caches, failure: Option<&str>) -> Result<(), Stop> {
        self.create_new(caches, failure)?;
        let Some(new) = self.new.clone() else { return Ok(()) };
        let size = Size::of(&new);
        let total = size.spec + self.old.iter().map(|set| Size::of(set).spec).sum::<i64>();
        let wanted = rolling::grown(&self.strategy, total, size.spec);
        if !self.resize(&new, wanted) && !self.shrink_old(size) && self.is_complete() {
            self.clean_up();
        }
        self.update_rollout_status();
        Ok(())
    }

    fn active_old(&self) -> Vec<Arc<Object>> {
        self.old.iter().filter(|set| replicas(set) > 0).cloned().collect()
    }

    /// Shrinks the old sets as far as availability allows. Whether one changed.
    fn shrink_old(&mut self, new: Size) -> bool {
        let active = self.active_old();
        let sizes: Vec<Size> = active.iter().map(|set| Size::of(set)).collect();
        let [clean, shrunk] = rolling::shrunk(&self.strategy, new, &sizes);
        let mut any = false;
        for (set, size) in active.iter().zip(&clean) {
            any |= self.resize(set, *size);
        }
        for ((set, clean), size) in active.iter().zip(clean).zip(shrunk) {
            // The first write changes the version, so the second one carries no version.
            let written = (replicas(set) != clean).then(|| {
                set.edited(|root| {
                    root.set_at(&["spec", "replicas"], clean);
                    root.remove_at(&["metadata", "resourceVersion"]);
                })
            });
            any |= self.resize(&written.map_or_else(|| set.clone(), Arc::new), size);
        }
        any
    }

    /// Strategy Recreate: creates the first new pod when all old ones are gone.
    fn recreate(&mut self, caches: &Caches, failure: Option<&str>) -> Result<(), Stop> {
        let active = self.active_old();
        let shrunk = active.iter().map(|set| self.resize(set, 0)).fold(false, |any, done| any | done);
        if !shrunk && !self.old_pods_run(caches.of(*PODS)) {
            self.create_new(caches, failure)?;
            if let Some(new) = self.new.clone() {
                self.resize(&new, self.strategy.wanted);
            }
            if self.is_complete() {
                self.clean_up();
            }
        }
        self.update_rollout_status();
        Ok(())
    }

    fn old_pods_run(&self, cache: &Informer) -> bool {
        self.old.iter().any(|set| {
            set.count(keys::REPLICAS) > 0 || cache.owned_by(set.uid()).any(|pod| !pods::is_finished(pod))
        })
    }

    /// Deletes the oldest revisions beyond the history limit.
    fn clean_up(&mut self) {
        let Some(limit) = history_limit(self.deployment) else { return };
        let mut alive: Vec<&Arc<Object>> = self.old.iter().filter(|set| !set.is_terminating()).collect();
        let surplus = alive.len().saturating_sub(limit);
        alive.sort_by_key(|set| sets::revision(set));
        for set in alive.into_iter().take(surplus) {
            let observed = set.count(keys::OBSERVED_GENERATION);
            let empty = set.count(keys::REPLICAS) == 0 && replicas(set) == 0;
            if empty && set.generation() <= observed {
                self.out.then(Request::delete(*REPLICA_SETS, &ObjectKey::of(set)));
            }
        }
    }
}
