//! `panic`: a program panics, in its start closure, in its main task or in a task that it has spawned.
//!
//! Counted: every panic that the panic hook sees while the run's thread is in the run, however the run ended. Reported is the
//! first; the record says when and who where it ended a main task, and else it counts as found at the end of the run.
//!
//! Not told apart: a task that a crashed incarnation has left behind counts like one of a living program.

use super::{Observed, Violation};
use crate::engine::Time;
use crate::scenario::oracle;
use crate::wire::What;

/// The first panic.
pub(super) fn panic(run: &Observed<'_>) -> Option<Violation> {
    let (first, history) = (run.panics.first()?, run.history);
    let at = history.record.entries().iter().find_map(|entry| match &entry.what {
        What::Host(text) if text.starts_with("panicked") => {
            let (what, _) = text.split_once(':').unwrap_or((text, ""));
            Some((entry.time, format!("{} {what}", history.actor(entry.actor).name)))
        }
        _ => None,
    });
    let end = history.record.entries().last().map_or(Time::ZERO, |entry| entry.time);
    let (time, who_panicked) = at.unwrap_or_else(|| (end, "a spawned task panicked".into()));
    let message = format!("{who_panicked} at {}: {}", first.location, first.message);
    Some(Violation::new(oracle::PANIC, time, message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hermetic::Panic;
    use crate::wire::{Actor, ActorClass, Addr, Entry, History};

    fn found(host: &str, panics: &[Panic]) -> Option<String> {
        let mut history = History::default();
        history.actors.push(Actor { name: "op".into(), class: ActorClass::Host });
        history.record.push(Entry { time: Time(7), actor: Addr(0), what: What::Host(host.into()) });
        let run = Observed { panics, ..Observed::of(&history) };
        panic(&run).map(|found| format!("{} {found}", found.time))
    }

    #[test]
    fn a_panic_is_found_with_its_place_and_a_crash_is_none() {
        let panics = [Panic { message: "no pod".into(), location: "op.rs:1:2".into() }];
        let main_task = found("panicked: no pod", &panics);
        assert_eq!(main_task.as_deref(), Some("0.007s panic: op panicked at op.rs:1:2: no pod"));
        let start = found("panicked in its start closure: no pod", &panics);
        let words = "0.007s panic: op panicked in its start closure at op.rs:1:2: no pod";
        assert_eq!(start.as_deref(), Some(words));
        let spawned = found("started", &panics).expect("there was a panic");
        assert!(spawned.contains("a spawned task panicked"), "{spawned}");
        assert_eq!(found("crashed", &[]), None);
    }
}
