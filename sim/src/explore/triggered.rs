//! Triggered steps: those with a `when`. They stand outside the order and are done in the midst of whatever else goes on.
//!
//! A step that is due begins before the next event of the cluster; those that are due together are done one after the other. An
//! ordered step that is under way meanwhile, such as an upgrade, sends its next request when they are through.

use std::collections::VecDeque;

use super::world::{Halt, World};
use crate::engine::{Draws, Time};
use crate::oracles::Violation;
use crate::scenario::{Scenario, Step, Trigger, oracle};

/// The tokens of wake-ups for timed steps begin here: below are those of faults, by their place in the plan.
pub(super) const FIRST_TOKEN: u64 = 1 << 32;

#[derive(Debug, Default)]
pub(super) struct Triggered {
    /// The steps by number that have not been done, with their time where they wait for one.
    waiting: Vec<(usize, Option<Time>)>,
    /// Steps whose time or event has come.
    pub(super) due: VecDeque<usize>,
    /// Whether one of them is under way.
    busy: bool,
}

impl Triggered {
    /// When the last step is done that waits for a time.
    pub(super) fn last_timed(&self) -> Option<Time> {
        self.waiting.iter().filter_map(|(_, time)| *time).max()
    }

    /// Whether all have been set off.
    pub(super) fn is_over(&self) -> bool {
        self.waiting.is_empty() && self.due.is_empty()
    }
}

impl World<'_> {
    /// Draws when each triggered step is done, and waits for it.
    pub(super) fn arm_steps(&mut self, seed: u64) {
        let (scenario, mut draws) = (self.scenario, Draws::new(seed));
        for (index, step) in scenario.steps.iter().enumerate() {
            let Some(when) = &step.when else { continue };
            let name = scenario.step_name(index);
            let mut time = None;
            match &when.trigger {
                Trigger::At(range) | Trigger::Every(range) => {
                    let ms = draws.between(&["step", &name, "at"], range.low_ms, range.high_ms);
                    time = Some(Time::ZERO + ms);
                    self.cluster.wake_at(Time::ZERO + ms, FIRST_TOKEN + index as u64);
                }
                Trigger::On(event) => {
                    let nth = draws.between(&["step", &name, "nth"], when.nth.low, when.nth.high);
                    self.injector.on_event(index, event.clone(), when.moment, nth);
                }
            }
            self.triggered.waiting.push((index, time));
        }
    }

    pub(super) async fn do_due_steps(&mut self) -> Result<(), Halt> {
        if self.triggered.busy {
            return Ok(());
        }
        while let Some(index) = self.next_due() {
            let scenario = self.scenario;
            self.triggered.busy = true;
            // It advances the world as its caller does: a future within itself has to be boxed.
            let done = Box::pin(self.step(&scenario.steps[index])).await;
            self.triggered.busy = false;
            // The ordered step that is under way has not failed.
            done.map_err(|halt| match halt {
                Halt::StepFailed(why) => Halt::Found(Violation::new(oracle::STEP, self.cluster.now(), why)),
                found @ (Halt::Found(_) | Halt::NotConverged(_)) => found,
            })?;
        }
        Ok(())
    }

    fn next_due(&mut self) -> Option<usize> {
        let triggered = &mut self.triggered;
        triggered.due.extend(self.injector.take_due_steps());
        let index = triggered.due.pop_front()?;
        triggered.waiting.retain(|(waiting, _)| *waiting != index);
        Some(index)
    }

    /// No step is set off any more. Returns those that never were.
    pub(super) fn disarm_steps(&mut self) -> Vec<String> {
        let label =
            |(index, _): (usize, Option<Time>)| format!("step \"{}\"", self.scenario.steps[index].label());
        std::mem::take(&mut self.triggered.waiting).into_iter().map(label).collect()
    }
}

impl Scenario {
    /// The name that the draws of a triggered step are keyed by: its own, else its verb and its n-th of that verb among the
    /// unnamed ones (`patch#2`).
    fn step_name(&self, index: usize) -> String {
        let entry = &self.steps[index];
        entry.name.clone().unwrap_or_else(|| {
            let same = |other: &&Step| other.name.is_none() && other.action.verb() == entry.action.verb();
            format!("{}#{}", entry.action.verb(), self.steps[..=index].iter().filter(same).count())
        })
    }
}
