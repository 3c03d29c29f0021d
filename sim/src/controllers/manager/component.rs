//! The component: adds the keys of changes to work queues, runs the syncs that are due, sends their requests and hands
//! the answers to the controllers.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::client::{Change, Client};
use crate::controllers::manager::caches::{Caches, defines_resources};
use crate::controllers::manager::expectations::{Expectations, SyncId};
use crate::controllers::manager::sync::Slot;
use crate::controllers::{Call, Controller, ServedKind, Settings, SyncKey, Verdict, all};
use crate::engine::Time;
use crate::object::Str;
use crate::wire::{Answer, Component, Input, ObjectKey, Outbox, Request, RequestId, Resource};

/// Its field manager: the user agent of the real binary up to the first `/`.
const NAME: &str = "kube-controller-manager";

/// What a request of the manager is for.
#[derive(Clone, Debug)]
pub(crate) enum Purpose {
    /// A list or watch of this resource's cache.
    Cache(Resource),
    /// A request of a sync.
    Call(Box<(SyncId, Call)>),
}

/// The kube-controller-manager.
#[derive(Clone)]
pub struct Manager {
    kinds: Vec<ServedKind>,
    client: Client<Purpose>,
    caches: Caches,
    slots: Vec<Slot>,
    /// The slots whose controllers watch a resource; filled at its first change.
    watchers: BTreeMap<Resource, Arc<[usize]>>,
    expectations: Expectations,
    syncs: u64,
    /// When the next timer fires.
    armed: Option<Time>,
    /// Empty between calls; its memory is used again.
    targets: Vec<SyncKey>,
}

impl Manager {
    /// The manager with all its controllers, in a cluster that serves these built-in kinds.
    pub fn new(kinds: Vec<ServedKind>, settings: &Settings) -> Self {
        Self::with(kinds, all(settings))
    }

    /// The manager with these controllers only.
    pub fn with(kinds: Vec<ServedKind>, controllers: Vec<Box<dyn Controller>>) -> Self {
        Self {
            kinds,
            client: Client::new(),
            caches: Caches::default(),
            slots: controllers.into_iter().map(Slot::new).collect(),
            watchers: BTreeMap::new(),
            expectations: Expectations::default(),
            syncs: 0,
            armed: None,
            targets: Vec::new(),
        }
    }

    /// The names of its controllers.
    pub fn controllers(&self) -> impl Iterator<Item = &'static str> {
        self.slots.iter().map(|slot| slot.controller.name())
    }

    fn start(&mut self, out: &mut Outbox) {
        for kind in self.kinds.clone() {
            self.caches.add(kind, &mut self.client, out);
        }
        for slot in &self.slots {
            for resource in slot.watches().unwrap_or_default() {
                self.caches.follow(*resource, &mut self.client, out);
            }
        }
    }

    /// Handles an answer. Whether a sync may be due.
    fn on_answer(&mut self, id: RequestId, answer: &Answer, out: &mut Outbox) -> bool {
        match self.client.purpose(id) {
            Some(Purpose::Cache(resource)) => {
                let resource = *resource;
                let changes = self.caches.on_answer((id, resource), answer, &mut self.client, out);
                let busy = self.on_changes(resource, &changes, out);
                if matches!(answer, Answer::Watching) {
                    return false;
                }
                self.on_list(resource, out.now()) || busy || answer.failure().is_some()
            }
            Some(Purpose::Call(_)) => {
                if let Some(Purpose::Call(call)) = self.client.take(id) {
                    self.on_call(&call.0, &call.1, answer, out);
                }
                true
            }
            None => false,
        }
    }

    /// A list filled a cache. Whether that ended a sync or let a controller start.
    fn on_list(&mut self, resource: Resource, now: Time) -> bool {
        let seen = self.expectations.listed(&self.caches, resource);
        for sync in &seen {
            self.slots[sync.slot].on_seen(sync, now);
        }
        let caches = &self.caches;
        let watchers = self.slots.iter_mut().filter(|slot| slot.sees(resource));
        let started =
            watchers.filter_map(|slot| slot.make_ready(|these| caches.is_synced(these)).then_some(()));
        started.count() > 0 || !seen.is_empty()
    }

    /// The answer to a request of a sync.
    fn on_call(&mut self, sync: &SyncId, call: &Call, answer: &Answer, out: &mut Outbox) {
        let slot = &mut self.slots[sync.slot];
        if !slot.is_open(sync) {
            return;
        }
        let verdict = slot.controller.answered(&sync.target, call, answer, &self.caches);
        let wrote = call.verb.is_write() && answer.failure().is_none_or(|failure| failure.code == 404);
        let unseen = wrote && self.expectations.expect(call, answer, &self.caches, sync);
        if wrote
            && (call.resource, &call.key) == (sync.target.resource, &sync.target.key)
            && let Ok(written) = answer.object()
        {
            slot.wrote(sync, written.revision());
        }
        if let Some(requests) = slot.on_answer(sync, verdict == Verdict::Retry, unseen, out.now()) {
            self.send(sync, requests, out);
        }
    }

    /// Handles events of a watch. Whether a sync may be due.
    fn on_watch(&mut self, id: RequestId, events: Vec<crate::wire::WatchEvent>, out: &mut Outbox) -> bool {
        let Some(Purpose::Cache(resource)) = self.client.purpose(id) else { return false };
        let resource = *resource;
        let changes = self.caches.on_events((id, resource), events, &mut self.client, out);
        self.on_changes(resource, &changes, out)
    }

    /// Passes changes to the controllers. Whether that queued a key or ended a sync.
    fn on_changes(&mut self, resource: Resource, changes: &[Change], out: &mut Outbox) -> bool {
        let mut busy = false;
        let slots = &self.slots;
        let watchers = self
            .watchers
            .entry(resource)
            .or_insert_with(|| (0..slots.len()).filter(|slot| slots[*slot].sees(resource)).collect());
        for change in changes {
            if defines_resources(resource) {
                self.caches.on_crd(change, &mut self.client, out);
            }
            for slot in watchers.iter() {
                let slot = &mut self.slots[*slot];
                slot.controller.keys(resource, change, &self.caches, &mut self.targets);
                if !self.targets.is_empty() {
                    busy = true;
                    let targets = self.targets.drain(..);
                    targets.for_each(|target| slot.enqueue(target, resource, change, out.now()));
                }
            }
            if self.expectations.is_empty() {
                continue;
            }
            let key = ObjectKey::of(change.object());
            for sync in self.expectations.seen(&self.caches, resource, &key) {
                self.slots[sync.slot].on_seen(&sync, out.now());
                busy = true;
            }
        }
        busy
    }

    /// Syncs every key that is due. One pass also finds when the next one is: a sync queues keys of its own slot alone.
    fn work(&mut self, out: &mut Outbox) {
        let mut next_due = None;
        for slot in 0..self.slots.len() {
            while let Some(target) = self.slots[slot].next(out.now()) {
                self.reconcile(slot, target, out);
            }
            next_due = earlier(next_due, self.slots[slot].next_due());
        }
        self.arm(next_due, out);
    }

    fn reconcile(&mut self, slot: usize, target: SyncKey, out: &mut Outbox) {
        let outcome = self.slots[slot].controller.reconcile(&target, &self.caches, out.now());
        self.syncs += 1;
        let number = self.syncs;
        if let Some(requests) = self.slots[slot].begin(number, &target, outcome, out.now()) {
            let sync = SyncId { slot, target, number };
            self.send(&sync, requests, out);
            self.expectations.wait(out.now(), sync);
        }
    }

    fn send(&mut self, sync: &SyncId, requests: Vec<Request>, out: &mut Outbox) {
        for mut request in requests {
            request.options.field_manager = Str::new_static(NAME);
            let call = Call::of(&request).expect("a controller names a resource in every request");
            self.client.send(request, Purpose::Call(Box::new((sync.clone(), call))), out);
        }
    }

    /// Sets a timer for the next thing to do, unless an armed one fires by then.
    fn arm(&mut self, next_due: Option<Time>, out: &mut Outbox) {
        let slots = &self.slots;
        let waits = self.expectations.next_due(|sync| slots[sync.slot].is_open(sync));
        if let Some(due) = earlier(earlier(next_due, waits), self.caches.next_due())
            && self.armed.is_none_or(|armed| due < armed)
        {
            self.armed = Some(due);
            out.timer_in(due.since(out.now()), 0);
        }
    }

    fn on_timer(&mut self, out: &mut Outbox) {
        if self.armed.is_some_and(|armed| armed <= out.now()) {
            self.armed = None;
        }
        self.caches.retry(&mut self.client, out);
        while let Some(sync) = self.expectations.timed_out(out.now()) {
            self.slots[sync.slot].give_up(&sync);
        }
    }
}

/// The earlier of two times, if there is one.
fn earlier(one: Option<Time>, other: Option<Time>) -> Option<Time> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

impl Component for Manager {
    fn on(&mut self, input: Input, out: &mut Outbox) {
        match input {
            Input::Start => self.start(out),
            Input::Answer(id, answer) => {
                if !self.on_answer(id, &answer, out) {
                    return;
                }
            }
            Input::Watch(id, events) => {
                if !self.on_watch(id, events, out) {
                    return;
                }
            }
            Input::WatchEnded(id) => {
                if let Some(Purpose::Cache(resource)) = self.client.take(id) {
                    self.caches.on_end(resource, &mut self.client, out);
                }
            }
            Input::Timer(_) => self.on_timer(out),
            Input::Renewals(key, renewals) => {
                self.slots.iter_mut().for_each(|slot| slot.controller.renewed(&key, renewals));
                return;
            }
            Input::Boot | Input::Restart | Input::Runtime(_) | Input::Order(..) | Input::NotRenewed(_) => {}
        }
        self.work(out);
    }
}
