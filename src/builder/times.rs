//! Durations and counts, exact or as ranges that include both ends.

use std::ops::RangeInclusive;
use std::time::Duration;

use wavetank_sim::scenario::{CountRange, TimeRange};

/// A duration in seconds.
pub fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A duration in minutes.
pub fn mins(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

/// A duration, or a range to draw from: `secs(1)`, `secs(1)..=secs(3)`. Whole milliseconds.
pub trait Times {
    /// The range.
    fn times(self) -> TimeRange;
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Times for Duration {
    fn times(self) -> TimeRange {
        TimeRange::exactly(ms(self))
    }
}

impl Times for RangeInclusive<Duration> {
    fn times(self) -> TimeRange {
        TimeRange { low_ms: ms(*self.start()), high_ms: ms(*self.end()) }
    }
}

/// A count, or a range to draw from: `2`, `0..=3`.
pub trait Counts {
    /// The range.
    fn counts(self) -> CountRange;
}

impl Counts for u64 {
    fn counts(self) -> CountRange {
        CountRange::exactly(self)
    }
}

impl Counts for RangeInclusive<u64> {
    fn counts(self) -> CountRange {
        CountRange { low: *self.start(), high: *self.end() }
    }
}
