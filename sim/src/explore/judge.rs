//! Judges a run while it goes: follows the record commit by commit, knows whether the system is converged and since when,
//! and whether what must always hold does.

use crate::apiserver::ApiServer;
use crate::convergence::{Convergence, MaskedState};
use crate::engine::{Millis, SECOND, Time};
use crate::oracles::{Check, Compiled, Violation, left_out};
use crate::scenario::{Modality, Scenario};
use crate::wire::{Commit, Resource, resource};

/// A shorter stretch of convergence counts for nothing, in ms: right after an edit, or right after an operator has started,
/// the system merely looks converged, because nobody has reacted yet. Our choice: an operator reacts within seconds.
const MERE_LOOK_MS: Millis = 5 * SECOND;

/// What is known of the objects of a booted cluster; the judges of its runs go on from a copy.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pending: Convergence,
    masked: MaskedState,
}

impl Known {
    pub(super) fn of(scenario: &Scenario, server: &ApiServer) -> Self {
        let mut pending = Convergence::new(left_out::of_pending(&scenario.converge));
        let mut masked = MaskedState::new(left_out::of_state(&scenario.converge));
        let counted = server.objects().filter(|(resource, _)| counts(*resource));
        let objects: Vec<_> = counted.map(|(_, object)| object).collect();
        pending.load(objects.iter().map(|object| &***object));
        masked.load(objects.into_iter());
        Self { pending, masked }
    }
}

/// What is known of a run's state at its current time.
#[derive(Debug)]
pub(super) struct Judge<'s> {
    pending: Convergence,
    masked: MaskedState,
    always: Vec<Check<'s>>,
    eventually: Vec<Check<'s>>,
    /// Since when the system is converged and the masked state has not changed.
    pub(super) converged_since: Option<Time>,
    /// Whether it was converged for more than a mere look since the last restart.
    pub(super) was_converged: bool,
    /// The first `eventually` that does not hold, with what it says.
    unmet: Option<(String, String)>,
    /// Whether all programs run.
    pub(super) programs_run: bool,
    /// Whether something was pending after the last commit.
    was_pending: bool,
    /// The masked states since the last restart in which nothing was pending, for cycles.
    pub(super) states: Vec<(Time, u64)>,
}

impl<'s> Judge<'s> {
    pub(super) fn new(scenario: &'s Scenario, checks: &'s [Compiled], known: Known) -> Self {
        let of = |modality| {
            let fits = |check: &&Compiled| check.modality() == modality;
            checks.iter().filter(fits).map(|check| check.start(&scenario.namespace)).collect()
        };
        Self {
            pending: known.pending,
            masked: known.masked,
            always: of(Modality::Always),
            eventually: of(Modality::Eventually),
            converged_since: None,
            was_converged: false,
            unmet: None,
            programs_run: true,
            was_pending: false,
            states: Vec::new(),
        }
    }

    /// Takes in a commit. `judging`: setup is over, and what must always hold is judged.
    pub(super) fn on_commit(
        &mut self,
        now: Time,
        commit: &Commit,
        server: &ApiServer,
        judging: bool,
    ) -> Option<Violation> {
        if !counts(commit.resource) {
            return None;
        }
        self.pending.update(commit.old.as_deref(), commit.new.as_deref());
        self.masked.note(commit.old.as_ref(), commit.new.as_ref());
        self.settle(now);
        self.refresh(now, server, judging);
        if !judging {
            return None;
        }
        let kind = commit.object().kind();
        let mut touched = self.always.iter_mut().filter(|check| check.is_about(kind));
        touched.find_map(|check| check.always(now, server))
    }

    /// Notes the masked state. It matters only where nothing is pending: else the system is not converged anyway.
    fn settle(&mut self, now: Time) {
        let came_to_rest = std::mem::replace(&mut self.was_pending, !self.pending.is_empty());
        if self.was_pending {
            return;
        }
        if self.masked.settle() || came_to_rest {
            self.unconverge(now);
            self.states.push((now, self.masked.hash()));
        }
    }

    /// Looks again whether all is as it should be.
    pub(super) fn refresh(&mut self, now: Time, server: &ApiServer, judging: bool) {
        self.unmet = None;
        if !self.pending.is_empty() {
            self.unconverge(now);
            return;
        }
        if judging {
            let unmet = |check: &mut Check<'_>| Some((check.name().to_owned(), check.holds(server).err()?));
            self.unmet = self.eventually.iter_mut().find_map(unmet);
        }
        if self.unmet.is_some() || !self.programs_run {
            self.unconverge(now);
            return;
        }
        self.converged_since.get_or_insert(now);
    }

    /// Not all is as it should be: no instant up to now counts.
    pub(super) fn unconverge(&mut self, now: Time) {
        if let Some(since) = self.converged_since.take() {
            self.was_converged |= now.since(since) >= MERE_LOOK_MS;
        }
    }

    /// Starts to judge convergence anew: setup is over, or the faults have healed.
    pub(super) fn restart(&mut self, now: Time, server: &ApiServer, judging: bool) {
        self.converged_since = None;
        self.was_converged = false;
        self.masked.settle();
        self.states = vec![(now, self.masked.hash())];
        self.refresh(now, server, judging);
    }

    /// When the system will have been converged and quiet for `window`, if nothing changes.
    pub(super) fn quiet_at(&self, window: Millis) -> Option<Time> {
        self.converged_since.map(|since| since + window)
    }

    /// What the first object says of itself that waiting does not help.
    pub(super) fn stalled(&self) -> Option<String> {
        self.pending.stalled().map(ToString::to_string)
    }

    pub(super) fn why_not(&self) -> Option<String> {
        if let Some(reasons) = self.pending.summary() {
            return Some(reasons);
        }
        self.unmet.as_ref().map(|(name, why)| format!("expectation \"{name}\" does not hold: {why}"))
    }

    /// When the first grace ends that has begun.
    pub(super) fn grace_ends(&self) -> Option<Time> {
        self.always.iter().filter_map(Check::grace_ends).min()
    }

    /// Judges at a time at which nothing need have happened: a grace may be over.
    pub(super) fn on_time(&mut self, now: Time, server: &ApiServer) -> Option<Violation> {
        let mut failing = self.always.iter_mut().filter(|check| check.grace_ends().is_some());
        failing.find_map(|check| check.always(now, server))
    }
}

/// Whether commits of this resource may matter: renewals and events are by far the most, and never do.
fn counts(resource: Resource) -> bool {
    resource != *resource::LEASES && resource != *resource::EVENTS
}
