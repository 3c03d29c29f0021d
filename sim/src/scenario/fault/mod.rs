//! Faults as a scenario describes them. Module `faults` carries them out, and says how to add one.
//!
//! - `table`: a row for each fault
//! - [`FaultInfo`]: a row, and the checks that follow from it
//! - [`Args`]: the arguments of one fault

use super::{CountRange, Hosting, KindName, Pattern, Pick, TimeRange, When};

mod args;
mod info;
mod table;

pub use args::{Arg, Args};
pub use info::{ArgInfo, FaultInfo, Lasts, Never, Takes, Unless, Victim};
pub use table::FAULTS;

/// What a fault strikes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultTarget {
    /// Hosts.
    Program {
        /// The program's or the host's name; `*` for all hosts.
        program: Pattern,
        /// Which of the hosts that match.
        pick: Pick,
    },
    /// Objects.
    Objects {
        /// Their kind.
        kind: KindName,
        /// Their namespace; without one the scenario's, or none if the kind is cluster-scoped.
        namespace: Option<String>,
        /// Their birth name; `*` for all.
        name: Pattern,
        /// Their labels, as kubectl writes them.
        selector: Option<String>,
        /// For nodes: only those with such a pod in the namespace, running or about to start.
        hosting: Option<Hosting>,
        /// Which of those that match.
        pick: Pick,
    },
    /// Images.
    Image {
        /// Their names.
        image: Pattern,
    },
    /// The cluster as a whole.
    Cluster,
}

/// A fault as a scenario describes it, with ranges to draw from.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultSpec {
    /// The name, on which its draws depend; see [`Scenario::fault_name`](super::Scenario::fault_name).
    pub name: Option<String>,
    /// Which fault.
    pub fault: &'static FaultInfo,
    /// What it strikes.
    pub target: FaultTarget,
    /// When it strikes.
    pub when: When,
    /// How often in a run; without it once.
    pub times: Option<CountRange>,
    /// How long it lasts, if it lasts.
    pub duration: Option<TimeRange>,
    /// Its arguments, with defaults.
    pub args: Args,
}
