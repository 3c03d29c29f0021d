//! The interface of a component: it takes one input at a time and puts its effects into an outbox.

use std::sync::Arc;

use super::{
    Addr, Answer, Command, HostOrder, ObjectKey, Renewals, Request, RequestId, RuntimeEvent, WatchEvent,
};
use crate::engine::{Millis, Time};
use crate::object::Object;

/// An input of a component.
#[derive(Debug)]
pub enum Input {
    /// The cluster boots.
    Start,
    /// To a kubelet: its machine has booted. No container runs, and the node may need registration.
    Boot,
    /// To a kubelet: its process has restarted; containers keep running.
    Restart,
    /// The answer to the component's request with this number.
    Answer(RequestId, Answer),
    /// Events of the component's watch with this number, in order.
    Watch(RequestId, Vec<WatchEvent>),
    /// The component's watch with this number timed out or was cut, without an error event.
    WatchEnded(RequestId),
    /// A timer that the component set fires; its token.
    Timer(u64),
    /// To components that watch Leases: the renewal schedule of this Lease; none: each renewal is an event again.
    Renewals(ObjectKey, Option<Renewals>),
    /// To a kubelet: the wire no longer renews its Lease; with the current Lease if it has changed.
    NotRenewed(Option<Arc<Object>>),
    /// To a kubelet: an event of its container runtime.
    Runtime(RuntimeEvent),
    /// To the container runtime: an order of the kubelet at this address.
    Order(Addr, Command),
}

/// A synchronous state machine of the control plane or of a node.
pub trait Component {
    /// Takes one input; requests, timers and orders go into `out`.
    fn on(&mut self, input: Input, out: &mut Outbox);
}

/// An effect that a component asks for.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Send a request.
    Request(Box<Request>),
    /// Close the watch with this number.
    CloseWatch(RequestId),
    /// Send [`Input::Timer`] with this token at this time.
    Timer(Time, u64),
    /// From a kubelet: renew its Lease, which has this key, until [`Input::NotRenewed`].
    Renew(ObjectKey, Renewals),
    /// From a kubelet to its container runtime.
    Order(Command),
    /// From the container runtime to the kubelet at this address.
    Runtime(Addr, RuntimeEvent),
    /// From the container runtime to the host of programs.
    Host(HostOrder),
}

/// Collects the effects of one input.
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

    /// The current time.
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
