//! `slow_convergence`: the system converges only because a timer of a program goes off, not because of an event. A note, unless the
//! scenario says `converge: {withoutResync: true}`: a program that lost an event may still converge by its periodic pass.
//!
//! The requests of a host form chains. A request that it sends more than [`SILENCE_MS`] after it last heard something begins a new
//! chain, which is one of a timer. It hears watch events other than bookmarks, and answers, except those about Leases and Events.
//! Watch events that reach it before the first effective write of a chain make the chain one of an event; later ones are
//! consequences. A write is effective if it changes the [masked state](MaskedState) or what is [pending](Convergence).
//!
//! Accused is the host of the last effective write before the system was converged for good, if its chain is one of a timer and
//! that write comes after the last change by the user and after the last fault.
//!
//! A host also hears something when it starts, when it acquires a Lease, and whenever a fault strikes or ends: then it may have to
//! connect again. Not judged: convergence to which no program contributes.

mod chains;
mod state;
#[cfg(test)]
mod tests;

use self::chains::Chains;
use self::state::State;
use super::{Note, Observed, Violation};
use crate::engine::{Millis, SECOND, Time};
use crate::object::Str;
use crate::scenario::oracle;
use crate::wire::{ActorClass, Addr, Commit, Entry, History, What};

/// A convergence that a timer brought about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slow {
    /// The program's host.
    pub who: Str,
    /// When the system was converged.
    pub at: Time,
    /// How long the host had heard nothing, in ms.
    pub silence_ms: Millis,
}

impl Slow {
    /// The note about it.
    pub fn note(&self) -> Note {
        let program = self.who.split('@').next().unwrap_or(&self.who);
        Note::new(format!("{} {program}", oracle::SLOW_CONVERGENCE), self.words())
    }

    fn words(&self) -> String {
        let (who, silence) = (&self.who, self.silence_ms / SECOND);
        format!(
            "{who} converged only by a timer of its own, after {silence} s without an event or answer, not by a watch event"
        )
    }
}

/// The violation, where the scenario makes it one.
pub(super) fn violation(run: &Observed<'_>) -> Option<Violation> {
    if !run.converge?.without_resync {
        return None;
    }
    let slow = slow_convergence(run)?;
    Some(Violation::new(oracle::SLOW_CONVERGENCE, slow.at, slow.words()))
}

/// What brought the system to converge, if it was a timer.
pub fn slow_convergence(run: &Observed<'_>) -> Option<Slow> {
    let (history, converged, converge) = (run.history, run.converged?, run.converge?);
    let entries = history.record.entries();
    let entries = &entries[..entries.partition_point(|entry| entry.time <= converged)];
    // In the usual case no write can be one of a timer, and nobody has to know which of them have an effect.
    let mut may_be = false;
    last_write(history, entries, |_, is_host| is_host, |silence_ms| may_be |= silence_ms.is_some());
    if !may_be {
        return None;
    }
    let mut state = State::new(converge);
    let last = last_write(history, entries, |commit, is_host| state.is_changed_by(commit, is_host), |_| ());
    let (addr, silence_ms) = last?;
    Some(Slow { who: history.actor(addr).name.clone(), at: converged, silence_ms: silence_ms? })
}

/// The host that made the last write with an effect since the last disturbance, and for how long it had heard nothing if a timer
/// began the chain of that write. `each` gets the latter for every such write.
fn last_write(
    history: &History,
    entries: &[Entry],
    mut has_effect: impl FnMut(&Commit, bool) -> bool,
    mut each: impl FnMut(Option<Millis>),
) -> Option<(Addr, Option<Millis>)> {
    let class = |entry: &Entry| history.actor(entry.actor).class;
    let disturbs = |entry: &Entry| match &entry.what {
        What::Fault(_) => true,
        What::Commit(_) => matches!(class(entry), ActorClass::User | ActorClass::Chaos),
        _ => false,
    };
    let disturbed = entries.iter().rposition(disturbs).unwrap_or(0);
    let (mut chains, mut last) = (Chains::default(), None);
    for (index, entry) in entries.iter().enumerate() {
        let is_host = class(entry) == ActorClass::Host;
        chains.hear(entry, is_host);
        let What::Commit(commit) = &entry.what else { continue };
        if has_effect(commit, is_host) {
            let silence_ms = chains.commits(entry.actor);
            if index > disturbed {
                each(silence_ms);
                last = Some((entry.actor, silence_ms));
            }
        }
    }
    last
}
