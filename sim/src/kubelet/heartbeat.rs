//! The signs of life of a node: its Lease and its status.
//!
//! Real: the kubelet renews the Lease every 10 s from the copy it got last, computes the node's status every 10 s and
//! reports it when it changed or after 5 min. Modelled: both. Differs: both happen on one tick; the status is only computed
//! again when the Node has changed; after the first successful renewal the wire renews the Lease. Not modelled: jitter,
//! pressure conditions, images and volumes in the status.

use std::sync::Arc;

use super::booted;
use super::link::{Link, Purpose};
use crate::client::status_patch;
use crate::engine::{Millis, SECOND, Time};
use crate::object::names::NODE_LEASE_NAMESPACE;
use crate::object::{Object, Str, Value, keys};
use crate::wire::resource::{LEASES, NODES};
use crate::wire::{Answer, Effect, ObjectKey, Outbox, Renewals, Request};
use crate::{key, value};

/// Period of renewals and of computations of the status (kubelet `nodeLeaseRenewInterval`: a quarter of
/// `nodeLeaseDurationSeconds` 40; `nodeStatusUpdateFrequency`).
pub(super) const PERIOD_MS: Millis = 10 * SECOND;
/// Period of reports of an unchanged status (kubelet `nodeStatusReportFrequency`).
const REPORT_MS: Millis = 300 * SECOND;
/// Number of tries to renew per tick (kubelet `maxUpdateRetries`).
const TRIES: u32 = 5;

#[derive(Clone, Debug)]
pub(super) struct Heartbeat {
    node: Str,
    phase_ms: Millis,
    /// The first tick; the others follow each period.
    origin: Time,
    /// When the next tick comes.
    armed: Option<Time>,
    renewed_by_wire: bool,
    /// The Lease in the server's last answer.
    lease: Option<Arc<Object>>,
    /// The remaining tries of the renewal in progress.
    renewing: Option<u32>,
    reporting: bool,
    reported: Time,
    /// The Node whose status was checked last.
    checked: Option<Arc<Object>>,
}

impl Heartbeat {
    pub(super) fn new(node: &str, phase_ms: Millis) -> Self {
        Self {
            node: node.into(),
            phase_ms,
            origin: Time::ZERO,
            armed: None,
            renewed_by_wire: false,
            lease: None,
            renewing: None,
            reporting: false,
            reported: Time::ZERO,
            checked: None,
        }
    }

    pub(super) fn shift(&mut self, phase_ms: Millis) {
        self.phase_ms += phase_ms;
        self.origin = self.origin + phase_ms;
        self.armed = self.armed.map(|armed| armed + phase_ms);
    }

    /// From the start to the first tick.
    pub(super) fn phase_ms(&self) -> Millis {
        self.phase_ms
    }

    /// The node has booted and its status is fresh. Returns the time of the first tick.
    pub(super) fn start(&mut self, out: &Outbox) -> Time {
        self.reported = out.now();
        self.origin = out.now() + self.phase_ms;
        self.armed = Some(self.origin);
        self.origin
    }

    /// When to set the timer for the next tick with something to do; `None` if an armed timer fires by then.
    pub(super) fn rearm(&mut self, node: Option<&Arc<Object>>, now: Time) -> Option<Time> {
        let next = self.tick_after(now);
        let is_checked = |node: &Arc<Object>| self.is_checked(node) || is_healthy(node);
        let is_idle = self.renewed_by_wire && !self.reporting && node.is_some_and(is_checked);
        let due = if is_idle {
            self.checked = node.cloned();
            next.max(self.tick_after(Time((self.reported + REPORT_MS).0 - 1)))
        } else {
            next
        };
        self.armed.is_none_or(|armed| due < armed).then(|| {
            self.armed = Some(due);
            due
        })
    }

    /// The first tick after a time.
    fn tick_after(&self, time: Time) -> Time {
        if time < self.origin {
            return self.origin;
        }
        self.origin + (time.since(self.origin) / PERIOD_MS + 1) * PERIOD_MS
    }

    /// The timer fires. Whether it is that of the next tick, and not an older one.
    pub(super) fn fires(&mut self, now: Time) -> bool {
        self.armed.take_if(|armed| *armed == now).is_some()
    }

    /// The wire no longer renews the Lease; `lease` is its present state if it has changed.
    pub(super) fn not_renewed(&mut self, lease: Option<Arc<Object>>) {
        self.renewed_by_wire = false;
        self.lease = lease.or(self.lease.take());
    }

    /// The kubelet has restarted: it reports at its next tick, even an unchanged status.
    pub(super) fn report_soon(&mut self) {
        self.reported = Time(i64::MIN / 2);
    }

    pub(super) fn beat(&mut self, node: Option<&Arc<Object>>, link: &mut Link<'_>) {
        if self.renewing.is_none() && !self.renewed_by_wire {
            self.renewing = Some(TRIES);
            self.renew(link);
        }
        if let Some(node) = node {
            self.report(node, link);
        }
    }

    fn renew(&mut self, link: &mut Link<'_>) {
        let request = match &self.lease {
            Some(lease) => {
                let now = link.out.now().rfc3339_micro();
                let lease = lease.edited(|root| {
                    if !root.replace_at(&[keys::SPEC, key!("renewTime")], now.clone()) {
                        root.set_at(&["spec", "renewTime"], now);
                    }
                });
                Request::update(*LEASES, Arc::new(lease))
            }
            None => Request::get(*LEASES, &ObjectKey::new(NODE_LEASE_NAMESPACE, self.node.clone())),
        };
        link.client.send(request, Purpose::Lease, link.out);
    }

    /// Handles the answer to a read or write of the Lease.
    pub(super) fn lease_answered(
        &mut self,
        answer: &Answer,
        node: Option<&Arc<Object>>,
        link: &mut Link<'_>,
    ) {
        let read = self.lease.is_none();
        match answer.object() {
            Ok(lease) => {
                self.lease = Some(lease.clone());
                if !read {
                    self.renewing = None;
                    self.renewed_by_wire = true;
                    let first = self.tick_after(link.out.now());
                    let renewals = Renewals { first, period_ms: PERIOD_MS };
                    link.out.push(Effect::Renew(ObjectKey::of(lease), renewals));
                    return;
                }
            }
            Err(status) if status.code == 404 && read => {
                let uid = node.map_or("", |node| node.uid());
                let lease = booted::booted_lease(&self.node, uid, link.out.now());
                link.client.send(Request::create(*LEASES, Object::shared(lease)), Purpose::Lease, link.out);
                return;
            }
            Err(_) => self.lease = None,
        }
        self.renewing = self.renewing.and_then(|tries| tries.checked_sub(1)).filter(|tries| *tries > 0);
        if self.renewing.is_some() {
            self.renew(link);
        }
    }

    fn report(&mut self, node: &Arc<Object>, link: &mut Link<'_>) {
        let now = link.out.now();
        let due = now.since(self.reported) >= REPORT_MS;
        if self.reporting || (self.is_checked(node) && !due) {
            return;
        }
        self.checked = Some(node.clone());
        if !due && is_healthy(node) {
            return;
        }
        let wanted = value!({"conditions": (Value::list(conditions(node, now)))});
        if let Some(request) = status_patch(*NODES, node, &wanted) {
            self.reporting = true;
            link.client.send(request, Purpose::NodeStatus, link.out);
        }
    }

    fn is_checked(&self, node: &Arc<Object>) -> bool {
        self.checked.as_ref().is_some_and(|checked| Arc::ptr_eq(checked, node))
    }

    /// Handles the answer to a status report.
    pub(super) fn status_answered(&mut self, answer: &Answer, now: Time) {
        self.reporting = false;
        if answer.failure().is_some() {
            self.checked = None;
        } else {
            self.reported = now;
        }
    }
}

fn is_healthy(node: &Object) -> bool {
    booted::CONDITIONS.iter().all(|healthy| {
        let found = node.condition(healthy.kind);
        found.is_some_and(|c| c.str_at(&["status"]) == Some(healthy.status))
    })
}

/// The conditions of a node that is healthy since `now`.
pub(super) fn fresh_conditions(now: Time) -> impl Iterator<Item = Value> {
    booted::CONDITIONS.iter().map(move |healthy| healthy.value(now, now.rfc3339().into()))
}

/// The conditions of a healthy node at `now`; an unchanged one keeps its time.
fn conditions(node: &Object, now: Time) -> impl Iterator<Item = Value> {
    booted::CONDITIONS.iter().map(move |healthy| {
        let before = node.condition(healthy.kind).filter(|c| c.str_at(&["status"]) == Some(healthy.status));
        let since = before.and_then(|c| c.get("lastTransitionTime")).cloned();
        healthy.value(now, since.unwrap_or_else(|| now.rfc3339().into()))
    })
}
