//! Failures: what strikes, whom, and through which seam. A fault touches only what a real failure could reach.
//!
//! - `phases`: [`Injector`] carries out a plan: each fault waits for its time or event, strikes, ends
//! - `bending`: the injector at the wire: which faults set off at a message, and what they make of it
//! - `events`: what a message is to a pattern, and the wait for its n-th occurrence
//! - `steps`: the events that set steps of the scenario off
//! - `known_objects`, `known_hosts`: birth names, kinds, labels and Lease holders, learnt from commits; the hosts' names
//! - `victims`: whom a target means at this moment
//! - one file per fault
//!
//! To add a fault, with three files:
//! 1. its row in `scenario/fault/table.rs`: what it does in a sentence, what it strikes, its arguments. The builder function, the
//!    schema, `wavetank explain`, the checks of files and plans and their hints follow from the row;
//! 2. its file here, named as the fault with `_` for `-`: `struct Behaviour` and its [`Fault`], with only the methods it needs;
//! 3. its `mod` line below.
//!
//! Its test is inline in its file: a whole run in which it bites, and what holds without it. `explore::tests` plays a scenario
//! with a plan; `explore::tests::program` has a small program for faults of programs. Longer stories are in `sim/tests/runs`.

use crate::cluster::Cluster;
use crate::scenario::{KindName, PlannedFault};
use crate::wire::{Answer, Fate, Passing, Resource, StreamFate, Streaming, WatchEvent};

mod bending;
mod events;
mod known_hosts;
mod known_objects;
mod phases;
mod steps;
mod victims;

mod api_error;
mod api_latency;
mod compaction;
mod container_crash;
mod crash;
mod eviction;
mod image_pull_error;
mod kubelet_restart;
mod node_loss;
mod partition;
mod pod_deletion;
mod readiness_flap;
mod reboot;
mod slow_start;
mod watch_cut;

pub use phases::{Injector, Unused};
use victims::Victims;

/// What a fault does at every seam. It knows its victims from the moment at which it strikes; who is none of them then is not
/// affected later.
trait Fault: Sync {
    /// Whether it acts on messages of its victims: without a duration on the next one that it does not let pass.
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
    fn leaving(&self, _fault: &PlannedFault, _passing: Passing<'_>) -> Fate {
        Fate::Pass
    }

    /// A victim's request has reached the server.
    fn arriving(&self, _fault: &PlannedFault, _passing: Passing<'_>) -> Fate {
        Fate::Pass
    }

    /// A victim is about to get an answer.
    fn answering(&self, _fault: &PlannedFault, _passing: Passing<'_>, _answer: &Answer) -> Fate {
        Fate::Pass
    }

    /// The server sends an event to a watch of a victim.
    fn queueing(&self, _fault: &PlannedFault, _stream: Streaming<'_>, _event: &WatchEvent) -> StreamFate {
        StreamFate::Pass
    }

    /// A victim is about to get events of its watch.
    fn delivering(
        &self,
        _fault: &PlannedFault,
        _stream: Streaming<'_>,
        _events: &[WatchEvent],
    ) -> StreamFate {
        StreamFate::Pass
    }
}

macro_rules! behaviours {
    (available: { $($(#[$about:meta])+ $name:literal $file:ident($($lead:ident),*) { $($row:tt)* })* }
     later: { $($later:tt)* }) => {
        /// What each fault of the table does, by name.
        const BEHAVIOURS: &[(&str, &dyn Fault)] = &[$(($name, &$file::Behaviour)),*];
    };
}

crate::fault_table!(behaviours);

/// The behaviour of a planned fault.
fn behaviour(fault: &PlannedFault) -> &'static dyn Fault {
    let found = BEHAVIOURS.iter().find(|(name, _)| *name == fault.fault.name);
    found.expect("every fault that a plan may have is in the table of those available").1
}

/// Whether a fault is about watches of this resource: its argument `kind` names it, or it has none.
fn is_about(fault: &PlannedFault, resource: Resource, kind: &str) -> bool {
    let named = fault.args.text("kind").map(KindName::from);
    named.is_none_or(|named| named.matches(resource.group(), resource.plural(), kind))
}
