//! How a component of the cluster is driven: one input at a time, answered by what it puts into its outbox.

use std::sync::Arc;

use super::{
    Addr, Answer, Command, HostOrder, ObjectKey, Renewals, Request, RequestId, RuntimeEvent, WatchEvent,
};
use crate::engine::{Millis, Time};
use crate::object::Object;

/// What reaches a component.
#[derive(Debug)]
pub enum Input {
    /// The cluster boots.
    Start,
    /// To a kubelet: its machine has booted. No container runs, and the node may have to be registered.
    Boot,
    /// To a kubelet: its process has been restarted; containers run on.
    Restart,
    /// The answer to its request with this number.
    Answer(RequestId, Answer),
    /// Events of its watch with this number, in order.
    Watch(RequestId, Vec<WatchEvent>),
    /// Its watch with this number ended without an error event: timed out or cut.
    WatchEnded(RequestId),
    /// A timer it set.
    Timer(u64),
    /// To who follows Leases: this one is being renewed like this; none: from now on each renewal is an event of its own.
    Renewals(ObjectKey, Option<Renewals>),
    /// To a kubelet: its Lease, which is this one if it has changed, is not renewed for it any more.
    NotRenewed(Option<Arc<Object>>),
    /// To a kubelet: news from its container runtime.
    Runtime(RuntimeEvent),
    /// To the container runtime: an order of the kubelet at this address.
    Order(Addr, Command),
}

/// A synchronous state machine of the control plane or of a node.
pub trait Component {
    /// Takes one input; requests, timers and orders go into `out`.
    fn on(&mut self, input: Input, out: &mut Outbox);
}

/// What a component wants done.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Send a request.
    Request(Box<Request>),
    /// Close the watch with this number.
    CloseWatch(RequestId),
    /// Send `Input::Timer` with this token at this time.
    Timer(Time, u64),
    /// From a kubelet: renew its Lease, which is this one, until `Input::NotRenewed` says otherwise.
    Renew(ObjectKey, Renewals),
    /// From a kubelet to its container runtime.
    Order(Command),
    /// From the container runtime to the kubelet at this address.
    Runtime(Addr, RuntimeEvent),
    /// From the container runtime to whoever hosts programs.
    Host(HostOrder),
}

/// Collects what a component wants done while it handles one input.
#[derive(Debug)]
pub struct Outbox {
    now: Time,
    effects: Vec<Effect>,
}

impl Outbox {
    /// An empty outbox at this time.
    pub fn new(now: Time) -> Self {
        Self { now, effects: Vec::new() }
    }

    /// The time.
    pub fn now(&self) -> Time {
        self.now
    }

    /// Sets the time before the next input is handled.
    pub fn set_now(&mut self, now: Time) {
        self.now = now;
    }

    /// Adds an effect.
    pub fn push(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// Sets a timer `after` from now.
    pub fn timer_in(&mut self, after: Millis, token: u64) {
        self.push(Effect::Timer(self.now + after, token));
    }

    /// Takes all effects out, in order.
    pub fn drain(&mut self) -> std::vec::Drain<'_, Effect> {
        self.effects.drain(..)
    }
}
