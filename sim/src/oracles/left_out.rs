//! What a scenario leaves out of convergence, in the form in which `convergence` follows it.

use crate::convergence::Ignore;
use crate::object::LabelSelector;
use crate::scenario::{self, Converge, KindName, MayBePending};

/// What is never pending.
pub fn of_pending(converge: &Converge) -> Vec<Ignore> {
    converge.ignore.iter().map(ignored).chain(converge.pending.iter().map(may_be_pending)).collect()
}

/// What does not belong to the masked state.
pub fn of_state(converge: &Converge) -> Vec<Ignore> {
    converge.ignore.iter().map(ignored).collect()
}

/// What an entry of `converge.ignore` leaves out.
pub fn ignored(entry: &scenario::Ignore) -> Ignore {
    let fields = entry.fields.iter().map(|field| field.as_str().into()).collect();
    Ignore { fields, ..selecting(&entry.kind, entry.selector.as_deref()) }
}

/// What an entry of `converge.pending` leaves out.
pub fn may_be_pending(entry: &MayBePending) -> Ignore {
    Ignore {
        name: entry.name.as_deref().map(Into::into),
        ..selecting(&entry.kind, entry.selector.as_deref())
    }
}

fn selecting(kind: &KindName, selector: Option<&str>) -> Ignore {
    // A selector that is none is refused when the scenario is made.
    let selector = selector.and_then(|text| LabelSelector::parse(text).ok());
    Ignore { kind: kind.0.as_str().into(), selector, ..Ignore::default() }
}
