//! Cron schedules: five fields with names, ranges, steps and lists, or a macro; and their next time.
//!
//! Real: robfig/cron `ParseStandard` and `SpecSchedule.Next`. Modelled: all of it but seconds and time zones in the text,
//! which the API server refuses. If one of the two day fields is `*`, a day must match both, else one of them.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan};

use crate::engine::{Millis, SECOND, Time};

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
/// A schedule without a time within five years has none (robfig/cron).
const FARTHEST_DAYS: usize = 5 * 366;

/// A parsed schedule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Schedule {
    /// At these minutes.
    Fields(Box<Fields>),
    /// `@every`: this many seconds after the last time.
    Every(u64),
}

/// Each field as a set of bits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Fields {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// Whether a day has to match both day fields.
    both_days: bool,
}

impl Schedule {
    /// Parses a schedule; `None` if it is invalid.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let fields = match text {
            "@yearly" | "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" | "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            _ => text,
        };
        if let Some(every) = fields.strip_prefix("@every ") {
            return duration_s(every).map(Self::Every);
        }
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields[..] else { return None };
        let (days, any_day) = field(days, (1, 31), &[])?;
        let (weekdays, any_weekday) = field(weekdays, (0, 6), &DAYS)?;
        Some(Self::Fields(Box::new(Fields {
            minutes: field(minutes, (0, 59), &[])?.0,
            hours: field(hours, (0, 23), &[])?.0,
            days,
            months: field(months, (1, 12), &MONTHS)?.0,
            weekdays,
            both_days: any_day || any_weekday,
        })))
    }

    /// The first time after `time` in a zone. When daylight saving time begins, the skipped hour has no times; when it ends,
    /// the repeated hour has its times twice.
    pub(super) fn next(&self, time: Time, zone: &TimeZone) -> Option<Time> {
        let fields = match self {
            Self::Every(seconds) => return Some(time - time.0.rem_euclid(1000) as Millis + seconds * SECOND),
            Self::Fields(fields) => fields,
        };
        let now = time.timestamp();
        let mut changes = zone.following(now);
        let (mut offset, mut after) = (zone.to_offset(now), now);
        loop {
            let next = offset.to_timestamp(fields.next(offset.to_datetime(after))?).ok()?;
            match changes.next().filter(|change| change.timestamp() <= next) {
                Some(change) => {
                    (offset, after) = (change.offset(), change.timestamp() - 1.nanosecond());
                }
                None => return Some(time + next.duration_since(now).as_millis() as Millis),
            }
        }
    }

    /// The last time after `earliest` that is not after `now`.
    pub(super) fn last(&self, earliest: Time, now: Time, zone: &TimeZone) -> Option<Time> {
        let mut last = self.next(earliest, zone).filter(|time| *time <= now)?;
        while let Some(next) = self.next(last, zone).filter(|time| *time <= now) {
            last = next;
        }
        Some(last)
    }
}

impl Fields {
    /// The first matching local minute after this time.
    fn next(&self, after: DateTime) -> Option<DateTime> {
        let days = after.date().series(1.day()).take(FARTHEST_DAYS).filter(|date| self.has_day(*date));
        let times = days.flat_map(|date| {
            let hours = (0..24).filter(|hour| has(self.hours, *hour));
            hours.flat_map(move |hour| (0..60).map(move |minute| date.at(hour, minute, 0, 0)))
        });
        times.filter(|time| has(self.minutes, time.minute())).find(|time| *time > after)
    }

    fn has_day(&self, date: Date) -> bool {
        let weekday = date.weekday().to_sunday_zero_offset();
        let (by_day, by_weekday) = (has(self.days, date.day()), has(self.weekdays, weekday));
        has(self.months, date.month())
            && if self.both_days { by_day && by_weekday } else { by_day || by_weekday }
    }
}

fn has(bits: u64, n: i8) -> bool {
    debug_assert!((0..64).contains(&n), "minutes, hours, days and months fit into 64 bits");
    bits >> n & 1 == 1
}

/// The bits of one field, and whether it is `*`.
fn field(text: &str, bounds: (i8, i8), names: &[&str]) -> Option<(u64, bool)> {
    let parts: Option<Vec<(u64, bool)>> = text.split(',').map(|part| range(part, bounds, names)).collect();
    let parts = parts?;
    let any = parts.iter().any(|(_, any)| *any);
    Some((parts.iter().fold(0, |bits, (more, _)| bits | more), any))
}

/// The bits of `*`, `3`, `mon-fri`, `*/10`, `5/15`, `10-40/10`.
fn range(text: &str, (lowest, highest): (i8, i8), names: &[&str]) -> Option<(u64, bool)> {
    let (range, step) = match text.split_once('/') {
        Some((range, step)) => (range, Some(step.parse::<usize>().ok().filter(|step| *step > 0)?)),
        None => (text, None),
    };
    let any = matches!(range, "*" | "?");
    let (first, last) = match range.split_once('-') {
        _ if any => (lowest, highest),
        Some((first, last)) => (number(first, lowest, names)?, number(last, lowest, names)?),
        None => {
            let first = number(range, lowest, names)?;
            (first, if step.is_some() { highest } else { first })
        }
    };
    if first < lowest || last > highest || first > last {
        return None;
    }
    let steps = (first..=last).step_by(step.unwrap_or(1));
    Some((steps.fold(0, |bits, n| bits | 1 << n), any && step.unwrap_or(1) == 1))
}

fn number(text: &str, lowest: i8, names: &[&str]) -> Option<i8> {
    let place = names.iter().position(|name| text.eq_ignore_ascii_case(name));
    match place {
        Some(place) => Some(i8::try_from(place).ok()? + lowest),
        None => text.parse().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit())),
    }
}

/// Whole seconds of a Go duration, `1h30m` or `90s`, at least one.
fn duration_s(text: &str) -> Option<u64> {
    // jiff also reads `1 hour` and `PT1H`.
    let is_go = text.chars().all(|c| c.is_ascii_digit() || "hmsuµn.".contains(c));
    let duration: SignedDuration = is_go.then(|| text.parse().ok())??;
    u64::try_from(duration.as_secs().max(1)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::time_zone;

    /// The times of a schedule after 2026-01-01T00:00:00Z, a Thursday.
    fn times(schedule: &str, count: usize) -> Vec<String> {
        let schedule = Schedule::parse(schedule).unwrap();
        let mut time = Time::ZERO;
        let mut out = Vec::new();
        while let Some(next) = schedule.next(time, &TimeZone::UTC).filter(|_| out.len() < count) {
            time = next;
            out.push(time.rfc3339()[5..16].to_owned());
        }
        out
    }

    #[test]
    fn fields_take_numbers_names_ranges_lists_and_steps() {
        assert_eq!(times("* * * * *", 2), ["01-01T00:01", "01-01T00:02"]);
        assert_eq!(times("*/20 5 * * *", 4), ["01-01T05:00", "01-01T05:20", "01-01T05:40", "01-02T05:00"]);
        assert_eq!(times("50/5 23 * * *", 3), ["01-01T23:50", "01-01T23:55", "01-02T23:50"]);
        assert_eq!(times("0 12 * * Mon-FRI/2", 3), ["01-02T12:00", "01-05T12:00", "01-07T12:00"]);
        assert_eq!(times("0,30 0-1 28-31 feb ?", 3), ["02-28T00:00", "02-28T00:30", "02-28T01:00"]);
        assert_eq!(times("0 0 29 2 *", 1), ["02-29T00:00"]);
    }

    #[test]
    fn a_day_matches_one_of_two_day_fields_or_both_if_one_is_a_star() {
        assert_eq!(times("0 0 15 * 5", 3), ["01-02T00:00", "01-09T00:00", "01-15T00:00"]);
        assert_eq!(times("0 0 * * 5", 2), ["01-02T00:00", "01-09T00:00"]);
        // A step is no star.
        assert_eq!(times("0 0 */14 * 5", 3), ["01-02T00:00", "01-09T00:00", "01-15T00:00"]);
    }

    #[test]
    fn macros_stand_for_fields_and_every_for_an_interval() {
        assert_eq!(times("@hourly", 1), ["01-01T01:00"]);
        assert_eq!(times("@weekly", 1), ["01-04T00:00"]);
        assert_eq!(times("@yearly", 1), ["01-01T00:00"]);
        assert_eq!(times("@every 1h30m", 2), ["01-01T01:30", "01-01T03:00"]);
    }

    #[test]
    fn an_invalid_schedule_is_none_and_an_impossible_one_has_no_time() {
        for text in [
            "",
            "* * * *",
            "60 * * * *",
            "* * 0 * *",
            "* * * * 7",
            "5-1 * * * *",
            "*/0 * * * *",
            "+1 * * * *",
            "@often",
        ] {
            assert_eq!(Schedule::parse(text), None, "{text}");
        }
        assert!(times("0 0 30 2 *", 1).is_empty());
    }

    #[test]
    fn a_zone_ahead_of_utc_has_its_midnight_earlier() {
        let daily = Schedule::parse("@daily").unwrap();
        let ahead = time_zone("Etc/GMT-2").unwrap();
        assert_eq!(daily.next(Time::ZERO, &ahead), Some(Time(22 * 3_600_000)));
        assert_eq!(daily.last(Time(-86_400_000), Time(1), &ahead), Some(Time(-7_200_000)));
        assert_eq!(daily.last(Time::ZERO, Time(1), &TimeZone::UTC), None);
    }

    #[test]
    fn a_skipped_hour_has_no_time_and_a_repeated_one_has_two() {
        let after = |zone: &str, schedule: &str, utc: &str| {
            let zone = time_zone(zone).unwrap();
            let mut time = Time::parse_rfc3339(utc).unwrap();
            let schedule = Schedule::parse(schedule).unwrap();
            [(); 2].map(|()| {
                time = schedule.next(time, &zone).unwrap();
                time.rfc3339_in(&zone)
            })
        };
        for (zone, schedule, utc, expected) in [
            (
                "Europe/Berlin",
                "30 2 * * *",
                "2026-03-28T12:00:00Z",
                ["2026-03-30T02:30:00+02:00", "2026-03-31T02:30:00+02:00"],
            ),
            (
                "Europe/Berlin",
                "0 3 * * *",
                "2026-03-28T12:00:00Z",
                ["2026-03-29T03:00:00+02:00", "2026-03-30T03:00:00+02:00"],
            ),
            (
                "Europe/Berlin",
                "30 2 * * *",
                "2026-10-24T12:00:00Z",
                ["2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"],
            ),
            (
                "Europe/Berlin",
                "0 12 29 2 *",
                "2026-01-01T00:00:00Z",
                ["2028-02-29T12:00:00+01:00", "2032-02-29T12:00:00+01:00"],
            ),
            // By half an hour, in the southern hemisphere.
            (
                "Australia/Lord_Howe",
                "15 2 * * *",
                "2026-10-03T00:00:00Z",
                ["2026-10-05T02:15:00+11:00", "2026-10-06T02:15:00+11:00"],
            ),
            // At midnight.
            (
                "America/Santiago",
                "@daily",
                "2026-09-05T12:00:00Z",
                ["2026-09-07T00:00:00-03:00", "2026-09-08T00:00:00-03:00"],
            ),
        ] {
            assert_eq!(after(zone, schedule, utc), expected, "{zone} {schedule}");
        }
    }
}
