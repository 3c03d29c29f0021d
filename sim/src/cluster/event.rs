//! What waits in the cluster's queue: messages on their way, and timers.

use crate::wire::{
    Addr, Answer, Command, ObjectKey, Renewals, Request, RequestId, RuntimeEvent, Status, WatchEvent,
};

/// What waits in the queue.
#[derive(Debug)]
pub(super) enum QueuedEvent {
    /// A host starts.
    Start(Addr),
    /// A request reaches the server.
    Arrive(Box<Request>, Ending),
    /// An answer reaches its client.
    Answer(Addr, RequestId, Answer),
    /// The client's connection breaks before the answer.
    Reset(Addr, RequestId),
    /// The pending events of a watch reach its client.
    Deliver(Addr, RequestId),
    /// A watch event that a rule has delayed joins its stream. None is the stream's end.
    Join(Addr, RequestId, Option<WatchEvent>),
    /// A timer of the server.
    ServerTimer(u64),
    /// A timer of a component.
    Timer(Addr, u64),
    /// A component gets the schedule by which a Lease is renewed, or its end.
    Renewals(Addr, ObjectKey, Option<Renewals>),
    /// A kubelet's order reaches its container runtime.
    Order(Addr, Command),
    /// An event of the container runtime reaches a kubelet.
    Runtime(Addr, RuntimeEvent),
    /// The machine with the kubelet at this address has booted.
    PowerOn(Addr),
    /// The time that `wake_at` asked for.
    Wake(u64),
}

/// How a request ends for its client, after the server has handled it.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Ending {
    /// With its answer.
    Answer,
    /// With this failure in place of its answer.
    Lost(Box<Status>),
    /// With a broken connection.
    Reset,
}
