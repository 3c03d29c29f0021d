//! The injector at the wire: which faults a message sets off, and what those that are under way make of it.

use std::sync::Arc;

use super::events::{EventWait, Occurrence};
use super::fault::{Acting, Fault};
use super::phases::{Injector, Phase, choice};
use super::victims::Victims;
use crate::engine::Time;
use crate::scenario::{EventPattern, FaultTarget, Moment, Pick};
use crate::wire::{
    Addr, Answer, Commit, Fate, Passing, Request, Rule, StreamFate, Streaming, Strike, WatchEvent,
};

impl Injector {
    /// What the faults that are under way make of a message of this host: the first that does not let it pass decides.
    fn bend<F: PartialEq>(
        &mut self,
        now: Time,
        host: Addr,
        pass: F,
        fate: impl Fn(&dyn Fault, Acting<'_>) -> F,
    ) -> F {
        for armed in &mut self.faults {
            let Some(acting) = armed.acting(now, host) else { continue };
            let fate = fate(armed.behaviour(), acting);
            if fate != pass {
                armed.had_effect = true;
                if armed.phase == Phase::Next {
                    armed.phase = Phase::Over;
                }
                return fate;
            }
        }
        pass
    }

    /// Whether a host takes part in the events of a fault: the pattern's actor, else the target, else any.
    fn takes_part(&self, host: Addr, event: &EventPattern, target: &FaultTarget) -> bool {
        match (&event.actor, target) {
            (Some(actor), _) => self.hosts.is_named(host, actor),
            (None, FaultTarget::Program { program, .. }) => self.hosts.is_named(host, program),
            (None, FaultTarget::Objects { .. } | FaultTarget::Image { .. } | FaultTarget::Cluster) => true,
        }
    }

    /// The faults that this request sets off.
    fn set_off(&mut self, request: &Request, occurrence: &Occurrence<'_>) -> Vec<usize> {
        let mut out = Vec::new();
        for index in 0..self.faults.len() {
            let armed = &self.faults[index];
            let Some(wait) = armed.wait.as_ref().filter(|_| armed.phase == Phase::Waiting) else { continue };
            let counts = !wait.is_chosen()
                && self.takes_part(request.from, &wait.event, &armed.fault.target)
                && occurrence.is(&wait.event);
            if counts && self.faults[index].wait.as_mut().is_some_and(|wait| wait.count_request(request)) {
                out.push(index);
            }
        }
        out
    }

    /// Begins to bend messages, this very one included, whatever the moment says. `at` is the host whose request set it off.
    fn begin_bending(&mut self, index: usize, now: Time, at: Addr, strikes: &mut Vec<Strike>) {
        let armed = &mut self.faults[index];
        armed.begins(now);
        armed.wait.iter_mut().for_each(EventWait::is_through);
        let choice = choice(&self.draws, &armed.text, &armed.fault.target, now);
        let hosts = match &armed.fault.target {
            FaultTarget::Program { program, .. } => self.hosts.chosen(program, choice, Some(at), &self.known),
            FaultTarget::Objects { .. } | FaultTarget::Image { .. } | FaultTarget::Cluster => Vec::new(),
        };
        armed.victims = Some(Victims { hosts, ..Victims::default() });
        strikes.push(Strike::Note(armed.text.clone()));
        if let Phase::Until(end) = armed.phase {
            self.begun.push((index, end));
        }
    }

    /// Strikes at a moment of the request that set a fault off: where it kills the request's host it does so at once, all else
    /// waits until the message is through.
    fn strike_at(&mut self, index: usize, host: Addr, strikes: &mut Vec<Strike>) {
        let armed = &mut self.faults[index];
        armed.wait.iter_mut().for_each(EventWait::is_through);
        let kills_the_host = armed.behaviour().kills_at_once()
            && matches!(&armed.fault.target, FaultTarget::Program { program, pick: Pick::One }
                if self.hosts.is_named(host, program));
        if kills_the_host {
            (armed.phase, armed.had_effect) = (Phase::Over, true);
            strikes.push(Strike::Crash(host, armed.text.clone()));
        } else {
            self.due.push((index, host));
        }
    }

    /// A request has come to this moment: faults and steps that wait for it are due.
    fn come_to(&mut self, moment: Moment, request: &Request, strikes: &mut Vec<Strike>) {
        self.steps.through(moment, request);
        for index in 0..self.faults.len() {
            if self.faults[index].wait.as_ref().is_some_and(|wait| wait.is_at(moment, request)) {
                self.strike_at(index, request.from, strikes);
            }
        }
    }

    /// Counts the events of a delivery for the faults and steps that wait for them.
    fn count_events(&mut self, stream: Streaming<'_>, events: &[WatchEvent], strikes: &mut Vec<Strike>) {
        let (known, hosts) = (&self.known, &self.hosts);
        self.steps.delivering(|pattern| {
            if hosts.may_act(stream.to, pattern) { known.count(stream, events, pattern) } else { 0 }
        });
        for index in 0..self.faults.len() {
            let armed = &self.faults[index];
            let waits = |wait: &&EventWait| wait.is_for_watch_events() && armed.phase == Phase::Waiting;
            let Some(wait) = armed.wait.as_ref().filter(waits) else { continue };
            if !self.takes_part(stream.to, &wait.event, &armed.fault.target) {
                continue;
            }
            let (count, moment) = (self.known.count(stream, events, &wait.event), wait.moment);
            if !self.faults[index].wait.as_mut().is_some_and(|wait| wait.count_watch_events(count)) {
                continue;
            }
            if moment == Moment::Before {
                self.strike_at(index, stream.to, strikes);
            } else {
                self.due.push((index, stream.to));
            }
        }
    }
}

impl Rule for Injector {
    fn leaving(&mut self, passing: Passing<'_>, strikes: &mut Vec<Strike>) -> Fate {
        let Passing { now, request, .. } = passing;
        if self.faults.is_empty() && self.steps.is_empty() && self.decisions.is_empty() {
            return Fate::Pass;
        }
        let mut set_off = Vec::new();
        let known = std::mem::take(&mut self.known);
        if let Some(occurrence) = known.request(passing) {
            let may_act = |pattern: &EventPattern| self.hosts.may_act(request.from, pattern);
            self.steps.leaving(request, &occurrence, may_act);
            self.decisions.leaving(&occurrence, self.hosts.name(request.from), may_act);
            set_off = self.set_off(request, &occurrence);
        }
        self.known = known;
        for index in set_off {
            if self.faults[index].behaviour().bends() {
                self.begin_bending(index, now, request.from, strikes);
            } else if self.faults[index].wait.as_ref().is_some_and(|wait| wait.moment == Moment::Before) {
                self.strike_at(index, request.from, strikes);
            }
        }
        self.bend(now, request.from, Fate::Pass, |behaviour, fault| behaviour.leaving(fault, passing))
    }

    fn arriving(&mut self, passing: Passing<'_>) -> Fate {
        self.bend(passing.now, passing.request.from, Fate::Pass, |behaviour, fault| {
            behaviour.arriving(fault, passing)
        })
    }

    fn handled(&mut self, passing: Passing<'_>, _commits: &[Arc<Commit>], strikes: &mut Vec<Strike>) {
        self.come_to(Moment::After, passing.request, strikes);
    }

    fn answering(&mut self, passing: Passing<'_>, answer: &Answer) -> Fate {
        self.bend(passing.now, passing.request.from, Fate::Pass, |behaviour, fault| {
            behaviour.answering(fault, passing, answer)
        })
    }

    fn answered(&mut self, passing: Passing<'_>, _answer: &Answer, strikes: &mut Vec<Strike>) {
        self.come_to(Moment::AfterResponse, passing.request, strikes);
    }

    fn queueing(&mut self, stream: Streaming<'_>, event: &WatchEvent) -> StreamFate {
        self.bend(stream.now, stream.to, StreamFate::Pass, |behaviour, fault| {
            behaviour.queueing(fault, stream, event)
        })
    }

    fn delivering(
        &mut self,
        stream: Streaming<'_>,
        events: &[WatchEvent],
        strikes: &mut Vec<Strike>,
    ) -> StreamFate {
        let fate = self.bend(stream.now, stream.to, StreamFate::Pass, |behaviour, fault| {
            behaviour.delivering(fault, stream, events)
        });
        if fate == StreamFate::Pass {
            self.count_events(stream, events, strikes);
        }
        fate
    }
}
