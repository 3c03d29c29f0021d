//! How many nodes of a zone may be emptied, and how fast: states of disruption and rate limiters.
//!
//! Real: `ComputeZoneState`, `ReducedQPSFunc`, `RateLimitedTimedQueue` with a token bucket of burst 1. Modelled: all of
//! it; a node keeps its place in the queue, where a real one is put last at every monitor pass.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Settings;
use crate::engine::{Millis, Time};
use crate::object::Str;

/// The state of a zone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// No pass has judged it yet.
    Initial,
    Normal,
    /// More than two nodes and at least the threshold's share are not ready.
    Partial,
    /// No node is ready.
    Full,
}

/// The nodes of a zone, as one pass of the monitor counted them.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Count {
    pub(super) ready: usize,
    pub(super) unready: usize,
}

impl Count {
    fn state(self, threshold: f64) -> State {
        let all = self.ready + self.unready;
        if self.ready == 0 && self.unready > 0 {
            State::Full
        } else if self.unready > 2 && self.unready as f64 / all as f64 >= threshold {
            State::Partial
        } else {
            State::Normal
        }
    }
}

/// A token bucket of burst 1.
#[derive(Clone, Copy, Debug)]
struct Limiter {
    /// From one token to the next; `None`: there are none.
    interval_ms: Option<Millis>,
    /// When the next token is there.
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

    /// Another rate. Who has to wait with the old one has to wait with the new one.
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
    state: State,
    limiter: Limiter,
    queue: BTreeMap<u64, Str>,
}

/// What a pass means for all nodes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Turn {
    /// Nothing of the kind.
    None,
    /// All zones went dark: the fault is likely our own, so NoExecute taints go.
    AllDark,
    /// Some zone came back: all nodes get a new grace.
    Dawn,
}

/// All zones.
#[derive(Clone, Debug, Default)]
pub(super) struct Zones {
    zones: BTreeMap<Str, Zone>,
    last: u64,
}

impl Zones {
    /// Puts a node into the queue of its zone; its place.
    pub(super) fn enqueue(&mut self, zone: &Str, node: &Str, settings: &Settings) -> u64 {
        self.last += 1;
        let place = self.last;
        self.zone(zone, settings).queue.insert(place, node.clone());
        place
    }

    /// Takes a node out of the queue.
    pub(super) fn dequeue(&mut self, place: u64) {
        self.zones.values_mut().for_each(|zone| drop(zone.queue.remove(&place)));
    }

    fn zone(&mut self, zone: &Str, settings: &Settings) -> &mut Zone {
        self.zones.entry(zone.clone()).or_insert_with(|| Zone {
            state: State::Initial,
            limiter: Limiter::of_rate(settings.node_eviction_rate),
            queue: BTreeMap::new(),
        })
    }

    /// The zones in which nodes wait.
    pub(super) fn waiting(&self) -> impl Iterator<Item = &Str> {
        self.zones.iter().filter(|(_, zone)| !zone.queue.is_empty()).map(|(name, _)| name)
    }

    /// The next node that the zone may empty.
    pub(super) fn next(&mut self, zone: &str, now: Time) -> Option<Str> {
        let zone = self.zones.get_mut(zone)?;
        if zone.queue.is_empty() || !zone.limiter.take(now) {
            return None;
        }
        zone.queue.pop_first().map(|(_, node)| node)
    }

    /// How long the zone's next node has to wait, if any waits and may ever go.
    pub(super) fn wait(&self, zone: &str, now: Time) -> Option<Millis> {
        let zone = self.zones.get(zone).filter(|zone| !zone.queue.is_empty())?;
        zone.limiter.interval_ms?;
        zone.limiter.next.map(|next| next.since(now).max(1))
    }

    /// Takes the counts of a pass in and sets the limiters.
    pub(super) fn judge(&mut self, counts: &BTreeMap<Str, Count>, settings: &Settings, now: Time) -> Turn {
        let new = |zone: &Str| counts.get(zone).map(|count| count.state(settings.unhealthy_zone_threshold));
        for zone in counts.keys() {
            self.zone(zone, settings);
        }
        let known: BTreeSet<Str> = self.zones.keys().cloned().collect();
        for zone in known.iter().filter(|zone| !counts.contains_key(*zone)) {
            self.zones.remove(zone);
        }
        let all_dark = counts.keys().all(|zone| new(zone) == Some(State::Full));
        let all_were_dark = self.zones.values().all(|zone| zone.state == State::Full);
        if all_dark && all_were_dark {
            return Turn::None;
        }
        if all_dark {
            for zone in self.zones.values_mut() {
                zone.limiter.swap(0.0, now);
                zone.state = State::Full;
            }
            return Turn::AllDark;
        }
        for (name, zone) in &mut self.zones {
            let Some(state) = new(name).filter(|state| *state != zone.state || all_were_dark) else {
                continue;
            };
            let size = counts.get(name).map_or(0, |count| count.ready + count.unready);
            let rate = match state {
                State::Partial if size > settings.large_cluster_size_threshold => {
                    settings.secondary_node_eviction_rate
                }
                State::Partial => 0.0,
                _ => settings.node_eviction_rate,
            };
            zone.limiter.swap(rate, now);
            zone.state = state;
        }
        if all_were_dark { Turn::Dawn } else { Turn::None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(zones: &[(&str, usize, usize)]) -> BTreeMap<Str, Count> {
        zones
            .iter()
            .map(|(name, ready, unready)| ((*name).into(), Count { ready: *ready, unready: *unready }))
            .collect()
    }

    /// How many of 20 waiting nodes the zone lets go in 300 s.
    fn let_go(zones: &mut Zones, zone: &str) -> usize {
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
            assert_eq!(zones.judge(&counts, &settings, Time(0)), Turn::None);
            assert_eq!(let_go(&mut zones, "a"), gone, "{ready} ready, {unready} not");
        }
    }

    #[test]
    fn when_all_zones_are_dark_nothing_is_evicted_until_one_comes_back() {
        let settings = Settings::default();
        let mut zones = Zones::default();
        let pass =
            |zones: &mut Zones, b| zones.judge(&counts(&[("a", 0, 3), ("b", b, 3)]), &settings, Time(0));
        assert_eq!(pass(&mut zones, 1), Turn::None);
        assert_eq!(pass(&mut zones, 0), Turn::AllDark);
        assert_eq!(pass(&mut zones, 0), Turn::None);
        assert_eq!(let_go(&mut zones, "a"), 0);
        assert_eq!(pass(&mut zones, 1), Turn::Dawn);
        assert_eq!(let_go(&mut zones, "a"), 30);
    }
}
