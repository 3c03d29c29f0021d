//! The scheduler as a component: what it watches, when it tries, how it binds.
//!
//! Real: kube-scheduler with the default profile. Modelled: one cycle per pod, assumed pods, binding beside the cycles,
//! conditions of pods that found no node, scheduling gates, other schedulers' pods. Not modelled: preemption, Events,
//! extenders, leader election, the time a cycle takes.

use std::sync::Arc;

use super::cycle::cycle;
use super::placement::{Demand, Placement};
use super::queue::Queue;
use crate::client::{Change, Client, Informer, status_patch};
use crate::engine::{Draws, Time};
use crate::object::{Object, Str, Value};
use crate::value;
use crate::wire::resource::{NODES, PODS};
use crate::wire::{
    Answer, Body, Component, Effect, Input, ObjectKey, Outbox, Request, RequestId, Verb, WatchEvent,
};

/// The name in `spec.schedulerName` of the pods that are ours (kube-scheduler `DefaultSchedulerName`).
const NAME: &str = "default-scheduler";

/// The scheduler.
#[derive(Debug)]
pub struct Scheduler {
    client: Client<Purpose>,
    pods: Informer,
    nodes: Informer,
    placement: Placement,
    queue: Queue,
    draws: Draws,
}

/// What a request was for.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Purpose {
    Pods,
    Nodes,
    /// The binding of this pod.
    Bind(ObjectKey, Str),
    /// The condition of this pod.
    Tell(ObjectKey),
}

impl Scheduler {
    /// A scheduler that knows nothing yet.
    pub fn new(draws: Draws) -> Self {
        Self {
            client: Client::new(),
            pods: Informer::new(*PODS),
            nodes: Informer::new(*NODES),
            placement: Placement::default(),
            queue: Queue::default(),
            draws,
        }
    }

    fn answer(&mut self, id: RequestId, answer: &Answer, out: &mut Outbox) {
        let opened = matches!(answer, Answer::Watching);
        let purpose = if opened { self.client.purpose(id).cloned() } else { self.client.take(id) };
        match purpose {
            Some(Purpose::Pods) => {
                let changes = self.pods.on_answer(answer, &mut self.client, Purpose::Pods, out);
                self.pods_changed(changes);
            }
            Some(Purpose::Nodes) => {
                let changes = self.nodes.on_answer(answer, &mut self.client, Purpose::Nodes, out);
                self.nodes_changed(changes);
            }
            Some(Purpose::Bind(key, uid)) => self.bound(&key, &uid, answer, out),
            Some(Purpose::Tell(key)) if answer.failure().is_some() => {
                if let Some(until) = self.queue.untold(&key, out.now()) {
                    out.push(Effect::Timer(until, 0));
                }
            }
            Some(Purpose::Tell(_)) | None => {}
        }
    }

    fn watch(&mut self, id: RequestId, events: Vec<WatchEvent>, out: &mut Outbox) {
        let Some(purpose) = self.client.purpose(id).cloned() else { return };
        let informer = if purpose == Purpose::Pods { &mut self.pods } else { &mut self.nodes };
        let changes = informer.on_events(events).unwrap_or_else(|changes| {
            self.client.take(id);
            informer.start(&mut self.client, purpose.clone(), out);
            changes
        });
        if purpose == Purpose::Pods { self.pods_changed(changes) } else { self.nodes_changed(changes) }
    }

    fn watch_ended(&mut self, id: RequestId, out: &mut Outbox) {
        let Some(purpose) = self.client.take(id) else { return };
        let informer = if purpose == Purpose::Pods { &self.pods } else { &self.nodes };
        informer.watch(&mut self.client, purpose, out);
    }

    fn nodes_changed(&mut self, changes: Vec<Change>) {
        let mut matters = false;
        for Change { old, new } in changes {
            match (new, old) {
                (Some(node), _) => matters |= self.placement.set_node(node),
                (None, Some(node)) => self.placement.remove_node(node.name()),
                (None, None) => {}
            }
        }
        if matters {
            self.queue.wake();
        }
    }

    fn pods_changed(&mut self, changes: Vec<Change>) {
        for Change { old, new } in changes {
            let (old, new) = (old.as_deref(), new.as_deref());
            let replaced = old.filter(|old| new.is_none_or(|new| new.uid() != old.uid()));
            if let Some(old) = replaced {
                self.queue.remove(&ObjectKey::of(old));
                self.free(old);
            }
            if let Some(new) = new {
                self.pod_changed(old.filter(|old| old.uid() == new.uid()), new);
            }
        }
    }

    fn pod_changed(&mut self, old: Option<&Object>, pod: &Object) {
        let key = ObjectKey::of(pod);
        if is_over(pod) {
            self.queue.remove(&key);
            self.free(pod);
        } else if let Some(node) = node_of(pod) {
            self.queue.remove(&key);
            if old.is_none_or(|old| node_of(old).is_none()) {
                self.placement.put(pod.uid(), node, Demand::of(pod));
            }
        } else if !is_ours(pod) {
            self.queue.remove(&key);
        } else if !self.queue.has(&key, pod.uid())
            || old.is_none_or(|old| old.at(&["spec"]) != pod.at(&["spec"]))
        {
            self.queue.add(key, pod);
        }
    }

    /// The pod takes nothing any more: others may find a node now.
    fn free(&mut self, pod: &Object) {
        if self.placement.remove(pod.uid()) {
            self.queue.wake();
        }
    }

    /// One cycle for each pod that is ready to be tried.
    fn schedule(&mut self, out: &mut Outbox) {
        if !self.pods.is_synced() || !self.nodes.is_synced() {
            return;
        }
        for key in self.queue.active() {
            let Some(pod) = self.pods.get(&key).cloned() else { continue };
            let demand = Demand::of(&pod);
            match cycle(&pod, &demand, &self.placement, &mut self.draws) {
                Ok(node) => {
                    self.placement.put(pod.uid(), &node, demand);
                    self.queue.binds(&key);
                    self.client.send(binding(&pod, &node), Purpose::Bind(key, pod.uid().into()), out);
                }
                Err(message) => {
                    let (until, news) = self.queue.park(&key, &message, out.now());
                    out.push(Effect::Timer(until, 0));
                    if let Some(request) = unschedulable(&pod, &message, out.now()).filter(|_| news) {
                        self.client.send(request, Purpose::Tell(key), out);
                    }
                }
            }
        }
    }

    /// Takes the answer to a binding. A failed one may still have been carried out: then the informer says so, and the
    /// pod leaves the queue.
    fn bound(&mut self, key: &ObjectKey, uid: &str, answer: &Answer, out: &mut Outbox) {
        if answer.failure().is_none() || !self.queue.has(key, uid) {
            return;
        }
        if self.placement.remove(uid) {
            self.queue.wake();
        }
        if let Some(until) = self.queue.failed(key, out.now()) {
            out.push(Effect::Timer(until, 0));
        }
    }
}

impl Component for Scheduler {
    fn on(&mut self, input: Input, out: &mut Outbox) {
        match input {
            Input::Start => {
                self.pods.start(&mut self.client, Purpose::Pods, out);
                self.nodes.start(&mut self.client, Purpose::Nodes, out);
            }
            Input::Answer(id, answer) => self.answer(id, &answer, out),
            Input::Watch(id, events) => self.watch(id, events, out),
            Input::WatchEnded(id) => self.watch_ended(id, out),
            Input::Timer(_) => self.queue.ripen(out.now()),
            Input::Boot | Input::Restart | Input::Runtime(_) | Input::Order(..) => {}
        }
        self.schedule(out);
    }
}

fn node_of(pod: &Object) -> Option<&str> {
    pod.str_at(&["spec", "nodeName"]).filter(|node| !node.is_empty())
}

fn is_over(pod: &Object) -> bool {
    matches!(pod.str_at(&["status", "phase"]), Some("Succeeded" | "Failed"))
}

/// Whether a pod without a node is for us to place now.
fn is_ours(pod: &Object) -> bool {
    pod.str_at(&["spec", "schedulerName"]).unwrap_or(NAME) == NAME
        && pod.items_at(&["spec", "schedulingGates"]).is_empty()
        && !pod.is_terminating()
}

fn binding(pod: &Object, node: &str) -> Request {
    let body = value!({
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": {"name": (pod.name()), "namespace": (pod.namespace()), "uid": (pod.uid())},
        "target": {"kind": "Node", "name": node},
    });
    let request = Request::one(Verb::Create, *PODS, &ObjectKey::of(pod)).subresource("binding");
    Request { body: Body::Object(Object::shared(body)), ..request }
}

/// Tells in the pod's condition why it has no node; nothing where it says so already.
fn unschedulable(pod: &Arc<Object>, message: &str, now: Time) -> Option<Request> {
    let before = pod.condition("PodScheduled").filter(|c| c.str_at(&["status"]) == Some("False"));
    let since = before.and_then(|c| c.get("lastTransitionTime")).cloned();
    let condition = value!({
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": message,
        "lastProbeTime": (Value::Null),
        "lastTransitionTime": (since.unwrap_or_else(|| now.rfc3339().into())),
        "observedGeneration": (pod.generation()),
    });
    status_patch(*PODS, pod, &value!({"conditions": [condition]}))
}
