//! Faults as a scenario names them. How a fault is done is in `faults`.
//!
//! To add a fault: one line of [`FAULTS`], and one file of `faults`.

use std::collections::BTreeMap;
use std::fmt;

use super::{CountRange, KindName, Pattern, Pick, TimeRange, When};

mod table;

pub use table::{ArgInfo, FAULTS, FaultInfo, Lasts, Takes, Unless, Victim};

/// The value of an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arg {
    /// A count; in a plan an exact one.
    Count(CountRange),
    /// A time; in a plan an exact one.
    Time(TimeRange),
    /// True or false.
    Bool(bool),
    /// A word.
    Text(String),
}

impl Arg {
    /// Whether there is nothing left to draw.
    pub fn is_exact(&self) -> bool {
        match self {
            Self::Count(range) => range.exact().is_some(),
            Self::Time(range) => range.exact().is_some(),
            Self::Bool(_) | Self::Text(_) => true,
        }
    }
}

impl fmt::Display for Arg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(range) => range.fmt(f),
            Self::Time(range) => range.fmt(f),
            Self::Bool(b) => b.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// The arguments of a fault, defaults filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Args(pub BTreeMap<&'static str, Arg>);

impl Args {
    /// The argument with this name.
    pub fn get(&self, name: &str) -> Option<&Arg> {
        self.0.get(name)
    }

    /// A count; of a range, the smallest.
    pub fn count(&self, name: &str) -> Option<u64> {
        if let Arg::Count(range) = self.get(name)? { Some(range.low) } else { None }
    }

    /// A time in milliseconds; of a range, the shortest.
    pub fn time_ms(&self, name: &str) -> Option<u64> {
        if let Arg::Time(range) = self.get(name)? { Some(range.low_ms) } else { None }
    }

    /// Whether a true-or-false argument is true.
    pub fn flag(&self, name: &str) -> bool {
        self.get(name) == Some(&Arg::Bool(true))
    }

    /// A word.
    pub fn text(&self, name: &str) -> Option<&str> {
        if let Arg::Text(text) = self.get(name)? { Some(text) } else { None }
    }
}

/// Whom a fault strikes.
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
        /// Their namespace; without one, the scenario's, or none where the kind is cluster-scoped.
        namespace: Option<String>,
        /// Their birth name; `*` for all.
        name: Pattern,
        /// Their labels, as kubectl writes them.
        selector: Option<String>,
        /// Which of those that match.
        pick: Pick,
    },
}

/// A fault as a scenario describes it, with ranges to draw from.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultSpec {
    /// The name, which keys its draws; see [`Scenario::fault_name`](super::Scenario::fault_name).
    pub name: Option<String>,
    /// Which fault.
    pub fault: &'static FaultInfo,
    /// Whom it strikes.
    pub target: FaultTarget,
    /// When.
    pub when: When,
    /// How often in a run.
    pub times: CountRange,
    /// How long it lasts, where it lasts.
    pub duration: Option<TimeRange>,
    /// Its arguments, defaults filled in.
    pub args: Args,
}
