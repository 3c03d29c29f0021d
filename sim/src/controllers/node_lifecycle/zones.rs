//! How many nodes of a zone may be evicted, and how fast: states of disruption and rate limiters.
//!
//! Real: `ComputeZoneState`, `ReducedQPSFunc`, `RateLimitedTimedQueue` with a token bucket of burst 1. Modelled: all of
//! it. Differs: a node keeps its place in the queue, where each monitor pass puts a real one last.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Settings;
use crate::engine::{Millis, Time};
use crate::object::Str;

/// The state of a zone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum ZoneState {
    /// Before its first pass.
    Initial,
    Normal,
    /// More than two nodes, and at least the threshold's share, are not ready.
    Partial,
    /// No node is ready.
    Full,
}

/// The nodes of a zone, as one pass of the monitor counted them.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct ZoneCount {
    pub(super) ready: usize,
    pub(super) unready: usize,
}

impl ZoneCount {
    fn state(self, threshold: f64) -> ZoneState {
        let all = self.ready + self.unready;
        if self.ready == 0 && self.unready > 0 {
            ZoneState::Full
        } else if self.unready > 2 && self.unready as f64 / all as f64 >= threshold {
            ZoneState::Partial
        } else {
            ZoneState::Normal
        }
    }
}

/// A token bucket of burst 1.
#[derive(Clone, Copy, Debug)]
struct Limiter {
    /// From one token to the next; `None`: no tokens.
    interval_ms: Option<Millis>,
    /// When the next token is available; `None`: now.
    next: Option<Time>,
}

impl Limiter {
    fn of_rate(rate: f64) -> Self {
        let interval_ms = (rate > 0.0).then(|| (1000.0 / rate).round() as Millis);
        Self { interval_ms, next: None }
    }

    fn take(&mut self, now: Time) -> bool {
        let Some(interval) = self.interval_ms else { return false };
        if self.next.is_some_and(|next| next > now) {
            return false;
        }
        self.next = Some(now + interval);
        true
    }

    /// Sets another rate. If the old one has no token now, the new one has none either.
    fn swap(&mut self, rate: f64, now: Time) {
        let mut new = Self::of_rate(rate);
        if new.interval_ms != self.interval_ms {
            if !self.take(now) {
                new.take(now);
            }
            *self = new;
        }
    }
}

/// One zone.
#[derive(Clone, Debug)]
struct Zone {
    state: ZoneState,
    limiter: Limiter,
    queue: BTreeMap<u64, Str>,
}

/// How a pass changed the disruption of the whole cluster.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Disruption {
    Unchanged,
    /// All zones are in full disruption now: the control plane itself is likely cut off, so no node may be evicted.
    AllZones,
    /// A zone recovered from that: all nodes get a new grace.
    Ended,
}

/// All zones.
#[derive(Clone, Debug, Default)]
pub(super) struct Zones {
    zones: BTreeMap<Str, Zone>,
    /// The last place given out.
    last: u64,
}

impl Zones {
    /// Queues a node in its zone. Returns its place.
    pub(super) fn enqueue(&mut self, zone: &Str, node: &Str, settings: &Settings) -> u64 {
        self.last += 1;
        let place = self.last;
        self.zone(zone, settings).queue.insert(place, node.clone());
        place
    }

    /// Removes a node from the queue.
    pub(super) fn dequeue(&mut self, place: u64) {
        self.zones.values_mut().for_each(|zone| drop(zone.queue.remove(&place)));
    }

    fn zone(&mut self, zone: &Str, settings: &Settings) -> &mut Zone {
        self.zones.entry(zone.clone()).or_insert_with(|| Zone {
            state: ZoneState::Initial,
            limiter: Limiter::of_rate(settings.node_eviction_rate),
            queue: BTreeMap::new(),
        })
    }

    /// The zones in which nodes wait.
    pub(super) fn waiting(&self) -> impl Iterator<Item = &Str> {
        self.zones.iter().filter(|(_, zone)| !zone.queue.is_empty()).map(|(name, _)| name)
    }

    /// The next node that may be evicted.
    pub(super) fn next(&mut self, zone: &str, now: Time) -> Option<Str> {
        let zone = self.zones.get_mut(zone)?;
        if zone.queue.is_empty() || !zone.limiter.take(now) {
            return None;
        }
        zone.queue.pop_first().map(|(_, node)| node)
    }

    /// How long the zone's next node has to wait, if one waits and the zone gets tokens.
    pub(super) fn wait(&self, zone: &str, now: Time) -> Option<Millis> {
        let zone = self.zones.get(zone).filter(|zone| !zone.queue.is_empty())?;
        zone.limiter.interval_ms?;
        zone.limiter.next.map(|next| next.since(now).max(1))
    }

    /// Sets the states and limiters by the counts of a pass.
    pub(super) fn judge(
        &mut self,
        counts: &BTreeMap<Str, ZoneCount>,
        settings: &Settings,
        now: Time,
    ) -> Disruption {
        let new = |zone: &Str| counts.get(zone).map(|count| count.state(settings.unhealthy_zone_threshold));
        for zone in counts.keys() {
            self.zone(zone, settings);
        }
        let known: BTreeSet<Str> = self.zones.keys().cloned().collect();
        for zone in known.iter().filter(|zone| !counts.contains_key(*zone)) {
            self.zones.remove(zone);
        }
        let all_full = counts.keys().all(|zone| new(zone) == Some(ZoneState::Full));
        let all_were_full = self.zones.values().all(|zone| zone.state == ZoneState::Full);
        if all_full && all_were_full {
            return Disruption::Unchanged;
        }
        if all_full {
            for zone in self.zones.values_mut() {
                zone.limiter.swap(0.0, now);
                zone.state = ZoneState::Full;
            }
            return Disruption::AllZones;
        }
        for (name, zone) in &mut self.zones {
            let Some(state) = new(name).filter(|state| *state != zone.state || all_were_full) else {
                continue;
            };
            let size = counts.get(name).map_or(0, |count| count.ready + count.unready);
            let rate = match state {
                ZoneState::Partial if size > settings.large_cluster_size_threshold => {
                    settings.secondary_node_eviction_rate
                }
                ZoneState::Partial => 0.0,
                _ => settings.node_eviction_rate,
            };
            zone.limiter.swap(rate, now);
            zone.state = state;
        }
        if all_were_full { Disruption::Ended } else { Disruption::Unchanged }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(zones: &[(&str, usize, usize)]) -> BTreeMap<Str, ZoneCount> {
        zones
            .iter()
            .map(|(name, ready, unready)| ((*name).into(), ZoneCount { ready: *ready, unready: *unready }))
            .collect()
    }

    /// How many of 20 waiting nodes the zone lets evict in 300 s.
    fn evicted(zones: &mut Zones, zone: &str) -> usize {
        let settings = Settings::default();
        for n in 0..20 {
            zones.enqueue(&zone.into(), &smol_str::format_smolstr!("n{n}"), &settings);
        }
        (1..=300).filter(|s| zones.next(zone, Time(s * 1000)).is_some()).count()
    }

    #[test]
    fn one_node_in_ten_seconds_or_none_or_one_in_a_hundred() {
        let settings = Settings::default();
        for (ready, unready, gone) in
            [(9, 1, 20), (3, 2, 20), (2, 3, 0), (0, 3, 20), (20, 40, 3), (40, 20, 20)]
        {
            let mut zones = Zones::default();
            let counts = counts(&[("a", ready, unready), ("b", 1, 0)]);
            assert_eq!(zones.judge(&counts, &settings, Time(0)), Disruption::Unchanged);
            assert_eq!(evicted(&mut zones, "a"), gone, "{ready} ready, {unready} not");
        }
    }

    #[test]
    fn in_full_disruption_of_all_zones_nothing_is_evicted_until_one_recovers() {
        let settings = Settings::default();
        let mut zones = Zones::default();
        let pass =
            |zones: &mut Zones, b| zones.judge(&counts(&[("a", 0, 3), ("b", b, 3)]), &settings, Time(0));
        assert_eq!(pass(&mut zones, 1), Disruption::Unchanged);
        assert_eq!(pass(&mut zones, 0), Disruption::AllZones);
        assert_eq!(pass(&mut zones, 0), Disruption::Unchanged);
        assert_eq!(evicted(&mut zones, "a"), 0);
        assert_eq!(pass(&mut zones, 1), Disruption::Ended);
        assert_eq!(evicted(&mut zones, "a"), 30);
    }
}
