//! RFC 3339 times in the form that the real server stores: UTC, with none or six digits of fraction.
//!
//! From text to text, because objects hold times as strings. Clocks are in `engine`.

/// `text` in canonical form with this many digits of fraction; none if it has that form already or is no time.
pub(crate) fn canonical(text: &str, digits: usize) -> Option<String> {
    if has_form(text, digits) {
        return None;
    }
    let (date, rest) = text.split_at_checked(10)?;
    let (clock, rest) = rest.strip_prefix(['T', 't'])?.split_at_checked(8)?;
    let (fraction, zone) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())),
        None => ("", rest),
    };
    let fraction: String = fraction.chars().chain(std::iter::repeat('0')).take(digits).collect();
    let offset = match zone {
        "Z" | "z" => 0,
        _ => offset_seconds(zone)?,
    };
    let mut days = days_of(date)?;
    let mut seconds = seconds_of(clock)? - offset;
    days += seconds.div_euclid(86_400);
    seconds = seconds.rem_euclid(86_400);
    let (year, month, day) = date_of(days);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let dot = if digits == 0 { "" } else { "." };
    let out = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{dot}{fraction}Z");
    (out != text).then_some(out)
}

/// Whether the text has the shape of a canonical time.
fn has_form(text: &str, digits: usize) -> bool {
    const FORM: &[u8; 19] = b"0000-00-00T00:00:00";
    let text = text.as_bytes();
    let length = FORM.len() + if digits > 0 { digits + 2 } else { 1 };
    let fits = |(form, byte): (&u8, &u8)| if *form == b'0' { byte.is_ascii_digit() } else { form == byte };
    text.len() == length
        && FORM.iter().zip(text).all(fits)
        && text[length - 1] == b'Z'
        && (digits == 0
            || text[FORM.len()] == b'.' && text[FORM.len() + 1..length - 1].iter().all(u8::is_ascii_digit))
}

fn offset_seconds(zone: &str) -> Option<i64> {
    let (sign, rest) = match zone.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    Some(sign * (hours.parse::<i64>().ok()? * 3600 + minutes.parse::<i64>().ok()? * 60))
}

fn seconds_of(clock: &str) -> Option<i64> {
    let mut parts = clock.split(':').map(|part| part.parse::<i64>().ok());
    Some(parts.next()?? * 3600 + parts.next()?? * 60 + parts.next()??)
}

/// The days from 1970-01-01 to a date. Counts years from March, in eras of 400 years.
fn days_of(date: &str) -> Option<i64> {
    let mut parts = date.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468)
}

fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let (day, month) =
        (day_of_year - (153 * shifted + 2) / 5 + 1, if shifted < 10 { shifted + 3 } else { shifted - 9 });
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_and_fractions_take_their_canonical_form() {
        for (text, digits, wanted) in [
            ("2026-01-01T00:00:00Z", 0, None),
            ("2026-01-01T00:00:00.123456Z", 6, None),
            ("2026-01-01T00:00:00.987Z", 0, Some("2026-01-01T00:00:00Z")),
            ("2026-01-01T01:30:00+02:00", 0, Some("2025-12-31T23:30:00Z")),
            ("2024-02-28T23:00:00-02:00", 6, Some("2024-02-29T01:00:00.000000Z")),
            ("2026-01-01T00:00:00.5Z", 6, Some("2026-01-01T00:00:00.500000Z")),
            ("nonsense", 0, None),
        ] {
            assert_eq!(canonical(text, digits).as_deref(), wanted, "{text}");
        }
    }
}
