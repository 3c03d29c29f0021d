//! The record of a run: an append-only list and its fingerprint.

use std::fmt;

use derive_more::Display;
use xxhash_rust::xxh3::Xxh3;

/// The hash that an entry feeds itself into.
pub type Hasher = Xxh3;

/// Room for the entries of a short run. Our choice: one allocation in place of several.
const ENTRIES: usize = 320;

/// One entry of a record.
pub trait Entry {
    /// Feeds the whole entry. Two different records must feed different bytes.
    fn feed(&self, hasher: &mut Hasher);
}

/// The append-only history of a run.
pub struct Record<E> {
    entries: Vec<E>,
}

/// The hash of a record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash, Display)]
#[display("{_0:032x}")]
pub struct Fingerprint(pub u128);

impl<E: Entry> Record<E> {
    /// An empty record.
    pub fn new() -> Self {
        Self { entries: Vec::with_capacity(ENTRIES) }
    }

    /// Appends an entry.
    pub fn push(&mut self, entry: E) {
        self.entries.push(entry);
    }

    /// The entries, oldest first.
    pub fn entries(&self) -> &[E] {
        &self.entries
    }

    /// Hashes all entries so far.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut hasher = Hasher::new();
        self.entries.iter().for_each(|entry| entry.feed(&mut hasher));
        Fingerprint(hasher.digest128())
    }
}

impl<E: Clone> Clone for Record<E> {
    /// The copy has room for a whole run.
    fn clone(&self) -> Self {
        let mut entries = Vec::with_capacity(ENTRIES.max(self.entries.len()));
        entries.extend_from_slice(&self.entries);
        Self { entries }
    }
}

impl<E: Entry> Default for Record<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E: fmt::Debug> fmt::Debug for Record<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.entries).finish()
    }
}
