//! What the set of pending objects tells users.

use super::Convergence;
use crate::convergence::{Reason, Want};

impl Convergence {
    /// The first object that says that waiting does not help.
    pub fn stalled(&self) -> Option<&Reason> {
        self.pending.values().find(|reason| matches!(reason.want, Want::Stalled(_)))
    }

    /// The first reason in words, followed by that of the pending dependent that is the likely cause: `Deployment
    /// default/web wants 3 available replicas, has 2; Pod default/web-abc is not Ready: ContainersNotReady`.
    pub fn summary(&self) -> Option<String> {
        let first = self.pending()?;
        let mut cause = first;
        while let Some(below) = self.reasons().find(|reason| reason.is_controlled_by(&cause.subject)) {
            if below.subject <= cause.subject {
                break; // a cycle of owners
            }
            cause = below;
        }
        let cause = (cause.subject != first.subject).then_some(cause);
        Some(cause.map_or_else(|| first.to_string(), |cause| format!("{first}; {cause}")))
    }
}
