//! The kubelet as a component: its informers and timers, and which pod an input is for.
//!
//! Real: the kubelet's sync loop. Modelled: pods come from the API server alone, by a watch on `spec.nodeName`. Not
//! modelled: static pods, restarts of the kubelet, volumes, garbage collection, the node's own admission.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::heartbeat::Heartbeat;
use super::pod_worker::PodWorker;
use crate::client::{Change, Client, Informer};
use crate::engine::{Draws, Millis, Time};
use crate::object::{Object, Str};
use crate::wire::resource::{NODES, PODS};
use crate::wire::{Answer, Component, Input, Outbox, RequestId, RuntimeEvent, WatchEvent};

/// The timer of lease and node status; the other tokens are those of pods.
const HEARTBEAT: u64 = 0;

/// The kubelet of one node.
#[derive(Debug)]
pub struct Kubelet {
    index: u32,
    host_ip: Str,
    client: Client<Purpose>,
    pods: Informer,
    node: Informer,
    heartbeat: Heartbeat,
    /// By uid: two pods of one name may be on the node at a time.
    workers: BTreeMap<Str, PodWorker>,
    by_token: BTreeMap<u64, Str>,
    last_token: u64,
    last_ip: u32,
}

/// What a request was for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Purpose {
    Pods,
    Node,
    /// The status of the pod with this uid.
    Status(Str),
    /// The deletion of the pod with this uid.
    Delete(Str),
    Lease,
    NodeStatus,
}

/// The way out of the kubelet.
pub(super) struct Link<'a> {
    pub(super) client: &'a mut Client<Purpose>,
    pub(super) out: &'a mut Outbox,
}

impl Kubelet {
    /// The kubelet of the node with this name; `index`, from 1, is the one that [`super::booted::Node`] got. When in
    /// each period it sends its heartbeats is drawn.
    pub fn new(name: &str, index: u32, draws: &mut Draws) -> Self {
        let phase = draws.between(&["kubelet heartbeat", name], 0, super::heartbeat::PERIOD_MS - 1);
        Self::with_phase(name, index, phase)
    }

    pub(super) fn with_phase(name: &str, index: u32, phase_ms: Millis) -> Self {
        Self {
            index,
            host_ip: super::booted::host_ip(index),
            client: Client::new(),
            pods: Informer::selecting(*PODS, &format!("spec.nodeName={name}")),
            node: Informer::selecting(*NODES, &format!("metadata.name={name}")),
            heartbeat: Heartbeat::new(name, phase_ms),
            workers: BTreeMap::new(),
            by_token: BTreeMap::new(),
            last_token: HEARTBEAT,
            last_ip: 0,
        }
    }

    fn start(&mut self, out: &mut Outbox) {
        self.pods.start(&mut self.client, Purpose::Pods, out);
        self.node.start(&mut self.client, Purpose::Node, out);
        self.heartbeat.start(out);
        out.timer_in(self.heartbeat.phase_ms(), HEARTBEAT);
    }

    fn answer(&mut self, id: RequestId, answer: &Answer, out: &mut Outbox) {
        let opened = matches!(answer, Answer::Watching);
        let purpose = if opened { self.client.purpose(id).cloned() } else { self.client.take(id) };
        match purpose {
            Some(Purpose::Pods) => {
                let changes = self.pods.on_answer(answer, &mut self.client, Purpose::Pods, out);
                self.pods_changed(changes, out);
            }
            Some(Purpose::Node) => {
                self.node.on_answer(answer, &mut self.client, Purpose::Node, out);
            }
            Some(Purpose::Status(uid)) => {
                self.with_worker(&uid, out, |worker, link| worker.reported(answer, link));
            }
            Some(Purpose::Delete(uid)) => {
                self.with_worker(&uid, out, |worker, link| worker.deleted(answer, link));
            }
            Some(Purpose::Lease) => {
                let mut link = Link { client: &mut self.client, out };
                self.heartbeat.lease_answered(answer, self.node.iter().next(), &mut link);
            }
            Some(Purpose::NodeStatus) => self.heartbeat.status_answered(answer, out.now()),
            None => {}
        }
    }

    fn watch(&mut self, id: RequestId, events: Vec<WatchEvent>, out: &mut Outbox) {
        let Some(purpose) = self.client.purpose(id).cloned() else { return };
        let informer = if purpose == Purpose::Pods { &mut self.pods } else { &mut self.node };
        let changes = informer.on_events(events).unwrap_or_else(|changes| {
            self.client.take(id);
            informer.start(&mut self.client, purpose.clone(), out);
            changes
        });
        if purpose == Purpose::Pods {
            self.pods_changed(changes, out);
        }
    }

    fn watch_ended(&mut self, id: RequestId, out: &mut Outbox) {
        let Some(purpose) = self.client.take(id) else { return };
        let informer = if purpose == Purpose::Pods { &self.pods } else { &self.node };
        informer.watch(&mut self.client, purpose, out);
    }

    fn pods_changed(&mut self, changes: Vec<Change>, out: &mut Outbox) {
        for Change { old, new } in changes {
            let replaced = old.filter(|old| new.as_ref().is_none_or(|new| new.uid() != old.uid()));
            if let Some(old) = replaced {
                self.with_worker(old.uid(), out, PodWorker::removed);
            }
            let Some(pod) = new else { continue };
            if !self.workers.contains_key(pod.uid()) {
                self.add_worker(&pod, out.now());
            }
            let uid = Str::from(pod.uid());
            self.with_worker(&uid, out, |worker, link| worker.updated(pod, link));
        }
    }

    fn add_worker(&mut self, pod: &Arc<Object>, now: Time) {
        self.last_token += 1;
        let uid = Str::from(pod.uid());
        let ip = self.free_ip();
        let worker = PodWorker::new(pod.clone(), self.host_ip.clone(), ip, self.last_token, now);
        self.by_token.insert(self.last_token, uid.clone());
        self.workers.insert(uid, worker);
    }

    /// Lets the worker of this pod act, and drops it when it has nothing left to do.
    fn with_worker(&mut self, uid: &str, out: &mut Outbox, act: impl FnOnce(&mut PodWorker, &mut Link<'_>)) {
        let Some(worker) = self.workers.get_mut(uid) else { return };
        act(worker, &mut Link { client: &mut self.client, out });
        if worker.is_done() {
            self.by_token.remove(&worker.token());
            self.workers.remove(uid);
        }
    }

    /// The next address of the node's podCIDR that no pod has; .0 and .1 are the network's.
    fn free_ip(&mut self) -> Str {
        for _ in 2..255 {
            self.last_ip = if self.last_ip < 2 || self.last_ip >= 254 { 2 } else { self.last_ip + 1 };
            let ip = super::booted::pod_ip(self.index, self.last_ip);
            if self.workers.values().all(|worker| worker.pod_ip() != ip) {
                return ip;
            }
        }
        Str::default()
    }

    fn runtime(&mut self, event: RuntimeEvent, out: &mut Outbox) {
        let uid = match &event {
            RuntimeEvent::Pulled(id, _)
            | RuntimeEvent::Started(id)
            | RuntimeEvent::Ready(id, _)
            | RuntimeEvent::Exited(id, _) => &id.pod_uid,
        };
        let uid = uid.clone();
        self.with_worker(&uid, out, |worker, link| worker.runtime(event, link));
    }

    fn timer(&mut self, token: u64, out: &mut Outbox) {
        if token == HEARTBEAT {
            let mut link = Link { client: &mut self.client, out };
            self.heartbeat.beat(self.node.iter().next(), &mut link);
            out.timer_in(super::heartbeat::PERIOD_MS, HEARTBEAT);
        } else if let Some(uid) = self.by_token.get(&token).cloned() {
            self.with_worker(&uid, out, PodWorker::timer);
        }
    }
}

impl Component for Kubelet {
    fn on(&mut self, input: Input, out: &mut Outbox) {
        match input {
            Input::Start => self.start(out),
            Input::Answer(id, answer) => self.answer(id, &answer, out),
            Input::Watch(id, events) => self.watch(id, events, out),
            Input::WatchEnded(id) => self.watch_ended(id, out),
            Input::Timer(token) => self.timer(token, out),
            Input::Runtime(event) => self.runtime(event, out),
            Input::Order(..) => {}
        }
    }
}
