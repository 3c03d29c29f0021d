//! What a program may reach outside its run, with the reason. Without a permission, reaching for it is the violation `escape`.

use super::near::instead;

/// A permission of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    /// The registered program.
    pub program: String,
    /// What it may reach.
    pub what: Permitted,
    /// Why it has to.
    pub reason: String,
}

/// What may be permitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permitted {
    /// Network addresses and look-ups of names.
    Sockets,
    /// Threads.
    Threads,
    /// Other programs of the machine.
    Processes,
}

/// What may be permitted, by the word for it.
pub const PERMITTED: [(&str, Permitted); 3] =
    [("sockets", Permitted::Sockets), ("threads", Permitted::Threads), ("processes", Permitted::Processes)];

impl Permission {
    /// Permits a program what a word stands for.
    ///
    /// # Errors
    /// The word is unknown, or there is no reason.
    pub fn new(program: &str, word: &str, reason: &str) -> Result<Self, String> {
        let words = || PERMITTED.iter().map(|(word, _)| *word);
        let row = PERMITTED.iter().find(|(known, _)| *known == word);
        let Some((_, what)) = row else {
            return Err(format!("`{word}` cannot be permitted; {}", instead(word, words())));
        };
        if reason.trim().is_empty() {
            return Err(format!(
                "permitting `{word}` needs a reason: why {program} has to reach out of the run"
            ));
        }
        Ok(Self { program: program.into(), what: *what, reason: reason.into() })
    }
}
