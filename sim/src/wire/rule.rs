//! The one seam where faults act on the wire: a rule sees every message between a host and the API server, at each end of its
//! way, and decides what becomes of it.
//!
//! ```text
//! host ── leaving ──> wire ── arriving ──> server     a request
//! host <── answering ── wire <──────────── server     its answer
//! host <── delivering ── stream <── queueing ── server   the events of a watch
//! ```
//!
//! Between them `handled` and `answered` tell what has happened; a rule counts events there and decides nothing.

use std::sync::Arc;

use super::{Addr, Answer, Commit, Request, RequestId, Resource, Status, WatchEvent};
use crate::engine::{Millis, Time};
use crate::object::Str;

/// What becomes of a request, or of its answer.
#[derive(Clone, PartialEq, Debug)]
pub enum Fate {
    /// It goes its way.
    Pass,
    /// It goes its way, this much later. At the server and at the client the rule is asked again when it is there.
    Delay(Millis),
    /// It never reaches the server; the client gets this failure. Of an answer: the client gets this in its place.
    Refuse(Box<Status>),
    /// The server handles it, but the client gets this failure.
    Lose(Box<Status>),
    /// The connection breaks: before the server saw it, or after it was handled.
    Reset {
        /// Whether the server handled the request.
        committed: bool,
    },
}

/// What becomes of the events of a watch stream. A stream never loses one event and delivers the next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StreamFate {
    /// They go their way.
    Pass,
    /// They go their way, this much later; what comes behind them waits. Before a delivery the rule is asked again.
    Delay(Millis),
    /// The connection breaks: all that was on its way is lost.
    Cut,
}

/// What a rule wants done to the cluster, through means that a real failure has.
#[derive(Clone, PartialEq, Debug)]
pub enum Strike {
    /// The process at this address dies; the text says why.
    Crash(Addr, Str),
    /// Nothing more than an entry in the record: the request itself was bent.
    Note(Str),
}

/// A request of a host, at one point of its way.
#[derive(Clone, Copy, Debug)]
pub struct Passing<'a> {
    /// The time.
    pub now: Time,
    /// The request. Once the server has handled it, without its body.
    pub request: &'a Request,
    /// The kind that the server has under the request's resource; empty where there is none.
    pub kind: &'a str,
}

/// A watch stream of a host.
#[derive(Clone, Copy, Debug)]
pub struct Streaming<'a> {
    /// The time.
    pub now: Time,
    /// The host.
    pub to: Addr,
    /// Its request.
    pub id: RequestId,
    /// What it watches.
    pub resource: Resource,
    /// The kind of what it watches.
    pub kind: &'a str,
}

/// Watches and bends the traffic of hosts. Every method has a default that does nothing.
pub trait Rule {
    /// A host is about to send this request. A crash strikes before it is sent.
    fn leaving(&mut self, _passing: Passing<'_>, _strikes: &mut Vec<Strike>) -> Fate {
        Fate::Pass
    }

    /// The request has reached the server, which has not looked at it yet.
    fn arriving(&mut self, _passing: Passing<'_>) -> Fate {
        Fate::Pass
    }

    /// The server has handled the request and made these commits; the answer is still to be sent.
    fn handled(&mut self, _passing: Passing<'_>, _commits: &[Arc<Commit>], _strikes: &mut Vec<Strike>) {}

    /// The answer has reached the host, which has not got it yet.
    fn answering(&mut self, _passing: Passing<'_>, _answer: &Answer) -> Fate {
        Fate::Pass
    }

    /// The host has got the answer and went quiet.
    fn answered(&mut self, _passing: Passing<'_>, _answer: &Answer, _strikes: &mut Vec<Strike>) {}

    /// The server sends an event to a host's watch.
    fn queueing(&mut self, _stream: Streaming<'_>, _event: &WatchEvent) -> StreamFate {
        StreamFate::Pass
    }

    /// A host is about to get these events of its watch.
    fn delivering(
        &mut self,
        _stream: Streaming<'_>,
        _events: &[WatchEvent],
        _strikes: &mut Vec<Strike>,
    ) -> StreamFate {
        StreamFate::Pass
    }
}

/// The rule of a world without faults.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFaults;

impl Rule for NoFaults {}
