//! Virtual time: whole milliseconds, 0 where a scenario's setup ends, negative before.

use std::fmt;
use std::ops::{Add, Sub};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use smol_str::{SmolStr, format_smolstr};

/// A duration in milliseconds.
pub type Millis = u64;

/// One second in milliseconds.
pub const SECOND: Millis = 1000;

/// The wall clock at t = 0, in seconds since 1970: 2026-01-01T00:00:00Z. Our choice: a fixed date makes runs of any day equal.
pub const EPOCH_S: i64 = 1_767_225_600;

/// A point of virtual time, in milliseconds from t = 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash, derive_more::Debug)]
#[debug("{self}")]
pub struct Time(pub i64);

impl Time {
    /// The end of setup.
    pub const ZERO: Self = Self(0);

    /// The time from `earlier` to this time; 0 if `earlier` is later.
    pub fn since(self, earlier: Self) -> Millis {
        u64::try_from(self.0 - earlier.0).unwrap_or(0)
    }

    /// The wall clock in nanoseconds since 1970.
    pub fn wall_ns(self) -> u64 {
        let ms = EPOCH_S * 1000 + self.0;
        u64::try_from(ms).expect("a run starts after 1970") * 1_000_000
    }

    /// The time at which the wall clock shows this many nanoseconds since 1970.
    pub fn at_wall_ns(ns: u64) -> Self {
        Self(i64::try_from(ns / 1_000_000).expect("a run ends before the year 10000") - EPOCH_S * 1000)
    }

    /// The wall clock in whole seconds since 1970.
    pub fn wall_s(self) -> i64 {
        (EPOCH_S * 1000 + self.0).div_euclid(1000)
    }

    /// The wall clock as Kubernetes writes a `Time`: `2026-01-01T00:00:00Z`.
    pub fn rfc3339(self) -> SmolStr {
        format_smolstr!("{:.0}", self.timestamp())
    }

    /// The wall clock as Kubernetes writes a `MicroTime`: `2026-01-01T00:00:00.000000Z`.
    pub fn rfc3339_micro(self) -> SmolStr {
        format_smolstr!("{:.6}", self.timestamp())
    }

    /// The local time as Go writes it (`time.RFC3339`): with `Z` if the offset from UTC is 0.
    pub fn rfc3339_in(self, zone: &TimeZone) -> String {
        let local = self.timestamp().to_zoned(zone.clone());
        let offset = if local.offset().is_zero() { "Z" } else { "%:z" };
        local.strftime(&format!("%Y-%m-%dT%H:%M:%S{offset}")).to_string()
    }

    /// Parses a `Time` or `MicroTime`, to the millisecond. Accepts UTC (`Z`) only.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let utc: Timestamp = text.ends_with('Z').then(|| text.parse().ok())??;
        Some(Self(utc.as_millisecond() - EPOCH_S * 1000))
    }

    /// The wall clock.
    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_millisecond(EPOCH_S * 1000 + self.0).expect("a run ends before the year 10000")
    }
}

impl Add<Millis> for Time {
    type Output = Self;
    fn add(self, ms: Millis) -> Self {
        Self(self.0.saturating_add_unsigned(ms))
    }
}

impl Sub<Millis> for Time {
    type Output = Self;
    fn sub(self, ms: Millis) -> Self {
        Self(self.0.saturating_sub_unsigned(ms))
    }
}

/// Seconds with their milliseconds, as in `42.005s`.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (s, ms) = (self.0.unsigned_abs() / 1000, self.0.unsigned_abs() % 1000);
        if ms == 0 { write!(f, "{sign}{s}s") } else { write!(f, "{sign}{s}.{ms:03}s") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_epoch_is_new_year_2026() {
        assert_eq!(Time::ZERO.rfc3339(), "2026-01-01T00:00:00Z");
        assert_eq!(Time(-1).rfc3339_micro(), "2025-12-31T23:59:59.999000Z");
    }

    #[test]
    fn times_round_trip_through_text_over_leap_years() {
        for day in -800..2000 {
            let time = Time(day * 86_400_000 + 12_345_678);
            assert_eq!(Time::parse_rfc3339(&time.rfc3339_micro()), Some(time));
        }
        assert_eq!(
            Time::parse_rfc3339("2028-02-29T00:00:01Z").map(Time::rfc3339).as_deref(),
            Some("2028-02-29T00:00:01Z")
        );
        assert_eq!(Time::parse_rfc3339("yesterday"), None);
    }
}
