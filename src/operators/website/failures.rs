//! How long to wait after an error. The wait doubles with each failure of a website in a row.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The first wait.
const FIRST: Duration = Duration::from_secs(1);
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(60);

/// Failures in a row, by website.
#[derive(Debug, Default)]
pub(super) struct Failures {
    in_a_row: Mutex<BTreeMap<String, u32>>,
}

impl Failures {
    /// Counts a failure. Returns the wait after it.
    pub(super) fn count(&self, website: &str) -> Duration {
        let mut in_a_row = self.lock();
        let failures = in_a_row.entry(website.to_owned()).or_default();
        let wait = FIRST.saturating_mul(2_u32.saturating_pow(*failures)).min(LONGEST);
        *failures = failures.saturating_add(1);
        wait
    }

    /// Resets the count, after a success.
    pub(super) fn forget(&self, website: &str) {
        self.lock().remove(website);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, u32>> {
        self.in_a_row.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
