//! What a run says without a violation: something that a user should know, and that `--strict` makes a failure.

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
}
