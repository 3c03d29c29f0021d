//! What the injector knows of hosts: their names, and whether they run.

use std::collections::BTreeMap;

use super::known_objects::KnownObjects;
use crate::cluster::Cluster;
use crate::engine::{Draws, Time};
use crate::object::Str;
use crate::scenario::{EventPattern, Pattern, Pick};
use crate::wire::Addr;

/// All hosts that ever were.
#[derive(Debug, Default)]
pub(super) struct KnownHosts(BTreeMap<Addr, KnownHost>);

#[derive(Debug)]
struct KnownHost {
    /// The program's name, the process's name and the actor's name: patterns may use each.
    names: [Str; 3],
    runs: bool,
}

/// How to choose among those that a target names. Draws are keyed by the fault's text and the candidate's birth name, so that
/// neither another fault nor another candidate shifts the choice between two.
#[derive(Clone, Copy)]
pub(super) struct Choice<'a> {
    pub(super) draws: &'a Draws,
    pub(super) fault: &'a str,
    pub(super) now: Time,
    pub(super) pick: Pick,
}

impl Choice<'_> {
    /// Each candidate has its own drawn number, and the lowest are taken.
    pub(super) fn among<T>(self, candidates: Vec<T>, name: impl Fn(&T) -> Str) -> Vec<T> {
        let count = self.pick.of(candidates.len());
        let draw = |candidate: &T| {
            self.draws.nth(&["pick", self.fault, &name(candidate)], self.now.0.unsigned_abs())
        };
        let mut drawn: Vec<(u64, T)> = candidates.into_iter().map(|c| (draw(&c), c)).collect();
        drawn.sort_by_key(|(draw, _)| *draw);
        drawn.truncate(count);
        drawn.into_iter().map(|(_, candidate)| candidate).collect()
    }
}

impl KnownHosts {
    /// Learns which hosts there are, and which of them run.
    pub(super) fn learn(&mut self, cluster: &Cluster) {
        for (addr, spec) in cluster.hosts().iter() {
            let names = || {
                [spec.program.name().into(), spec.name.clone(), cluster.history().actor(addr).name.clone()]
            };
            let host = self.0.entry(addr).or_insert_with(|| KnownHost { names: names(), runs: false });
            host.runs = cluster.hosts().runs(addr);
        }
    }

    /// The name of a host in the record.
    pub(super) fn name(&self, host: Addr) -> Option<&Str> {
        self.0.get(&host).map(|host| &host.names[2])
    }

    /// Whether a host goes by this name.
    pub(super) fn is_named(&self, host: Addr, pattern: &Pattern) -> bool {
        self.0.get(&host).is_some_and(|host| host.names.iter().any(|name| pattern.matches(name)))
    }

    /// Whether a host may take part in the events of a pattern.
    pub(super) fn may_act(&self, host: Addr, pattern: &EventPattern) -> bool {
        pattern.actor.as_ref().is_none_or(|actor| self.is_named(host, actor))
    }

    /// The running hosts that a target means. `at` is the host at whose event the fault strikes: of several, `one` is that one.
    pub(super) fn chosen(
        &self,
        program: &Pattern,
        choice: Choice<'_>,
        at: Option<Addr>,
        known: &KnownObjects,
    ) -> Vec<Addr> {
        let named = |(addr, host): &(&Addr, &KnownHost)| host.runs && self.is_named(**addr, program);
        let running: Vec<Addr> = self.0.iter().filter(named).map(|(addr, _)| *addr).collect();
        let first = match choice.pick {
            Pick::One => at.filter(|addr| running.contains(addr)),
            Pick::Leader => running.iter().copied().find(|addr| known.holds_a_lease(&self.0[addr].names[1])),
            _ => None,
        };
        first.map_or_else(|| choice.among(running, |addr| self.0[addr].names[2].clone()), |first| vec![first])
    }
}
