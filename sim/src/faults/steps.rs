//! The events that set steps of the scenario off: counts them as they pass, and says which steps are due. `explore` does the
//! steps.
//!
//! A step is due once the message of its event is through, like a fault that an event sets off. A step cannot overtake a
//! request: `before` counts as `after`.

use super::events::{EventWait, Occurrence};
use crate::scenario::{EventPattern, Moment};
use crate::wire::Request;

/// The steps that wait for events.
#[derive(Debug, Default)]
pub(super) struct StepWaits {
    /// Each with the step's place among the scenario's.
    waiting: Vec<(usize, EventWait)>,
    due: Vec<usize>,
}

impl StepWaits {
    /// Sets a step off at the n-th event.
    pub(super) fn add(&mut self, step: usize, event: EventPattern, moment: Moment, nth: u64) {
        self.waiting.push((step, EventWait::new(event, moment.max(Moment::After), nth)));
    }

    /// The steps that are due, in the order in which they were set off.
    pub(super) fn take_due(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.due)
    }

    /// Whether no step waits for an event.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Forgets all events: no step is set off any more.
    pub(super) fn clear(&mut self) {
        (self.waiting, self.due) = (Vec::new(), Vec::new());
    }

    /// A host sends a request. `may_act` says whether the host may take part in the events of a pattern.
    pub(super) fn leaving(
        &mut self,
        request: &Request,
        occurrence: &Occurrence<'_>,
        may_act: impl Fn(&EventPattern) -> bool,
    ) {
        for (_, wait) in self.waiting.iter_mut().filter(|(_, wait)| !wait.is_chosen()) {
            if may_act(&wait.event) && occurrence.is(&wait.event) {
                wait.count_request(request);
            }
        }
    }

    /// A request of a host has come to this moment.
    pub(super) fn through(&mut self, moment: Moment, request: &Request) {
        self.set_off(|wait| wait.is_at(moment, request));
    }

    /// A host is about to get watch events; `count` says how many of them a pattern means.
    pub(super) fn delivering(&mut self, count: impl Fn(&EventPattern) -> u64) {
        self.set_off(|wait| wait.is_for_watch_events() && wait.count_watch_events(count(&wait.event)));
    }

    fn set_off(&mut self, mut is_due: impl FnMut(&mut EventWait) -> bool) {
        let due = &mut self.due;
        self.waiting.retain_mut(|(step, wait)| {
            let is_due = is_due(wait);
            due.extend(is_due.then_some(*step));
            !is_due
        });
    }
}
