//! Time zones of cron jobs: UTC and fixed offsets from it.

/// How far a zone is ahead of UTC, in seconds. None for zones that are not modelled: all with rules of their own.
pub(super) fn offset_s(zone: &str) -> Option<i64> {
    if matches!(zone, "" | "UTC" | "GMT" | "Etc/UTC" | "Etc/GMT" | "Etc/UCT" | "Etc/Zulu" | "Etc/Universal") {
        return Some(0);
    }
    // In these names, as POSIX has it, `+` lies west of Greenwich.
    let hours: i64 = zone.strip_prefix("Etc/GMT")?.parse().ok()?;
    (-14..=12).contains(&hours).then_some(-hours * 3600)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utc_and_fixed_offsets_are_known_and_zones_with_rules_are_not() {
        assert_eq!(
            (offset_s("Etc/UTC"), offset_s("Etc/GMT+3"), offset_s("Etc/GMT-2")),
            (Some(0), Some(-10_800), Some(7_200))
        );
        assert_eq!((offset_s("Europe/Berlin"), offset_s("Etc/GMT+13")), (None, None));
    }
}
