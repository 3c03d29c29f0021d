//! Taints that come and go on one node, as a sequence of reads and patches.
//!
//! Real: `SwapNodeControllerTaint`: what is missing is added by one patch, what is too much is removed by the next. Each
//! reads the node first, from the watch cache, and sends the whole list with the version that it read, because taints have
//! no merge key. So any other write in between refuses it: it sleeps for 100 to 200 ms and reads again, from the store. A new
//! node's TTL annotation is such a write, which is why its taint `not-ready` stays that long. Modelled: all of it, with
//! the mean of the sleep. As in reality, who fails otherwise, or five times, is not tried again before the node changes.

use std::collections::VecDeque;
use std::sync::Arc;

use super::taints::{self, Taint};
use super::writes;
use crate::engine::{Millis, Time};
use crate::object::Object;
use crate::wire::resource::NODES;
use crate::wire::{Answer, ObjectKey, Request, Verb};

/// Between a conflict and the next try (pkg/controller `UpdateTaintBackoff`: 100 ms with a jitter of 1.0).
const BACKOFF_MS: Millis = 150;
/// How many tries there are (the same).
const TRIES: u32 = 5;

/// What one patch does.
#[derive(Clone, Debug)]
enum Edit {
    Add(Vec<Taint>),
    Remove(Vec<Taint>),
}

/// Patches under way.
#[derive(Clone, Debug)]
pub(super) struct Swap {
    edits: VecDeque<Edit>,
    /// The node as it was read for the next patch.
    read: Option<Arc<Object>>,
    /// Conflicts of this edit.
    conflicts: u32,
    /// The last answer was a conflict; and until when that makes it wait.
    refused: bool,
    until: Option<Time>,
}

/// What a swap does next.
#[derive(Debug)]
pub(super) enum Next {
    Send(Box<Request>),
    Wait(Millis),
    Over,
}

impl Swap {
    /// Adds taints, then removes others, group by group, where `node` as it is known has any of a group.
    pub(super) fn new(node: &Object, add: Vec<Taint>, remove: &[&[Taint]]) -> Option<Self> {
        let known = node.items_at(&["spec", "taints"]);
        let there = remove.iter().filter(|group| group.iter().any(|taint| taints::has(known, *taint)));
        let removals = there.map(|group| Edit::Remove(group.to_vec()));
        let additions = (!add.is_empty()).then_some(Edit::Add(add));
        let edits: VecDeque<Edit> = additions.into_iter().chain(removals).collect();
        (!edits.is_empty()).then_some(Self { edits, read: None, conflicts: 0, refused: false, until: None })
    }

    /// The next request, or how long to wait for it.
    pub(super) fn next(&mut self, key: &ObjectKey, now: Time) -> Next {
        if std::mem::take(&mut self.refused) {
            self.until = Some(now + BACKOFF_MS);
        }
        self.until = self.until.filter(|until| *until > now);
        if let Some(until) = self.until {
            return Next::Wait(until.since(now));
        }
        while let Some(edit) = self.edits.front() {
            let Some(node) = self.read.take() else { return Next::Send(Box::new(self.reading(key))) };
            let taints = match edit {
                Edit::Add(add) => Some(taints::with(&node, add, &now.rfc3339())),
                Edit::Remove(remove) => taints::without(&node, remove),
            };
            match taints {
                Some(taints) => return Next::Send(Box::new(writes::taints(&node, taints))),
                None => self.done(),
            }
        }
        Next::Over
    }

    /// The first try reads what the watch cache has, a later one what is true.
    fn reading(&self, key: &ObjectKey) -> Request {
        let mut read = Request::get(*NODES, key);
        read.options.resource_version = (self.conflicts == 0).then(|| "0".into());
        read
    }

    fn done(&mut self) {
        self.edits.pop_front();
        self.conflicts = 0;
    }

    /// Takes the answer to its request.
    pub(super) fn answered(&mut self, verb: Verb, answer: &Answer) {
        match (verb, answer.object()) {
            (Verb::Get, Ok(node)) => self.read = Some(node.clone()),
            (_, Ok(_)) => self.done(),
            (Verb::Patch, Err(failure)) if failure.code == 409 && self.conflicts + 1 < TRIES => {
                self.conflicts += 1;
                self.refused = true;
            }
            (_, Err(_)) => self.edits.clear(),
        }
    }
}
