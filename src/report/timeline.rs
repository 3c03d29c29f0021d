//! A whole run as data: the record, the story, and what programs printed.

use std::fmt;

use serde::{Deserialize, Serialize};
use wavetank_sim::engine::Time;
use wavetank_sim::wire::{self, History};

use super::story::Story;

/// A run as lines of text.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Timeline {
    /// Every entry of the record.
    pub(crate) record: Vec<String>,
    /// What a user would have seen: steps, faults, programs, and the pods after each change.
    pub(crate) story: Vec<String>,
    /// What programs wrote to stdout and stderr.
    pub(crate) logs: Vec<LogLine>,
}

/// A line that a program wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LogLine {
    /// When, in ms from t = 0.
    pub(crate) at_ms: i64,
    /// The host; `?` for a task that cannot be put down to one.
    pub(crate) host: String,
    /// The text.
    pub(crate) text: String,
}

impl Timeline {
    /// The timeline of a record.
    pub(crate) fn of(history: &History) -> Self {
        let record = history.record.entries().iter().map(|entry| history.line(entry)).collect();
        let (mut story, mut lines) = (Story::new(false), Vec::new());
        story.go_on(history, &mut lines);
        story.end(&mut lines);
        let logs = history.logs.lines().iter().map(|line| LogLine::of(history, line)).collect();
        Self { record, story: lines, logs }
    }
}

/// How many last lines a failure comes with. Our choice: what fits on a screen.
const LAST_LINES: usize = 20;

impl fmt::Display for LogLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>10}  {} | {}", Time(self.at_ms).to_string(), self.host, self.text)
    }
}

impl LogLine {
    /// The line, with the host's name.
    pub(crate) fn of(history: &History, line: &wire::LogLine) -> Self {
        let host = line.host.map_or("?", |host| &history.actor(host).name);
        Self { at_ms: line.time.0, host: host.to_owned(), text: line.text.clone() }
    }

    /// The last lines of the program that a message is about, oldest first: of all programs if it names none of them.
    pub(crate) fn last(history: &History, message: &str) -> Vec<Self> {
        let lines = history.logs.lines();
        let is_named =
            |line: &wire::LogLine| line.host.is_some_and(|host| mentions(message, &history.actor(host).name));
        let one_is_named = lines.iter().any(is_named);
        let about = lines.iter().rev().filter(|line| !one_is_named || is_named(line));
        let mut last: Vec<Self> = about.take(LAST_LINES).map(|line| Self::of(history, line)).collect();
        last.reverse();
        last
    }
}

/// Whether a text has this name as a word of its own.
fn mentions(text: &str, name: &str) -> bool {
    let part_of_word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '~');
    text.match_indices(name).any(|(at, _)| {
        !text[..at].ends_with(part_of_word) && !text[at + name.len()..].starts_with(part_of_word)
    })
}

#[cfg(test)]
mod tests {
    use wavetank_sim::engine::Time;
    use wavetank_sim::wire::{Actor, ActorClass, Addr, History};

    use super::{LAST_LINES, LogLine};

    #[test]
    fn last_lines_are_those_of_the_program_that_the_message_names_else_of_all() {
        let mut history = History::default();
        for name in ["op", "stop", "op-0"] {
            history.actors.push(Actor { name: name.into(), class: ActorClass::Host });
        }
        for n in 0..100 {
            history.logs.push(Time(n), Some(Addr(n as u32 % 3)), n.to_string());
        }
        history.logs.push(Time(200), None, "whose".into());
        let hosts = |message: &str| -> Vec<String> {
            LogLine::last(&history, message).into_iter().map(|line| line.host).collect()
        };
        assert_eq!(hosts("op panicked at a.rs: it"), vec!["op"; LAST_LINES]);
        assert_eq!(hosts("stop; op-0: do not"), ["stop", "op-0"].repeat(10)[..]);
        assert_eq!(hosts("opa-stop")[LAST_LINES - 3..], ["op-0", "op", "?"]);
        let last = LogLine::last(&history, "op").pop().map(|line| (line.at_ms, line.text));
        assert_eq!(last, Some((99, "99".to_owned())));
    }
}
