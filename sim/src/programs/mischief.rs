//! What faults have in store for containers: pulls that fail, starts that take longer.
//!
//! Only figures: the runtime asks at each pull and start.

use std::collections::BTreeSet;

use super::images::glob;
use crate::engine::Millis;
use crate::object::Str;
use crate::wire::PullError;

/// Which containers are meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Whom {
    /// Those of images that a glob matches.
    Image(Str),
    /// Those of the pods with these uids.
    Pods(BTreeSet<Str>),
}

impl Whom {
    pub(super) fn matches(&self, image: &str, pod_uid: &str) -> bool {
        match self {
            Self::Image(pattern) => glob(pattern.as_bytes(), image.as_bytes()),
            Self::Pods(uids) => uids.contains(pod_uid),
        }
    }
}

/// All that is in store.
#[derive(Debug, Default)]
pub struct Mischief {
    pulls: Vec<FailingPulls>,
    starts: Vec<SlowStarts>,
}

#[derive(Debug)]
struct FailingPulls {
    image: Str,
    reason: Str,
    times: u64,
}

#[derive(Debug)]
struct SlowStarts {
    whom: Whom,
    by_ms: Millis,
    once: bool,
}

impl Mischief {
    /// The next so many pulls of images that the glob matches fail, on whatever node.
    pub fn fail_pulls(&mut self, image: &str, times: u64, reason: &str) {
        self.pulls.push(FailingPulls { image: image.into(), reason: reason.into(), times });
    }

    /// Pulls of images that this glob matches do not fail any more.
    pub fn let_pulls(&mut self, image: &str) {
        self.pulls.retain(|failing| failing.image != image);
    }

    /// Starts of these containers take so much longer: the next one, or all until it ends.
    pub fn slow_starts(&mut self, whom: Whom, by_ms: Millis, once: bool) {
        self.starts.push(SlowStarts { whom, by_ms, once });
    }

    /// Starts of these containers are not slow any more.
    pub fn let_start(&mut self, whom: &Whom) {
        self.starts.retain(|slow| slow.whom != *whom);
    }

    /// Whether the pull of this image fails; `result` then says why.
    pub(super) fn fails_pull(&mut self, image: &str, result: &mut Result<(), PullError>) -> bool {
        let fits = |failing: &&mut FailingPulls| glob(failing.image.as_bytes(), image.as_bytes());
        let Some(failing) = self.pulls.iter_mut().find(fits) else { return false };
        *result =
            Err(PullError { reason: failing.reason.clone(), message: super::runtime::pull_message(image) });
        failing.times = failing.times.saturating_sub(1);
        self.pulls.retain(|failing| failing.times > 0);
        true
    }

    /// How much longer the start of this container takes.
    pub(super) fn delay_of(&mut self, image: &str, pod_uid: &str) -> Millis {
        let hit = |slow: &SlowStarts| slow.whom.matches(image, pod_uid);
        let delay = self.starts.iter().filter(|slow| hit(slow)).map(|slow| slow.by_ms).sum();
        self.starts.retain(|slow| !(slow.once && hit(slow)));
        delay
    }
}
