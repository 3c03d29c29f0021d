//! The kubelet as a component: its informers and timers, and which pod an input is for.
//!
//! Real: the kubelet's sync loop. Modelled: the watch of pods by `spec.nodeName`; after a boot of the machine the kubelet
//! registers its Node and finds no container running; after a restart of its process it lists again and keeps the state of
//! the containers. Differs: a restart takes no time. Not modelled: static pods, volumes, garbage collection.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::admission::admit_failure;
use super::heartbeat::Heartbeat;
use super::link::{Link, Purpose};
use super::pod_worker::PodWorker;
use crate::client::{Change, Client, Informer};
use crate::engine::{Draws, Millis, Time};
use crate::object::{Object, Str, Value, keys};
use crate::wire::resource::{NODES, PODS};
use crate::wire::{Answer, Component, Effect, Input, Outbox, Request, RequestId, RuntimeEvent, WatchEvent};

/// The kubelet of one node.
#[derive(Clone, Debug)]
pub struct Kubelet {
    name: Str,
    index: u32,
    /// The Node that it registers when its machine boots.
    registers: Option<Arc<Object>>,
    /// The timer of Lease and node status; the other tokens are those of pods.
    heartbeat_token: u64,
    /// It has restarted and not listed its pods yet.
    relists: bool,
    host_ip: Str,
    client: Client<Purpose>,
    pods: Informer,
    node: Informer,
    heartbeat: Heartbeat,
    /// By uid: the node may have two pods of the same name at a time.
    workers: BTreeMap<Str, PodWorker>,
    by_token: BTreeMap<u64, Str>,
    last_token: u64,
    last_ip: u32,
}

impl Kubelet {
    /// The kubelet of the node with this name and this number in the cluster, from 1, as in [`super::booted::booted_node`].
    /// Its first heartbeat comes at once.
    pub fn new(name: &str, index: u32) -> Self {
        Self {
            name: name.into(),
            index,
            registers: None,
            heartbeat_token: 0,
            relists: false,
            host_ip: super::booted::host_ip(index),
            client: Client::new(),
            pods: Informer::selecting(*PODS, &format!("spec.nodeName={name}")),
            node: Informer::selecting(*NODES, &format!("metadata.name={name}")),
            heartbeat: Heartbeat::new(name, 0),
            workers: BTreeMap::new(),
            by_token: BTreeMap::new(),
            last_token: 0,
            last_ip: 0,
        }
    }

    /// Draws the time from its start to its first heartbeat, in ms.
    pub fn place_heartbeat(&mut self, draws: &mut Draws) -> Millis {
        let phase_ms = draws.between(&["kubelet heartbeat", &self.name], 0, super::heartbeat::PERIOD_MS - 1);
        self.heartbeat.shift(phase_ms);
        phase_ms
    }

    /// The kubelet, registering this Node when its machine boots.
    #[must_use]
    pub fn registering(mut self, node: Arc<Object>) -> Self {
        self.registers = Some(node);
        self
    }

    fn start(&mut self, out: &mut Outbox) {
        self.pods.start(&mut self.client, Purpose::Pods, out);
        self.node.start(&mut self.client, Purpose::Node, out);
        let first = self.heartbeat.start(out);
        self.last_token += 1;
        self.heartbeat_token = self.last_token;
        out.push(Effect::Timer(first, self.heartbeat_token));
    }

    /// Sets the timer of the next tick, if it is not set.
    fn rearm(&mut self, out: &mut Outbox) {
        if let Some(next) = self.heartbeat.rearm(self.node.iter().next(), out.now()) {
            out.push(Effect::Timer(next, self.heartbeat_token));
        }
    }

    /// The process restarts: its caches are empty, and requests sent before get no answer.
    fn restart(&mut self, out: &mut Outbox) {
        self.client.forget_all();
        self.pods = Informer::selecting(*PODS, &format!("spec.nodeName={}", self.name));
        self.node = Informer::selecting(*NODES, &format!("metadata.name={}", self.name));
        self.heartbeat = Heartbeat::new(&self.name, self.heartbeat.phase_ms());
        self.workers.values_mut().for_each(PodWorker::restart);
        self.relists = true;
        self.start(out);
        self.heartbeat.report_soon();
    }

    /// The machine has booted: no old container runs.
    fn boot(&mut self, out: &mut Outbox) {
        self.workers.clear();
        self.by_token.clear();
        self.restart(out);
        if let Some(node) = &self.registers {
            let conditions = Value::list(super::heartbeat::fresh_conditions(out.now()));
            let node = node.edited(|root| root.set_at(&["status", "conditions"], conditions));
            // The answer does not matter: an existing Node stays unchanged, and the list of the Node shows it.
            self.client.send(Request::create(*NODES, Arc::new(node)), Purpose::Register, out);
        }
        self.relists = false;
    }

    fn answer(&mut self, id: RequestId, answer: &Answer, out: &mut Outbox) {
        let opened = matches!(answer, Answer::Watching);
        let purpose = if opened { self.client.purpose(id).cloned() } else { self.client.take(id) };
        match purpose {
            Some(Purpose::Pods) => {
                let changes = self.pods.on_answer(answer, &mut self.client, Purpose::Pods, out);
                if self.pods.is_synced() && std::mem::take(&mut self.relists) {
                    self.drop_vanished(out);
                }
                self.pods_changed(changes, out);
            }
            Some(Purpose::Node) => {
                self.node.on_answer(answer, &mut self.client, Purpose::Node, out);
                self.rearm(out);
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
            Some(Purpose::NodeStatus) => {
                self.heartbeat.status_answered(answer, out.now());
                self.rearm(out);
            }
            Some(Purpose::Register) | None => {}
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
        } else {
            self.rearm(out);
        }
    }

    fn watch_ended(&mut self, id: RequestId, out: &mut Outbox) {
        let Some(purpose) = self.client.take(id) else { return };
        let informer = if purpose == Purpose::Pods { &self.pods } else { &self.node };
        informer.watch(&mut self.client, purpose, out);
    }

    /// Stops pods that were deleted before the new list.
    fn drop_vanished(&mut self, out: &mut Outbox) {
        let listed: BTreeSet<&str> = self.pods.iter().map(|pod| pod.uid()).collect();
        let vanished: Vec<Str> =
            self.workers.keys().filter(|uid| !listed.contains(uid.as_str())).cloned().collect();
        for uid in vanished {
            self.with_worker(&uid, out, PodWorker::removed);
        }
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
            let uid = pod.meta_text(keys::UID);
            self.with_worker(&uid, out, |worker, link| worker.updated(pod, link));
        }
    }

    fn add_worker(&mut self, pod: &Arc<Object>, now: Time) {
        self.last_token += 1;
        let uid = pod.meta_text(keys::UID);
        let ip = self.free_ip();
        let mut worker = PodWorker::new(pod.clone(), self.host_ip.clone(), ip, self.last_token, now);
        if let (Some(node), Some(wanted)) = (self.node.iter().next(), worker.requests()) {
            let others: Vec<_> = self.workers.values().filter_map(PodWorker::requests).collect();
            if let Some(admit_failure) = admit_failure(pod, wanted, node, &others) {
                worker.reject(admit_failure);
            }
        }
        self.by_token.insert(self.last_token, uid.clone());
        self.workers.insert(uid, worker);
        debug_assert_eq!(self.by_token.len(), self.workers.len(), "each worker has one timer");
    }

    /// Lets the worker of this pod act, and removes it when it is done.
    fn with_worker(&mut self, uid: &str, out: &mut Outbox, act: impl FnOnce(&mut PodWorker, &mut Link<'_>)) {
        let Some(worker) = self.workers.get_mut(uid) else { return };
        act(worker, &mut Link { client: &mut self.client, out });
        if worker.is_done() {
            self.by_token.remove(&worker.token());
            self.workers.remove(uid);
        }
    }

    /// The next free address of the node's podCIDR; .0 and .1 belong to the network.
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
        let uid = event.id().pod_uid.clone();
        self.with_worker(&uid, out, |worker, link| worker.runtime(event, link));
    }

    fn timer(&mut self, token: u64, out: &mut Outbox) {
        if token == self.heartbeat_token {
            if self.heartbeat.fires(out.now()) {
                let mut link = Link { client: &mut self.client, out };
                self.heartbeat.beat(self.node.iter().next(), &mut link);
                self.rearm(out);
            }
        } else if let Some(uid) = self.by_token.get(&token).cloned() {
            self.with_worker(&uid, out, PodWorker::timer);
        }
    }
}

impl Component for Kubelet {
    fn on(&mut self, input: Input, out: &mut Outbox) {
        match input {
            Input::Start => self.start(out),
            Input::Boot => self.boot(out),
            Input::Restart => self.restart(out),
            Input::Answer(id, answer) => self.answer(id, &answer, out),
            Input::Watch(id, events) => self.watch(id, events, out),
            Input::WatchEnded(id) => self.watch_ended(id, out),
            Input::Timer(token) => self.timer(token, out),
            Input::Runtime(event) => self.runtime(event, out),
            Input::NotRenewed(lease) => {
                self.heartbeat.not_renewed(lease);
                self.rearm(out);
            }
            Input::Order(..) | Input::Renewals(..) => {}
        }
    }
}
