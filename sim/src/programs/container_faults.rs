//! What faults have arranged for containers: pulls that will fail, starts that will take longer. The container runtime asks at
//! each pull and start.

use std::collections::BTreeSet;

use super::images::glob;
use crate::engine::Millis;
use crate::object::Str;

/// Selects containers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ContainerSelector {
    /// Containers of images that this glob matches.
    Image(Str),
    /// Containers of the pods with these uids.
    Pods(BTreeSet<Str>),
}

impl ContainerSelector {
    pub(super) fn matches(&self, image: &str, pod_uid: &str) -> bool {
        match self {
            Self::Image(pattern) => glob(pattern.as_bytes(), image.as_bytes()),
            Self::Pods(uids) => uids.contains(pod_uid),
        }
    }
}

/// The pulls and starts that faults change.
#[derive(Debug, Default)]
pub struct ContainerFaults {
    failing_pulls: Vec<FailingPulls>,
    slow_starts: Vec<SlowStarts>,
}

#[derive(Debug)]
struct FailingPulls {
    image: Str,
    reason: Str,
    times: u64,
}

#[derive(Debug)]
struct SlowStarts {
    containers: ContainerSelector,
    by_ms: Millis,
    once: bool,
}

impl ContainerFaults {
    /// The next pulls of images that the glob matches fail, this many times, on whatever node.
    pub fn fail_pulls(&mut self, image: &str, times: u64, reason: &str) {
        self.failing_pulls.push(FailingPulls { image: image.into(), reason: reason.into(), times });
    }

    /// Pulls that [`fail_pulls`](Self::fail_pulls) made fail for this glob succeed again.
    pub fn end_failing_pulls(&mut self, image: &str) {
        self.failing_pulls.retain(|failing| failing.image != image);
    }

    /// Starts of these containers take this much longer: the next start if `once`, else all of them.
    pub fn slow_starts(&mut self, containers: ContainerSelector, by_ms: Millis, once: bool) {
        self.slow_starts.push(SlowStarts { containers, by_ms, once });
    }

    /// Starts of these containers are no longer slow.
    pub fn end_slow_starts(&mut self, containers: &ContainerSelector) {
        self.slow_starts.retain(|slow| slow.containers != *containers);
    }

    /// Counts a pull of this image. The reason for which it fails, if it does.
    pub(super) fn failure_of_pull(&mut self, image: &str) -> Option<Str> {
        let fits = |failing: &&mut FailingPulls| glob(failing.image.as_bytes(), image.as_bytes());
        let failing = self.failing_pulls.iter_mut().find(fits)?;
        let reason = failing.reason.clone();
        failing.times = failing.times.saturating_sub(1);
        self.failing_pulls.retain(|failing| failing.times > 0);
        Some(reason)
    }

    /// Counts a start of this container. How much longer it takes.
    pub(super) fn delay_of_start(&mut self, image: &str, pod_uid: &str) -> Millis {
        let hit = |slow: &SlowStarts| slow.containers.matches(image, pod_uid);
        let delay = self.slow_starts.iter().filter(|slow| hit(slow)).map(|slow| slow.by_ms).sum();
        self.slow_starts.retain(|slow| !(slow.once && hit(slow)));
        delay
    }
}
