//! Virtual time: whole milliseconds, 0 where a scenario's setup ends, negative before.

use std::fmt;
use std::ops::{Add, Sub};

use smol_str::SmolStr;

/// A duration in milliseconds.
pub type Millis = u64;

/// One second in milliseconds.
pub const SECOND: Millis = 1000;

/// The wall clock at t = 0, in seconds since 1970: 2026-01-01T00:00:00Z. Our choice: a fixed date makes runs of any day equal.
pub const EPOCH_S: i64 = 1_767_225_600;

/// A point of virtual time, in milliseconds from t = 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
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

    /// The wall clock in whole seconds since 1970.
    pub fn wall_s(self) -> i64 {
        (EPOCH_S * 1000 + self.0).div_euclid(1000)
    }

    /// Year, month and day of the wall clock, in UTC.
    pub fn date(self) -> (i64, i64, i64) {
        civil_from_days(self.wall_s().div_euclid(86_400))
    }

    /// The wall clock as Kubernetes writes a `Time`: `2026-01-01T00:00:00Z`.
    pub fn rfc3339(self) -> SmolStr {
        SmolStr::new(std::str::from_utf8(&rfc3339_of(self.wall_s())).expect("digits are UTF-8"))
    }

    /// The wall clock as Kubernetes writes a `MicroTime`: `2026-01-01T00:00:00.000000Z`.
    pub fn rfc3339_micro(self) -> SmolStr {
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        text[..19].copy_from_slice(&rfc3339_of(self.wall_s())[..19]);
        number_before(&mut text, 23, self.0.rem_euclid(1000));
        SmolStr::new(std::str::from_utf8(&text).expect("digits are UTF-8"))
    }

    /// Parses a `Time` or `MicroTime`, to the millisecond. Accepts UTC (`Z`) only.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
        let mut date = date.split('-').map(|part| part.parse::<i64>().ok());
        let (year, month, day) = (date.next()??, date.next()??, date.next()??);
        let (hms, fraction) = time.split_once('.').unwrap_or((time, ""));
        let mut hms = hms.split(':').map(|part| part.parse::<i64>().ok());
        let seconds = hms.next()?? * 3600 + hms.next()?? * 60 + hms.next()??;
        let millis: i64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
        Some(Self((days_from_civil(year, month, day) * 86_400 + seconds - EPOCH_S) * 1000 + millis))
    }
}

/// Seconds since 1970 as RFC 3339 text in UTC.
fn rfc3339_of(seconds: i64) -> [u8; 20] {
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil_from_days(days);
    let mut text = *b"0000-00-00T00:00:00Z";
    let pairs = [
        (0, year / 100 % 100),
        (2, year % 100),
        (5, month),
        (8, day),
        (11, rest / 3600),
        (14, rest / 60 % 60),
        (17, rest % 60),
    ];
    for (at, number) in pairs {
        let number = number as u8;
        text[at] = b'0' + number / 10;
        text[at + 1] = b'0' + number % 10;
    }
    text
}

/// Adds the digits of a number to the zeros that end at `end`.
fn number_before(text: &mut [u8], end: usize, mut number: i64) {
    let mut at = end;
    while number > 0 {
        at -= 1;
        text[at] += (number % 10) as u8;
        number /= 10;
    }
}

/// The date of a day counted from 1970-01-01, in the proleptic Gregorian calendar.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    // Years start in March, so that the leap day is a year's last; 400 years have 146,097 days.
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// The day of a date, counted from 1970-01-01.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year - 719_468
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

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_epoch_is_new_year_2026() {
        assert_eq!(Time::ZERO.rfc3339(), "2026-01-01T00:00:00Z");
        assert_eq!(Time(-1).date(), (2025, 12, 31));
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
