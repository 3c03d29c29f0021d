//! What programs have written to stdout and stderr. It is no part of the record: logging more changes no fingerprint.

use std::collections::BTreeMap;

use super::Addr;
use crate::engine::Time;

/// How many lines of each program are kept. Our choice: far more than anybody reads, far less than a machine's memory.
const LINES: usize = 10_000;

/// A line that a program wrote.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogLine {
    /// Its number among all lines of the run, from 1.
    pub number: u64,
    /// When.
    pub time: Time,
    /// The host; none for a task that cannot be put down to one.
    pub host: Option<Addr>,
    /// The text, without its end of line.
    pub text: String,
}

/// The lines of a run, oldest first: at least the last [`LINES`] of each program.
#[derive(Clone, Default, Debug)]
pub struct Logs {
    lines: Vec<LogLine>,
    count: u64,
}

impl Logs {
    /// Adds a line.
    pub fn push(&mut self, time: Time, host: Option<Addr>, text: String) {
        self.count += 1;
        self.lines.push(LogLine { number: self.count, time, host, text });
        // Rarely, so that a line costs little.
        if self.lines.len() > 2 * LINES && self.lines.len().is_power_of_two() {
            self.drop_old();
        }
    }

    /// The lines.
    pub fn lines(&self) -> &[LogLine] {
        &self.lines
    }

    /// How many older lines are not kept.
    pub fn dropped(&self) -> u64 {
        self.count - self.lines.len() as u64
    }

    fn drop_old(&mut self) {
        let mut left: BTreeMap<Option<Addr>, usize> = BTreeMap::new();
        for line in &self.lines {
            *left.entry(line.host).or_default() += 1;
        }
        self.lines.retain(|line| {
            let left = left.entry(line.host).or_default();
            *left -= 1;
            *left < LINES
        });
    }
}

#[cfg(test)]
mod tests {
    use super::{LINES, Logs};
    use crate::engine::Time;
    use crate::wire::Addr;

    #[test]
    fn a_program_that_says_much_loses_its_own_oldest_lines_and_no_others() {
        let mut logs = Logs::default();
        logs.push(Time::ZERO, Some(Addr(1)), "quiet".into());
        let all = 10 * LINES;
        for n in 0..all {
            logs.push(Time::ZERO, Some(Addr(2)), n.to_string());
        }
        let lines = logs.lines();
        assert!(lines.len() < 5 * LINES, "{}", lines.len());
        assert_eq!(lines[0].text, "quiet");
        let kept: Vec<usize> = lines[1..].iter().map(|line| line.text.parse().unwrap()).collect();
        assert!(kept.len() >= LINES);
        assert_eq!(kept, (all - kept.len()..all).collect::<Vec<_>>());
        assert_eq!(logs.dropped() as usize, all - kept.len());
    }
}
