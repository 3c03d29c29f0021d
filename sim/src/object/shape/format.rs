//! The OpenAPI string formats of custom resources. An unknown format is not checked, as on a real server.

use std::sync::LazyLock;

use jiff::civil::Date;
use regex_lite::Regex;

/// `1h30m`, `1.5s`, `-2us`.
static GO_DURATION: LazyLock<Regex> = LazyLock::new(|| {
    let text = r"^[+-]?(0|((\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h))+)$";
    Regex::new(text).expect("our own pattern is valid")
});

/// A format with a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    DateTime,
    Date,
    Byte,
    Ipv4,
    Ipv6,
    Cidr,
    Uuid,
    Duration,
}

impl Format {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "date-time" => Self::DateTime,
            "date" => Self::Date,
            "byte" => Self::Byte,
            "ipv4" => Self::Ipv4,
            "ipv6" => Self::Ipv6,
            "cidr" => Self::Cidr,
            "uuid" => Self::Uuid,
            "duration" => Self::Duration,
            _ => return None,
        })
    }
}

/// Whether `text` has the format.
pub(super) fn fits(format: Format, text: &str) -> bool {
    match format {
        Format::DateTime => is_date_time(text),
        Format::Date => is_date(text),
        Format::Byte => is_base64(text),
        Format::Ipv4 => text.parse::<std::net::Ipv4Addr>().is_ok(),
        Format::Ipv6 => text.parse::<std::net::Ipv6Addr>().is_ok(),
        Format::Cidr => is_cidr(text),
        Format::Uuid => is_uuid(text),
        Format::Duration => GO_DURATION.is_match(text),
    }
}

/// RFC 3339, as the decoder of metav1.Time accepts it.
pub(super) fn is_date_time(text: &str) -> bool {
    let Some((date, time)) = text.split_at_checked(10) else { return false };
    let Some((clock, mut rest)) = time.strip_prefix(['T', 't']).and_then(|time| time.split_at_checked(8))
    else {
        return false;
    };
    if let Some(fraction) = rest.strip_prefix('.') {
        let end = fraction.find(|c: char| !c.is_ascii_digit()).unwrap_or(fraction.len());
        if end == 0 {
            return false;
        }
        rest = &fraction[end..];
    }
    let zone = rest == "Z"
        || rest == "z"
        || rest
            .strip_prefix(['+', '-'])
            .and_then(|z| z.split_once(':'))
            .is_some_and(|(h, m)| in_range(h.as_bytes(), 23) && in_range(m.as_bytes(), 59));
    is_date(date) && is_clock(clock) && zone
}

/// `15:04:05`.
fn is_clock(text: &str) -> bool {
    let [h @ .., b':', m1, m2, b':', s1, s2] = text.as_bytes() else { return false };
    in_range(h, 23) && in_range(&[*m1, *m2], 59) && in_range(&[*s1, *s2], 59)
}

/// Whether this is a two-digit number up to `most`.
fn in_range(digits: &[u8], most: u32) -> bool {
    matches!(digits, [a, b] if pair(*a, *b).is_some_and(|n| n <= most))
}

/// The number of two digits.
fn pair(a: u8, b: u8) -> Option<u32> {
    (a.is_ascii_digit() && b.is_ascii_digit()).then(|| u32::from(a - b'0') * 10 + u32::from(b - b'0'))
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && text.parse::<Date>().is_ok()
}

/// Standard base64 with padding.
pub(super) fn is_base64(text: &str) -> bool {
    let padding = text.len() - text.trim_end_matches('=').len();
    let body = &text.as_bytes()[..text.len() - padding];
    text.len().is_multiple_of(4)
        && padding <= 2
        && body.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'+' || *b == b'/')
}

fn is_cidr(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else { return false };
    let most = match address.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(_)) => 32,
        Ok(std::net::IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    bits.parse::<u8>().is_ok_and(|bits| bits <= most)
}

fn is_uuid(text: &str) -> bool {
    let hex: String = text.chars().filter(|c| *c != '-').collect();
    hex.len() == 32 && hex.chars().all(|c| c.is_ascii_hexdigit())
}
