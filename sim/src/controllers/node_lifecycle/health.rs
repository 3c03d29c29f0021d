//! The state of one node between passes of the monitor: its last sign of life, and what its object shows.

use std::sync::Arc;

use super::swap::Swap;
use super::taints::{NOT_READY, UNREACHABLE, has};
use crate::engine::{Millis, Time};
use crate::object::{Object, Str};

/// The label of nodes that do not count in their zone's state (`labelNodeDisruptionExclusion`).
const EXCLUDED: &str = "node.kubernetes.io/exclude-disruption";

/// The status of the Ready condition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ReadyStatus {
    /// There is no such condition.
    Absent,
    True,
    False,
    Unknown,
}

impl ReadyStatus {
    pub(super) fn of(node: &Object) -> Self {
        match node.condition("Ready").and_then(|condition| condition.str_at(&["status"])) {
            None => Self::Absent,
            Some("True") => Self::True,
            Some("False") => Self::False,
            Some(_) => Self::Unknown,
        }
    }
}

/// What to do with the NoExecute taints of a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Intent {
    /// Remove both.
    Untaint,
    /// Add the one of its Ready condition, remove the other.
    Taint,
}

/// One node.
#[derive(Clone, Debug)]
pub(super) struct Health {
    pub(super) ready: ReadyStatus,
    /// Region and zone.
    pub(super) zone: Str,
    /// Whether it counts in its zone's state.
    pub(super) counts: bool,
    /// Whether it has the NoExecute taint `unreachable`.
    pub(super) unreachable: bool,
    /// Whether it has the NoExecute taint `not-ready`.
    pub(super) not_ready: bool,
    /// `lastHeartbeatTime` of the Ready condition.
    heartbeat: Str,
    /// Whether the heartbeat has changed since the monitor's last pass.
    fresh: bool,
    /// Its Lease, if that has changed since the monitor's last pass.
    pub(super) lease: Option<Arc<Object>>,
    /// The last renewal that the monitor has seen.
    renewed: Option<Time>,
    /// When the monitor saw the last sign of life (Go: `probeTimestamp`).
    pub(super) probed: Time,
    /// Its grace is over: its status has to become Unknown.
    pub(super) expired: bool,
    /// Its pods have to be marked as not ready.
    pub(super) mark_pods: bool,
    /// The monitor has seen it before.
    pub(super) known: bool,
    /// What to do with its NoExecute taints.
    pub(super) intent: Option<Intent>,
    /// Its place in the zone's queue.
    pub(super) queued: Option<u64>,
    /// The change of its NoSchedule taints in progress.
    pub(super) schedule: Option<Swap>,
    /// The change of its NoExecute taints in progress.
    pub(super) execute: Option<Swap>,
}

impl Health {
    /// A new node. The grace of one that never reported begins at its creation.
    pub(super) fn new(node: &Object) -> Self {
        let created = Time::parse_rfc3339(node.meta("creationTimestamp")).unwrap_or(Time::ZERO);
        let mut health = Self {
            ready: ReadyStatus::Absent,
            zone: Str::default(),
            counts: true,
            unreachable: false,
            not_ready: false,
            heartbeat: Str::default(),
            // A node that has reported counts as alive in the monitor's next pass.
            fresh: ReadyStatus::of(node) != ReadyStatus::Absent,
            lease: None,
            renewed: None,
            probed: created,
            expired: false,
            mark_pods: false,
            known: false,
            intent: None,
            queued: None,
            schedule: None,
            execute: None,
        };
        health.update(node);
        health
    }

    /// Takes over the state of the node's object.
    pub(super) fn update(&mut self, node: &Object) {
        self.ready = ReadyStatus::of(node);
        let label = |key| node.label(key).unwrap_or_default();
        let (region, zone) = (label("topology.kubernetes.io/region"), label("topology.kubernetes.io/zone"));
        self.zone = match (region, zone) {
            ("", "") => Str::default(),
            _ => smol_str::format_smolstr!("{region}:{zone}"),
        };
        self.counts = node.label(EXCLUDED).is_none();
        let taints = node.items_at(&["spec", "taints"]);
        self.unreachable = has(taints, (UNREACHABLE, "NoExecute"));
        self.not_ready = has(taints, (NOT_READY, "NoExecute"));
        let heartbeat =
            node.condition("Ready").and_then(|c| c.str_at(&["lastHeartbeatTime"])).unwrap_or_default();
        if self.heartbeat != heartbeat {
            self.heartbeat = heartbeat.into();
            self.fresh = true;
        }
    }

    /// Looks for signs of life. `renewed` is the last renewal by the renewal schedule of its Lease, if it has one.
    pub(super) fn probe(&mut self, renewed: Option<Time>, now: Time) {
        let mut alive = std::mem::take(&mut self.fresh);
        if let Some(lease) = self.lease.take() {
            let time = lease.str_at(&["spec", "renewTime"]).and_then(Time::parse_rfc3339);
            alive |= self.take_renewal(time.unwrap_or(Time::ZERO));
        }
        alive |= renewed.is_some_and(|renewed| self.take_renewal(renewed));
        if alive {
            self.probed = now;
        }
    }

    /// Whether this renewal is newer than the last one. The first one always is.
    fn take_renewal(&mut self, renewed: Time) -> bool {
        let newer = self.renewed.is_none_or(|known| known < renewed);
        if newer {
            self.renewed = Some(renewed);
        }
        newer
    }

    /// Whether the last sign of life is too long ago. `grace`: of nodes that have reported, and of those that never have.
    pub(super) fn is_silent(&self, grace: (Millis, Millis), now: Time) -> bool {
        let grace = if self.ready == ReadyStatus::Absent { grace.1 } else { grace.0 };
        now > self.probed + grace
    }

    /// Whether a heartbeat arrived since the monitor's last pass: its decision may be out of date.
    pub(super) fn has_news(&self) -> bool {
        self.fresh
    }
}
