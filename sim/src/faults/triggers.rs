//! Events that set steps off: counts them as they pass, and says which steps are due. It does no step: `explore` does.
//!
//! A step is due once the message of its event is through, as a fault is that an event sets off. It cannot outrun a request:
//! `before` counts as `after`.

use super::known::Happening;
use crate::scenario::{EventPattern, EventVerb, Moment};
use crate::wire::{Addr, Request, RequestId};

/// The steps that wait for events.
#[derive(Debug, Default)]
pub(super) struct Triggers {
    waiting: Vec<Trigger>,
    due: Vec<usize>,
}

/// What a step waits for.
#[derive(Debug)]
struct Trigger {
    /// The step's place among the scenario's.
    step: usize,
    event: EventPattern,
    moment: Moment,
    /// Which occurrence, from 1.
    nth: u64,
    seen: u64,
    /// The request that is its occurrence and is not through yet.
    chosen: Option<(Addr, RequestId)>,
}

impl Triggers {
    /// Sets a step off at the n-th event.
    pub(super) fn add(&mut self, step: usize, event: EventPattern, moment: Moment, nth: u64) {
        let moment = moment.max(Moment::After);
        self.waiting.push(Trigger { step, event, moment, nth, seen: 0, chosen: None });
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

    /// A host sends a request. `named` says whether it goes by a name.
    pub(super) fn leaving(
        &mut self,
        request: &Request,
        happening: &Happening<'_>,
        named: impl Fn(&EventPattern) -> bool,
    ) {
        for trigger in self.waiting.iter_mut().filter(|t| t.chosen.is_none()) {
            if named(&trigger.event) && happening.is(&trigger.event) {
                trigger.seen += 1;
                if trigger.seen == trigger.nth {
                    trigger.chosen = Some((request.from, request.id));
                }
            }
        }
    }

    /// A request of a host has come to this moment.
    pub(super) fn through(&mut self, moment: Moment, request: &Request) {
        let at = Some((request.from, request.id));
        self.set_off(|trigger| trigger.chosen == at && trigger.moment == moment);
    }

    /// A host is about to get watch events; `count` says how many of them a pattern means.
    pub(super) fn delivering(&mut self, count: impl Fn(&EventPattern) -> u64) {
        for trigger in &mut self.waiting {
            if trigger.event.verb.class() == EventVerb::WatchEvent {
                trigger.seen += count(&trigger.event);
            }
        }
        self.set_off(|trigger| {
            trigger.event.verb.class() == EventVerb::WatchEvent && trigger.seen >= trigger.nth
        });
    }

    fn set_off(&mut self, is_due: impl Fn(&Trigger) -> bool) {
        let due = &mut self.due;
        self.waiting.retain(|trigger| {
            let is_due = is_due(trigger);
            due.extend(is_due.then_some(trigger.step));
            !is_due
        });
    }
}
