//! Failures: what strikes, whom, and through which seam. A fault touches only what a real failure could reach.
//!
//! - `fault`: what a fault may do at every seam, and what several faults share
//! - `phases`: [`Injector`] carries out a plan: each fault waits for its time or event, strikes, ends
//! - `bending`: the injector at the wire: which faults set off at a message, and what they make of it
//! - `events`: what a message is to a pattern, and the wait for its n-th occurrence
//! - `steps`: the events that set steps of the scenario off; `decisions`: the requests at which checks are judged
//! - `known_objects`, `known_hosts`: birth names, kinds, labels and Lease holders, learnt from commits; the hosts' names
//! - `victims`: whom a target means at this moment
//! - one file per fault
//!
//! To add a fault, with three files:
//! 1. its row in `scenario/fault/table.rs`, under `available` (a name under `later` goes): what it does in a sentence, what it
//!    strikes, its arguments. The builder function, the schema, `wavetank explain`, the checks of files and plans and their hints
//!    follow from the row; update the reference (`src/reference/mod.rs`);
//! 2. its file here, named as the fault with `_` for `-`: `struct Behaviour` and its [`Fault`], with only the methods it needs;
//! 3. its `mod` line below.
//!
//! At a stream, `queueing` delays single events and `delivering` all that is pending. A fault that needs something new on the wire
//! also edits `wire/rule.rs`, and `cluster/requests.rs` or `cluster/watches.rs`, which carry the rule's answers out.
//!
//! Its test is inline in its file: a whole run in which it bites, and what holds without it. `explore::tests` plays a scenario
//! with a plan; `explore::tests::program` has a small program for faults of programs. Longer stories are in `sim/tests/runs`.

use crate::scenario::PlannedFault;

mod bending;
mod decisions;
mod events;
mod fault;
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

pub use decisions::Decision;
use fault::Fault;
pub use phases::{Injector, Unused};
use victims::Victims;

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

#[cfg(test)]
mod tests {
    use super::BEHAVIOURS;
    use crate::scenario::{FaultInfo, Moment};

    #[test]
    fn a_fault_bends_the_request_that_sets_it_off_if_its_moment_is_before() {
        for (name, behaviour) in BEHAVIOURS {
            let info = FaultInfo::named(name).expect("the behaviours are those of the table");
            assert_eq!(
                behaviour.bends(),
                info.moment == Moment::Before,
                "`bends` and `moment: Before` go together: {name}"
            );
        }
    }
}
