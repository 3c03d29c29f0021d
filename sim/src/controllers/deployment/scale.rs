//! Scaling: a single active set takes the new size; several share it in proportion.
//!
//! Real: pkg/controller/deployment/sync.go `scale`. Modelled: all of it.

use std::cmp::Ordering;
use std::sync::Arc;

use super::rolling::Size;
use super::rollout::Rollout;
use super::sets::{self, DESIRED, MAXIMUM};
use crate::controllers::shared::workload::replicas;
use crate::object::{Object, Value};
use crate::wire::Request;
use crate::wire::resource::REPLICA_SETS;

fn number(set: &Object, annotation: &str) -> Option<i64> {
    set.annotation(annotation)?.parse().ok()
}

impl Rollout<'_> {
    fn active(&self) -> Vec<Arc<Object>> {
        self.old.iter().chain(&self.new).filter(|set| replicas(set) > 0).cloned().collect()
    }

    /// Whether the deployment's size changed since its sets were sized.
    pub(super) fn is_scaling(&self) -> bool {
        let active = self.old.iter().chain(&self.new).filter(|set| replicas(set) > 0);
        active.filter_map(|set| number(set, DESIRED)).any(|desired| desired != self.strategy.wanted)
    }

    /// Scales the sets to the deployment's size.
    pub(super) fn scale(&mut self) {
        let active = self.active();
        let alone = match &active[..] {
            [] => self.new.clone().or_else(|| self.old.last().cloned()),
            [only] => Some(only.clone()),
            _ => None,
        };
        if let Some(set) = alone {
            self.resize(&set, self.strategy.wanted);
        } else if self.is_saturated() {
            for set in self.old.clone().iter().filter(|set| replicas(set) > 0) {
                self.resize(set, 0);
            }
        } else if self.strategy.rolling {
            for (set, size) in self.shares(active) {
                self.resize_and_annotate(&set, size);
            }
        }
    }

    fn is_saturated(&self) -> bool {
        let wanted = self.strategy.wanted;
        self.new.as_ref().is_some_and(|new| {
            number(new, DESIRED) == Some(wanted) && Size::of(new) == Size { spec: wanted, available: wanted }
        })
    }

    /// The new sizes of active sets, in proportion to their present ones.
    fn shares(&self, mut active: Vec<Arc<Object>>) -> Vec<(Arc<Object>, i64)> {
        let allowed = if self.strategy.wanted > 0 { self.strategy.most() } else { 0 };
        let to_add = allowed - active.iter().map(|set| replicas(set)).sum::<i64>();
        active.sort_by(|a, b| {
            let by_age = sets::age_order(a, b);
            let by_age = if to_add > 0 { by_age.reverse() } else { by_age };
            replicas(b).cmp(&replicas(a)).then(if to_add == 0 { Ordering::Equal } else { by_age })
        });
        let mut added = 0;
        let mut sizes: Vec<i64> = Vec::with_capacity(active.len());
        for set in &active {
            let share = self.share(set, to_add, added);
            sizes.push(replicas(set) + share);
            added += share;
        }
        // The largest set takes what rounding leaves.
        if let Some(first) = sizes.first_mut() {
            *first = (*first + to_add - added).max(0);
        }
        active.into_iter().zip(sizes).collect()
    }

    /// How much of `to_add` a set takes when the others have taken `added`.
    fn share(&self, set: &Object, to_add: i64, added: i64) -> i64 {
        if to_add == 0 || to_add == added {
            return 0;
        }
        let size = replicas(set);
        let most = number(set, MAXIMUM).filter(|most| *most != 0);
        let most = most.or_else(|| self.deployment.i64_at(&["status", "replicas"])).unwrap_or(0).max(1);
        let fraction = if self.strategy.wanted == 0 {
            -size
        } else {
            // Rounded half away from zero; nothing here is negative.
            (2 * size * self.strategy.most() + most) / (2 * most) - size
        };
        if to_add > 0 { fraction.min(to_add - added) } else { fraction.max(to_add - added) }
    }

    /// Gives a set this size. Whether the size changed.
    pub(super) fn resize(&mut self, set: &Arc<Object>, size: i64) -> bool {
        replicas(set) != size && self.resize_and_annotate(set, size)
    }

    /// Gives a set this size and annotates it with the deployment's size. Whether the set's size changed.
    fn resize_and_annotate(&mut self, set: &Arc<Object>, size: i64) -> bool {
        let differs = replicas(set) != size;
        let annotations = sets::sizes(&self.strategy);
        if !differs && annotations.iter().all(|(name, value)| set.annotation(name) == Some(value)) {
            return false;
        }
        let updated = set.edited(|root| {
            root.set_at(&["spec", "replicas"], size);
            for (name, value) in annotations {
                root.set_at(&["metadata", "annotations", name], Value::from(value));
            }
        });
        self.out.then(Request::update(*REPLICA_SETS, Arc::new(updated)));
        differs
    }
}
