//! The actors of a cluster: a component takes one input at a time, and the cluster carries out what it wants.
//!
//! Real: processes. Modelled: state machines with an address. Kubelet and container runtime share a machine, so orders and
//! events between them arrive at once.

use super::Cluster;
use super::event_loop::QueuedEvent;
use crate::engine::Time;
use crate::object::Str;
use crate::programs::ContainerRuntime;
use crate::wire::{Actor, ActorClass, Addr, Component, Effect, Input, Outbox};

/// The address of the API server.
pub const API_SERVER: Addr = Addr(0);
/// The user: steps of a scenario, and checks at its end.
pub const USER: Addr = Addr(1);
/// The faults.
pub const CHAOS: Addr = Addr(2);
pub(super) const RUNTIME: Addr = Addr(3);
/// The first kubelet. The other kubelets follow, then the other components.
pub(super) const FIRST_NODE: Addr = Addr(RUNTIME.0 + 1);

/// What runs behind an address.
pub(super) enum ActorKind {
    /// No code of its own: the server, the user, chaos.
    Passive,
    ContainerRuntime,
    /// A component of the control plane or of a node.
    Component(Box<dyn Component>),
    /// A program under test.
    Host,
}

/// What runs behind each address, and what actors share while they handle inputs.
pub(super) struct Actors {
    /// By address. [`History`](crate::wire::History) holds the names.
    kinds: Vec<ActorKind>,
    outbox: Outbox,
    /// The room for effects, kept between inputs.
    effects: Vec<Effect>,
}

impl Actors {
    pub(super) fn new(start: Time) -> Self {
        Self { kinds: Vec::new(), outbox: Outbox::new(start), effects: Vec::new() }
    }

    pub(super) fn kind(&self, addr: Addr) -> &ActorKind {
        &self.kinds[addr.0 as usize]
    }

    pub(super) fn is_component(&self, addr: Addr) -> bool {
        matches!(self.kind(addr), ActorKind::Component(_))
    }

    pub(super) fn is_host(&self, addr: Addr) -> bool {
        matches!(self.kind(addr), ActorKind::Host)
    }
}

impl Cluster {
    pub(super) fn add_actor(&mut self, name: impl Into<Str>, class: ActorClass, kind: ActorKind) -> Addr {
        let addr = Addr(u32::try_from(self.actors.kinds.len()).expect("a cluster has fewer actors"));
        self.actors.kinds.push(kind);
        self.history.actors.push(Actor { name: name.into(), class });
        debug_assert_eq!(self.actors.kinds.len(), self.history.actors.len(), "every actor has a name");
        addr
    }

    pub(super) fn add_component(
        &mut self,
        name: impl Into<Str>,
        component: impl Component + 'static,
    ) -> Addr {
        self.add_actor(name, ActorClass::System, ActorKind::Component(Box::new(component)))
    }

    /// Gives a component one input, and carries out what it wants.
    pub(super) fn input(&mut self, addr: Addr, input: Input) {
        if self.machines.is_off(addr) {
            return;
        }
        self.actors.outbox.set_now(self.queue.now());
        match &mut self.actors.kinds[addr.0 as usize] {
            ActorKind::Component(component) => component.on(input, &mut self.actors.outbox),
            ActorKind::ContainerRuntime => self.runtime.on(input, &mut self.actors.outbox),
            ActorKind::Passive | ActorKind::Host => return,
        }
        self.carry_out(addr);
    }

    /// Calls the container runtime, and carries out what it wants.
    pub(super) fn with_runtime(&mut self, call: impl FnOnce(&mut ContainerRuntime, &mut Outbox)) {
        self.actors.outbox.set_now(self.queue.now());
        call(&mut self.runtime, &mut self.actors.outbox);
        self.carry_out(RUNTIME);
    }

    /// Carries out the effects in the outbox. An effect may lead to an input of another actor, which fills the outbox again.
    fn carry_out(&mut self, from: Addr) {
        let mut effects = std::mem::take(&mut self.actors.effects);
        effects.extend(self.actors.outbox.drain());
        for effect in effects.drain(..) {
            self.effect(from, effect);
        }
        self.actors.effects = effects;
    }

    pub(super) fn effect(&mut self, from: Addr, effect: Effect) {
        let now = self.now();
        let (time, to, input) = match effect {
            Effect::Request(mut request) => {
                request.from = from;
                return self.send(request);
            }
            Effect::CloseWatch(id) => return self.close_watch(from, id),
            Effect::Renew(lease, renewals) => return self.take_schedule(from, lease, renewals),
            Effect::Host(order) => return self.host_order(order),
            Effect::Timer(time, token) => (time, from, Input::Timer(token)),
            Effect::Order(command) => (now, RUNTIME, Input::Order(from, command)),
            Effect::Runtime(kubelet, event) => (now, kubelet, Input::Runtime(event)),
        };
        self.queue.push(time, u64::from(from.0), QueuedEvent::Input(to, input));
    }
}
