//! Time zones of CronJobs: offsets from UTC and daylight saving time.
//!
//! Real: the IANA database. Modelled: UTC, `Etc/GMT+5` and the like, and the zones of the table, with today's rules: none,
//! those of the European Union, those of the United States and Canada. Not modelled: rules of the past, and all other
//! zones, among them those with daylight saving time in the southern hemisphere (Sydney, Auckland, Santiago), Cairo,
//! Casablanca, Jerusalem and Beirut. A CronJob with one of them creates no Jobs.

use crate::engine::{EPOCH_S, SECOND, Time};

/// When daylight saving time, one hour, begins and ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum DstRule {
    Never,
    /// From the last Sunday in March to the last Sunday in October, 01:00 UTC.
    Europe,
    /// From the second Sunday in March to the first Sunday in November, 02:00 local time.
    America,
}

/// A time zone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct TimeZone {
    standard_s: i64,
    rule: DstRule,
}

/// Rule and offset in minutes, with the names of the zones that have them.
const ZONES: &[(DstRule, i64, &str)] = &[
    (
        DstRule::Never,
        0,
        "UTC GMT UCT Zulu Universal Greenwich Etc/UTC Etc/GMT Etc/UCT Etc/Zulu Etc/Universal \
         Etc/Greenwich Africa/Abidjan Africa/Accra Africa/Dakar Atlantic/Reykjavik",
    ),
    (
        DstRule::Europe,
        0,
        "Europe/London Europe/Dublin Europe/Lisbon Europe/Belfast Atlantic/Canary Atlantic/Madeira GB \
         WET Portugal Eire",
    ),
    (
        DstRule::Europe,
        60,
        "Europe/Amsterdam Europe/Andorra Europe/Belgrade Europe/Berlin Europe/Bratislava \
         Europe/Brussels Europe/Budapest Europe/Copenhagen Europe/Gibraltar Europe/Ljubljana \
         Europe/Luxembourg Europe/Madrid Europe/Malta Europe/Monaco Europe/Oslo Europe/Paris \
         Europe/Podgorica Europe/Prague Europe/Rome Europe/San_Marino Europe/Sarajevo Europe/Skopje \
         Europe/Stockholm Europe/Tirane Europe/Vaduz Europe/Vatican Europe/Vienna Europe/Warsaw \
         Europe/Zagreb Europe/Zurich Poland CET MET",
    ),
    (
        DstRule::Europe,
        120,
        "Europe/Athens Europe/Bucharest Europe/Helsinki Europe/Kiev Europe/Kyiv Europe/Riga \
         Europe/Sofia Europe/Tallinn Europe/Vilnius Asia/Nicosia EET",
    ),
    (DstRule::Never, 60, "Africa/Algiers Africa/Lagos Africa/Tunis Africa/Kinshasa Africa/Luanda"),
    (DstRule::Never, 120, "Africa/Johannesburg Africa/Harare Africa/Maputo Africa/Tripoli"),
    (
        DstRule::Never,
        180,
        "Africa/Nairobi Africa/Addis_Ababa Asia/Baghdad Asia/Kuwait Asia/Qatar Asia/Riyadh \
         Europe/Istanbul Europe/Minsk Europe/Moscow Turkey",
    ),
    (DstRule::Never, 210, "Asia/Tehran Iran"),
    (DstRule::Never, 240, "Asia/Dubai Asia/Baku Asia/Tbilisi Asia/Yerevan Indian/Mauritius"),
    (DstRule::Never, 270, "Asia/Kabul"),
    (DstRule::Never, 300, "Asia/Karachi Asia/Tashkent Asia/Yekaterinburg Asia/Almaty"),
    (DstRule::Never, 330, "Asia/Kolkata Asia/Calcutta Asia/Colombo"),
    (DstRule::Never, 345, "Asia/Kathmandu"),
    (DstRule::Never, 360, "Asia/Dhaka"),
    (DstRule::Never, 390, "Asia/Yangon"),
    (DstRule::Never, 420, "Asia/Bangkok Asia/Ho_Chi_Minh Asia/Jakarta Asia/Novosibirsk"),
    (
        DstRule::Never,
        480,
        "Asia/Shanghai Asia/Hong_Kong Asia/Kuala_Lumpur Asia/Macau Asia/Manila Asia/Singapore \
         Asia/Taipei Australia/Perth PRC Hongkong Singapore",
    ),
    (DstRule::Never, 540, "Asia/Tokyo Asia/Seoul Japan ROK"),
    (DstRule::Never, 570, "Australia/Darwin"),
    (DstRule::Never, 600, "Australia/Brisbane Asia/Vladivostok Pacific/Guam Pacific/Port_Moresby"),
    (DstRule::Never, 720, "Pacific/Fiji Asia/Kamchatka"),
    (DstRule::America, -210, "America/St_Johns"),
    (DstRule::America, -240, "America/Halifax Atlantic/Bermuda"),
    (
        DstRule::America,
        -300,
        "America/New_York America/Detroit America/Toronto America/Montreal US/Eastern US/Michigan \
         EST5EDT Canada/Eastern",
    ),
    (DstRule::America, -360, "America/Chicago America/Winnipeg US/Central CST6CDT Canada/Central"),
    (DstRule::America, -420, "America/Denver America/Boise America/Edmonton US/Mountain MST7MDT"),
    (DstRule::America, -480, "America/Los_Angeles America/Tijuana US/Pacific PST8PDT"),
    (DstRule::America, -540, "America/Anchorage US/Alaska"),
    (DstRule::Never, -180, "America/Sao_Paulo America/Argentina/Buenos_Aires America/Montevideo"),
    (DstRule::Never, -240, "America/Caracas America/La_Paz America/Manaus America/Puerto_Rico"),
    (DstRule::Never, -300, "America/Bogota America/Lima America/Panama America/Jamaica EST"),
    (DstRule::Never, -360, "America/Mexico_City America/Costa_Rica America/Guatemala America/Regina"),
    (DstRule::Never, -420, "America/Phoenix US/Arizona MST"),
    (DstRule::Never, -600, "Pacific/Honolulu US/Hawaii HST"),
];

impl TimeZone {
    /// The zone with this name, UTC for an empty one; `None` if it is not modelled.
    pub(super) fn named(name: &str) -> Option<Self> {
        let name = if name.is_empty() { "UTC" } else { name };
        let found = ZONES.iter().find(|(_, _, names)| names.split(' ').any(|known| known == name));
        if let Some((rule, minutes, _)) = found {
            return Some(Self { standard_s: minutes * 60, rule: *rule });
        }
        // As in POSIX, `+` in these names is west of Greenwich.
        let hours: i64 = name.strip_prefix("Etc/GMT")?.parse().ok()?;
        (-14..=12).contains(&hours).then_some(Self { standard_s: -hours * 3600, rule: DstRule::Never })
    }

    /// Its offset from UTC, in seconds, at a time in seconds since 1970.
    pub(super) fn offset_s(self, wall_s: i64) -> i64 {
        let is_dst = self.dst(year_of(wall_s)).is_some_and(|[from, to]| (from..to).contains(&wall_s));
        self.standard_s + if is_dst { 3600 } else { 0 }
    }

    /// When its offset changes next.
    pub(super) fn next_change(self, wall_s: i64) -> Option<i64> {
        let year = year_of(wall_s);
        let changes = [self.dst(year)?, self.dst(year + 1)?];
        changes.into_iter().flatten().find(|change| *change > wall_s)
    }

    /// The local time (RFC 3339), with `Z` if the offset is 0.
    pub(super) fn rfc3339(self, time: Time) -> String {
        let offset_s = self.offset_s(time.wall_s());
        let local = at(time.wall_s() + offset_s).rfc3339();
        if offset_s == 0 {
            return local.to_string();
        }
        let (sign, minutes) = (if offset_s < 0 { '-' } else { '+' }, offset_s.abs() / 60);
        format!("{}{sign}{:02}:{:02}", local.trim_end_matches('Z'), minutes / 60, minutes % 60)
    }

    /// When daylight saving time begins and ends in a year.
    fn dst(self, year: i64) -> Option<[i64; 2]> {
        match self.rule {
            DstRule::Never => None,
            DstRule::Europe => {
                Some([(3, 25), (10, 25)].map(|(month, day)| sunday_from(year, month, day) + 3600))
            }
            DstRule::America => {
                let (from, to) = (sunday_from(year, 3, 8), sunday_from(year, 11, 1));
                Some([from + 7200 - self.standard_s, to + 3600 - self.standard_s])
            }
        }
    }
}

/// Midnight of the first Sunday on or after this day.
fn sunday_from(year: i64, month: i64, day: i64) -> i64 {
    let midnight = Time::parse_rfc3339(&format!("{year:04}-{month:02}-{day:02}T00:00:00Z"));
    let day = midnight.expect("the text is a date").wall_s() / 86_400;
    // 1970-01-01 was a Thursday.
    (day + (7 - (day + 4).rem_euclid(7)) % 7) * 86_400
}

fn year_of(wall_s: i64) -> i64 {
    at(wall_s).date().0
}

fn at(wall_s: i64) -> Time {
    Time((wall_s - EPOCH_S) * SECOND as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(zone: &str, utc: &str) -> String {
        TimeZone::named(zone).unwrap().rfc3339(Time::parse_rfc3339(utc).unwrap())
    }

    #[test]
    fn utc_fixed_offsets_and_zones_of_the_table_are_modelled() {
        assert_eq!(local("", "2026-07-01T12:00:00Z"), "2026-07-01T12:00:00Z");
        assert_eq!(local("Etc/GMT+3", "2026-07-01T12:00:00Z"), "2026-07-01T09:00:00-03:00");
        assert_eq!(local("Asia/Kolkata", "2026-07-01T12:00:00Z"), "2026-07-01T17:30:00+05:30");
        assert_eq!(local("America/St_Johns", "2026-01-01T12:00:00Z"), "2026-01-01T08:30:00-03:30");
        for unknown in ["Europe/Nowhere", "Australia/Sydney", "Etc/GMT+13", "Local"] {
            assert_eq!(TimeZone::named(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn offsets_change_at_the_second_that_the_rules_name() {
        for (zone, utc, expected) in [
            ("Europe/Berlin", "2026-03-29T00:59:59Z", "2026-03-29T01:59:59+01:00"),
            ("Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-29T03:00:00+02:00"),
            ("Europe/Berlin", "2026-10-25T00:59:59Z", "2026-10-25T02:59:59+02:00"),
            ("Europe/Berlin", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00+01:00"),
            ("Europe/London", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
            ("Europe/London", "2026-07-01T00:00:00Z", "2026-07-01T01:00:00+01:00"),
            ("America/New_York", "2026-03-08T06:59:59Z", "2026-03-08T01:59:59-05:00"),
            ("America/New_York", "2026-03-08T07:00:00Z", "2026-03-08T03:00:00-04:00"),
            ("America/New_York", "2026-11-01T05:59:59Z", "2026-11-01T01:59:59-04:00"),
            ("America/New_York", "2026-11-01T06:00:00Z", "2026-11-01T01:00:00-05:00"),
        ] {
            assert_eq!(local(zone, utc), expected, "{zone} {utc}");
        }
    }

    #[test]
    fn no_name_is_in_the_table_twice() {
        let mut names: Vec<&str> = ZONES.iter().flat_map(|(_, _, names)| names.split(' ')).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
