//! What a fault may do, seam by seam, and what several faults share.

use std::ops::Deref;

use super::victims::Victims;
use crate::cluster::Cluster;
use crate::engine::Time;
use crate::scenario::{KindName, PlannedFault};
use crate::wire::{Answer, Fate, Passing, Resource, StreamFate, Streaming, WatchEvent};

/// A fault that is under way.
#[derive(Clone, Copy)]
pub(super) struct Acting<'a> {
    pub(super) fault: &'a PlannedFault,
    /// When it ends, if it lasts.
    #[allow(dead_code, reason = "for faults that hold messages until they end")]
    pub(super) until: Option<Time>,
}

impl Deref for Acting<'_> {
    type Target = PlannedFault;

    fn deref(&self) -> &PlannedFault {
        self.fault
    }
}

/// What a fault does at every seam. It knows its victims from the moment at which it strikes; who is none of them then is not
/// affected later.
pub(super) trait Fault: Sync {
    /// Whether it is nothing but what it makes of messages: it then begins with the very request that sets it off, whatever the
    /// event's moment, and without a duration it acts on the next message that it does not let pass. Its row has `moment: Before`.
    /// A fault that also strikes, such as `watch-cut`, does not bend in this sense; it acts on messages while it lasts.
    fn bends(&self) -> bool {
        false
    }

    /// Whether it kills the host whose event sets it off, there and then: nothing that the host does later counts.
    fn kills_at_once(&self) -> bool {
        false
    }

    /// It strikes its victims.
    fn strike(&self, _fault: &PlannedFault, _victims: &Victims, _cluster: &mut Cluster) {}

    /// It ends what it did to its victims: its duration is over, or all faults heal.
    fn end(&self, _fault: &PlannedFault, _victims: &Victims, _cluster: &mut Cluster) {}

    /// A victim sends a request.
    fn leaving(&self, _fault: Acting<'_>, _passing: Passing<'_>) -> Fate {
        Fate::Pass
    }

    /// A victim's request has reached the server.
    fn arriving(&self, _fault: Acting<'_>, _passing: Passing<'_>) -> Fate {
        Fate::Pass
    }

    /// A victim is about to get an answer.
    fn answering(&self, _fault: Acting<'_>, _passing: Passing<'_>, _answer: &Answer) -> Fate {
        Fate::Pass
    }

    /// The server sends an event to a watch of a victim.
    fn queueing(&self, _fault: Acting<'_>, _stream: Streaming<'_>, _event: &WatchEvent) -> StreamFate {
        StreamFate::Pass
    }

    /// A victim is about to get events of its watch. To hold them until the fault ends, delay them up to [`Acting::until`]; it is
    /// asked again when the delay is over.
    fn delivering(&self, _fault: Acting<'_>, _stream: Streaming<'_>, _events: &[WatchEvent]) -> StreamFate {
        StreamFate::Pass
    }
}

/// Whether a fault is about watches of this resource: its argument `kind` names it, or it has none.
pub(super) fn is_about(fault: &PlannedFault, resource: Resource, kind: &str) -> bool {
    let named = fault.args.text("kind").map(KindName::from);
    named.is_none_or(|named| named.matches(resource.group(), resource.plural(), kind))
}
