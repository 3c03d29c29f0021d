//! One step: lets programs go quiet, takes what they did, then handles the next event of the queue.

use super::{Cluster, Event, Part, RUNTIME, Stepped};
use crate::programs::{Act, Runtime, Woken};
use crate::wire::{Addr, Component, Effect, Input, Outbox, Passing, Rule};

impl Cluster {
    /// Moves the cluster by one event. `rule` watches and bends the traffic of hosts.
    pub async fn step(&mut self, rule: &mut dyn Rule) -> Stepped {
        loop {
            if !self.quieten(rule).await {
                return Stepped::Spinning;
            }
            let Some(next) = self.queue.next_time() else { return Stepped::Idle };
            if next <= self.now() || self.hosts.stage().is_empty() {
                break;
            }
            let woken = self.hosts.stage().until(next).await;
            let now = self.hosts.stage().now();
            self.queue.advance(now);
            // Timers of programs may be due at the same instant: programs act before the queue does.
            self.restless = true;
            if woken == Woken::Due && !self.quieten(rule).await {
                return Stepped::Spinning;
            }
        }
        let event = self.queue.pop().expect("there was a next time");
        let stepped = self.handle(event, rule);
        if !self.to_hosts.is_empty() {
            self.send_to_hosts(rule);
        }
        stepped
    }

    /// Lets programs run until all are quiet and takes what they did. False: one never goes quiet.
    async fn quieten(&mut self, rule: &mut dyn Rule) -> bool {
        while self.restless {
            self.restless = false;
            if !self.hosts.stage().is_empty() && !self.hosts.stage().settle().await {
                return false;
            }
            if let Some((request, answer)) = self.answered.take() {
                let kind = self.server.registry().kind_name(request.resource);
                let passing = Passing { now: self.queue.now(), request: &request, kind };
                rule.answered(passing, &answer, &mut self.strikes);
                self.strike();
            }
            while let Some(act) = self.hosts.next_act() {
                match act {
                    Act::Call(request) => self.send_from_host(request, rule),
                    Act::CloseWatch(addr, id) => self.close_watch(addr, id),
                }
            }
            self.take_ended();
        }
        true
    }

    fn handle(&mut self, event: Event, rule: &mut dyn Rule) -> Stepped {
        if self.machines.any_cut() && self.is_blocked(&event) {
            self.machines.hold(event);
            return Stepped::Event;
        }
        match event {
            Event::Start(addr) => self.start(addr),
            Event::Arrive(request, ending) => self.arrive(request, ending, rule),
            Event::Answer(addr, id, answer) => self.deliver_answer(addr, id, answer, rule),
            Event::Reset(addr, id) => {
                self.hosts.reset(addr, id);
                self.restless = true;
            }
            Event::Deliver(addr, id) => self.deliver_events(addr, id, rule),
            Event::Join(addr, id, event) => self.queue_event(addr, id, event),
            Event::ServerTimer(token) => self.server_timer(token),
            Event::Timer(addr, token) => self.input(addr, Input::Timer(token)),
            Event::Renewals(addr, lease, renewals) => self.input(addr, Input::Renewals(lease, renewals)),
            Event::Order(kubelet, _) if self.machines.is_off(kubelet) => {}
            Event::Order(kubelet, command) => {
                self.with_runtime(|runtime, out| runtime.on(Input::Order(kubelet, command), out))
            }
            Event::Runtime(kubelet, event) => self.input(kubelet, Input::Runtime(event)),
            Event::PowerOn(addr) => self.boot_machine(addr),
            Event::Wake(token) => return Stepped::Woke(token),
        }
        Stepped::Event
    }

    /// Gives a component one input and does what it wants done.
    pub(super) fn input(&mut self, addr: Addr, input: Input) {
        if self.machines.is_off(addr) {
            return;
        }
        self.outbox.set_now(self.queue.now());
        match &mut self.parts[addr.0 as usize] {
            Part::Component(component) => component.on(input, &mut self.outbox),
            Part::Runtime => self.runtime.on(input, &mut self.outbox),
            Part::Desk | Part::Host => return,
        }
        self.do_effects(addr);
    }

    /// Tells the container runtime something and does what it wants done.
    pub(super) fn with_runtime(&mut self, tell: impl FnOnce(&mut Runtime, &mut Outbox)) {
        self.outbox.set_now(self.queue.now());
        tell(&mut self.runtime, &mut self.outbox);
        self.do_effects(RUNTIME);
    }

    fn do_effects(&mut self, addr: Addr) {
        let mut effects = std::mem::take(&mut self.effects);
        effects.extend(self.outbox.drain());
        for effect in effects.drain(..) {
            self.effect(addr, effect);
        }
        self.effects = effects;
    }

    pub(super) fn effect(&mut self, from: Addr, effect: Effect) {
        let (now, tie) = (self.now(), u64::from(from.0));
        match effect {
            Effect::Request(mut request) => {
                request.from = from;
                self.send(request);
            }
            Effect::CloseWatch(id) => self.close_watch(from, id),
            Effect::Timer(time, token) => self.queue.push(time, tie, Event::Timer(from, token)),
            Effect::Renew(lease, renewals) => self.renew(from, lease, renewals),
            Effect::Host(order) => self.host_order(order),
            // Kubelet and container runtime share a machine: no latency.
            Effect::Order(command) => self.queue.push(now, tie, Event::Order(from, command)),
            Effect::Runtime(kubelet, event) => self.queue.push(now, tie, Event::Runtime(kubelet, event)),
        }
    }
}
