//! Waits until the system has converged, and says why where it does not.

use super::world::{Halt, PASSING, World};
use crate::engine::{Millis, Time};
use crate::oracles::{NotConverged, failing};
use crate::scenario::oracle;

/// What waits for the system to converge.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Waiting {
    /// The end of setup.
    Setup,
    /// A step, while faults may rage.
    Step,
    /// The run, after its faults have healed.
    Healed,
}

impl World<'_> {
    /// Waits until the system has been converged and quiet for `window`; the converged instant must come before `deadline`.
    pub(super) async fn converge(
        &mut self,
        waiting: Waiting,
        deadline: Time,
        window: Millis,
    ) -> Result<(), Halt> {
        let since = if waiting == Waiting::Setup { self.began } else { self.cluster.now() };
        let mut asked = None;
        self.cluster.wake_at(deadline, PASSING);
        loop {
            let now = self.cluster.now();
            match self.judge.quiet_at(window).filter(|_| self.cluster.all_programs_run()) {
                Some(at) if at <= now => return Ok(()),
                Some(at) if asked != Some(at) => {
                    asked = Some(at);
                    self.cluster.wake_at(at, PASSING);
                }
                _ => {}
            }
            let converged = self.judge.converged_since;
            if now >= deadline && converged.is_none_or(|converged| converged > deadline) {
                let missed = self.not_converged(waiting, since, window);
                return Err(Halt::NotConverged(NotConverged { deadline, ..missed }.violation()));
            }
            self.advance().await?;
        }
    }

    fn not_converged(&self, waiting: Waiting, since: Time, window: Millis) -> NotConverged<'_> {
        let why = self.judge.why_not().or_else(|| {
            let down = self.cluster.hosts().iter().find(|(addr, _)| !self.cluster.hosts().runs(*addr));
            down.map(|(_, spec)| format!("program {} does not run", spec.name))
        });
        let stalled = (waiting == Waiting::Healed && !self.is_disabled(oracle::STALLED))
            .then(|| self.judge.stalled())
            .flatten();
        NotConverged {
            after: match waiting {
                Waiting::Setup => "setup began",
                Waiting::Step => "the wait began",
                Waiting::Healed => "the last fault healed",
            },
            since,
            deadline: self.cluster.now(),
            window,
            was_converged: self.judge.was_converged,
            why,
            stalled,
            // What failed in setup is told before everything else.
            failing: if self.judging { self.failing(since) } else { Vec::new() },
            states: &self.judge.states,
        }
    }

    /// The programs that keep ending since this time, in words.
    pub(super) fn failing(&self, since: Time) -> Vec<String> {
        let (history, hosts) = (self.cluster.history(), self.cluster.hosts());
        let failing = failing(history, since, self.cluster.now(), |addr| hosts.runs(addr));
        failing.iter().map(ToString::to_string).collect()
    }
}
