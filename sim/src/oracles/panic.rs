//! `panic`: a program panics, in its main task or in one that it has spawned.
//!
//! Counted: every panic that the panic hook sees while the run's thread is in the run, however the run ended. Reported is the
//! first, with its program if that is known (see `hermetic::owners`).
//!
//! Not counted: panics of tasks that a dead incarnation has left behind. In life they ended with their process.

use super::{Observed, Violation};
use crate::engine::Time;
use crate::scenario::oracle;
use crate::wire::Addr;

/// The first panic.
pub(super) fn panic(run: &Observed<'_>) -> Option<Violation> {
    let first = run.panics.first()?;
    let who = first.host.map_or("a spawned task", |host| &run.history.actor(Addr(host)).name);
    let message = format!("{who} panicked at {}: {}", first.location, first.message);
    Some(Violation::new(oracle::PANIC, Time::at_wall_ns(first.wall_ns), message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hermetic::Panic;
    use crate::wire::{Actor, ActorClass, History};

    fn found(host: Option<u32>) -> String {
        let mut history = History::default();
        history.actors.push(Actor { name: "op".into(), class: ActorClass::Host });
        let (message, location, wall_ns) = ("no pod".into(), "op.rs:1:2".into(), Time(7).wall_ns());
        let panics = [Panic { message, location, host, wall_ns }];
        let run = Observed { history: &history, healed: None, converged: None, panics: &panics };
        panic(&run).map(|found| format!("{} {found}", found.time)).unwrap_or_default()
    }

    #[test]
    fn a_panic_is_found_with_its_time_its_place_and_its_program() {
        assert_eq!(found(Some(0)), "0.007s panic: op panicked at op.rs:1:2: no pod");
        assert_eq!(found(None), "0.007s panic: a spawned task panicked at op.rs:1:2: no pod");
    }
}
