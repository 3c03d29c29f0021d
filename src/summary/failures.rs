//! Failed runs, grouped: those of one oracle whose messages differ only in numbers, times and generated names are one failure.

use crate::sweep::{Found, Report};

/// The most groups that are kept. Our choice: nobody reads more, and each keeps a run.
const KEPT: usize = 20;

/// The failures of a sweep.
#[derive(Clone, Debug, Default)]
pub(crate) struct Failures {
    /// In the order in which they were found first.
    pub(crate) groups: Vec<Failure>,
    /// Runs whose failure belongs to no group that is kept.
    pub(crate) others: usize,
}

/// Runs that fail in the same way.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// The oracle, and the message with its numbers, times and generated names masked.
    pattern: (String, String),
    /// How many runs there are.
    pub(crate) runs: usize,
    /// The first of them, without its details.
    pub(crate) first: Report,
}

impl Failures {
    /// Adds a failed run. True: it is the first of a group.
    pub(super) fn add(&mut self, report: &Report) -> bool {
        let Some(found) = &report.violation else { return false };
        let pattern = (found.oracle.clone(), masked(&found.message));
        if let Some(group) = self.groups.iter_mut().find(|group| group.pattern == pattern) {
            group.runs += 1;
            return false;
        }
        if self.groups.len() == KEPT {
            self.others += 1;
            return false;
        }
        let first = Report { detail: None, ..report.clone() };
        self.groups.push(Failure { pattern, runs: 1, first });
        true
    }

    /// How many runs of each oracle there are, in words.
    pub(super) fn by_oracle(&self) -> String {
        let mut counts: Vec<(&str, usize)> = Vec::new();
        for group in &self.groups {
            match counts.iter_mut().find(|(oracle, _)| *oracle == group.pattern.0) {
                Some((_, runs)) => *runs += group.runs,
                None => counts.push((&group.pattern.0, group.runs)),
            }
        }
        let counts = counts.iter().map(|(oracle, runs)| format!("{runs} with `{oracle}`"));
        let others = (self.others > 0).then(|| format!("{} with others", self.others));
        counts.chain(others).collect::<Vec<_>>().join(", ")
    }
}

impl Failure {
    /// The violation of the first run.
    pub(crate) fn found(&self) -> Option<&Found> {
        self.first.violation.as_ref()
    }
}

/// The letters and digits of generated names (k8s.io/apimachinery/pkg/util/rand).
const GENERATED: &str = "bcdfghjklmnpqrstvwxz2456789";

/// The message with `#` for each word that has a digit, and `*` for each generated part of a name. Of a list of things that
/// then look alike one is left.
fn masked(message: &str) -> String {
    let mut words = String::new();
    let mut rest = message;
    while let Some(first) = rest.chars().next() {
        let length = word_length(rest);
        if length == 0 {
            words.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let (word, after) = rest.split_at(length);
        let is_generated = words.ends_with('-')
            && matches!(word.len(), 5 | 8..=10)
            && word.chars().all(|c| GENERATED.contains(c));
        match word.contains(|c: char| c.is_ascii_digit()) {
            _ if is_generated => words.push('*'),
            true => words.push('#'),
            false => words.push_str(word),
        }
        rest = after;
    }
    let mut items: Vec<&str> = words.split(", ").collect();
    items.dedup_by(|item, before| last_word(item) == last_word(before) && !item.contains(' '));
    items.join(", ")
}

/// The length of the word at the beginning: letters and digits. A number may have a point in it (`1.5s`).
fn word_length(text: &str) -> usize {
    let is_number = text.starts_with(|c: char| c.is_ascii_digit());
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let is_point = c == '.' && is_number && chars.peek().is_some_and(|(_, c)| c.is_ascii_digit());
        if !c.is_alphanumeric() && !is_point {
            return at;
        }
    }
    text.len()
}

fn last_word(item: &str) -> &str {
    item.rsplit([' ', '[']).next().unwrap_or(item).trim_end_matches(']')
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn numbers_times_and_generated_names_do_not_tell_failures_apart() {
        for (one, other) in [
            ("\"a\" did not hold at 6.698s: it is false", "\"a\" did not hold at 1m30.5s: it is false"),
            ("pod web-bb75485bf-bjwfj is pending", "pod web-69b5b87556-4xbkr is pending"),
            ("wants 3 members, has 1, 600 s after healing", "wants 3 members, has 2, 1200 s after healing"),
            (
                "false with pods = [web-bb75485bf-bjwfj, web-bb75485bf-cwb68]",
                "false with pods = [web-bb75485bf-xxxxx, web-bb75485bf-dpcwd, web-bb75485bf-fs7xf]",
            ),
            ("uid 0a1b2c3d-11aa-4bcd-8eee-aabbccdd0011", "uid 9f9f9f9f-22bb-4abc-9ddd-001122334455"),
            ("panicked at src/lib.rs:12:3", "panicked at src/lib.rs:120:13"),
        ] {
            assert_eq!(masked(one), masked(other));
        }
    }

    #[test]
    fn what_is_wrong_and_with_whom_tells_failures_apart() {
        for (one, other) in [
            ("Website default/blog has Ready=False", "Website default/shop has Ready=False"),
            ("pods = [web-bb75485bf-bjwfj, web-bb75485bf-cwb68]", "pods = [web-bb75485bf-bjwfj, db-0]"),
            ("deployment web-front is pending", "deployment web-store is pending"),
            ("it is false", "no such key: status"),
        ] {
            assert_ne!(masked(one), masked(other));
        }
    }
}
