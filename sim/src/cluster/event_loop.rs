//! One step: programs run until all of them wait, the cluster takes what they did, then it handles the next event.

use super::Cluster;
use crate::programs::{HostAction, Woken};
use crate::wire::{Addr, Answer, Fate, Input, Request, RequestId, Rule, WatchEvent};

#[derive(Debug)]
pub(super) enum QueuedEvent {
    /// A host starts.
    Start(Addr),
    /// A request reaches the server; with the fate of its answer.
    Arrive(Box<Request>, Fate),
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
    /// A timer, or a message that passes no API server, reaches a component.
    Input(Addr, Input),
    /// The machine with the kubelet at this address has booted.
    PowerOn(Addr),
    /// The time that `wake_at` asked for.
    Wake(u64),
}

/// What one step of the cluster was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stepped {
    /// An event of the cluster.
    Event,
    /// The time that `wake_at` asked for, with its token.
    Woke(u64),
    /// Nothing is left in the queue.
    Idle,
    /// A program never waits at one instant.
    Spinning,
}

impl Cluster {
    /// Moves the cluster by one event. `rule` watches and bends the traffic of hosts.
    pub async fn step(&mut self, rule: &mut dyn Rule) -> Stepped {
        loop {
            if !self.settle_programs(rule).await {
                return Stepped::Spinning;
            }
            self.hosts.stage().leave_tasks_behind().await;
            if self.hosts.stage().has_escaped() {
                // The run may end here. Time would stand still while a thread works for tokio.
                return Stepped::Event;
            }
            let Some(next) = self.queue.next_time() else { return Stepped::Idle };
            if next <= self.now() || self.hosts.stage().is_empty() {
                break;
            }
            let woken = self.hosts.stage().until(next).await;
            let now = self.hosts.stage().now();
            self.queue.advance(now);
            // Timers of programs may be due at the same instant: programs act before the queue does.
            self.programs_may_act = true;
            if woken == Woken::Due && !self.settle_programs(rule).await {
                return Stepped::Spinning;
            }
        }
        debug_assert!(!self.programs_may_act, "no event comes before all programs wait");
        if self.processes.any_registered() && self.hosts.stage().is_empty() {
            // A program that starts now reads this time.
            let next = self.queue.next_time().expect("there was a next time");
            self.hosts.stage().catch_up(next).await;
        }
        let event = self.queue.pop().expect("there was a next time");
        let stepped = self.handle(event, rule);
        self.send_to_hosts(rule);
        stepped
    }

    /// Lets programs run until all of them wait, and takes what they did. False: one never waits.
    async fn settle_programs(&mut self, rule: &mut dyn Rule) -> bool {
        while std::mem::take(&mut self.programs_may_act) {
            if !self.hosts.stage().is_empty() {
                self.hosts.stage().catch_up(self.queue.now()).await;
                if !self.hosts.stage().settle().await {
                    return false;
                }
            }
            self.tell_answered(rule);
            while let Some(action) = self.hosts.next_action() {
                match action {
                    HostAction::Request(request) => self.send_from_host(request, rule),
                    HostAction::CloseWatch(addr, id) => self.close_watch(addr, id),
                }
            }
            self.take_ended();
        }
        true
    }

    fn handle(&mut self, event: QueuedEvent, rule: &mut dyn Rule) -> Stepped {
        if self.cuts.any() && self.is_blocked(&event) {
            self.cuts.hold(event);
            return Stepped::Event;
        }
        match event {
            QueuedEvent::Start(addr) => self.start(addr),
            QueuedEvent::Arrive(request, fate) => self.arrive(request, fate, rule),
            QueuedEvent::Answer(addr, id, answer) => self.deliver_answer(addr, id, answer, rule),
            QueuedEvent::Reset(addr, id) => self.reset(addr, id),
            QueuedEvent::Deliver(addr, id) => self.deliver_events(addr, id, rule),
            QueuedEvent::Join(addr, id, event) => self.queue_watch_event(addr, id, event),
            QueuedEvent::ServerTimer(token) => self.server_timer(token),
            // An order does not outlive the kubelet's machine.
            QueuedEvent::Input(_, Input::Order(kubelet, _)) if self.machines.is_off(kubelet) => {}
            QueuedEvent::Input(addr, input) => self.input(addr, input),
            QueuedEvent::PowerOn(addr) => self.boot_machine(addr),
            QueuedEvent::Wake(token) => return Stepped::Woke(token),
        }
        Stepped::Event
    }
}
