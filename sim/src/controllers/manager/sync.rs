//! One controller in the manager: its queue and its syncs under way.

use std::collections::{BTreeMap, VecDeque};

use crate::client::{Change, WorkQueue};
use crate::controllers::manager::expectations::SyncId;
use crate::controllers::{Controller, Outcome, Target, Watches};
use crate::engine::{Millis, Time};
use crate::wire::{Request, Resource};

/// Requests of a sync that are sent together.
type Round = Vec<Request>;

/// A sync under way: requests without an answer, or writes that no cache shows yet.
#[derive(Clone, Debug)]
struct Sync {
    number: u64,
    rounds: VecDeque<Round>,
    unanswered: usize,
    unseen: usize,
    failed: bool,
    /// The target changed meanwhile.
    dirty: bool,
    /// Its writes make the target what it wants: to see them is no news.
    settles: bool,
    /// The revisions of the target that it wrote, and those that were seen meanwhile.
    own: Vec<u64>,
    seen: Vec<u64>,
    again: bool,
    after: Option<Millis>,
}

/// A controller with its work.
#[derive(Clone)]
pub(crate) struct Slot {
    pub(crate) controller: Box<dyn Controller>,
    watches: Watches,
    queue: WorkQueue<Target>,
    syncs: BTreeMap<Target, Sync>,
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

    /// Starts to work once the caches are synced; asked until it is. Whether it starts now.
    pub(crate) fn make_ready(&mut self, is_synced: impl FnOnce(Option<&[Resource]>) -> bool) -> bool {
        if self.ready {
            return false;
        }
        self.ready = is_synced(self.watches());
        self.ready
    }

    /// Queues a target that a change concerns, at once or, where the controller collects changes, later.
    pub(crate) fn enqueue(&mut self, target: Target, resource: Resource, change: &Change, now: Time) {
        if resource == target.resource
            && let Some(new) = &change.new
            && let Some(sync) = self.syncs.get_mut(&target).filter(|sync| sync.settles)
        {
            sync.seen.push(new.revision());
            return; // whether that is news is known when the sync is over
        }
        match self.controller.delay_ms(&target, resource, change) {
            0 => self.queue.add(target),
            delay => self.queue.add_at(target, now + delay),
        }
    }

    /// Whether there is a target to sync now.
    #[inline]
    pub(crate) fn is_due(&self, now: Time) -> bool {
        self.ready && self.queue.is_due(now)
    }

    /// The next target to sync now. One that is being synced is marked and comes again when that is over.
    pub(crate) fn next(&mut self, now: Time) -> Option<Target> {
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

    /// When the next delayed target is due.
    pub(crate) fn next_due(&self) -> Option<Time> {
        if self.ready { self.queue.next_due() } else { None }
    }

    /// Begins a sync with what its controller wants. Returns what to send now; the sync is over if there is nothing.
    pub(crate) fn begin(
        &mut self,
        number: u64,
        target: &Target,
        outcome: Outcome,
        now: Time,
    ) -> Option<Round> {
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
        let sync = Sync {
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

    fn sync(&mut self, id: &SyncId) -> Option<&mut Sync> {
        self.syncs.get_mut(&id.target).filter(|sync| sync.number == id.number)
    }

    pub(crate) fn is_open(&self, id: &SyncId) -> bool {
        self.syncs.get(&id.target).is_some_and(|sync| sync.number == id.number)
    }

    /// Notes a revision of the target that its sync wrote.
    pub(crate) fn wrote(&mut self, id: &SyncId, revision: u64) {
        if let Some(sync) = self.sync(id) {
            sync.own.push(revision);
        }
    }

    /// Notes an answer, and whether its write has still to be seen. Returns what to send now.
    pub(crate) fn on_answer(&mut self, id: &SyncId, failed: bool, unseen: bool, now: Time) -> Option<Round> {
        let sync = self.sync(id)?;
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

    /// Notes that a write was seen.
    pub(crate) fn on_seen(&mut self, id: &SyncId, now: Time) {
        if let Some(sync) = self.sync(id) {
            sync.unseen = sync.unseen.saturating_sub(1);
            self.end_if_over(id, now);
        }
    }

    /// Gives a sync up whose answers or sights do not come.
    pub(crate) fn give_up(&mut self, id: &SyncId) {
        if self.is_open(id) {
            self.syncs.remove(&id.target);
            self.queue.add(id.target.clone());
        }
    }

    fn end_if_over(&mut self, id: &SyncId, now: Time) {
        let over = |sync: &&mut Sync| sync.unanswered == 0 && sync.unseen == 0 && sync.rounds.is_empty();
        let Some(sync) = self.sync(id).filter(over) else { return };
        let news = sync.dirty || sync.seen.iter().any(|seen| !sync.own.contains(seen));
        let (failed, again, after) = (sync.failed, news || (sync.again && !sync.failed), sync.after);
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
