//! What an oracle reports.

use std::fmt;

use crate::engine::Time;

/// A property that did not hold, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The oracle: `no_convergence`, `hot_loop`, or `always` and `eventually`.
    pub oracle: &'static str,
    /// When it was found.
    pub time: Time,
    /// What was wanted, what was, and why.
    pub message: String,
}

impl Violation {
    /// A violation.
    pub fn new(oracle: &'static str, time: Time, message: impl Into<String>) -> Self {
        Self { oracle, time, message: message.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.oracle, self.message)
    }
}
