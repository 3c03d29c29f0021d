//! The chains of requests of each host, and whether a timer began them.

use std::collections::BTreeMap;

use crate::engine::{Millis, SECOND, Time};
use crate::object::Object;
use crate::wire::{Addr, Commit, Entry, Resource, What, resource};

/// After this time without a word a request is one of a timer, in ms. Our choice: longer than usual back-offs, shorter than usual
/// periods of resync.
const SILENCE_MS: Millis = 60 * SECOND;

/// The current chain of each host.
#[derive(Default)]
pub(super) struct Chains {
    hosts: BTreeMap<Addr, Chain>,
    /// When the last fault struck or ended.
    fault: Option<Time>,
}

#[derive(Default)]
struct Chain {
    /// When the host last heard something.
    heard: Option<Time>,
    /// For how long it had heard nothing when a timer began the chain.
    silence_ms: Option<Millis>,
    /// Whether it has written something with an effect.
    has_committed: bool,
}

impl Chains {
    /// Takes in an entry.
    pub(super) fn hear(&mut self, entry: &Entry, is_host: bool) {
        if let What::Fault(_) = &entry.what {
            self.fault = Some(entry.time);
        }
        if !is_host {
            return;
        }
        let fault = self.fault;
        let chain = self.hosts.entry(entry.actor).or_default();
        match &entry.what {
            What::Request { resource, .. } if is_heard(*resource) => chain.request(entry.time, fault),
            What::Answered { resource, .. } if is_heard(*resource) => chain.heard = Some(entry.time),
            What::Delivered { resource, events, bookmarks, .. }
                if is_heard(Some(*resource)) && events > bookmarks =>
            {
                chain.heard = Some(entry.time);
                if !chain.has_committed {
                    chain.silence_ms = None;
                }
            }
            What::Host(_) => *chain = Chain { heard: Some(entry.time), ..Chain::default() },
            What::Commit(commit) if acquires(commit) => chain.heard = Some(entry.time),
            _ => {}
        }
    }

    /// A host has written something with an effect. Returns for how long it had heard nothing before, if a timer began its chain.
    pub(super) fn commits(&mut self, host: Addr) -> Option<Millis> {
        let chain = self.hosts.entry(host).or_default();
        chain.has_committed = true;
        chain.silence_ms
    }
}

impl Chain {
    /// The host sends a request, which may begin a chain.
    fn request(&mut self, now: Time, fault: Option<Time>) {
        let Some(heard) = self.heard else { return };
        if now.since(heard.max(fault.unwrap_or(heard))) > SILENCE_MS {
            *self = Self { heard: self.heard, silence_ms: Some(now.since(heard)), has_committed: false };
        }
    }
}

/// Whether requests, answers and events of this resource count: most hosts renew a Lease all the time, whatever they do.
pub(super) fn is_heard(resource: Option<Resource>) -> bool {
    !resource.is_some_and(|resource| matches!(resource.plural(), "leases" | "events"))
}

/// Whether a Lease gets another holder.
fn acquires(commit: &Commit) -> bool {
    let holder = |object: &Object| object.str_at(&["spec", "holderIdentity"]).map(str::to_owned);
    let (old, new) = (commit.old.as_deref().and_then(holder), commit.new.as_deref().and_then(holder));
    commit.resource == *resource::LEASES && new.is_some() && old != new
}
