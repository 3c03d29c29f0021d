//! The one seam where faults act on the wire: a rule decides the fate of each message of a host.

use std::sync::Arc;

use super::{Addr, Answer, Commit, Request, Resource, Status, WatchEvent};
use crate::engine::{Millis, Time};
use crate::object::Str;

/// What becomes of a request.
#[derive(Clone, PartialEq, Debug)]
pub enum Fate {
    /// It goes its way.
    Pass,
    /// It goes its way, this much later.
    Delay(Millis),
    /// It never reaches the server; the client gets this failure.
    Refuse(Box<Status>),
    /// The server handles it, but the client gets this failure.
    Lose(Box<Status>),
    /// The connection breaks: before the server saw it, or after it was handled.
    Reset {
        /// Whether the server handled the request.
        committed: bool,
    },
}

/// What a rule wants done to the cluster, through means that a real failure has.
#[derive(Clone, PartialEq, Debug)]
pub enum Strike {
    /// The process at this address dies; the text says why.
    Crash(Addr, Str),
    /// Nothing more than an entry in the record: the request itself was bent.
    Note(Str),
}

/// Watches and bends the traffic of hosts. Every method has a default that does nothing.
pub trait Rule {
    /// A host is about to send this request. A crash strikes before it is sent.
    fn leaving(&mut self, _now: Time, _request: &Request, _strikes: &mut Vec<Strike>) -> Fate {
        Fate::Pass
    }

    /// The server handled this request of any actor and made these commits; the answer is still to be sent.
    fn handled(
        &mut self,
        _now: Time,
        _request: &Request,
        _commits: &[Arc<Commit>],
        _strikes: &mut Vec<Strike>,
    ) {
    }

    /// A host got this answer and went quiet.
    fn answered(&mut self, _now: Time, _request: &Request, _answer: &Answer, _strikes: &mut Vec<Strike>) {}

    /// A host is about to get these events of its watch.
    fn delivering(
        &mut self,
        _now: Time,
        _to: Addr,
        _resource: Resource,
        _events: &[WatchEvent],
        _strikes: &mut Vec<Strike>,
    ) {
    }
}

/// The rule of a world without faults.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFaults;

impl Rule for NoFaults {}
