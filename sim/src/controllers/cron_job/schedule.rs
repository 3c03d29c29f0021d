//! Cron schedules: five fields with names, ranges, steps and lists, or a macro; and their next time.
//!
//! Real: robfig/cron `ParseStandard` and `SpecSchedule.Next`. Modelled: all of it but seconds and time zones in the text,
//! which the API server refuses. If one of the two day fields is `*`, a day must match both, else one of them.

use super::zone::TimeZone;
use crate::engine::{EPOCH_S, Time};

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
/// A schedule without a time within five years has none (robfig/cron).
const FARTHEST_DAYS: i64 = 5 * 366;

/// Changes of a zone's offset within these years: two a year, and one more.
const MOST_CHANGES: u32 = 11;

/// A parsed schedule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Schedule {
    /// At these minutes.
    Fields(Box<Fields>),
    /// `@every`: this many seconds after the last time.
    Every(i64),
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
            return duration_s(every).map(|seconds| Self::Every(seconds.max(1)));
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
    pub(super) fn next(&self, time: Time, zone: TimeZone) -> Option<Time> {
        let fields = match self {
            Self::Every(seconds) => return Some(at_wall(time.wall_s() + seconds)),
            Self::Fields(fields) => fields,
        };
        let (mut at, mut after) = (time.wall_s(), time.wall_s());
        for _ in 0..=MOST_CHANGES {
            let offset = zone.offset_s(at);
            let next = fields.next(after + offset)? - offset;
            match zone.next_change(at).filter(|change| *change <= next) {
                Some(change) => (at, after) = (change, change - 1),
                None => return Some(at_wall(next)),
            }
        }
        None
    }

    /// The last time after `earliest` that is not after `now`.
    pub(super) fn last(&self, earliest: Time, now: Time, zone: TimeZone) -> Option<Time> {
        let mut last = self.next(earliest, zone).filter(|time| *time <= now)?;
        while let Some(next) = self.next(last, zone).filter(|time| *time <= now) {
            last = next;
        }
        Some(last)
    }
}

fn at_wall(seconds: i64) -> Time {
    Time((seconds - EPOCH_S) * 1000)
}

impl Fields {
    /// The first matching local second after this one.
    fn next(&self, after_s: i64) -> Option<i64> {
        let first = after_s.div_euclid(60) + 1;
        let today = first.div_euclid(1440);
        let from = |day: i64| if day == today { first.rem_euclid(1440) } else { 0 };
        let days = (today..=today + FARTHEST_DAYS).filter(|day| self.has_day(*day));
        days.filter_map(|day| Some(day * 1440 + self.minute_from(from(day))?))
            .next()
            .map(|minute| minute * 60)
    }

    fn has_day(&self, day: i64) -> bool {
        let (_, month, of_month) = at_wall(day * 86_400).date();
        // 1970-01-01 was a Thursday.
        let (by_day, by_weekday) = (has(self.days, of_month), has(self.weekdays, (day + 4).rem_euclid(7)));
        has(self.months, month) && if self.both_days { by_day && by_weekday } else { by_day || by_weekday }
    }

    /// The first matching minute of a day from this one on.
    fn minute_from(&self, first: i64) -> Option<i64> {
        (first..1440).find(|minute| has(self.hours, minute / 60) && has(self.minutes, minute % 60))
    }
}

fn has(bits: u64, n: i64) -> bool {
    debug_assert!((0..64).contains(&n), "minutes, hours, days and months fit into 64 bits");
    bits >> n & 1 == 1
}

/// The bits of one field, and whether it is `*`.
fn field(text: &str, bounds: (i64, i64), names: &[&str]) -> Option<(u64, bool)> {
    let parts: Option<Vec<(u64, bool)>> = text.split(',').map(|part| range(part, bounds, names)).collect();
    let parts = parts?;
    let any = parts.iter().any(|(_, any)| *any);
    Some((parts.iter().fold(0, |bits, (more, _)| bits | more), any))
}

/// The bits of `*`, `3`, `mon-fri`, `*/10`, `5/15`, `10-40/10`.
fn range(text: &str, (lowest, highest): (i64, i64), names: &[&str]) -> Option<(u64, bool)> {
    let (range, step) = match text.split_once('/') {
        Some((range, step)) => (range, Some(step.parse::<i64>().ok().filter(|step| *step > 0)?)),
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
    let steps = (first..=last).step_by(usize::try_from(step.unwrap_or(1)).ok()?);
    Some((steps.fold(0, |bits, n| bits | 1 << n), any && step.unwrap_or(1) == 1))
}

fn number(text: &str, lowest: i64, names: &[&str]) -> Option<i64> {
    let place = names.iter().position(|name| text.eq_ignore_ascii_case(name));
    match place {
        Some(place) => Some(i64::try_from(place).ok()? + lowest),
        None => text.parse().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit())),
    }
}

/// Whole seconds of a Go duration: `1h30m`, `90s`.
fn duration_s(text: &str) -> Option<i64> {
    let mut seconds = 0_i64;
    let mut rest = text.trim();
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).filter(|digits| *digits > 0)?;
        let (number, unit) = rest.split_at(digits);
        let factor = match unit.chars().next()? {
            'h' => 3600,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        seconds = seconds.checked_add(number.parse::<i64>().ok()?.checked_mul(factor)?)?;
        rest = &unit[1..];
    }
    Some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The times of a schedule after 2026-01-01T00:00:00Z, a Thursday.
    fn times(schedule: &str, count: usize) -> Vec<String> {
        let schedule = Schedule::parse(schedule).unwrap();
        let mut time = Time::ZERO;
        let mut out = Vec::new();
        let utc = TimeZone::named("UTC").unwrap();
        while let Some(next) = schedule.next(time, utc).filter(|_| out.len() < count) {
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
        let (ahead, utc) = (TimeZone::named("Etc/GMT-2").unwrap(), TimeZone::named("UTC").unwrap());
        assert_eq!(daily.next(Time::ZERO, ahead), Some(Time(22 * 3_600_000)));
        assert_eq!(daily.last(Time(-86_400_000), Time(1), ahead), Some(Time(-7_200_000)));
        assert_eq!(daily.last(Time::ZERO, Time(1), utc), None);
    }

    #[test]
    fn a_skipped_hour_has_no_time_and_a_repeated_one_has_two() {
        let zone = TimeZone::named("Europe/Berlin").unwrap();
        let after = |schedule: &str, utc: &str| {
            let mut time = Time::parse_rfc3339(utc).unwrap();
            let schedule = Schedule::parse(schedule).unwrap();
            [(); 2].map(|()| {
                time = schedule.next(time, zone).unwrap();
                zone.rfc3339(time)
            })
        };
        assert_eq!(
            after("30 2 * * *", "2026-03-28T12:00:00Z"),
            ["2026-03-30T02:30:00+02:00", "2026-03-31T02:30:00+02:00"]
        );
        assert_eq!(
            after("0 3 * * *", "2026-03-28T12:00:00Z"),
            ["2026-03-29T03:00:00+02:00", "2026-03-30T03:00:00+02:00"]
        );
        assert_eq!(
            after("30 2 * * *", "2026-10-24T12:00:00Z"),
            ["2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"]
        );
        assert_eq!(
            after("0 12 29 2 *", "2026-01-01T00:00:00Z"),
            ["2028-02-29T12:00:00+01:00", "2032-02-29T12:00:00+01:00"]
        );
    }
}
