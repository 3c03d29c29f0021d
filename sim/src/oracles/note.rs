//! What a run says without a violation: something that a user should know, and that `--strict` makes a failure.

/// How the keys of notes begin that say something only if all runs have them.
const UNMATCHED: &str = "unmatched ";

/// One remark about a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What it is about, the same in every run: reports count runs by it. It begins with what it is, such as `slow_convergence`.
    pub key: String,
    /// What to know, in words. It may differ from run to run.
    pub text: String,
}

impl Note {
    /// A note.
    pub fn new(key: impl Into<String>, text: impl Into<String>) -> Self {
        Self { key: key.into(), text: text.into() }
    }

    /// A note that a part of the scenario met nothing. A sweep tells it only if that is so in all of its runs.
    pub fn unmatched(what: &str, text: impl Into<String>) -> Self {
        Self::new(format!("{UNMATCHED}{what}"), text)
    }

    /// Whether a note with this key says something only if all runs have it.
    pub fn is_of_sweep(key: &str) -> bool {
        key.starts_with(UNMATCHED)
    }
}
