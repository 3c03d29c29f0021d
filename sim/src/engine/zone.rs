//! Time zones of the IANA database, which is part of the binary, by their names.
//!
//! Real: Go's `time.LoadLocation`, as the API server and the CronJob controller call it. Modelled: all of it but the name
//! `Local`, which Kubernetes refuses.

use jiff::tz::{TimeZone, TimeZoneDatabase};

/// The zone with this name, to the letter; UTC for an empty one.
pub fn time_zone(name: &str) -> Option<TimeZone> {
    if name.is_empty() {
        return Some(TimeZone::UTC);
    }
    let zone = TimeZoneDatabase::bundled().get(name).ok()?;
    (zone.iana_name() == Some(name) && !zone.is_unknown()).then_some(zone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Time;

    #[test]
    fn names_are_those_of_the_database_to_the_letter() {
        let local = |zone, utc| Time::parse_rfc3339(utc).unwrap().rfc3339_in(&time_zone(zone).unwrap());
        for (zone, utc, expected) in [
            ("", "2026-07-01T12:00:00Z", "2026-07-01T12:00:00Z"),
            ("Europe/London", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
            ("Etc/GMT+3", "2026-07-01T12:00:00Z", "2026-07-01T09:00:00-03:00"),
            ("Asia/Kolkata", "2026-07-01T12:00:00Z", "2026-07-01T17:30:00+05:30"),
            ("America/St_Johns", "2026-01-01T12:00:00Z", "2026-01-01T08:30:00-03:30"),
            ("Australia/Sydney", "2026-01-01T12:00:00Z", "2026-01-01T23:00:00+11:00"),
            ("Europe/Berlin", "2026-10-25T00:59:59Z", "2026-10-25T02:59:59+02:00"),
            ("Europe/Berlin", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00+01:00"),
        ] {
            assert_eq!(local(zone, utc), expected, "{zone} {utc}");
        }
        for unknown in ["Europe/Nowhere", "europe/berlin", "Etc/GMT+13", "Etc/Unknown", "Local"] {
            assert_eq!(time_zone(unknown), None, "{unknown}");
        }
    }
}
