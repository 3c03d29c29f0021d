//! Programs that end by themselves: how often they do, and their last words. No oracle: other judges and notes say it.
//!
//! Counted are returns of a program, its errors and its panics. Crashes are faults, and stops are those of a kubelet.

use std::collections::BTreeMap;
use std::fmt;

use crate::engine::{Millis, SECOND, Time};
use crate::object::Str;
use crate::wire::{Addr, History, What};

/// A program that last ended so long ago has recovered, in ms: twice the longest back-off, as the kubelet sees it
/// (`MaxContainerBackOff`).
const RECOVERED_MS: Millis = 600 * SECOND;

/// How a program ended, again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Its host.
    pub addr: Addr,
    /// The name of the host.
    pub who: Str,
    /// How it ended the last time.
    pub how: How,
    /// How often it ended so.
    pub times: usize,
    /// When it did the last time.
    pub last: Time,
    /// What it said then; empty if nothing.
    pub words: Str,
}

/// The ways in which a program ends by itself.
#[derive(Clone, PartialEq, Eq, Debug, derive_more::Display)]
pub enum How {
    /// Its future returned without an error.
    #[display("returned")]
    Return,
    /// Its future returned an error.
    #[display("ended with an error")]
    Error,
    /// It panicked, here or in its start closure.
    #[display("{_0}")]
    Panic(Str),
    /// It ended its process.
    #[display("{_0}")]
    Exit(Str),
}

impl How {
    /// Reads an entry of the record about a host. None: the program did not end by itself.
    fn of(text: &str) -> Option<(Self, Str)> {
        let (head, words) = text.split_once(": ").unwrap_or((text, ""));
        let how = match head {
            "exited" => Self::Return,
            "exited with an error" => Self::Error,
            _ if head.starts_with("panicked") => Self::Panic(head.into()),
            _ if head.starts_with("exited") => Self::Exit(head.into()),
            _ => return None,
        };
        Some((how, words.into()))
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "program {} {}", self.who, self.how)?;
        match self.times {
            1 => write!(f, " at {}", self.last)?,
            times => write!(f, " {times} times, last at {}", self.last)?,
        }
        if self.words.is_empty() { Ok(()) } else { write!(f, ": {}", self.words) }
    }
}

/// How each program ended by itself at times that count, in the order of their addresses.
pub fn endings(history: &History, counts: impl Fn(Time) -> bool) -> Vec<Ending> {
    let mut found: BTreeMap<Addr, Vec<(Time, How, Str)>> = BTreeMap::new();
    for entry in history.record.entries() {
        if let What::Host(text) = &entry.what
            && counts(entry.time)
            && let Some((how, words)) = How::of(text)
        {
            found.entry(entry.actor).or_default().push((entry.time, how, words));
        }
    }
    let ending = |(addr, all): (Addr, Vec<(Time, How, Str)>)| {
        let (last, how, words) = all.last()?.clone();
        let times = all.iter().filter(|(_, other, _)| *other == how).count();
        Some(Ending { addr, who: history.actor(addr).name.clone(), how, times, last, words })
    };
    found.into_iter().filter_map(ending).collect()
}

/// The programs that keep ending by themselves: since `since` and up to now, where they do not run or ended more than once.
pub fn failing(history: &History, since: Time, now: Time, runs: impl Fn(Addr) -> bool) -> Vec<Ending> {
    let mut failing = endings(history, |time| time >= since);
    failing
        .retain(|ending| !runs(ending.addr) || (ending.times > 1 && now.since(ending.last) < RECOVERED_MS));
    failing
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Actor, ActorClass, Entry};

    fn history(entries: &[(i64, u32, &str)]) -> History {
        let mut history = History::default();
        for name in ["op", "cache@default/cache-0"] {
            history.actors.push(Actor { name: name.into(), class: ActorClass::Host });
        }
        for (second, addr, text) in entries {
            let what = What::Host((*text).into());
            history.record.push(Entry { time: Time(second * 1000), actor: Addr(*addr), what });
        }
        history
    }

    #[track_caller]
    fn says(entries: &[(i64, u32, &str)], runs: bool, wanted: &[&str]) {
        let found = failing(&history(entries), Time::ZERO, Time(1_000_000), |_| runs);
        assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn the_last_words_of_programs_that_keep_ending_are_told_with_their_number() {
        let error = "exited with an error: no route: 10.0.0.1";
        let again = [(500, 0, error), (505, 0, "started, incarnation 2"), (600, 0, error)];
        let words = "program op ended with an error 2 times, last at 600s: no route: 10.0.0.1";
        says(&again, true, &[words]);
        says(&again, false, &[words]);
        says(&[(500, 0, "exited"), (501, 0, "exited")], true, &["program op returned 2 times, last at 501s"]);
        let mixed =
            [(1, 0, "exited"), (2, 1, "exited with code 3"), (3, 0, "panicked in its start closure: no")];
        let (one, two) = ("program op panicked in its start closure at 3s: no", "exited with code 3 at 2s");
        says(&mixed, false, &[one, &format!("program cache@default/cache-0 {two}")]);
    }

    #[test]
    fn a_program_that_crashes_recovers_or_ended_before_is_not_told() {
        let error = "exited with an error: x";
        says(
            &[
                (1, 0, "crashed"),
                (2, 0, "killed by its container runtime"),
                (3, 0, "stopped on SIGTERM: exited"),
            ],
            false,
            &[],
        );
        says(&[(500, 0, error)], true, &[]);
        says(&[(1, 0, error), (2, 0, error), (3, 0, error)], true, &[]);
        says(&[(-9, 0, error), (-8, 0, error)], false, &[]);
    }
}
