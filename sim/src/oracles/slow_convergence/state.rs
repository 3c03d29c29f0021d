//! The state as the commits of the record make it.

use std::collections::BTreeSet;

use super::chains::is_heard;
use crate::convergence::{Convergence, MaskedState, Reason};
use crate::oracles::left_out;
use crate::scenario::Converge;
use crate::wire::{Commit, ObjectKey, Resource};

/// The state as the commits make it.
pub(super) struct State {
    masked: MaskedState,
    pending: Convergence,
    known: BTreeSet<(Resource, ObjectKey)>,
}

impl State {
    pub(super) fn new(converge: &Converge) -> Self {
        let masked = MaskedState::new(left_out::of_state(converge));
        let pending = Convergence::new(left_out::of_pending(converge));
        Self { masked, pending, known: BTreeSet::new() }
    }

    /// Applies a commit. Returns whether it is one of a host and has an effect.
    pub(super) fn is_changed_by(&mut self, commit: &Commit, is_host: bool) -> bool {
        if !is_heard(Some(commit.resource)) {
            return false;
        }
        // The record lacks the creates of objects that the server has from the beginning.
        let is_new = self.known.insert((commit.resource, commit.key.clone()));
        if let Some(old) = commit.old.as_ref().filter(|_| is_new) {
            self.masked.note(None, Some(old));
            self.pending.update(None, Some(old));
        }
        let before: Option<Vec<Reason>> = is_host.then(|| self.pending.reasons().cloned().collect());
        if is_host {
            self.masked.settle();
        }
        self.masked.note(commit.old.as_ref(), commit.new.as_ref());
        self.pending.update(commit.old.as_deref(), commit.new.as_deref());
        before.is_some_and(|before| self.masked.settle() || !self.pending.reasons().eq(before.iter()))
    }
}
