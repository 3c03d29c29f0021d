//! `panic`: any panic in the run, in spawned tasks too.

use super::Violation;
use crate::engine::Time;
use crate::hermetic::Panic;
use crate::wire::{History, What};

/// The first panic: `caught` are those that the panic hook saw; the record tells when a program's own future panicked.
pub fn panic(history: &History, caught: &[Panic]) -> Option<Violation> {
    let first = caught.first()?;
    let at = history.record.entries().iter().find_map(|entry| match &entry.what {
        What::Host(text) if text.starts_with("panicked") => {
            Some((entry.time, history.actor(entry.actor).name.clone()))
        }
        _ => None,
    });
    let end = history.record.entries().last().map_or(Time::ZERO, |entry| entry.time);
    let (time, who) = at.unwrap_or_else(|| (end, "a spawned task".into()));
    Some(Violation::new("panic", time, format!("{who} panicked at {}: {}", first.location, first.message)))
}
