//! Carries out a plan: waits for times and events, strikes, and heals when it is told to.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::known::Known;
use super::triggers::Triggers;
use super::victims::Search;
use super::{behaviour, victims::Victims};
use crate::cluster::{CHAOS, Cluster};
use crate::engine::{Draws, Millis, Time};
use crate::object::Str;
use crate::scenario::plan::Strike as When;
use crate::scenario::{EventPattern, EventVerb, FaultTarget, Moment, Pattern, Plan, PlannedFault};
use crate::wire::{Addr, Answer, Commit, Fate, Request, RequestId, Resource, Rule, Strike, WatchEvent, What};

/// Hosts with the names that patterns may use.
type Hosts = BTreeMap<Addr, [Str; 3]>;

/// Carries out the plan of one run.
#[derive(Debug)]
pub struct Injector {
    faults: Vec<Armed>,
    known: Known,
    namespace: Str,
    draws: Draws,
    hosts: Hosts,
    /// Faults that an event has set off and that strike when the message is through, with the host of the event.
    due: Vec<(usize, Addr)>,
    /// Steps of the scenario that events set off.
    steps: Triggers,
}

/// One fault of the plan.
#[derive(Debug)]
struct Armed {
    fault: PlannedFault,
    text: Str,
    /// How many of its events have happened.
    seen: u64,
    /// The request that set it off and is not through yet.
    chosen: Option<(Addr, RequestId)>,
    phase: Phase,
    /// Whom it struck, until that has ended.
    struck: Option<Victims>,
    /// Whether it struck anybody, or bent a request.
    bit: bool,
}

/// Why something waits for ever.
const NEVER: &str = "its event never came";

/// A fault, or a step with a trigger, that came to nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unused {
    /// The fault as plan text, or the step.
    pub what: String,
    /// Why, in words.
    pub why: &'static str,
}

impl Unused {
    /// What waits for an event that never came.
    pub fn never(what: impl Into<String>) -> Self {
        Self { what: what.into(), why: NEVER }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// It has not struck.
    Waiting,
    /// It bends the next request of its victims.
    Next,
    /// It bends all requests of its victims until then.
    Until(Time),
    /// It is over.
    Over,
}

impl Injector {
    /// An injector for a plan. `namespace` is the scenario's.
    pub fn new(plan: &Plan, namespace: &str, seed: u64) -> Self {
        let arm = |fault: &PlannedFault| Armed {
            text: fault.to_string().into(),
            fault: fault.clone(),
            seen: 0,
            chosen: None,
            phase: Phase::Waiting,
            struck: None,
            bit: false,
        };
        Self {
            faults: plan.0.iter().map(arm).collect(),
            known: Known::default(),
            namespace: namespace.into(),
            draws: Draws::new(seed),
            hosts: Hosts::new(),
            due: Vec::new(),
            steps: Triggers::default(),
        }
    }

    /// Waits for the n-th event of this pattern, in which any host takes part that the pattern's actor does not rule out, for a
    /// step of the scenario.
    pub fn on_event(&mut self, step: usize, event: EventPattern, moment: Moment, nth: u64) {
        self.steps.add(step, event, moment, nth);
    }

    /// The steps that events have set off, now that their message is through.
    pub fn take_due_steps(&mut self) -> Vec<usize> {
        self.steps.take_due()
    }

    /// The faults that strike at a time, with their places in the plan.
    pub fn timed(&self) -> impl Iterator<Item = (usize, Millis)> + '_ {
        self.faults.iter().enumerate().filter_map(|(i, armed)| match armed.fault.when {
            When::At(ms) => Some((i, ms)),
            When::On { .. } => None,
        })
    }

    /// Whether every fault has struck and is over at `now`; one that waits for an event counts as not over.
    pub fn is_over(&self, now: Time) -> bool {
        self.faults.iter().all(|armed| match armed.phase {
            Phase::Over => true,
            Phase::Until(end) => end <= now,
            Phase::Waiting | Phase::Next => false,
        })
    }

    /// When the last of the faults that last ends.
    pub fn lasts_until(&self) -> Option<Time> {
        self.faults
            .iter()
            .filter_map(|a| if let Phase::Until(end) = a.phase { Some(end) } else { None })
            .max()
    }

    /// Ends all faults. Returns those that came to nothing.
    pub fn heal(&mut self, cluster: &mut Cluster) -> Vec<Unused> {
        (0..self.faults.len()).for_each(|index| self.end(index, cluster));
        let why = |armed: &Armed| match armed.phase {
            Phase::Waiting if armed.chosen.is_some() => "the faults healed before its event was through",
            Phase::Waiting => NEVER,
            _ if behaviour(&armed.fault).bends() => "no request came that it could bend",
            _ => "nobody was there to be struck",
        };
        let unused = |armed: &Armed| Unused { what: armed.text.to_string(), why: why(armed) };
        let unused = self.faults.iter().filter(|armed| !armed.bit).map(unused).collect();
        self.faults.iter_mut().for_each(|armed| armed.phase = Phase::Over);
        self.due.clear();
        self.steps.clear();
        unused
    }

    /// Learns from a commit, whoever made it.
    pub fn learn(&mut self, commit: &Commit) {
        self.known.learn(commit);
    }

    /// Learns which hosts there are.
    pub fn learn_hosts(&mut self, cluster: &Cluster) {
        for (addr, spec) in cluster.hosts().iter() {
            self.hosts.entry(addr).or_insert_with(|| {
                [spec.program.name().into(), spec.name.clone(), cluster.history().actor(addr).name.clone()]
            });
        }
    }

    /// The time of a fault has come, to strike or to end.
    pub fn strike(&mut self, index: usize, cluster: &mut Cluster) {
        match self.faults[index].phase {
            Phase::Waiting => self.strike_now(index, None, cluster),
            Phase::Until(end) if end <= cluster.now() => self.end(index, cluster),
            _ => {}
        }
    }

    /// Ends what a fault did to whom it struck.
    fn end(&mut self, index: usize, cluster: &mut Cluster) {
        let armed = &mut self.faults[index];
        let Some(victims) = armed.struck.take() else { return };
        armed.phase = Phase::Over;
        if armed.fault.duration_ms.is_some() {
            let text = smol_str::format_smolstr!("{} ends", armed.text);
            cluster.note(CHAOS, What::Fault(text));
        }
        behaviour(&armed.fault).end(&armed.fault, &victims, cluster);
    }

    /// Strikes with the faults that events have set off, now that their message is through.
    #[inline] // asked after each event of the cluster, and hardly ever is there one
    pub fn strike_due(&mut self, cluster: &mut Cluster) {
        if !self.due.is_empty() {
            self.strike_those(cluster);
        }
    }

    fn strike_those(&mut self, cluster: &mut Cluster) {
        for (index, host) in std::mem::take(&mut self.due) {
            self.strike_now(index, Some(host), cluster);
        }
    }

    fn strike_now(&mut self, index: usize, at: Option<Addr>, cluster: &mut Cluster) {
        let armed = &mut self.faults[index];
        let behaviour = behaviour(&armed.fault);
        let lasting = armed.fault.duration_ms.map(|ms| Phase::Until(cluster.now() + ms));
        armed.phase = lasting.unwrap_or(if behaviour.bends() { Phase::Next } else { Phase::Over });
        let (fault, text) = (armed.fault.clone(), armed.text.clone());
        cluster.note(CHAOS, What::Fault(text.clone()));
        if !behaviour.bends() {
            let (known, namespace, draws) = (&self.known, &*self.namespace, &self.draws);
            let victims: Victims =
                Search { cluster, known, namespace, draws, fault: &text }.victims(&fault.target, at);
            self.faults[index].bit = !victims.is_empty() || fault.target == FaultTarget::Cluster;
            behaviour.strike(&fault, &victims, cluster);
            if let Phase::Until(end) = self.faults[index].phase {
                cluster.wake_at(end, index as u64);
            }
            self.faults[index].struck = Some(victims);
        }
    }

    /// Whether a host goes by this name.
    fn is_named(&self, host: Addr, pattern: &Pattern) -> bool {
        goes_by(&self.hosts, host, pattern)
    }

    /// Whether a host takes part in the events of a fault: the pattern's actor, else the target, else any.
    fn takes_part(&self, host: Addr, actor: Option<&Pattern>, target: &FaultTarget) -> bool {
        match (actor, target) {
            (Some(actor), _) => self.is_named(host, actor),
            (None, FaultTarget::Program { program, .. }) => self.is_named(host, program),
            (None, FaultTarget::Objects { .. } | FaultTarget::Image { .. } | FaultTarget::Cluster) => true,
        }
    }

    /// The faults that this request sets off.
    fn set_off(&mut self, request: &Request) -> Vec<usize> {
        let mut out = Vec::new();
        for index in 0..self.faults.len() {
            let armed = &self.faults[index];
            let When::On { event, nth, .. } = &armed.fault.when else { continue };
            let waiting = armed.phase == Phase::Waiting && armed.chosen.is_none();
            if !waiting || !self.takes_part(request.from, event.actor.as_ref(), &armed.fault.target) {
                continue;
            }
            if !self.known.request(request).is_some_and(|happening| happening.is(event)) {
                continue;
            }
            let nth = *nth;
            let armed = &mut self.faults[index];
            armed.seen += 1;
            if armed.seen == nth {
                armed.chosen = Some((request.from, request.id));
                out.push(index);
            }
        }
        out
    }

    /// Strikes at a moment of the request that set a fault off: a crash of its host is immediate, all else waits until the
    /// message is through.
    fn strike_at(&mut self, index: usize, host: Addr, strikes: &mut Vec<Strike>) {
        let armed = &mut self.faults[index];
        armed.chosen = None;
        let crashes_its_host = armed.fault.fault.name == "crash"
            && matches!(&armed.fault.target, FaultTarget::Program { pick: crate::scenario::Pick::One, .. });
        if crashes_its_host && self.target_names(index, host) {
            (self.faults[index].phase, self.faults[index].bit) = (Phase::Over, true);
            strikes.push(Strike::Crash(host, self.faults[index].text.clone()));
        } else {
            self.due.push((index, host));
        }
    }

    fn target_names(&self, index: usize, host: Addr) -> bool {
        let FaultTarget::Program { program, .. } = &self.faults[index].fault.target else { return false };
        self.is_named(host, program)
    }

    fn chosen_by(&self, moment: Moment, request: &Request) -> Vec<usize> {
        let at = Some((request.from, request.id));
        let fits = |armed: &Armed| {
            armed.chosen == at && matches!(&armed.fault.when, When::On { moment: m, .. } if *m == moment)
        };
        (0..self.faults.len()).filter(|index| fits(&self.faults[*index])).collect()
    }

    /// What the faults that bend requests make of this one.
    fn bend(&mut self, now: Time, request: &Request) -> Fate {
        for index in 0..self.faults.len() {
            let armed = &self.faults[index];
            let active = match armed.phase {
                Phase::Next => true,
                Phase::Until(end) => now < end,
                Phase::Waiting | Phase::Over => false,
            };
            if !active || !self.target_names(index, request.from) {
                continue;
            }
            let fate = behaviour(&armed.fault).bend(&armed.fault, request);
            if fate != Fate::Pass {
                let armed = &mut self.faults[index];
                armed.bit = true;
                if armed.phase == Phase::Next {
                    armed.phase = Phase::Over;
                }
                return fate;
            }
        }
        Fate::Pass
    }
}

impl Rule for Injector {
    fn leaving(&mut self, now: Time, request: &Request, strikes: &mut Vec<Strike>) -> Fate {
        if !self.steps.is_empty()
            && let Some(happening) = self.known.request(request)
        {
            let acts = |pattern: &EventPattern| acts(&self.hosts, request.from, pattern);
            self.steps.leaving(request, &happening, acts);
        }
        if self.faults.is_empty() {
            return Fate::Pass;
        }
        for index in self.set_off(request) {
            let armed = &mut self.faults[index];
            if behaviour(&armed.fault).bends() {
                // It bends this very request, whatever the moment says.
                armed.phase = armed.fault.duration_ms.map_or(Phase::Next, |ms| Phase::Until(now + ms));
                strikes.push(Strike::Note(armed.text.clone()));
            } else if matches!(&armed.fault.when, When::On { moment: Moment::Before, .. }) {
                self.strike_at(index, request.from, strikes);
            }
        }
        self.bend(now, request)
    }

    fn handled(
        &mut self,
        _now: Time,
        request: &Request,
        _commits: &[Arc<Commit>],
        strikes: &mut Vec<Strike>,
    ) {
        self.steps.through(Moment::After, request);
        for index in self.chosen_by(Moment::After, request) {
            self.strike_at(index, request.from, strikes);
        }
    }

    fn answered(&mut self, _now: Time, request: &Request, _answer: &Answer, strikes: &mut Vec<Strike>) {
        self.steps.through(Moment::AfterResponse, request);
        for index in self.chosen_by(Moment::AfterResponse, request) {
            self.strike_at(index, request.from, strikes);
        }
    }

    fn delivering(
        &mut self,
        _: Time,
        to: Addr,
        resource: Resource,
        events: &[WatchEvent],
        strikes: &mut Vec<Strike>,
    ) {
        self.count_for_steps(to, resource, events);
        for index in 0..self.faults.len() {
            let armed = &self.faults[index];
            let When::On { event: pattern, nth, moment } = &armed.fault.when else { continue };
            let waits = armed.phase == Phase::Waiting && pattern.verb.class() == EventVerb::WatchEvent;
            if !waits || !self.takes_part(to, pattern.actor.as_ref(), &armed.fault.target) {
                continue;
            }
            let (before, count, nth, moment) =
                (armed.seen, count_of(&self.known, resource, events, pattern), *nth, *moment);
            self.faults[index].seen += count;
            if before < nth && before + count >= nth {
                if moment == Moment::Before {
                    self.strike_at(index, to, strikes);
                } else {
                    self.due.push((index, to));
                }
            }
        }
    }
}

impl Injector {
    fn count_for_steps(&mut self, to: Addr, resource: Resource, events: &[WatchEvent]) {
        let (known, hosts) = (&self.known, &self.hosts);
        self.steps.delivering(|pattern| {
            if acts(hosts, to, pattern) { count_of(known, resource, events, pattern) } else { 0 }
        });
    }
}

/// Whether a host goes by this name.
fn goes_by(hosts: &Hosts, host: Addr, pattern: &Pattern) -> bool {
    hosts.get(&host).is_some_and(|names| names.iter().any(|name| pattern.matches(name)))
}

/// Whether a host may take part in the events of a pattern.
fn acts(hosts: &Hosts, host: Addr, pattern: &EventPattern) -> bool {
    pattern.actor.as_ref().is_none_or(|actor| goes_by(hosts, host, actor))
}

/// How many of these watch events a pattern means.
fn count_of(known: &Known, resource: Resource, events: &[WatchEvent], pattern: &EventPattern) -> u64 {
    let is = |event: &&WatchEvent| {
        event_of(event).is_some_and(|(verb, object)| known.watch_event(verb, resource, object).is(pattern))
    };
    events.iter().filter(is).count() as u64
}

fn event_of(event: &WatchEvent) -> Option<(EventVerb, &crate::object::Object)> {
    match event {
        WatchEvent::Added(object) => Some((EventVerb::Added, object)),
        WatchEvent::Modified(object) => Some((EventVerb::Modified, object)),
        WatchEvent::Deleted(object) => Some((EventVerb::Deleted, object)),
        WatchEvent::Bookmark { .. } | WatchEvent::Error(_) => None,
    }
}
