//! Problems of a file: the place, the wrong text, and what would be right.

use std::fmt;

/// How many problems a message prints. Our choice.
const SHOWN: usize = 20;
/// How many problems are kept. Our choice: a wrong file of a million lines may have a million.
const KEPT: usize = 200;
/// How many characters of a line a message prints. Our choice.
const LINE_WIDTH: usize = 110;

/// Everything that is wrong with a scenario file and its manifests. It prints as the user reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadScenario {
    problems: Vec<Problem>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file, as the user named it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, in characters from 1.
    pub column: usize,
    /// What is wrong, and what would be right.
    pub message: String,
    /// The line's text.
    excerpt: String,
    /// How many characters are wrong.
    width: usize,
}

impl BadScenario {
    /// The problems, in the order of the file; at least one.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// These problems; at least one.
    pub(super) fn of(problems: Vec<Problem>) -> Self {
        Self { problems }
    }

    /// An error if there are problems.
    pub(super) fn unless_none(problems: Problems) -> Result<(), Self> {
        let mut problems = problems.0;
        problems.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
        problems.dedup();
        if problems.is_empty() { Ok(()) } else { Err(Self { problems }) }
    }
}

/// The problems found so far.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<Problem>);

impl Problems {
    /// Notes a problem at a place.
    pub(super) fn add(&mut self, source: &Source, spot: Spot, message: impl Into<String>) {
        if self.0.len() < KEPT {
            self.0.push(source.problem(spot, message));
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Notes a problem.
    pub(super) fn note(&mut self, problem: Problem) {
        if self.0.len() < KEPT {
            self.0.push(problem);
        }
    }
}

impl From<Problem> for BadScenario {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem] }
    }
}

impl std::error::Error for BadScenario {}

impl fmt::Display for BadScenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.iter().take(SHOWN).enumerate() {
            write!(f, "{}{problem}", if i == 0 { "" } else { "\n" })?;
        }
        match self.problems.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "\nand {more} more"),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)?;
        if self.excerpt.trim().is_empty() {
            return Ok(());
        }
        // A long line is cut so that the place is in the middle.
        let skipped = (self.column - 1).saturating_sub(LINE_WIDTH / 2);
        let skipped = if self.excerpt.chars().count() > LINE_WIDTH { skipped } else { 0 };
        let shown: String = self.excerpt.chars().skip(skipped).take(LINE_WIDTH).map(printable).collect();
        let before = self.column - 1 - skipped;
        let marks = self.width.clamp(1, shown.chars().count().saturating_sub(before).max(1));
        let margin = self.line.to_string().len();
        write!(f, "\n  {} | {}", self.line, shown.trim_end())?;
        write!(f, "\n  {:margin$} | {:before$}{}", "", "", "^".repeat(marks))
    }
}

fn printable(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    /// The line, from 1.
    pub(super) line: usize,
    /// The column, in characters from 1.
    pub(super) column: usize,
    /// How many characters, on this line.
    pub(super) width: usize,
}

impl Spot {
    /// The beginning of a file.
    pub(super) fn start() -> Self {
        Self { line: 1, column: 1, width: 1 }
    }

    /// The place as messages write it: `file:line:column`.
    pub(super) fn in_file(self, name: &str) -> String {
        format!("{name}:{}:{}", self.line, self.column)
    }
}

/// A file's name and text.
pub(super) struct Source {
    /// The name, as errors write it.
    pub(super) name: String,
    /// The text.
    pub(super) text: String,
}

impl Source {
    /// The file with this text.
    pub(super) fn new(name: &str, text: &str) -> Self {
        Self { name: name.into(), text: text.into() }
    }

    /// The file with these bytes. They must be UTF-8.
    pub(super) fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self, Problem> {
        let text = str::from_utf8(bytes).map_err(|error| {
            let (good, rest) = bytes.split_at(error.valid_up_to());
            let good = Self::new(name, &String::from_utf8_lossy(good));
            let line = good.text.split('\n').count();
            let column = good.text.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            let message =
                format!("the byte 0x{:02x} is not UTF-8: save the file as UTF-8", rest.first().unwrap_or(&0));
            good.problem(Spot { line, column, width: 1 }, message)
        })?;
        Ok(Self::new(name, text.strip_prefix('\u{feff}').unwrap_or(text)))
    }

    /// Whether the file has only white space and comments.
    pub(super) fn is_empty(&self) -> bool {
        self.text
            .lines()
            .all(|line| line.trim().is_empty() || line.trim_start().starts_with('#') || line == "---")
    }

    /// A problem at a place.
    pub(super) fn problem(&self, spot: Spot, message: impl Into<String>) -> Problem {
        let excerpt = self.text.split('\n').nth(spot.line.saturating_sub(1)).unwrap_or_default();
        Problem {
            file: self.name.clone(),
            line: spot.line.max(1),
            column: spot.column.max(1),
            message: message.into(),
            excerpt: excerpt.trim_end_matches('\r').into(),
            width: spot.width,
        }
    }
}
