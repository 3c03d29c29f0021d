//! One controller in the manager: its work queue and its syncs in progress.

use std::collections::{BTreeMap, VecDeque};

use crate::client::{Change, WorkQueue};
use crate::controllers::manager::expectations::SyncId;
use crate::controllers::{Controller, Outcome, SyncKey, Watches};
use crate::engine::{Millis, Time};
use crate::wire::{Request, Resource};

/// Requests of a sync that are sent together.
type Round = Vec<Request>;

/// A sync in progress: it has requests without an answer, or writes that no cache shows yet.
#[derive(Clone, Debug)]
struct OpenSync {
    number: u64,
    /// The rounds that are not sent yet.
    rounds: VecDeque<Round>,
    unanswered: usize,
    unseen: usize,
    failed: bool,
    /// The target changed meanwhile.
    dirty: bool,
    /// Its writes leave nothing to do, so seeing them is no reason to sync again.
    settles: bool,
    /// The revisions of the target that it wrote.
    own: Vec<u64>,
    /// The revisions of the target that the cache showed meanwhile.
    seen: Vec<u64>,
    again: bool,
    after: Option<Millis>,
}

/// A controller with its queue and its syncs.
#[derive(Clone)]
pub(crate) struct Slot {
    pub(crate) controller: Box<dyn Controller>,
    watches: Watches,
    queue: WorkQueue<SyncKey>,
    syncs: BTreeMap<SyncKey, OpenSync>,
    ready: bool,
}

impl Slot {
    pub(crate) fn new(controller: Box<dyn Controller>) -> Self {
        let watches = controller.watches();
        Self { controller, watches, queue: WorkQueue::default(), syncs: BTreeMap::new(), ready: false }
    }

    /// The resources it watches; `None` for all.
    pub(crate) fn watches(&self) -> Option<&[Resource]> {
        if let Watches::These(these) = &self.watches { Some(these) } else { None }
    }

    pub(crate) fn sees(&self, resource: Resource) -> bool {
        self.watches().is_none_or(|these| these.contains(&resource))
    }

    /// Lets the controller start if its caches are synced. Whether it starts now.
    pub(crate) fn make_ready(&mut self, is_synced: impl FnOnce(Option<&[Resource]>) -> bool) -> bool {
        if self.ready {
            return false;
        }
        self.ready = is_synced(self.watches());
        self.ready
    }

    /// Queues a key that a change concerns, at once or after the controller's delay.
    pub(crate) fn enqueue(&mut self, target: SyncKey, resource: Resource, change: &Change, now: Time) {
        if resource == target.resource
            && let Some(new) = &change.new
            && let Some(sync) = self.syncs.get_mut(&target).filter(|sync| sync.settles)
        {
            sync.seen.push(new.revision());
            return; // `end_if_over` decides whether this asks for another sync
        }
        match self.controller.delay_ms(&target, resource, change) {
            0 => self.queue.add(target),
            delay => self.queue.add_at(target, now + delay),
        }
    }

    /// Whether a key is due.
    #[inline]
    pub(crate) fn is_due(&self, now: Time) -> bool {
        self.ready && self.queue.is_due(now)
    }

    /// The next key to sync now. A key whose sync is in progress is queued again when that sync ends.
    pub(crate) fn next(&mut self, now: Time) -> Option<SyncKey> {
        if !self.is_due(now) {
            return None;
        }
        loop {
            let target = self.queue.pop(now)?;
            match self.syncs.get_mut(&target) {
                Some(sync) => sync.dirty = true,
                None => return Some(target),
            }
        }
    }

    /// When the next delayed key is due.
    pub(crate) fn next_due(&self) -> Option<Time> {
        if self.ready { self.queue.next_due() } else { None }
    }

    /// Starts a sync and returns its first round. Without requests it is over at once.
    pub(crate) fn begin(
        &mut self,
        number: u64,
        target: &SyncKey,
        outcome: Outcome,
        now: Time,
    ) -> Option<Round> {
        debug_assert!(!self.syncs.contains_key(target), "a key has one sync at a time");
        let Outcome { mut rounds, after, again, failed, settles, others } = outcome;
        others.into_iter().for_each(|other| self.queue.add(other));
        let Some(first) = rounds.pop_front() else {
            if failed {
                self.queue.add_failed(target.clone(), now);
            } else {
                self.queue.forget(target);
            }
            if let Some(after) = after {
                self.queue.add_at(target.clone(), now + after);
            }
            return None;
        };
        let sync = OpenSync {
            number,
            rounds,
            unanswered: first.len(),
            unseen: 0,
            failed: false,
            dirty: false,
            settles,
            own: Vec::new(),
            seen: Vec::new(),
            again,
            after,
        };
        self.syncs.insert(target.clone(), sync);
        Some(first)
    }

    fn sync(&mut self, id: &SyncId) -> Option<&mut OpenSync> {
        self.syncs.get_mut(&id.target).filter(|sync| sync.number == id.number)
    }

    pub(crate) fn is_open(&self, id: &SyncId) -> bool {
        self.syncs.get(&id.target).is_some_and(|sync| sync.number == id.number)
    }

    /// Records a revision of the target that its sync wrote.
    pub(crate) fn wrote(&mut self, id: &SyncId, revision: u64) {
        if let Some(sync) = self.sync(id) {
            sync.own.push(revision);
        }
    }

    /// Counts an answer; `unseen`: the cache does not show its write yet. Returns the next round, if it is time for it.
    pub(crate) fn on_answer(&mut self, id: &SyncId, failed: bool, unseen: bool, now: Time) -> Option<Round> {
        let sync = self.sync(id)?;
        debug_assert!(sync.unanswered > 0, "each request has one answer");
        sync.unanswered -= 1;
        sync.unseen += usize::from(unseen);
        sync.failed |= failed;
        if sync.unanswered > 0 {
            return None;
        }
        if !sync.failed
            && let Some(round) = sync.rounds.pop_front()
        {
            sync.unanswered = round.len();
            return Some(round);
        }
        sync.rounds.clear();
        self.end_if_over(id, now);
        None
    }

    /// The cache shows a write of a sync.
    pub(crate) fn on_seen(&mut self, id: &SyncId, now: Time) {
        if let Some(sync) = self.sync(id) {
            debug_assert!(sync.unseen > 0, "expectations report each write once");
            sync.unseen -= 1;
            self.end_if_over(id, now);
        }
    }

    /// Ends a sync that has timed out, and queues its key again.
    pub(crate) fn give_up(&mut self, id: &SyncId) {
        if self.is_open(id) {
            self.syncs.remove(&id.target);
            self.queue.add(id.target.clone());
        }
    }

    fn end_if_over(&mut self, id: &SyncId, now: Time) {
        let over = |sync: &&mut OpenSync| sync.unanswered == 0 && sync.unseen == 0 && sync.rounds.is_empty();
        let Some(sync) = self.sync(id).filter(over) else { return };
        let changed = sync.dirty || sync.seen.iter().any(|seen| !sync.own.contains(seen));
        let (failed, again, after) = (sync.failed, changed || (sync.again && !sync.failed), sync.after);
        self.syncs.remove(&id.target);
        if failed {
            self.queue.add_failed(id.target.clone(), now);
        } else {
            self.queue.forget(&id.target);
        }
        if again {
            self.queue.add(id.target.clone());
        }
        if let Some(after) = after {
            self.queue.add_at(id.target.clone(), now + after);
        }
    }
}
