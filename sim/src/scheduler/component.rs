//! The scheduler as a component: what it watches, when it tries, how it binds.
//!
//! Real: kube-scheduler with the default profile. Modelled: one cycle per pod, assumed pods, binding beside the cycles,
//! conditions of pods that found no node, scheduling gates, other schedulers' pods, preemption, claims that are not there or
//! not bound. Not modelled: extenders, leader election, the time a cycle takes, volumes that are bound late.

use std::sync::Arc;

use super::cycle::{Unfit, cycle};
use super::fit_error::{self, Preemption};
use super::placement::{Demand, Placement};
use super::preempt;
use super::queue::Queue;
use super::requests::{binding, unschedulable};
use crate::client::{Change, Client, Informer};
use crate::engine::Draws;
use crate::object::{Object, Str, Value, keys};
use crate::wire::resource::{NODES, PODS};
use crate::wire::{
    Answer, Component, Effect, Input, ObjectKey, Options, Outbox, Request, RequestId, Resource, WatchEvent,
};

/// The name in `spec.schedulerName` of the pods that are ours (kube-scheduler `DefaultSchedulerName`).
const NAME: &str = "default-scheduler";

/// The scheduler.
#[derive(Clone, Debug)]
pub struct Scheduler {
    client: Client<Purpose>,
    pods: Informer,
    nodes: Informer,
    claims: Informer,
    placement: Placement,
    queue: Queue,
    /// The node that the next cycle begins with.
    next: usize,
    draws: Draws,
}

/// What a request was for.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Purpose {
    Pods,
    Nodes,
    Claims,
    /// The binding of this pod.
    Bind(ObjectKey, Str),
    /// The condition of this pod.
    Tell(ObjectKey),
    /// The condition of this victim, which is to be deleted then.
    Disrupt(ObjectKey, Str),
    /// The deletion of a victim.
    Evict,
}

impl Scheduler {
    /// A scheduler that knows nothing yet.
    pub fn new(draws: Draws) -> Self {
        Self {
            client: Client::new(),
            pods: Informer::new(*PODS),
            nodes: Informer::new(*NODES),
            claims: Informer::new(Resource::new("v1/persistentvolumeclaims")),
            placement: Placement::default(),
            queue: Queue::default(),
            next: 0,
            draws,
        }
    }

    /// The same, with the draws of another run.
    #[must_use]
    pub fn drawing(mut self, draws: Draws) -> Self {
        self.draws = draws;
        self
    }

    fn answer(&mut self, id: RequestId, answer: &Answer, out: &mut Outbox) {
        let opened = matches!(answer, Answer::Watching);
        let purpose = if opened { self.client.purpose(id).cloned() } else { self.client.take(id) };
        match purpose {
            Some(feed @ (Purpose::Pods | Purpose::Nodes | Purpose::Claims)) => {
                let informer = match feed {
                    Purpose::Pods => &mut self.pods,
                    Purpose::Nodes => &mut self.nodes,
                    _ => &mut self.claims,
                };
                let changes = informer.on_answer(answer, &mut self.client, feed.clone(), out);
                self.changed(&feed, changes);
            }
            Some(Purpose::Bind(key, uid)) => self.bound(&key, &uid, answer, out),
            Some(Purpose::Tell(key)) if answer.failure().is_some() => {
                if let Some(until) = self.queue.untold(&key, out.now()) {
                    out.push(Effect::Timer(until, 0));
                }
            }
            Some(Purpose::Disrupt(key, uid)) if answer.failure().is_none() => {
                let options = Options { precondition_uid: Some(uid), ..Options::default() };
                self.client.send(Request::delete(*PODS, &key).options(options), Purpose::Evict, out);
            }
            // A victim that could not be told stays: the pod tries again when something changes.
            Some(Purpose::Tell(_) | Purpose::Disrupt(..) | Purpose::Evict) | None => {}
        }
    }

    fn changed(&mut self, feed: &Purpose, changes: Vec<Change>) {
        match feed {
            Purpose::Pods => self.pods_changed(changes),
            Purpose::Nodes => self.nodes_changed(changes),
            _ if !changes.is_empty() => self.queue.wake(),
            _ => {}
        }
    }

    fn informer(&mut self, feed: &Purpose) -> &mut Informer {
        match feed {
            Purpose::Pods => &mut self.pods,
            Purpose::Nodes => &mut self.nodes,
            _ => &mut self.claims,
        }
    }

    fn watch(&mut self, id: RequestId, events: Vec<WatchEvent>, out: &mut Outbox) {
        let Some(purpose) = self.client.purpose(id).cloned() else { return };
        let changes = match self.informer(&purpose).on_events(events) {
            Ok(changes) => changes,
            Err(changes) => {
                self.client.take(id);
                let informer = match purpose {
                    Purpose::Pods => &mut self.pods,
                    Purpose::Nodes => &mut self.nodes,
                    _ => &mut self.claims,
                };
                informer.start(&mut self.client, purpose.clone(), out);
                changes
            }
        };
        self.changed(&purpose, changes);
    }

    fn watch_ended(&mut self, id: RequestId, out: &mut Outbox) {
        let Some(purpose) = self.client.take(id) else { return };
        let informer = match purpose {
            Purpose::Pods => &self.pods,
            Purpose::Nodes => &self.nodes,
            _ => &self.claims,
        };
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
            let old = old.as_deref();
            let replaced = old.filter(|old| new.as_ref().is_none_or(|new| new.uid() != old.uid()));
            if let Some(old) = replaced {
                self.queue.remove(&ObjectKey::of(old));
                self.free(old);
            }
            if let Some(new) = &new {
                self.pod_changed(old.filter(|old| old.uid() == new.uid()), new);
            }
        }
    }

    fn pod_changed(&mut self, old: Option<&Object>, pod: &Arc<Object>) {
        let key = ObjectKey::of(pod);
        if pod.is_finished_pod() {
            self.queue.remove(&key);
            self.free(pod);
        } else if let Some(node) = node_of(pod) {
            self.queue.remove(&key);
            let same =
                |old: &Object| old.labels() == pod.labels() && old.is_terminating() == pod.is_terminating();
            if old.is_none_or(|old| node_of(old).is_none() || !same(old)) {
                self.placement.put(pod, node);
                // Who wants to be near, or evenly spread, may find a node now.
                self.queue.wake_sociable();
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
        if ![&self.pods, &self.nodes, &self.claims].iter().all(|informer| informer.is_synced()) {
            return;
        }
        for key in self.queue.active() {
            let Some(pod) = self.pods.get(&key).cloned() else { continue };
            if self.placement.nodes().next().is_none() {
                self.stays(&pod, fit_error::NO_NODES, out);
            } else if let Some(why) = self.claims_missing(&pod) {
                let message = fit_error::unresolvable(self.placement.nodes().count(), &why);
                self.stays(&pod, &message, out);
            } else {
                self.try_one(&pod, out);
            }
        }
    }

    fn try_one(&mut self, pod: &Arc<Object>, out: &mut Outbox) {
        let (key, demand) = (ObjectKey::of(pod), Demand::of(pod));
        match cycle(pod, &demand, &self.placement, &mut self.next, &mut self.draws) {
            Ok(node) => {
                self.placement.put(pod, &node);
                self.queue.binds(&key);
                self.client.send(binding(pod, &node), Purpose::Bind(key, pod.uid().into()), out);
            }
            Err(unfit) => {
                let message = self.preempt(pod, &demand, &unfit, out);
                self.stays(pod, &message, out);
            }
        }
    }

    /// Makes room for a pod if that can be done; what its condition will say.
    fn preempt(&mut self, pod: &Object, demand: &Demand, unfit: &Unfit, out: &mut Outbox) -> String {
        if let Some(why) = preempt::not_eligible(pod, &self.placement) {
            return fit_error::message(&unfit.reasons, Preemption::NotEligible(why));
        }
        let Some(chosen) = preempt::choose(pod, demand, &self.placement, unfit) else {
            return fit_error::message(&unfit.reasons, Preemption::NoVictims);
        };
        for victim in &chosen.victims {
            let purpose = Purpose::Disrupt(ObjectKey::of(victim), victim.uid().into());
            self.client.send(preempt::disruption(victim, out.now()), purpose, out);
        }
        self.placement.nominate(pod, &chosen.node);
        fit_error::reasons(&unfit.reasons)
    }

    /// The pod found no node: it waits for a change, and its condition says why.
    fn stays(&mut self, pod: &Arc<Object>, message: &str, out: &mut Outbox) {
        let key = ObjectKey::of(pod);
        let (until, news) = self.queue.park(&key, message, out.now());
        out.push(Effect::Timer(until, 0));
        let nominated = self.placement.nominated(pod.uid()).map(Str::as_str);
        if let Some(request) = unschedulable(pod, message, nominated, out.now()).filter(|_| news) {
            self.client.send(request, Purpose::Tell(key), out);
        }
    }

    /// What is wrong with the claims of a pod's volumes, in the words of the plugin VolumeBinding.
    fn claims_missing(&self, pod: &Object) -> Option<String> {
        pod.items_at(&["spec", "volumes"]).iter().find_map(|volume| {
            let name = volume.str_at(&["persistentVolumeClaim", "claimName"])?;
            match self.claims.get(&ObjectKey::new(pod.namespace(), name)) {
                None => Some(format!("persistentvolumeclaim \"{name}\" not found")),
                Some(claim) if claim.str_at(&["spec", "volumeName"]).is_none_or(str::is_empty) => {
                    Some("pod has unbound immediate PersistentVolumeClaims".to_owned())
                }
                Some(_) => None,
            }
        })
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
                self.claims.start(&mut self.client, Purpose::Claims, out);
            }
            Input::Answer(id, answer) => self.answer(id, &answer, out),
            Input::Watch(id, events) => self.watch(id, events, out),
            Input::WatchEnded(id) => self.watch_ended(id, out),
            Input::Timer(_) => self.queue.ripen(out.now()),
            Input::Boot | Input::Restart | Input::Runtime(_) | Input::Order(..) => {}
            Input::Renewals(..) | Input::NotRenewed(_) => {}
        }
        self.schedule(out);
    }
}

fn node_of(pod: &Object) -> Option<&str> {
    pod.spec(keys::NODE_NAME).and_then(Value::as_str).filter(|node| !node.is_empty())
}

/// Whether a pod without a node is for us to place now.
fn is_ours(pod: &Object) -> bool {
    pod.str_at(&["spec", "schedulerName"]).unwrap_or(NAME) == NAME
        && pod.items_at(&["spec", "schedulingGates"]).is_empty()
        && !pod.is_terminating()
}
