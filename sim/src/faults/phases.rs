//! The life of each fault of a plan: it waits for its time or its event, strikes, acts while it lasts, and ends.

use super::decisions::{Decision, Decisions};
use super::events::EventWait;
use super::fault::Acting;
use super::known_hosts::{Choice, KnownHosts};
use super::known_objects::KnownObjects;
use super::steps::StepWaits;
use super::victims::{Search, Victims};
use super::{Fault, behaviour};
use crate::cluster::{CHAOS, Cluster};
use crate::engine::{Draws, Millis, Time};
use crate::object::Str;
use crate::scenario::{EventPattern, ExactWhen, FaultTarget, Moment, Pick, Plan, PlannedFault};
use crate::wire::{Addr, Commit, What};

/// Carries out the plan of one run.
#[derive(Debug)]
pub struct Injector {
    pub(super) faults: Vec<Armed>,
    pub(super) known: KnownObjects,
    pub(super) hosts: KnownHosts,
    namespace: Str,
    pub(super) draws: Draws,
    /// Faults that an event has set off and that strike when the message is through, with the host of the event.
    pub(super) due: Vec<(usize, Addr)>,
    /// Faults that began to bend requests in the midst of a message, with the time at which they end.
    pub(super) begun: Vec<(usize, Time)>,
    /// Steps of the scenario that events set off.
    pub(super) steps: StepWaits,
    /// Requests at which checks are judged.
    pub(super) decisions: Decisions,
}

/// One fault of the plan.
#[derive(Debug)]
pub(super) struct Armed {
    pub(super) fault: PlannedFault,
    pub(super) text: Str,
    /// The event that it waits for.
    pub(super) wait: Option<EventWait>,
    pub(super) phase: Phase,
    /// Whom it struck, until that has ended.
    pub(super) victims: Option<Victims>,
    /// Whether it struck anybody, or bent a message.
    pub(super) had_effect: bool,
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

/// What a fault is at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    /// It has not struck.
    Waiting,
    /// It bends the next message of its victims that it does not let pass.
    Next,
    /// It lasts until then.
    Until(Time),
    /// It is over.
    Over,
}

impl Armed {
    fn new(fault: &PlannedFault) -> Self {
        let wait = match &fault.when {
            ExactWhen::At(_) => None,
            ExactWhen::On { moment, event, nth } => Some(EventWait::new(event.clone(), *moment, *nth)),
        };
        let text = fault.to_string().into();
        Self { fault: fault.clone(), text, wait, phase: Phase::Waiting, victims: None, had_effect: false }
    }

    pub(super) fn behaviour(&self) -> &'static dyn Fault {
        behaviour(&self.fault)
    }

    /// The phase of a fault that begins now.
    pub(super) fn begins(&mut self, now: Time) {
        debug_assert_eq!(self.phase, Phase::Waiting, "a fault strikes once");
        self.phase = match self.fault.duration_ms {
            Some(ms) => Phase::Until(now + ms),
            None if self.behaviour().bends() => Phase::Next,
            None => Phase::Over,
        };
    }

    /// The fault as it acts on messages of this host now; none if it does not.
    pub(super) fn acting(&self, now: Time, host: Addr) -> Option<Acting<'_>> {
        let until = match self.phase {
            Phase::Next => None,
            Phase::Until(end) if now < end => Some(end),
            Phase::Waiting | Phase::Until(_) | Phase::Over => return None,
        };
        let victims = self.victims.as_ref().filter(|victims| victims.hosts.contains(&host));
        victims.map(|_| Acting { fault: &self.fault, until })
    }

    /// Why it came to nothing.
    fn unused(&self) -> Unused {
        let why = match self.phase {
            Phase::Waiting if self.wait.as_ref().is_some_and(EventWait::is_chosen) => {
                "the faults healed before its event was through"
            }
            Phase::Waiting => NEVER,
            _ if self.behaviour().bends() => "no message came that it could bend",
            _ => "nobody was there to be struck",
        };
        Unused { what: self.text.to_string(), why }
    }
}

impl Injector {
    /// An injector for a plan. `namespace` is the scenario's.
    pub fn new(plan: &Plan, namespace: &str, seed: u64) -> Self {
        Self {
            faults: plan.0.iter().map(Armed::new).collect(),
            known: KnownObjects::default(),
            hosts: KnownHosts::default(),
            namespace: namespace.into(),
            draws: Draws::new(seed),
            due: Vec::new(),
            begun: Vec::new(),
            steps: StepWaits::default(),
            decisions: Decisions::default(),
        }
    }

    /// Sets a step of the scenario off at the n-th event of this pattern, in which any host takes part that the pattern's actor
    /// does not rule out.
    pub fn on_event(&mut self, step: usize, event: EventPattern, moment: Moment, nth: u64) {
        self.steps.add(step, event, moment, nth);
    }

    /// The steps that events have set off, now that their message is through.
    pub fn take_due_steps(&mut self) -> Vec<usize> {
        self.steps.take_due()
    }

    /// Notes each request of this pattern, for the check with this number.
    pub fn judge_at(&mut self, check: usize, event: EventPattern) {
        self.decisions.add(check, event);
    }

    /// Whether it notes requests for checks.
    pub fn notes_requests(&self) -> bool {
        !self.decisions.is_empty()
    }

    /// The requests since the last call at which checks are judged.
    pub fn take_decisions(&mut self) -> Vec<Decision> {
        self.decisions.take()
    }

    /// The faults that strike at a time, with their places in the plan.
    pub fn timed(&self) -> impl Iterator<Item = (usize, Millis)> + '_ {
        self.faults.iter().enumerate().filter_map(|(i, armed)| match armed.fault.when {
            ExactWhen::At(ms) => Some((i, ms)),
            ExactWhen::On { .. } => None,
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
        let ends =
            self.faults.iter().filter_map(|a| if let Phase::Until(end) = a.phase { Some(end) } else { None });
        ends.max()
    }

    /// Ends all faults. Returns those that came to nothing.
    pub fn heal(&mut self, cluster: &mut Cluster) -> Vec<Unused> {
        (0..self.faults.len()).for_each(|index| self.end(index, cluster));
        let unused = self.faults.iter().filter(|armed| !armed.had_effect).map(Armed::unused).collect();
        self.faults.iter_mut().for_each(|armed| armed.phase = Phase::Over);
        self.due.clear();
        self.steps.clear();
        unused
    }

    /// Learns from a commit, whoever made it.
    pub fn learn(&mut self, commit: &Commit) {
        self.known.learn(commit);
    }

    /// Learns which hosts there are, and which of them run.
    pub fn learn_hosts(&mut self, cluster: &Cluster) {
        self.hosts.learn(cluster);
    }

    /// The time of a fault has come, to strike or to end.
    pub fn strike(&mut self, index: usize, cluster: &mut Cluster) {
        match self.faults[index].phase {
            Phase::Waiting => self.strike_now(index, None, cluster),
            Phase::Until(end) if end <= cluster.now() => self.end(index, cluster),
            _ => {}
        }
    }

    /// Ends what a fault did to its victims.
    fn end(&mut self, index: usize, cluster: &mut Cluster) {
        let armed = &mut self.faults[index];
        let Some(victims) = armed.victims.take() else { return };
        armed.phase = Phase::Over;
        if armed.fault.duration_ms.is_some() {
            let text = smol_str::format_smolstr!("{} ends", armed.text);
            cluster.note(CHAOS, What::Fault(text));
        }
        armed.behaviour().end(&armed.fault, &victims, cluster);
    }

    /// Strikes with the faults that events have set off, now that their message is through.
    #[inline] // asked after each event of the cluster, and hardly ever is there one
    pub fn strike_due(&mut self, cluster: &mut Cluster) {
        for (index, end) in std::mem::take(&mut self.begun) {
            cluster.wake_at(end, index as u64);
        }
        for (index, host) in std::mem::take(&mut self.due) {
            self.strike_now(index, Some(host), cluster);
        }
    }

    /// Strikes. `at` is the host whose event set the fault off.
    fn strike_now(&mut self, index: usize, at: Option<Addr>, cluster: &mut Cluster) {
        self.hosts.learn(cluster);
        let armed = &mut self.faults[index];
        armed.begins(cluster.now());
        cluster.note(CHAOS, What::Fault(armed.text.clone()));
        let choice = choice(&self.draws, &armed.text, &armed.fault.target, cluster.now());
        let (hosts, known, namespace) = (&self.hosts, &self.known, &*self.namespace);
        let search = Search { cluster, hosts, known, namespace, choice };
        let victims = search.victims(&armed.fault.target, at);
        let behaviour = armed.behaviour();
        if !behaviour.bends() {
            armed.had_effect = !victims.is_empty() || armed.fault.target == FaultTarget::Cluster;
        }
        behaviour.strike(&armed.fault, &victims, cluster);
        if let Phase::Until(end) = armed.phase {
            cluster.wake_at(end, index as u64);
        }
        armed.victims = Some(victims);
    }
}

/// How a fault with this text chooses among those that its target names.
pub(super) fn choice<'a>(draws: &'a Draws, fault: &'a str, target: &FaultTarget, now: Time) -> Choice<'a> {
    let pick = match target {
        FaultTarget::Program { pick, .. } | FaultTarget::Objects { pick, .. } => *pick,
        FaultTarget::Image { .. } | FaultTarget::Cluster => Pick::All,
    };
    Choice { draws, fault, now, pick }
}
