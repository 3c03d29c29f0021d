//! Adds and removes taints of one node, as a sequence of reads and patches.
//!
//! Real: `SwapNodeControllerTaint`. One patch adds the missing taints, the next removes the others. Before each it reads
//! the node from the watch cache, and sends the whole list with the version it read, because taints have no merge key. If
//! another write came in between, the server refuses the patch; the controller sleeps for 100 to 200 ms and reads again,
//! from the store. The TTL annotation of a new node is such a write, so its taint `not-ready` stays that long. After any
//! other failure, or five conflicts, it gives up until the node changes. Modelled: all of it, with the mean of the sleep.

use std::collections::VecDeque;
use std::sync::Arc;

use super::taints::{self, Taint};
use super::writes;
use crate::engine::{Millis, Time};
use crate::object::Object;
use crate::wire::resource::NODES;
use crate::wire::{Answer, ObjectKey, Request, Verb};

/// From a conflict to the next try (pkg/controller `UpdateTaintBackoff`: 100 ms with a jitter of 1.0).
const BACKOFF_MS: Millis = 150;
/// Number of tries (the same).
const TRIES: u32 = 5;

/// What one patch does.
#[derive(Clone, Debug)]
enum TaintPatch {
    Add(Vec<Taint>),
    Remove(Vec<Taint>),
}

/// Patches in progress.
#[derive(Clone, Debug)]
pub(super) struct Swap {
    patches: VecDeque<TaintPatch>,
    /// The node as it was read for the next patch.
    read: Option<Arc<Object>>,
    /// Conflicts of this patch.
    conflicts: u32,
    /// Whether the last answer was a conflict.
    refused: bool,
    /// When the wait after a conflict ends.
    until: Option<Time>,
}

/// What a swap does next.
#[derive(Debug)]
pub(super) enum SwapStep {
    Send(Box<Request>),
    Wait(Millis),
    Over,
}

impl Swap {
    /// Adds taints, then removes others: one patch per group of which the cached node has a taint.
    pub(super) fn new(node: &Object, add: Vec<Taint>, remove: &[&[Taint]]) -> Option<Self> {
        let known = node.items_at(&["spec", "taints"]);
        let there = remove.iter().filter(|group| group.iter().any(|taint| taints::has(known, *taint)));
        let removals = there.map(|group| TaintPatch::Remove(group.to_vec()));
        let additions = (!add.is_empty()).then_some(TaintPatch::Add(add));
        let patches: VecDeque<TaintPatch> = additions.into_iter().chain(removals).collect();
        (!patches.is_empty()).then_some(Self {
            patches,
            read: None,
            conflicts: 0,
            refused: false,
            until: None,
        })
    }

    /// The next request, or how long to wait for it.
    pub(super) fn next(&mut self, key: &ObjectKey, now: Time) -> SwapStep {
        if std::mem::take(&mut self.refused) {
            self.until = Some(now + BACKOFF_MS);
        }
        self.until = self.until.filter(|until| *until > now);
        if let Some(until) = self.until {
            return SwapStep::Wait(until.since(now));
        }
        while let Some(patch) = self.patches.front() {
            let Some(node) = self.read.take() else { return SwapStep::Send(Box::new(self.reading(key))) };
            let taints = match patch {
                TaintPatch::Add(add) => Some(taints::with(&node, add, &now.rfc3339())),
                TaintPatch::Remove(remove) => taints::without(&node, remove),
            };
            match taints {
                Some(taints) => return SwapStep::Send(Box::new(writes::taints(&node, taints))),
                None => self.done(),
            }
        }
        SwapStep::Over
    }

    /// The first try reads from the watch cache, a later one from the store.
    fn reading(&self, key: &ObjectKey) -> Request {
        let mut read = Request::get(*NODES, key);
        read.options.resource_version = (self.conflicts == 0).then(|| "0".into());
        read
    }

    fn done(&mut self) {
        self.patches.pop_front();
        self.conflicts = 0;
    }

    /// Handles the answer to its request.
    pub(super) fn answered(&mut self, verb: Verb, answer: &Answer) {
        match (verb, answer.object()) {
            (Verb::Get, Ok(node)) => self.read = Some(node.clone()),
            (_, Ok(_)) => self.done(),
            (Verb::Patch, Err(failure)) if failure.code == 409 && self.conflicts + 1 < TRIES => {
                self.conflicts += 1;
                self.refused = true;
            }
            (_, Err(_)) => self.patches.clear(),
        }
    }
}
