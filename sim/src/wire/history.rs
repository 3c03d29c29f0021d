//! The record of a run: requests, commits, deliveries to hosts, faults and steps.
//!
//! Entries are compact: a commit holds the object, deliveries refer to revisions. A saved record has no objects: running
//! again restores them.

use std::fmt;
use std::sync::Arc;

use super::{Addr, Logs, ObjectKey, Resource, Verb};
use crate::engine::{self, Hasher, Record, Time};
use crate::object::{Digest, Object, Str};

/// The class of an actor. Oracles judge each class differently.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ActorClass {
    /// The steps of the scenario.
    User,
    /// Faults.
    Chaos,
    /// The control plane and the nodes.
    System,
    /// A program under test.
    Host,
}

/// One actor of a run.
#[derive(Clone, Debug)]
pub struct Actor {
    /// Its name: `kube-scheduler`, `kubelet/node-1`, `memcached-operator`.
    pub name: Str,
    /// Its class.
    pub class: ActorClass,
}

/// One entry of the record.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The time.
    pub time: Time,
    /// The actor.
    pub actor: Addr,
    /// The event.
    pub what: What,
}

/// The event of an entry.
#[derive(Clone, Debug)]
pub enum What {
    /// The server answered a request. Commits it caused follow.
    Request {
        /// The verb.
        verb: Verb,
        /// The resource; none for a path without one.
        resource: Option<Resource>,
        /// The subresource, or empty.
        subresource: Str,
        /// Namespace and name, as far as the request named them; for a path without a resource, the path as the name.
        key: ObjectKey,
        /// The HTTP code.
        code: u16,
    },
    /// The store changed.
    Commit(Arc<Commit>),
    /// A host got watch events, up to a revision.
    Delivered {
        /// The watched resource.
        resource: Resource,
        /// The number of events.
        events: u32,
        /// How many of them are bookmarks.
        bookmarks: u32,
        /// The revision of the last one.
        revision: u64,
        /// The code of the ERROR event at the end, such as 410; 0 without one.
        error: u16,
    },
    /// A host got the answer to a request.
    Answered {
        /// The HTTP code.
        code: u16,
        /// The resource of the request; none for a path without one.
        resource: Option<Resource>,
        /// Of a failure: the request and the message. It follows from the rest, and is no part of the fingerprint.
        why: Str,
    },
    /// A host started, exited, crashed or panicked; in words.
    Host(Str),
    /// A fault struck or healed; its plan text.
    Fault(Str),
    /// A step of the scenario; in words.
    Step(Str),
}

/// One change of an object in the store.
#[derive(Clone, Debug)]
pub struct Commit {
    /// The store's revision after it.
    pub revision: u64,
    /// The resource, in its storage version.
    pub resource: Resource,
    /// Namespace and name.
    pub key: ObjectKey,
    /// The object before; none for a create.
    pub old: Option<Arc<Object>>,
    /// The object after; none for a removal.
    pub new: Option<Arc<Object>>,
    /// For a create: the birth name.
    pub birth: Option<Birth>,
}

/// The identity of a name that survives shrinking: the n-th create of a prefix in a namespace and resource.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Birth {
    /// The generateName prefix, or the whole name where the client chose it.
    pub prefix: Str,
    /// The number of the create with that prefix, from 1.
    pub nth: u64,
    /// Whether the server generated the name.
    pub generated: bool,
}

/// The text that plans use: the name, or `PREFIX~N` for a generated one.
impl fmt::Display for Birth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.generated { write!(f, "{}~{}", self.prefix, self.nth) } else { f.write_str(&self.prefix) }
    }
}

impl Commit {
    /// The newest known state of the object.
    pub fn object(&self) -> &Arc<Object> {
        self.new.as_ref().or(self.old.as_ref()).expect("a commit has at least one side")
    }
}

/// The record with the names of its actors.
#[derive(Debug, Default)]
pub struct History {
    /// The actors; an address is an index into this list.
    pub actors: Vec<Actor>,
    /// The entries.
    pub record: Record<Entry>,
    /// What programs wrote to stdout and stderr.
    pub logs: Logs,
}

impl History {
    /// The actor at this address.
    pub fn actor(&self, addr: Addr) -> &Actor {
        &self.actors[addr.0 as usize]
    }

    /// One entry in words, on one line.
    pub fn line(&self, entry: &Entry) -> String {
        format!("{:>12}  {:<24} {}", entry.time.to_string(), self.actor(entry.actor).name, entry.what)
    }
}

impl engine::Entry for Entry {
    fn feed(&self, hasher: &mut Hasher) {
        let mut digest = Digest::new();
        digest.word(self.time.0.cast_unsigned());
        digest.word(u64::from(self.actor.0));
        match &self.what {
            What::Request { verb, resource, subresource, key, code } => {
                digest.word(1 + (u64::from(*code) << 8) + ((*verb as u64) << 32));
                digest.bytes(resource.map_or("", Resource::as_str).as_bytes());
                digest.bytes(subresource.as_bytes());
                feed_key(&mut digest, key);
            }
            What::Commit(commit) => {
                digest.word(2 + (commit.revision << 8));
                digest.bytes(commit.resource.as_str().as_bytes());
                feed_key(&mut digest, &commit.key);
                match (&commit.old, &commit.new) {
                    (Some(old), Some(new)) => _ = digest.change(old.root(), new.root()),
                    (None, Some(new)) => digest.value(new.root()),
                    (_, None) => (),
                }
            }
            // Which of the events are bookmarks follows from the commits, and which request is answered from the requests.
            What::Delivered { resource, events, bookmarks: _, revision, error } => {
                digest.word(3 + (u64::from(*events) << 8) + (u64::from(*error) << 40));
                digest.bytes(resource.as_str().as_bytes());
                digest.word(*revision);
            }
            What::Answered { code, resource: _, why: _ } => digest.word(4 + (u64::from(*code) << 8)),
            What::Host(text) | What::Fault(text) | What::Step(text) => {
                digest.word(5);
                digest.bytes(text.as_bytes());
            }
        }
        hasher.update(&digest.finish().to_le_bytes());
    }
}

fn feed_key(digest: &mut Digest, key: &ObjectKey) {
    digest.bytes(key.namespace.as_bytes());
    digest.bytes(key.name.as_bytes());
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request { verb, resource, subresource, key, code } => {
                write!(f, "{} {}", verb.as_str(), resource.map_or("", Resource::plural))?;
                if !subresource.is_empty() {
                    write!(f, "/{subresource}")?;
                }
                write!(f, " {key} -> {code}")
            }
            Self::Commit(commit) => {
                let what = match (&commit.old, &commit.new) {
                    (None, _) => "created",
                    (_, None) => "removed",
                    _ => "changed",
                };
                let mut digest = Digest::new();
                digest.value(commit.object().root());
                let (plural, hash) = (commit.resource.plural(), digest.finish());
                write!(f, "  {what} {plural} {} at revision {} ({hash:016x})", commit.key, commit.revision)
            }
            Self::Delivered { resource, events, revision, error: 0, .. } => {
                write!(f, "got {events} events of {} up to revision {revision}", resource.plural())
            }
            Self::Delivered { resource, events, error, .. } => {
                write!(f, "got {events} events of {}, the last an error {error}", resource.plural())
            }
            Self::Answered { code, why, .. } if why.is_empty() => write!(f, "got answer {code}"),
            Self::Answered { code, why, .. } => write!(f, "got answer {code} to {why}"),
            Self::Host(text) | Self::Fault(text) | Self::Step(text) => f.write_str(text),
        }
    }
}
