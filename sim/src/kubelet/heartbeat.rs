//! The signs of life of a node: its Lease and its status.
//!
//! Real: the kubelet renews the Lease every 10 s from the copy it got last, computes the node's status every 10 s and
//! reports it when it changed or after 5 min. Modelled: both, on one tick; the status is only computed anew when someone
//! changed the Node. Not modelled: jitter, pressure conditions, images and volumes in the status.

use std::sync::Arc;

use super::booted;
use super::node_agent::{Link, Purpose};
use crate::client::status_patch;
use crate::engine::{Millis, SECOND, Time};
use crate::object::{Object, Str, Value, keys};
use crate::wire::resource::{LEASES, NODES};
use crate::wire::{Answer, ObjectKey, Outbox, Request};
use crate::{key, value};

/// Between two renewals, and between two computations of the status (kubelet `nodeLeaseRenewInterval`: a quarter of
/// `nodeLeaseDurationSeconds` 40; `nodeStatusUpdateFrequency`).
pub(super) const PERIOD_MS: Millis = 10 * SECOND;
/// An unchanged status is reported this often (kubelet `nodeStatusReportFrequency`).
const REPORT_MS: Millis = 300 * SECOND;
/// How often one tick tries to renew (kubelet `maxUpdateRetries`).
const TRIES: u32 = 5;

/// The heartbeats of one node.
#[derive(Clone, Debug)]
pub(super) struct Heartbeat {
    node: Str,
    phase_ms: Millis,
    /// The Lease as the server answered last.
    lease: Option<Arc<Object>>,
    /// Tries left of the renewal under way.
    renewing: Option<u32>,
    reporting: bool,
    reported: Time,
    /// The Node whose status was found right.
    checked: Option<Arc<Object>>,
}

impl Heartbeat {
    pub(super) fn new(node: &str, phase_ms: Millis) -> Self {
        Self {
            node: node.into(),
            phase_ms,
            lease: None,
            renewing: None,
            reporting: false,
            reported: Time::ZERO,
            checked: None,
        }
    }

    /// The first tick comes so long after the start, from now on.
    pub(super) fn place(&mut self, phase_ms: Millis) {
        self.phase_ms = phase_ms;
    }

    /// The first tick comes so long after the start.
    pub(super) fn phase_ms(&self) -> Millis {
        self.phase_ms
    }

    /// The node booted now: its status is fresh.
    pub(super) fn start(&mut self, out: &Outbox) {
        self.reported = out.now();
    }

    /// The kubelet has started on a machine that it does not know: it reports at its next tick, whatever the Node says.
    pub(super) fn report_soon(&mut self) {
        self.reported = Time(i64::MIN / 2);
    }

    /// The tick.
    pub(super) fn beat(&mut self, node: Option<&Arc<Object>>, link: &mut Link<'_>) {
        if self.renewing.is_none() {
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
            None => Request::get(*LEASES, &ObjectKey::new(booted::LEASE_NAMESPACE, self.node.clone())),
        };
        link.client.send(request, Purpose::Lease, link.out);
    }

    /// Takes the answer to a read or write of the Lease.
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
        let known = self.checked.as_ref().is_some_and(|checked| Arc::ptr_eq(checked, node));
        if self.reporting || (known && !due) {
            return;
        }
        self.checked = Some(node.clone());
        if !due && self.is_right(node) {
            return;
        }
        let wanted = value!({"conditions": (Value::list(conditions(node, now)))});
        if let Some(request) = status_patch(*NODES, node, &wanted) {
            self.reporting = true;
            link.client.send(request, Purpose::NodeStatus, link.out);
        }
    }

    fn is_right(&self, node: &Object) -> bool {
        booted::CONDITIONS.iter().all(|healthy| {
            let found = node.condition(healthy.kind);
            found.is_some_and(|c| c.str_at(&["status"]) == Some(healthy.status))
        })
    }

    /// Takes the answer to a status report.
    pub(super) fn status_answered(&mut self, answer: &Answer, now: Time) {
        self.reporting = false;
        if answer.failure().is_some() {
            self.checked = None;
        } else {
            self.reported = now;
        }
    }
}

/// The conditions of a node that is healthy since `now`.
pub(super) fn fresh_conditions(now: Time) -> impl Iterator<Item = Value> {
    booted::CONDITIONS.iter().map(move |healthy| healthy.value(now, now.rfc3339().into()))
}

/// The conditions of a healthy node at `now`; one that stays as it is keeps its time.
fn conditions(node: &Object, now: Time) -> impl Iterator<Item = Value> {
    booted::CONDITIONS.iter().map(move |healthy| {
        let before = node.condition(healthy.kind).filter(|c| c.str_at(&["status"]) == Some(healthy.status));
        let since = before.and_then(|c| c.get("lastTransitionTime")).cloned();
        healthy.value(now, since.unwrap_or_else(|| now.rfc3339().into()))
    })
}
