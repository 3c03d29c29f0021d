//! `hot_loop`: a program writes one object again and again although the system has converged, or does not let time pass.
//!
//! Counted: from the moment since which the system is converged for good to the end of the settle window, per host and object
//! (resource, namespace and name, whatever its uid, so that deleting and creating again counts), in any 60 s:
//! - [`CHANGES`] writes that changed the object's resourceVersion, or
//! - [`REQUESTS`] requests that write, among them those that change nothing and those that fail.
//!
//! At any time of a run, and counted over all programs together ([`spinning`]): [`REQUESTS_AT_ONCE`] answers at one instant, or a
//! million polls of programs at one instant (`programs::Stage` counts these); [`READS_AT_ONCE`] reads of clocks in one poll
//! ([`reading_clocks`]; `hermetic` counts these).
//!
//! Not judged: users, faults and the control plane; Leases, Events and reviews, which correct programs write all the time; setup
//! and the time of the faults. Any other program that never yields to the runtime is found by `stuck`.

use std::collections::{BTreeMap, VecDeque};

use super::{Observed, Violation};
use crate::engine::{Millis, SECOND, Time};
use crate::hermetic::{ClockLoop, READS_AT_ONCE};
use crate::scenario::oracle;
use crate::wire::{ActorClass, Resource, What};

/// The time over which writes are counted, in ms. Our choice, because a minute tells a poller from a loop.
const WINDOW_MS: Millis = 60 * SECOND;
/// Writes that change an object, in the window. Our choice, because a status with a timestamp that is written every 7 s stays
/// below, and a reconciler that wakes itself by its own writes is above within a second.
const CHANGES: usize = 10;
/// Requests that write, in the window. Our choice, because a correct controller that applies every 5 s, mostly without effect,
/// sends 12.
const REQUESTS: usize = 30;
/// Answers to all programs at one instant after which they count as a loop. Our choice, because latency spreads what programs
/// ask: thousands of answers in one millisecond are no traffic.
pub const REQUESTS_AT_ONCE: u32 = 10_000;

/// The first hot loop since the system is converged for good.
pub(super) fn hot_loop(run: &Observed<'_>) -> Option<Violation> {
    let since = run.converged?;
    let entries = run.history.record.entries();
    let start = entries.partition_point(|entry| entry.time < since);
    // The times of the last window, per host, object and limit.
    let mut times: BTreeMap<_, VecDeque<Time>> = BTreeMap::new();
    for entry in &entries[start..] {
        let (resource, key, limit, what) = match &entry.what {
            What::Commit(commit) => (commit.resource, &commit.key, CHANGES, "changed"),
            What::Request { verb, resource: Some(resource), key, .. } if verb.is_write() => {
                (*resource, key, REQUESTS, "tried to write")
            }
            _ => continue,
        };
        let actor = run.history.actor(entry.actor);
        if actor.class != ActorClass::Host || !counts(resource) {
            continue;
        }
        let recent = times.entry((entry.actor, resource, key, limit)).or_default();
        recent.push_back(entry.time);
        while recent.front().is_some_and(|first| entry.time.since(*first) >= WINDOW_MS) {
            recent.pop_front();
        }
        if recent.len() >= limit {
            let (who, plural, window) = (&actor.name, resource.plural(), WINDOW_MS / SECOND);
            let message =
                format!("{who} {what} {plural} {key} {limit} times in {window} s although all had converged");
            return Some(Violation::new(oracle::HOT_LOOP, entry.time, message));
        }
    }
    None
}

/// Whether writes of this resource are counted.
fn counts(resource: Resource) -> bool {
    !matches!(resource.plural(), "leases" | "events") && !resource.plural().ends_with("reviews")
}

/// A program that does not let time pass.
pub fn spinning(time: Time) -> Violation {
    let message =
        "a program does not let time pass: polled 1,000,000 times or sent 10,000 requests at one instant";
    Violation::new(oracle::HOT_LOOP, time, message)
}

/// A program that waits for a clock in vain.
pub fn reading_clocks(time: Time, found: &ClockLoop) -> Violation {
    let who = found.host.as_deref().unwrap_or("a program");
    let place = found.places.first().map_or(String::new(), |place| format!(" in {place}"));
    let message = format!(
        "{who} reads the clock {READS_AT_ONCE} times without letting time pass{place}: virtual time passes only while all \
         programs wait, so wait with a timer (tokio::time::sleep)"
    );
    Violation::new(oracle::HOT_LOOP, time, message)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::object::Object;
    use crate::value;
    use crate::wire::resource::{CONFIG_MAPS, LEASES};
    use crate::wire::{Actor, Addr, Commit, Entry, History, ObjectKey};

    /// What is found where such an actor changes one object of this resource 20 times.
    fn found(resource: Resource, class: ActorClass, every_ms: i64) -> Option<Violation> {
        let mut history = History::default();
        history.actors.push(Actor { name: "op".into(), class });
        for i in 0..20 {
            let object = Object::shared(value!({"metadata": {"name": "a", "namespace": "default"}}));
            let key = ObjectKey::of(&object);
            let commit = Commit {
                revision: 1,
                resource,
                key,
                old: Some(object.clone()),
                new: Some(object),
                birth: None,
            };
            let what = What::Commit(Arc::new(commit));
            history.record.push(Entry { time: Time(i * every_ms), actor: Addr(0), what });
        }
        hot_loop(&Observed {
            history: &history,
            healed: None,
            converged: Some(Time::ZERO),
            panics: &[],
            escapes: &[],
        })
    }

    #[test]
    fn a_host_that_changes_an_object_ten_times_a_minute_is_found() {
        let found = found(*CONFIG_MAPS, ActorClass::Host, 5000).unwrap();
        assert_eq!(found.time, Time(45_000));
        assert!(found.message.contains("op changed configmaps default/a 10 times"), "{found}");
    }

    #[test]
    fn slow_writers_leases_and_the_control_plane_are_not() {
        assert_eq!(found(*CONFIG_MAPS, ActorClass::Host, 7000), None);
        assert_eq!(found(*LEASES, ActorClass::Host, 1000), None);
        assert_eq!(found(*CONFIG_MAPS, ActorClass::System, 1000), None);
    }
}
