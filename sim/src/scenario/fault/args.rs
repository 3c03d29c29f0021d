//! The arguments of faults: counts and times, exact or as ranges to draw from, and words.

use std::collections::BTreeMap;
use std::fmt;

use crate::scenario::{CountRange, TimeRange};

/// The value of an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arg {
    /// A count. It is exact in a plan.
    Count(CountRange),
    /// A time. It is exact in a plan.
    Time(TimeRange),
    /// True or false.
    Bool(bool),
    /// A word.
    Text(String),
}

impl Arg {
    /// Whether it is no range.
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

/// The arguments of a fault, with defaults.
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
