//! The requests at which a check is judged that is about a program's decisions: notes that they were sent. `explore` judges the
//! check, before any of them can have an effect.

use super::events::Occurrence;
use crate::object::Str;
use crate::scenario::EventPattern;

/// The requests that are waited for, and those that were sent.
#[derive(Debug, Default)]
pub(super) struct Decisions {
    /// Each with the number of its check.
    patterns: Vec<(usize, EventPattern)>,
    made: Vec<Decision>,
}

/// A request at which a check is judged.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The number of the check.
    pub check: usize,
    /// The request, in words: `delete pods default/web-1 of web-operator`.
    pub request: String,
}

impl Decisions {
    pub(super) fn add(&mut self, check: usize, pattern: EventPattern) {
        self.patterns.push((check, pattern));
    }

    /// Whether no check waits for requests.
    pub(super) fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// The requests since the last call.
    pub(super) fn take(&mut self) -> Vec<Decision> {
        std::mem::take(&mut self.made)
    }

    /// A host sends a request. `may_act` says whether the host may take part in the events of a pattern.
    pub(super) fn leaving(
        &mut self,
        occurrence: &Occurrence<'_>,
        host: Option<&Str>,
        may_act: impl Fn(&EventPattern) -> bool,
    ) {
        for (check, _) in self.patterns.iter().filter(|(_, event)| may_act(event) && occurrence.is(event)) {
            let host = host.map(|name| format!(" of {name}")).unwrap_or_default();
            self.made.push(Decision { check: *check, request: format!("{occurrence}{host}") });
        }
    }
}
