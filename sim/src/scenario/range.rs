//! Ranges `a..b` of times and counts, and Go durations. A plan draws from ranges; this file does not.

use std::fmt;
use std::str::FromStr;

/// The longest duration that a user may write: ten years. Our choice.
const LONGEST_MS: u64 = 10 * 365 * 24 * 3_600_000;

/// Times to draw from uniformly, with both ends. Virtual time has whole milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeRange {
    /// The shortest, in milliseconds.
    pub low_ms: u64,
    /// The longest, in milliseconds.
    pub high_ms: u64,
}

/// Counts to draw from uniformly, with both ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CountRange {
    /// The smallest.
    pub low: u64,
    /// The largest.
    pub high: u64,
}

impl TimeRange {
    /// Only this time.
    pub const fn exactly(ms: u64) -> Self {
        Self { low_ms: ms, high_ms: ms }
    }

    /// What is wrong with it: it ends before it starts, or is too long.
    pub fn check(self) -> Result<(), String> {
        self.to_string().parse::<Self>().map(drop)
    }

    /// The time, if there is only one.
    pub fn exact(self) -> Option<u64> {
        (self.low_ms == self.high_ms).then_some(self.low_ms)
    }
}

impl CountRange {
    /// Only this count.
    pub const fn exactly(n: u64) -> Self {
        Self { low: n, high: n }
    }

    /// What is wrong with it: it ends before it starts.
    pub fn check(self) -> Result<(), String> {
        self.to_string().parse::<Self>().map(drop)
    }

    /// The count, if there is only one.
    pub fn exact(self) -> Option<u64> {
        (self.low == self.high).then_some(self.low)
    }
}

/// Milliseconds as a Go duration, such as `1h30m`, `1.5s` or `200ms`. It parses what it prints, and all units of Go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Millis(pub u64);

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hours, minutes, seconds, ms) =
            (self.0 / 3_600_000, self.0 / 60_000 % 60, self.0 / 1000 % 60, self.0 % 1000);
        if hours > 0 {
            write!(f, "{hours}h")?;
        }
        if minutes > 0 {
            write!(f, "{minutes}m")?;
        }
        match (seconds, ms) {
            (0, 0) if self.0 > 0 => Ok(()),
            (_, 0) => write!(f, "{seconds}s"),
            (0, _) => write!(f, "{ms}ms"),
            _ => write!(f, "{seconds}.{}s", format!("{ms:03}").trim_end_matches('0')),
        }
    }
}

impl FromStr for Millis {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let nanos = match text {
            "0" => Some(0),
            _ => nanos(text),
        };
        let nanos =
            nanos.ok_or_else(|| format!("`{text}` is no duration: write `30s`, `5m`, `1h30m` or `200ms`"))?;
        if nanos % 1_000_000 != 0 {
            return Err(format!(
                "`{text}` has a fraction of a millisecond: write whole milliseconds, such as `1ms`"
            ));
        }
        let ms = u64::try_from(nanos / 1_000_000).ok().filter(|ms| *ms <= LONGEST_MS);
        ms.map(Self)
            .ok_or_else(|| format!("`{text}` is longer than ten years: write at most `{}`", Self(LONGEST_MS)))
    }
}

/// The nanoseconds of a Go duration; nothing for any other text.
fn nanos(text: &str) -> Option<u128> {
    let mut rest = text;
    let mut total: u128 = 0;
    while !rest.is_empty() || total == 0 {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(end);
        let end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        total = total.checked_add(scaled(number, unit_nanos(unit)?)?)?;
        rest = tail;
        if rest.is_empty() {
            break;
        }
    }
    Some(total)
}

fn unit_nanos(unit: &str) -> Option<u128> {
    Some(match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

/// A decimal number times a unit.
fn scaled(number: &str, unit: u128) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || number.len() > 24 {
        return None;
    }
    let digits = |s: &str| if s.is_empty() { Some(0) } else { s.parse::<u128>().ok() };
    let scale = 10_u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let below = digits(fraction)?.checked_mul(unit)?;
    // Fractions of a nanosecond round up, so that the caller sees that they are too fine.
    digits(whole)?.checked_mul(unit)?.checked_add(below.div_ceil(scale))
}

impl fmt::Display for TimeRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Millis(self.low_ms))?;
        if self.exact().is_none() { write!(f, "..{}", Millis(self.high_ms)) } else { Ok(()) }
    }
}

impl fmt::Display for CountRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.low)?;
        if self.exact().is_none() { write!(f, "..{}", self.high) } else { Ok(()) }
    }
}

impl FromStr for TimeRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (Millis(low_ms), Millis(high_ms)) = ends(text)?;
        Ok(Self { low_ms, high_ms })
    }
}

impl FromStr for CountRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (Count(low), Count(high)) = ends(text)?;
        Ok(Self { low, high })
    }
}

#[derive(Clone, Copy, PartialEq, PartialOrd)]
struct Count(u64);

impl FromStr for Count {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        let count = text.parse().ok().filter(|_| digits);
        count
            .map(Self)
            .ok_or_else(|| format!("`{text}` is no count: write a whole number such as `3`, or `0..3`"))
    }
}

/// Both ends of `a..b`; `a` alone is both.
fn ends<T: FromStr<Err = String> + PartialOrd + Copy>(text: &str) -> Result<(T, T), String> {
    let Some((low, high)) = text.split_once("..") else {
        let one = text.parse()?;
        return Ok((one, one));
    };
    let (low, high) = (low.trim(), high.trim());
    let (a, b): (T, T) = (low.parse()?, high.strip_prefix('=').unwrap_or(high).parse()?);
    if a > b { Err(format!("`{text}` ends before it starts: write `{high}..{low}`")) } else { Ok((a, b)) }
}

/// The most seeds of a sweep. Our choice: a sweep lists its jobs before it begins.
pub const MOST_SEEDS: u64 = 1_000_000;

/// The seeds of a sweep: `200` for the first 200 from 0, or `A..B` without B.
pub fn seeds(text: &str) -> Result<std::ops::Range<u64>, String> {
    let wrong = |why: &str| format!("`{text}` {why}: write `200`, or `0..200` (200 does not run)");
    let number = |text: &str| text.parse::<Count>().map(|count| count.0);
    let parsed = match text.split_once("..") {
        Some((first, end)) => number(first).and_then(|first| Ok(first..number(end)?)),
        None => number(text).map(|end| 0..end),
    };
    let seeds = parsed.map_err(|_| wrong("is no number or range of seeds"))?;
    match how_many(&seeds) {
        Ok(()) => Ok(seeds),
        Err(why) => Err(wrong(&why)),
    }
}

/// Checks a range of seeds; the error says what would be right.
pub fn check_seeds(seeds: &std::ops::Range<u64>) -> Result<(), String> {
    let range = format!("{}..{}", seeds.start, seeds.end);
    how_many(seeds).map_err(|why| format!("`{range}` {why}: write `200`, or `0..200` (200 does not run)"))
}

fn how_many(seeds: &std::ops::Range<u64>) -> Result<(), String> {
    match seeds.end.saturating_sub(seeds.start) {
        0 => Err("has no seed".into()),
        1..=MOST_SEEDS => Ok(()),
        many => Err(format!("has {many} seeds, and a sweep has at most {MOST_SEEDS}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_print_as_go_users_write_them_and_parse_back() {
        for (ms, text) in [
            (0, "0s"),
            (1, "1ms"),
            (1_500, "1.5s"),
            (1_005, "1.005s"),
            (90_000, "1m30s"),
            (3_600_000, "1h"),
            (3_600_200, "1h200ms"),
            (5_400_000, "1h30m"),
        ] {
            assert_eq!(Millis(ms).to_string(), text);
            assert_eq!(text.parse(), Ok(Millis(ms)));
        }
        assert_eq!("90s".parse(), Ok(Millis(90_000)));
        assert_eq!(".5s".parse(), Ok(Millis(500)));
        assert_eq!("2000us".parse(), Ok(Millis(2)));
    }

    #[test]
    fn a_wrong_duration_gets_a_message_with_a_right_one() {
        for text in ["", "5", "s", "5 s", "-5s", "+5s", "5sec", "1..2s", ".s", "5x", "1e3s", "٣s"] {
            assert!(text.parse::<Millis>().unwrap_err().contains("no duration"), "{text}");
        }
        assert!("100us".parse::<Millis>().unwrap_err().contains("whole milliseconds"));
        assert!("0.0000000001s".parse::<Millis>().unwrap_err().contains("whole milliseconds"));
        assert!("99999999h".parse::<Millis>().unwrap_err().contains("ten years"));
    }

    #[test]
    fn seeds_leave_the_end_out() {
        assert_eq!(seeds("200"), Ok(0..200));
        assert_eq!(seeds("7..9"), Ok(7..9));
        for text in ["", "0", "9..7", "3..3", "a", "-1..2", "1..=2", "1000001", "0..99999999999"] {
            assert!(seeds(text).unwrap_err().contains("write `200`"), "{text}");
        }
    }

    #[test]
    fn ranges_include_both_ends_and_must_be_in_order() {
        assert_eq!("20s..90s".parse(), Ok(TimeRange { low_ms: 20_000, high_ms: 90_000 }));
        assert_eq!("0..3".parse(), Ok(CountRange { low: 0, high: 3 }));
        assert_eq!("3".parse(), Ok(CountRange::exactly(3)));
        assert_eq!(TimeRange { low_ms: 500, high_ms: 60_000 }.to_string(), "500ms..1m");
        assert!("90s..20s".parse::<TimeRange>().unwrap_err().contains("write `20s..90s`"));
        assert!("-1".parse::<CountRange>().is_err());
    }
}
