//! The scheduler as a component: what it watches, when it tries, how it binds.
//!
//! Real: kube-scheduler with the default profile. Modelled: one cycle per pod, assumed pods, binding beside the cycles,
//! conditions of pods that found no node, scheduling gates, other schedulers' pods, preemption, claims. Not modelled:
//! extenders, leader election, the time a cycle takes, the condition of a pod whose binding failed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::affinity::Spaces;
use super::claims::{self, Progress};
use super::cycle::{Subject, Unfit, cycle};
use super::feeds::{Feed, Feeds};
use super::filter::{CONFLICT, Plugin, named_nodes};
use super::fit_error::{self, Preemption, Verdict};
use super::hints::{Event, helps};
use super::placement::Placement;
use super::preempt;
use super::queue::Queue;
use super::requests::{binding, nominated, unnominated, unschedulable};
use super::resources::Demand;
use crate::client::{Change, Client};
use crate::engine::Draws;
use crate::object::{Object, Str, Value, keys};
use crate::wire::resource::PODS;
use crate::wire::{
    Answer, Component, Effect, Input, ObjectKey, Options, Outbox, Request, RequestId, WatchEvent,
};

/// The name in `spec.schedulerName` of the pods that are ours (kube-scheduler `DefaultSchedulerName`).
const NAME: &str = "default-scheduler";

/// The scheduler.
#[derive(Clone, Debug)]
pub struct Scheduler {
    client: Client<Purpose>,
    feeds: Feeds,
    placement: Placement,
    queue: Queue,
    /// Pods whose node is chosen but some claim not bound: their uid and the node.
    unclaimed: BTreeMap<ObjectKey, (Str, Str)>,
    /// The node that the next cycle begins with.
    next: usize,
    draws: Draws,
}

/// What a request was for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Purpose {
    Feed(Feed),
    /// The binding of this pod.
    Bind(ObjectKey, Str),
    /// The condition of this pod.
    Tell(ObjectKey),
    /// The condition of this victim, which is to be deleted then.
    Disrupt(ObjectKey, Str),
    /// The deletion of a victim, or that a pod no longer waits for a node.
    Forget,
}

impl Scheduler {
    /// A scheduler that knows nothing yet.
    pub fn new(draws: Draws) -> Self {
        Self {
            client: Client::new(),
            feeds: Feeds::new(),
            placement: Placement::default(),
            queue: Queue::default(),
            unclaimed: BTreeMap::new(),
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
            Some(Purpose::Feed(feed)) => {
                let informer = self.feeds.of_mut(feed);
                let changes = informer.on_answer(answer, &mut self.client, Purpose::Feed(feed), out);
                self.changed(feed, changes, out);
            }
            Some(Purpose::Bind(key, uid)) => self.bound(&key, &uid, answer, out),
            Some(Purpose::Tell(key)) if answer.failure().is_some() => {
                if let Some(until) = self.queue.untold(&key, out.now()) {
                    out.push(Effect::Timer(until, 0));
                }
            }
            Some(Purpose::Disrupt(key, uid)) if answer.failure().is_none() => {
                let options = Options { precondition_uid: Some(uid), ..Options::default() };
                self.client.send(Request::delete(*PODS, &key).options(options), Purpose::Forget, out);
            }
            // A victim that could not be told stays: the pod tries again when something changes.
            Some(Purpose::Tell(_) | Purpose::Disrupt(..) | Purpose::Forget) | None => {}
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
                (Feed::Claims, Some(new)) => self.wake(Event::Claim(old.as_deref(), new)),
                (Feed::Volumes, Some(_)) => self.wake(Event::Volume),
                (Feed::Classes, Some(new)) => self.wake(Event::Class(old.as_deref(), new)),
                (Feed::Budgets | Feed::Namespaces, _) | (_, None) => {}
            }
        }
        if feed == Feed::Claims {
            self.bind_claimed(out);
        }
    }

    /// Something happened: pods that found no node are tried again where it may help.
    fn wake(&mut self, event: Event<'_>) {
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
        let silent = || same(&["spec"]) && same(&["metadata", "labels"]) && same(&["status", "allocatable"]);
        if old.is_none() || new.is_none() || !silent() {
            self.wake(Event::Node(old, new));
        }
    }

    fn pod_replaced(&mut self, old: Option<&Object>, new: Option<&Arc<Object>>) {
        let replaced = old.filter(|old| new.is_none_or(|new| new.uid() != old.uid()));
        if let Some(old) = replaced {
            self.queue.remove(&ObjectKey::of(old));
            self.free(old);
            if node_of(old).is_none() && nominated(old).is_some() {
                self.wake(Event::Unnominated(old));
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
                self.wake(Event::Pod(before, Some(pod)));
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

    /// A pod that waits came or changed.
    fn pending_changed(&mut self, key: &ObjectKey, old: Option<&Object>, pod: &Arc<Object>) {
        if !self.queue.has(key, pod.uid()) {
            self.queue.add(key.clone(), pod);
        } else if let Some(old) = old {
            self.queue.wake_one(key, |plugins| helps(plugins, pod, Event::Own(old, pod)));
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
            self.wake(Event::Unnominated(old));
        }
    }

    /// The pod takes nothing any more: others may find a node now.
    fn free(&mut self, pod: &Object) {
        if self.placement.remove(pod.uid()) {
            self.wake(Event::Pod(Some(pod), None));
        }
    }

    /// One cycle for each pod that is ready to be tried.
    fn schedule(&mut self, out: &mut Outbox) {
        if !self.feeds.are_synced() {
            return;
        }
        for key in self.queue.active() {
            let Some(pod) = self.feeds.of(Feed::Pods).get(&key).cloned() else { continue };
            if self.placement.nodes().next().is_none() {
                let message = fit_error::NO_NODES.to_owned();
                let verdict = Verdict { message, plugins: [].into(), nominated: Some(None) };
                self.stays(&pod, &verdict, out);
            } else if let Some((plugin, why)) = self.unresolvable(&pod) {
                let message = fit_error::unresolvable(self.placement.nodes().count(), &why);
                let verdict = Verdict { message, plugins: [plugin].into(), nominated: None };
                self.stays(&pod, &verdict, out);
            } else {
                self.try_one(&pod, out);
            }
        }
    }

    /// What is wrong with a pod whatever the nodes are.
    fn unresolvable(&self, pod: &Object) -> Option<(Plugin, String)> {
        if named_nodes(pod).is_some_and(|names| names.is_empty()) {
            return Some((Plugin::NodeAffinity, CONFLICT.to_owned()));
        }
        claims::trouble(pod, self.feeds.of(Feed::Claims), self.feeds.of(Feed::Classes))
    }

    fn try_one(&mut self, pod: &Arc<Object>, out: &mut Outbox) {
        let volumes = claims::bound(pod, self.feeds.of(Feed::Claims), self.feeds.of(Feed::Volumes));
        let spaces = Spaces::of(pod, self.feeds.of(Feed::Namespaces));
        let subject = Subject { pod, demand: Demand::of(pod), volumes, spaces };
        match cycle(&subject, &self.placement, &mut self.next, &mut self.draws) {
            Ok(node) => {
                self.placement.put(pod, &node);
                self.queue.binds(&ObjectKey::of(pod));
                self.unclaimed.insert(ObjectKey::of(pod), (pod.uid().into(), node));
                self.bind_claimed(out);
            }
            Err(unfit) => {
                let verdict = self.preempt(&subject, unfit, out);
                self.stays(pod, &verdict, out);
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

    /// Makes room for a pod if that can be done.
    fn preempt(&mut self, subject: &Subject<'_>, unfit: Unfit, out: &mut Outbox) -> Verdict {
        let pod = subject.pod;
        let verdict =
            |message, unfit: Unfit, nominated| Verdict { message, plugins: unfit.plugins, nominated };
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
                self.client.send(request, Purpose::Forget, out);
            }
        }
        for victim in chosen.victims.iter().filter(|victim| !victim.is_terminating()) {
            let purpose = Purpose::Disrupt(ObjectKey::of(victim), victim.uid().into());
            self.client.send(preempt::disruption(victim, out.now()), purpose, out);
        }
        verdict(fit_error::reasons(&unfit), unfit, Some(Some(chosen.node)))
    }

    /// The pod found no node: it waits for a change, and its condition says why.
    fn stays(&mut self, pod: &Arc<Object>, verdict: &Verdict, out: &mut Outbox) {
        let key = ObjectKey::of(pod);
        match &verdict.nominated {
            Some(Some(node)) => self.placement.nominate(pod, node),
            Some(None) => self.placement.unnominate(pod.uid()),
            None => {}
        }
        let (until, news) = self.queue.park(&key, verdict, out.now());
        out.push(Effect::Timer(until, 0));
        let news = news || (verdict.nominated == Some(None) && nominated(pod).is_some());
        if let Some(request) = unschedulable(pod, verdict, out.now()).filter(|_| news) {
            self.client.send(request, Purpose::Tell(key), out);
        }
    }

    /// Takes the answer to a binding. A failed one may still have been carried out: then the informer says so, and the
    /// pod leaves the queue.
    fn bound(&mut self, key: &ObjectKey, uid: &str, answer: &Answer, out: &mut Outbox) {
        let pod = self.feeds.of(Feed::Pods).get(key).filter(|pod| pod.uid() == uid).cloned();
        let Some(pod) = pod.filter(|_| answer.failure().is_some()) else { return };
        if self.queue.has(key, uid) {
            self.failed(&pod, out);
        } else if pod.str_at(&["spec", "nodeName"]).is_none_or(str::is_empty) {
            self.free(&pod); // it went while it was to be bound
        }
    }

    /// The pod does not go to the node that was chosen for it.
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
            Input::Start => self.feeds.start(&mut self.client, out),
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
