//! Resource quantities: exact decimal numbers with the suffixes of Kubernetes, and their canonical form.
//!
//! Real: inf.Dec with arbitrary precision, rounded up to nano. Differs: multiples of one nano in an i128; larger values are
//! refused.

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;

use derive_more::Display;

/// One unit in nanos.
const ONE: i128 = 1_000_000_000;

/// The families of suffixes. The canonical form keeps the family of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    /// `n u m k M G T P E`
    Decimal,
    /// `Ki Mi Gi Ti Pi Ei`
    Binary,
    /// `e3`
    Exponent,
}

/// An amount of a resource. Quantities are equal if their amounts are, whatever their suffixes.
#[derive(Clone, Copy, Debug)]
pub struct Quantity {
    nanos: i128,
    family: Family,
}

/// The text is not a quantity (k8s.io/apimachinery/pkg/api/resource `ErrFormatWrong`).
#[derive(Clone, Debug, PartialEq, Eq, Display)]
#[display("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")]
pub struct QuantityError;

impl std::error::Error for QuantityError {}

impl Quantity {
    /// Zero.
    pub const ZERO: Self = Self { nanos: 0, family: Family::Decimal };

    /// A number of thousandths, such as millicores.
    pub fn from_millis(millis: i64) -> Self {
        Self { nanos: i128::from(millis) * (ONE / 1000), family: Family::Decimal }
    }

    /// A number of whole units.
    pub fn from_units(units: i64) -> Self {
        Self { nanos: i128::from(units) * ONE, family: Family::Decimal }
    }

    /// The amount in thousandths, rounded up.
    pub fn millis(self) -> i128 {
        div_up(self.nanos, ONE / 1000)
    }

    /// The amount in whole units, rounded up.
    pub fn units(self) -> i128 {
        div_up(self.nanos, ONE)
    }

    /// Whether the amount is zero.
    pub fn is_zero(self) -> bool {
        self.nanos == 0
    }

    fn write_scaled(self, f: &mut fmt::Formatter<'_>, exponents: &[i32]) -> fmt::Result {
        for exponent in exponents {
            let step = 10_i128.pow(u32::try_from(exponent + 9).unwrap_or(0));
            if self.nanos % step == 0 {
                return write!(f, "{}{}", self.nanos / step, decimal_suffix(self.family, *exponent));
            }
        }
        Ok(())
    }
}

/// Whether a text is surely a canonical quantity: no sign, no fraction, and no larger suffix fits. True for most texts; if
/// false, the text may still be canonical.
pub(super) fn is_plain(text: &str) -> bool {
    let end = text.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
    let (digits, suffix) = text.split_at(end);
    if digits.is_empty() || digits.len() > 15 || digits.starts_with('0') {
        return text == "0";
    }
    match suffix {
        "" | "m" | "k" | "M" | "G" | "T" => !digits.ends_with("000"),
        "Ki" | "Mi" | "Gi" => digits.parse().is_ok_and(|n: u64| !n.is_multiple_of(1024)),
        _ => false,
    }
}

fn div_up(n: i128, by: i128) -> i128 {
    n.div_euclid(by) + i128::from(n.rem_euclid(by) != 0)
}

fn decimal_suffix(family: Family, exponent: i32) -> String {
    match (family, exponent) {
        (_, 0) => String::new(),
        (Family::Exponent, e) => format!("e{e}"),
        (_, -9) => "n".into(),
        (_, -6) => "u".into(),
        (_, -3) => "m".into(),
        (_, 3) => "k".into(),
        (_, 6) => "M".into(),
        (_, 9) => "G".into(),
        (_, 12) => "T".into(),
        (_, 15) => "P".into(),
        (_, _) => "E".into(),
    }
}

/// The family of a suffix, and its value in nanos.
fn suffix(text: &str) -> Option<(Family, i128)> {
    let binary = |n: u32| Some((Family::Binary, ONE << (10 * n)));
    let decimal = |e: u32| Some((Family::Decimal, 10_i128.pow(9 + e)));
    match text {
        "" => decimal(0),
        "n" => Some((Family::Decimal, 1)),
        "u" => Some((Family::Decimal, 1_000)),
        "m" => Some((Family::Decimal, 1_000_000)),
        "k" => decimal(3),
        "M" => decimal(6),
        "G" => decimal(9),
        "T" => decimal(12),
        "P" => decimal(15),
        "E" => decimal(18),
        "Ki" => binary(1),
        "Mi" => binary(2),
        "Gi" => binary(3),
        "Ti" => binary(4),
        "Pi" => binary(5),
        "Ei" => binary(6),
        _ => {
            let exponent: i32 = text.strip_prefix(['e', 'E'])?.parse().ok()?;
            let scale = u32::try_from(exponent.checked_add(9)?).ok().filter(|e| *e <= 27)?;
            Some((Family::Exponent, 10_i128.pow(scale)))
        }
    }
}

impl FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
        let (number, tail) = unsigned.split_at(end);
        let (family, scale) = suffix(tail).ok_or(QuantityError)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
            return Err(QuantityError);
        }
        let digits = |text: &str| if text.is_empty() { Some(0) } else { text.parse::<i128>().ok() };
        let whole = digits(whole).and_then(|n| n.checked_mul(scale)).ok_or(QuantityError)?;
        // Rounds a fraction beyond nano up, away from zero.
        let fraction = fraction.get(..18).unwrap_or(fraction);
        let unit = 10_i128.pow(u32::try_from(fraction.len()).map_err(|_| QuantityError)?);
        let part = digits(fraction).and_then(|n| n.checked_mul(scale)).ok_or(QuantityError)?;
        let nanos = whole.checked_add(div_up(part, unit)).ok_or(QuantityError)?;
        Ok(Self { nanos: if text.starts_with('-') { -nanos } else { nanos }, family })
    }
}

impl fmt::Display for Quantity {
    /// The canonical form: no fraction, the largest suffix of the family that fits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.nanos == 0 {
            return f.write_str("0");
        }
        // Binary suffixes are only for whole amounts of at least 1024.
        if self.family == Family::Binary && self.nanos % ONE == 0 && self.nanos.abs() >= 1024 * ONE {
            let mut units = self.nanos / ONE;
            let mut power = 0;
            while power < 6 && units % 1024 == 0 {
                units /= 1024;
                power += 1;
            }
            return write!(f, "{units}{}", ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"][power]);
        }
        let decimal = Self {
            family: if self.family == Family::Binary { Family::Decimal } else { self.family },
            ..*self
        };
        decimal.write_scaled(f, &[18, 15, 12, 9, 6, 3, 0, -3, -6, -9])
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nanos == other.nanos
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.nanos.cmp(&other.nanos)
    }
}

impl Add for Quantity {
    type Output = Self;

    /// The sum, in the family of the first quantity that is not zero.
    fn add(self, other: Self) -> Self {
        let family = if self.is_zero() { other.family } else { self.family };
        Self { nanos: self.nanos.saturating_add(other.nanos), family }
    }
}

impl Sub for Quantity {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + Self { nanos: -other.nanos, ..other }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> String {
        text.parse::<Quantity>().unwrap().to_string()
    }

    #[test]
    fn the_canonical_form_has_no_fraction_and_the_largest_suffix_of_its_family() {
        for (text, wanted) in [
            ("1000m", "1"),
            ("0.5", "500m"),
            ("1.5Gi", "1536Mi"),
            ("1024", "1024"),
            ("1024Ki", "1Mi"),
            ("0.5Ki", "512"),
            ("1000", "1k"),
            ("1500M", "1500M"),
            ("100000M", "100G"),
            ("1e3", "1e3"),
            ("1E3", "1e3"),
            ("0", "0"),
            ("0Mi", "0"),
            ("-500m", "-500m"),
            ("0.0000000001", "1n"),
            ("+1", "1"),
            (".5", "500m"),
            ("5.", "5"),
            ("12e6", "12e6"),
            ("2Ei", "2Ei"),
            ("8E", "8E"),
        ] {
            assert_eq!(canonical(text), wanted, "{text}");
        }
    }

    #[test]
    fn a_plain_text_is_canonical() {
        let numbers =
            ["0", "1", "12", "100", "1000", "1024", "1536", "2048", "10000", "100000000000000", "01", ""];
        let mut plain = 0;
        for number in numbers {
            for suffix in ["", "n", "m", "k", "M", "G", "T", "P", "Ki", "Mi", "Gi", "Ti", "e3"] {
                let text = format!("{number}{suffix}");
                if is_plain(&text) {
                    plain += 1;
                    assert_eq!(canonical(&text), text);
                }
            }
        }
        assert_eq!(plain, 55);
        assert!(
            is_plain("0") && is_plain("250m") && is_plain("128Mi") && !is_plain("1024Mi") && !is_plain("0m")
        );
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "a", "1.2.3", "1KiB", "1 ", "Gi", ".", "1e", "--1", "1e99"] {
            assert_eq!(text.parse::<Quantity>(), Err(QuantityError), "{text}");
        }
    }

    #[test]
    fn amounts_compare_and_add_across_suffixes() {
        let q = |text: &str| text.parse::<Quantity>().unwrap();
        assert_eq!(q("1000m"), q("1"));
        assert!(q("1Gi") > q("1G"));
        assert_eq!((q("500m") + q("1.5")).to_string(), "2");
        assert_eq!((q("1Gi") - q("512Mi")).to_string(), "512Mi");
        assert_eq!((q("100m").millis(), q("1n").millis(), q("1500m").units()), (100, 1, 2));
    }
}
