//! What is known of one node between ticks: its last sign of life, and what its object says.

use std::sync::Arc;

use super::swap::Swap;
use super::taints::{NOT_READY, UNREACHABLE, has};
use crate::engine::{Millis, Time};
use crate::object::{Object, Str};

/// `node.kubernetes.io/exclude-disruption`: the node does not count in its zone's state.
const EXCLUDED: &str = "node.kubernetes.io/exclude-disruption";

/// The status of the Ready condition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ready {
    /// There is no such condition.
    Absent,
    True,
    False,
    Unknown,
}

impl Ready {
    pub(super) fn of(node: &Object) -> Self {
        match node.condition("Ready").and_then(|condition| condition.str_at(&["status"])) {
            None => Self::Absent,
            Some("True") => Self::True,
            Some("False") => Self::False,
            Some(_) => Self::Unknown,
        }
    }
}

/// What is to become of the NoExecute taints of a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Intent {
    /// They go.
    Spare,
    /// The one that its condition asks for comes, the other goes.
    Taint,
}

/// One node.
#[derive(Clone, Debug)]
pub(super) struct Health {
    pub(super) ready: Ready,
    /// Region and zone.
    pub(super) zone: Str,
    /// Whether it counts in its zone's state.
    pub(super) counts: bool,
    /// Whether it has the NoExecute taints of this controller.
    pub(super) unreachable: bool,
    pub(super) not_ready: bool,
    /// The time that the Ready condition tells, and whether that is news to the monitor.
    heartbeat: Str,
    fresh: bool,
    /// Its Lease, where the monitor has not looked at it yet.
    pub(super) lease: Option<Arc<Object>>,
    /// The last renewal that the monitor knows of.
    renewed: Option<Time>,
    /// When the monitor saw the last sign of life.
    pub(super) probed: Time,
    /// The monitor gave it up and its status has to say so.
    pub(super) expired: bool,
    /// Its pods have to be marked as not ready.
    pub(super) mark_pods: bool,
    /// The monitor has seen it before.
    pub(super) known: bool,
    /// What is to become of its NoExecute taints.
    pub(super) intent: Option<Intent>,
    /// Its place in the zone's queue.
    pub(super) queued: Option<u64>,
    /// Its taints that are being swapped: NoSchedule by its conditions, NoExecute by the monitor and the zones.
    pub(super) schedule: Option<Swap>,
    pub(super) execute: Option<Swap>,
}

impl Health {
    /// A node that is seen for the first time. One that never reported has its grace from its creation on.
    pub(super) fn new(node: &Object) -> Self {
        let created = Time::parse_rfc3339(node.meta("creationTimestamp")).unwrap_or(Time::ZERO);
        let mut health = Self {
            ready: Ready::Absent,
            zone: Str::default(),
            counts: true,
            unreachable: false,
            not_ready: false,
            heartbeat: Str::default(),
            // One that has reported is as good as alive at the monitor's next tick.
            fresh: Ready::of(node) != Ready::Absent,
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
        health.learn(node);
        health
    }

    /// Takes a state of the node in.
    pub(super) fn learn(&mut self, node: &Object) {
        self.ready = Ready::of(node);
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

    /// Looks for signs of life. `renewed` is when its Lease was renewed last, where the Lease does not say so itself.
    pub(super) fn probe(&mut self, renewed: Option<Time>, now: Time) {
        let mut alive = std::mem::take(&mut self.fresh);
        if let Some(lease) = self.lease.take() {
            let told =
                lease.str_at(&["spec", "renewTime"]).and_then(Time::parse_rfc3339).unwrap_or(Time::ZERO);
            alive |= self.take_renewal(told);
        }
        alive |= renewed.is_some_and(|renewed| self.take_renewal(renewed));
        if alive {
            self.probed = now;
        }
    }

    /// Whether this renewal is news. The first one is, whatever it says.
    fn take_renewal(&mut self, renewed: Time) -> bool {
        let newer = self.renewed.is_none_or(|known| known < renewed);
        if newer {
            self.renewed = Some(renewed);
        }
        newer
    }

    /// Whether the last sign of life is too long ago. `grace` is for nodes that report, and for those that never did.
    pub(super) fn is_silent(&self, grace: (Millis, Millis), now: Time) -> bool {
        let grace = if self.ready == Ready::Absent { grace.1 } else { grace.0 };
        now > self.probed + grace
    }

    /// Whether news came since the monitor looked last: what it decided may be out of date.
    pub(super) fn has_news(&self) -> bool {
        self.fresh
    }
}
