//! How far a rollout may grow the new ReplicaSet and shrink the old ones: pure arithmetic.
//!
//! Real: pkg/controller/deployment/rolling.go and util `ResolveFenceposts`. Modelled: all of it.

use crate::controllers::shared::workload::{replicas, scaled};
use crate::object::{Object, Value, keys};

/// A deployment's size and strategy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Strategy {
    pub(super) wanted: i64,
    pub(super) surge: i64,
    pub(super) unavailable: i64,
    /// RollingUpdate; otherwise Recreate.
    pub(super) rolling: bool,
}

/// The pods of one set: `spec.replicas` and the available ones.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Size {
    pub(super) spec: i64,
    pub(super) available: i64,
}

impl Size {
    pub(super) fn of(set: &Object) -> Self {
        Self { spec: replicas(set), available: set.count(keys::AVAILABLE_REPLICAS) }
    }
}

impl Strategy {
    pub(super) fn of(deployment: &Object) -> Self {
        let wanted = replicas(deployment);
        if deployment.str_at(&["spec", "strategy", "type"]) == Some("Recreate") {
            return Self { wanted, surge: 0, unavailable: 0, rolling: false };
        }
        let at = |field| deployment.at(&["spec", "strategy", "rollingUpdate", field]);
        Self::rolling(wanted, at("maxSurge"), at("maxUnavailable"))
    }

    /// A rolling update; `surge` and `unavailable` are numbers or percentages.
    pub(super) fn rolling(wanted: i64, surge: Option<&Value>, unavailable: Option<&Value>) -> Self {
        let surge = scaled(surge, wanted, true);
        let unavailable = scaled(unavailable, wanted, false);
        // If both were 0, the rollout could not proceed.
        let unavailable = if surge == 0 && unavailable == 0 { 1 } else { unavailable };
        Self { wanted, surge, unavailable: unavailable.min(wanted), rolling: true }
    }

    pub(super) fn min_available(&self) -> i64 {
        self.wanted - self.unavailable
    }

    /// The most pods there may be, without terminating ones.
    pub(super) fn most(&self) -> i64 {
        self.wanted + self.surge
    }
}

/// The next size of the new set, when all sets together have `total` replicas and it has `new`.
pub(super) fn grown(strategy: &Strategy, total: i64, new: i64) -> i64 {
    if new >= strategy.wanted {
        return strategy.wanted;
    }
    if !strategy.rolling {
        return strategy.wanted;
    }
    new + (strategy.most() - total).clamp(0, strategy.wanted - new)
}

/// The next sizes of the old sets, oldest first: after removing unavailable pods, and after shrinking as far as
/// availability allows.
pub(super) fn shrunk(strategy: &Strategy, new: Size, old: &[Size]) -> [Vec<i64>; 2] {
    let mut sizes: Vec<i64> = old.iter().map(|set| set.spec).collect();
    let total = new.spec + sizes.iter().sum::<i64>();
    let room = total - strategy.min_available() - (new.spec - new.available);
    let mut cleaned = 0;
    for (size, set) in sizes.iter_mut().zip(old) {
        if cleaned >= room {
            break;
        }
        if set.available > set.spec {
            // Its status is older than its size, so we do not know what is available.
            return [sizes.clone(), sizes];
        }
        let unhealthy = (set.spec - set.available).min(room - cleaned);
        *size -= unhealthy;
        cleaned += unhealthy;
    }
    let clean = sizes.clone();
    if room > 0 {
        let available = new.available + old.iter().map(|set| set.available).sum::<i64>();
        let mut surplus = available - strategy.min_available();
        for size in &mut sizes {
            let less = (*size).min(surplus).max(0);
            *size -= less;
            surplus -= less;
        }
    }
    [clean, sizes]
}
