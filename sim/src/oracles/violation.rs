//! What an oracle reports.

use derive_more::Display;

use crate::engine::Time;
use crate::scenario::OracleInfo;

/// A property that did not hold, in words.
#[derive(Clone, Debug, PartialEq, Eq, Display)]
#[display("{oracle}: {message}")]
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
