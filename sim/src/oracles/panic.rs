//! `panic`: a program panics, in its start closure, in its main task or in a task that it has spawned.
//!
//! Counted: every panic that the panic hook sees while the run's thread is in the run, however the run ended. Reported is the
//! first, with its program if that is known (see `hermetic::owners`).
//!
//! Not counted: panics of tasks that a dead incarnation has left behind. In life they ended with their process.

use super::{Observed, Violation};
use crate::engine::Time;
use crate::hermetic::Panic;
use crate::scenario::oracle;
use crate::wire::{Addr, What};

/// The first panic.
pub(super) fn panic(run: &Observed<'_>) -> Option<Violation> {
    let first = run.panics.first()?;
    let who = first.host.map_or("a spawned task", |host| &run.history.actor(Addr(host)).name);
    let where_in = if in_start_closure(run, first) { " in its start closure" } else { "" };
    let message = format!("{who} panicked{where_in} at {}: {}", first.location, first.message);
    Some(Violation::new(oracle::PANIC, Time::at_wall_ns(first.wall_ns), message))
}

/// Whether the record says that the closure panicked with which a program starts.
fn in_start_closure(run: &Observed<'_>, panic: &Panic) -> bool {
    let (time, entries) = (Time::at_wall_ns(panic.wall_ns), run.history.record.entries());
    let first = entries.partition_point(|entry| entry.time < time);
    let mut then = entries[first..].iter().take_while(|entry| entry.time == time);
    then.any(|entry| match &entry.what {
        What::Host(text) => {
            panic.host == Some(entry.actor.0) && text.starts_with("panicked in its start closure")
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Actor, ActorClass, Entry, History};

    fn found(host: Option<u32>, entry: &str) -> String {
        let mut history = History::default();
        history.actors.push(Actor { name: "op".into(), class: ActorClass::Host });
        history.record.push(Entry { time: Time(7), actor: Addr(0), what: What::Host(entry.into()) });
        let (message, location, wall_ns) = ("no pod".into(), "op.rs:1:2".into(), Time(7).wall_ns());
        let panics = [Panic { message, location, host, wall_ns }];
        let run = Observed { panics: &panics, ..Observed::of(&history) };
        panic(&run).map(|found| format!("{} {found}", found.time)).unwrap_or_default()
    }

    #[test]
    fn a_panic_is_found_with_its_time_its_place_and_its_program() {
        assert_eq!(found(Some(0), "panicked: no pod"), "0.007s panic: op panicked at op.rs:1:2: no pod");
        assert_eq!(found(None, "started"), "0.007s panic: a spawned task panicked at op.rs:1:2: no pod");
        let at_start = found(Some(0), "panicked in its start closure: no pod");
        assert_eq!(at_start, "0.007s panic: op panicked in its start closure at op.rs:1:2: no pod");
    }
}
