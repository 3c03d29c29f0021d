//! What an oracle reports.

use std::fmt;

use crate::engine::Time;
use crate::scenario::OracleInfo;

/// A property that did not hold, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The oracle; it compares with its name: `violation.oracle == "hot_loop"`.
    pub oracle: &'static OracleInfo,
    /// When it was found.
    pub time: Time,
    /// What was wanted, what was, and why.
    pub message: String,
}

impl Violation {
    /// A violation.
    pub fn new(oracle: &'static OracleInfo, time: Time, message: impl Into<String>) -> Self {
        Self { oracle, time, message: message.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.oracle, self.message)
    }
}
