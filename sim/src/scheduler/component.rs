//! The scheduler as a component: what it watches, when it runs a cycle, how it binds.
//!
//! Real: kube-scheduler with the default profile. Modelled: one cycle per pod, assumed pods, binding in parallel to cycles,
//! conditions of unschedulable pods, scheduling gates, other schedulers' pods, preemption, claims. Differs: a cycle takes no
//! time. Not modelled: extenders, leader election, the condition of a pod whose binding failed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::affinity::NamespaceLabels;
use super::claims::{self, Progress};
use super::cycle::{PodToPlace, Unfit, cycle};
use super::feeds::{Feed, Feeds};
use super::filter::{CONFLICT, named_nodes};
use super::fit_error::{self, Preemption, Unscheduled};
use super::hints::{ClusterEvent, helps};
use super::placement::Placement;
use super::preempt;
use super::queue::SchedulingQueue;
use super::reasons::Plugin;
use super::requests::{binding, nominated, unnominated, unschedulable};
use super::resources::Demand;
use crate::client::{Change, Client};
use crate::engine::Draws;
use crate::object::{Object, Str, Value, keys};
use crate::wire::resource::PODS;
use crate::wire::{
    Answer, Component, Effect, Input, ObjectKey, Options, Outbox, Request, RequestId, WatchEvent,
};

/// `spec.schedulerName` of the pods that it schedules (kube-scheduler `DefaultSchedulerName`).
const NAME: &str = "default-scheduler";

/// The scheduler.
#[derive(Clone, Debug)]
pub struct Scheduler {
    client: Client<Purpose>,
    feeds: Feeds,
    placement: Placement,
    queue: SchedulingQueue,
    /// Assumed pods that wait until their claims are bound: their uid and node.
    unclaimed: BTreeMap<ObjectKey, (Str, Str)>,
    /// The index of the node where the next cycle begins.
    next: usize,
    draws: Draws,
}

/// What a request of the scheduler is for.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Purpose {
    Feed(Feed),
    /// The binding of this pod.
    Bind(ObjectKey, Str),
    /// The condition of this pod.
    Condition(ObjectKey),
    /// The condition of this victim; its deletion follows.
    Disrupt(ObjectKey, Str),
    /// The deletion of a victim, or the end of a nomination: the answer does not matter.
    Ignored,
}

impl Scheduler {
    /// A scheduler with empty caches.
    pub fn new(draws: Draws) -> Self {
        Self {
            client: Client::new(),
            feeds: Feeds::new(),
            placement: Placement::default(),
            queue: SchedulingQueue::default(),
            unclaimed: BTreeMap::new(),
            next: 0,
            draws,
        }
    }

    /// The scheduler, with the draws of another run.
    #[must_use]
    pub fn drawing(mut self, draws: Draws) -> Self {
        self.draws = draws;
        self
    }

    fn answer(&mut self, id: RequestId, answer: &Answer, out: &mut Outbox) {
        let opened = matches!(answer, Answer::Watching);
        let purpose = if opened { self.client.purpose(id).cloned() } else { self.client.take(id) };
        match purpose {
            Some(Purpose::Feed(feed)) => {
                let informer = self.feeds.of_mut(feed);
                let changes = informer.on_answer(answer, &mut self.client, Purpose::Feed(feed), out);
                self.changed(feed, changes, out);
            }
            Some(Purpose::Bind(key, uid)) => self.bound(&key, &uid, answer, out),
            Some(Purpose::Condition(key)) if answer.failure().is_some() => {
                if let Some(until) = self.queue.report_failed(&key, out.now()) {
                    out.push(Effect::Timer(until, 0));
                }
            }
            Some(Purpose::Disrupt(key, uid)) if answer.failure().is_none() => {
                let options = Options { precondition_uid: Some(uid), ..Options::default() };
                self.client.send(Request::delete(*PODS, &key).options(options), Purpose::Ignored, out);
            }
            // If the condition of a victim fails, the victim stays; the pod is tried again after the next change.
            Some(Purpose::Condition(_) | Purpose::Disrupt(..) | Purpose::Ignored) | None => {}
        }
    }

    fn watch(&mut self, id: RequestId, events: Vec<WatchEvent>, out: &mut Outbox) {
        let Some(Purpose::Feed(feed)) = self.client.purpose(id).cloned() else { return };
        let changes = match self.feeds.of_mut(feed).on_events(events) {
            Ok(changes) => changes,
            Err(changes) => {
                self.client.take(id);
                self.feeds.of_mut(feed).start(&mut self.client, Purpose::Feed(feed), out);
                changes
            }
        };
        self.changed(feed, changes, out);
    }

    fn watch_ended(&mut self, id: RequestId, out: &mut Outbox) {
        if let Some(Purpose::Feed(feed)) = self.client.take(id) {
            self.feeds.of(feed).watch(&mut self.client, Purpose::Feed(feed), out);
        }
    }

    fn changed(&mut self, feed: Feed, changes: Vec<Change>, out: &mut Outbox) {
        for Change { old, new } in changes {
            match (feed, &new) {
                (Feed::Pods, _) => self.pod_replaced(old.as_deref(), new.as_ref()),
                (Feed::Nodes, _) => self.node_changed(old.as_ref(), new.as_ref()),
                (Feed::Claims, Some(new)) => self.wake(ClusterEvent::Claim(old.as_deref(), new)),
                (Feed::Volumes, Some(_)) => self.wake(ClusterEvent::Volume),
                (Feed::Classes, Some(new)) => self.wake(ClusterEvent::Class(old.as_deref(), new)),
                (Feed::Budgets | Feed::Namespaces, _) | (_, None) => {}
            }
        }
        if feed == Feed::Claims {
            self.bind_claimed(out);
        }
    }

    /// Tries unschedulable pods again that this event may help.
    fn wake(&mut self, event: ClusterEvent<'_>) {
        let pods = self.feeds.of(Feed::Pods);
        self.queue.wake(|key, plugins| pods.get(key).is_none_or(|pod| helps(plugins, pod, event)));
    }

    fn node_changed(&mut self, old: Option<&Arc<Object>>, new: Option<&Arc<Object>>) {
        match (new, old) {
            (Some(node), _) => self.placement.set_node(node.clone()),
            (None, Some(node)) => self.placement.remove_node(node.name()),
            (None, None) => {}
        }
        let same = |path: &[&str]| old.and_then(|old| old.at(path)) == new.and_then(|new| new.at(path));
        let is_irrelevant =
            || same(&["spec"]) && same(&["metadata", "labels"]) && same(&["status", "allocatable"]);
        if old.is_none() || new.is_none() || !is_irrelevant() {
            self.wake(ClusterEvent::Node(old, new));
        }
    }

    fn pod_replaced(&mut self, old: Option<&Object>, new: Option<&Arc<Object>>) {
        let replaced = old.filter(|old| new.is_none_or(|new| new.uid() != old.uid()));
        if let Some(old) = replaced {
            self.queue.remove(&ObjectKey::of(old));
            self.free(old);
            if node_of(old).is_none() && nominated(old).is_some() {
                self.wake(ClusterEvent::Unnominated(old));
            }
        }
        if let Some(new) = new {
            self.pod_changed(old.filter(|old| old.uid() == new.uid()), new);
        }
    }

    fn pod_changed(&mut self, old: Option<&Object>, pod: &Arc<Object>) {
        let key = ObjectKey::of(pod);
        if pod.is_finished_pod() {
            self.queue.remove(&key);
            self.free(pod);
        } else if let Some(node) = node_of(pod) {
            self.queue.remove(&key);
            let before = old.filter(|old| node_of(old).is_some());
            let same = |old: &Object| {
                old.labels() == pod.labels()
                    && old.is_terminating() == pod.is_terminating()
                    && old.at(&["spec"]) == pod.at(&["spec"])
                    && old.condition("DisruptionTarget") == pod.condition("DisruptionTarget")
            };
            if before.is_none_or(|old| !same(old)) {
                self.placement.put(pod, node);
                self.wake(ClusterEvent::Pod(before, Some(pod)));
            }
        } else if !is_ours(pod) {
            self.queue.remove(&key);
            if self.unclaimed.remove(&key).is_some() {
                self.free(pod);
            }
        } else {
            self.pending_changed(&key, old, pod);
        }
    }

    /// A pod without a node was created or changed.
    fn pending_changed(&mut self, key: &ObjectKey, old: Option<&Object>, pod: &Arc<Object>) {
        if !self.queue.has(key, pod.uid()) {
            self.queue.add(key.clone(), pod);
        } else if let Some(old) = old {
            self.queue.wake_one(key, |plugins| helps(plugins, pod, ClusterEvent::Own(old, pod)));
        }
        let (was, is) = (old.and_then(nominated), nominated(pod));
        if !self.placement.has(pod.uid()) {
            match is {
                Some(node) => self.placement.nominate(pod, node),
                None if was.is_some() => self.placement.unnominate(pod.uid()),
                None => {}
            }
        }
        if let Some(old) = old.filter(|_| was.is_some() && was != is) {
            self.wake(ClusterEvent::Unnominated(old));
        }
    }

    /// Frees what the pod uses; this may help others.
    fn free(&mut self, pod: &Object) {
        if self.placement.remove(pod.uid()) {
            self.wake(ClusterEvent::Pod(Some(pod), None));
        }
    }

    /// Runs one cycle for each active pod.
    fn schedule(&mut self, out: &mut Outbox) {
        if !self.feeds.are_synced() {
            return;
        }
        for key in self.queue.active() {
            let Some(pod) = self.feeds.of(Feed::Pods).get(&key).cloned() else { continue };
            if self.placement.nodes().next().is_none() {
                let message = fit_error::NO_NODES.to_owned();
                let verdict = Unscheduled { message, plugins: [].into(), nominated: Some(None) };
                self.park(&pod, &verdict, out);
            } else if let Some((plugin, why)) = self.unresolvable(&pod) {
                let message = fit_error::unresolvable(self.placement.nodes().count(), &why);
                let verdict = Unscheduled { message, plugins: [plugin].into(), nominated: None };
                self.park(&pod, &verdict, out);
            } else {
                self.try_one(&pod, out);
            }
        }
    }

    /// Why a pod is unschedulable on any node.
    fn unresolvable(&self, pod: &Object) -> Option<(Plugin, String)> {
        if named_nodes(pod).is_some_and(|names| names.is_empty()) {
            return Some((Plugin::NodeAffinity, CONFLICT.to_owned()));
        }
        claims::rejection(pod, self.feeds.of(Feed::Claims), self.feeds.of(Feed::Classes))
    }

    fn try_one(&mut self, pod: &Arc<Object>, out: &mut Outbox) {
        let volumes = claims::bound(pod, self.feeds.of(Feed::Claims), self.feeds.of(Feed::Volumes));
        let namespaces = NamespaceLabels::of(pod, self.feeds.of(Feed::Namespaces));
        let subject = PodToPlace { pod, demand: Demand::of(pod), volumes, namespaces };
        match cycle(&subject, &self.placement, &mut self.next, &mut self.draws) {
            Ok(node) => {
                self.placement.put(pod, &node);
                self.queue.set_binding(&ObjectKey::of(pod));
                self.unclaimed.insert(ObjectKey::of(pod), (pod.uid().into(), node));
                self.bind_claimed(out);
            }
            Err(unfit) => {
                let verdict = self.preempt(&subject, unfit, out);
                self.park(pod, &verdict, out);
            }
        }
    }

    /// Binds the pods whose claims are all bound.
    fn bind_claimed(&mut self, out: &mut Outbox) {
        let Self { unclaimed, feeds, queue, client, .. } = self;
        let mut failed = Vec::new();
        unclaimed.retain(|key, (uid, node)| {
            let pod = feeds.of(Feed::Pods).get(key).filter(|_| queue.has(key, uid));
            let Some(pod) = pod else { return false };
            match claims::progress(pod, feeds.of(Feed::Claims)) {
                Progress::Waits => return true,
                Progress::Gone => failed.push(pod.clone()),
                Progress::Done => {
                    client.send(binding(pod, node), Purpose::Bind(key.clone(), uid.clone()), out);
                }
            }
            false
        });
        failed.iter().for_each(|pod| self.failed(pod, out));
    }

    /// Preempts less important pods if that makes the pod fit.
    fn preempt(&mut self, subject: &PodToPlace<'_>, unfit: Unfit, out: &mut Outbox) -> Unscheduled {
        let pod = subject.pod;
        let verdict =
            |message, unfit: Unfit, nominated| Unscheduled { message, plugins: unfit.plugins, nominated };
        if let Some(why) = preempt::not_eligible(pod, &self.placement, &unfit) {
            return verdict(fit_error::message(&unfit, &Preemption::NotEligible(why)), unfit, None);
        }
        let budgets: Vec<&Object> = self.feeds.of(Feed::Budgets).iter().map(|budget| &**budget).collect();
        let chosen = match preempt::choose(subject, &self.placement, &unfit, &budgets) {
            Ok(chosen) => chosen,
            Err(why) => {
                let message = fit_error::message(&unfit, &Preemption::NoVictims(why));
                return verdict(message, unfit, Some(None));
            }
        };
        for key in self.placement.nominated_below(pod, &chosen.node) {
            if let Some(request) = self.feeds.of(Feed::Pods).get(&key).and_then(unnominated) {
                self.client.send(request, Purpose::Ignored, out);
            }
        }
        for victim in chosen.victims.iter().filter(|victim| !victim.is_terminating()) {
            let purpose = Purpose::Disrupt(ObjectKey::of(victim), victim.uid().into());
            self.client.send(preempt::disruption(victim, out.now()), purpose, out);
        }
        verdict(fit_error::reasons(&unfit), unfit, Some(Some(chosen.node)))
    }

    /// Parks an unschedulable pod, and writes why into its condition if that has changed.
    fn park(&mut self, pod: &Arc<Object>, verdict: &Unscheduled, out: &mut Outbox) {
        let key = ObjectKey::of(pod);
        match &verdict.nominated {
            Some(Some(node)) => self.placement.nominate(pod, node),
            Some(None) => self.placement.unnominate(pod.uid()),
            None => {}
        }
        let (until, changed) = self.queue.park(&key, verdict, out.now());
        out.push(Effect::Timer(until, 0));
        let changed = changed || (verdict.nominated == Some(None) && nominated(pod).is_some());
        if let Some(request) = unschedulable(pod, verdict, out.now()).filter(|_| changed) {
            self.client.send(request, Purpose::Condition(key), out);
        }
    }

    /// Handles the answer to a binding. A binding whose answer is a failure may have been committed nevertheless: then the
    /// pod leaves the queue when the informer shows it.
    fn bound(&mut self, key: &ObjectKey, uid: &str, answer: &Answer, out: &mut Outbox) {
        let pod = self.feeds.of(Feed::Pods).get(key).filter(|pod| pod.uid() == uid).cloned();
        let Some(pod) = pod.filter(|_| answer.failure().is_some()) else { return };
        if self.queue.has(key, uid) {
            self.failed(&pod, out);
        } else if pod.str_at(&["spec", "nodeName"]).is_none_or(str::is_empty) {
            self.free(&pod); // it left the queue during its binding, and has no node
        }
    }

    /// The pod could not be bound to the chosen node.
    fn failed(&mut self, pod: &Arc<Object>, out: &mut Outbox) {
        self.free(pod);
        if let Some(until) = self.queue.failed(&ObjectKey::of(pod), out.now()) {
            out.push(Effect::Timer(until, 0));
        }
    }
}

impl Component for Scheduler {
    fn on(&mut self, input: Input, out: &mut Outbox) {
        match input {
            Input::Start => self.feeds.start(&mut self.client, Purpose::Feed, out),
            Input::Answer(id, answer) => self.answer(id, &answer, out),
            Input::Watch(id, events) => self.watch(id, events, out),
            Input::WatchEnded(id) => self.watch_ended(id, out),
            Input::Timer(_) => self.queue.activate_due(out.now()),
            Input::Boot | Input::Restart | Input::Runtime(_) | Input::Order(..) => {}
            Input::Renewals(..) | Input::NotRenewed(_) => {}
        }
        self.schedule(out);
    }
}

fn node_of(pod: &Object) -> Option<&str> {
    pod.spec(keys::NODE_NAME).and_then(Value::as_str).filter(|node| !node.is_empty())
}

/// Whether this scheduler should place a pod without a node now.
fn is_ours(pod: &Object) -> bool {
    pod.str_at(&["spec", "schedulerName"]).unwrap_or(NAME) == NAME
        && pod.items_at(&["spec", "schedulingGates"]).is_empty()
        && !pod.is_terminating()
}
