//! Maps as shared sorted slices: cheap to clone; an edit copies only the maps on its path.

use std::cmp::Ordering;
use std::sync::Arc;

use super::key::{SHORT, head};
use super::{Key, Value};

/// Up to this length, a scan is faster than a binary search (measured on pods).
const SCANNED: usize = 16;

/// A map from interned keys to values, sorted by key text. Cloning shares the entries.
#[derive(Clone, Debug, Default)]
pub struct Map(Arc<[(Key, Value)]>);

impl Map {
    /// The map with these entries; the later of two entries with one key wins.
    pub fn from_entries(mut entries: Vec<(Key, Value)>) -> Self {
        if !sort(&mut entries) {
            entries.reverse();
            entries.dedup_by(|a, b| a.0 == b.0);
            entries.reverse();
        }
        Self(entries.into())
    }

    /// As [`from_entries`](Self::from_entries), with one allocation.
    pub fn from_array<const N: usize>(mut entries: [(Key, Value); N]) -> Self {
        if sort(&mut entries) { Self(Arc::new(entries)) } else { Self::from_entries(entries.into()) }
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The entries, sorted by key.
    pub fn iter(&self) -> std::slice::Iter<'_, (Key, Value)> {
        self.0.iter()
    }

    /// Whether two maps share their entries: the fast no-op test.
    pub fn ptr_eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The position of the entry at `key`, or `Err` with the position to insert it at.
    pub(super) fn find(&self, key: &str) -> Result<usize, usize> {
        let head = head(key);
        self.0.binary_search_by(|(k, _)| k.cmp_text(key, head))
    }

    /// The value at `key`.
    #[inline]
    pub fn get(&self, key: &str) -> Option<&Value> {
        // The head of a literal is a constant.
        let head = head(key);
        if key.len() <= SHORT && self.len() <= SCANNED {
            self.scan(key, head)
        } else {
            self.search(key, head)
        }
    }

    /// Makes no calls, so it saves no registers. Scans start at the end: the names that are read most (`spec`, `status`,
    /// `uid`, `type`) sort late.
    #[inline(never)]
    fn scan(&self, key: &str, head: u64) -> Option<&Value> {
        self.0.iter().rev().find(|(k, _)| k.is_short_text(key, head)).map(|(_, value)| value)
    }

    fn search(&self, key: &str, head: u64) -> Option<&Value> {
        if self.len() <= SCANNED {
            return self.0.iter().rev().find(|(k, _)| k.is_text(key, head)).map(|(_, value)| value);
        }
        self.find(key).ok().map(|i| &self.0[i].1)
    }

    /// The value at an interned key, which is at this position.
    #[inline]
    pub(super) fn entry(&self, position: usize, key: Key) -> Option<&Value> {
        let (found, value) = self.0.get(position)?;
        debug_assert_eq!(*found, key, "positions are those of the object's own tree");
        Some(value)
    }

    /// The value at an interned key, with a guess of its position.
    pub(super) fn get_near(&self, key: Key, guess: usize) -> Option<&Value> {
        match self.0.get(guess) {
            Some((found, value)) if *found == key => Some(value),
            _ => self.get_key(key),
        }
    }

    /// The value at an interned key: compares addresses only.
    pub fn get_key(&self, key: Key) -> Option<&Value> {
        self.0.iter().rev().find(|(k, _)| *k == key).map(|(_, value)| value)
    }

    /// The value at an interned key, to edit. Entries shared with other maps are copied first.
    pub fn get_key_mut(&mut self, key: Key) -> Option<&mut Value> {
        let i = self.0.iter().rposition(|(k, _)| *k == key)?;
        Some(&mut Arc::make_mut(&mut self.0)[i].1)
    }

    /// The value at `key`, to edit. Entries shared with other maps are copied first.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        let i = self.find(key).ok()?;
        Some(&mut Arc::make_mut(&mut self.0)[i].1)
    }

    /// Sets the value at `key`; adds the entry if it is absent.
    pub fn set(&mut self, key: impl Into<Key>, value: impl Into<Value>) {
        let key = key.into();
        match self.find(key.as_str()) {
            Ok(i) => Arc::make_mut(&mut self.0)[i].1 = value.into(),
            Err(i) => self.insert(i, key, value.into()),
        }
    }

    /// The value of the entry at this position, to edit. Entries shared with other maps are copied first.
    pub(super) fn value_mut(&mut self, position: usize) -> &mut Value {
        &mut Arc::make_mut(&mut self.0)[position].1
    }

    /// Adds an entry at the position that [`find`](Self::find) returned.
    pub(super) fn insert(&mut self, position: usize, key: Key, value: Value) {
        debug_assert!(
            position == 0 || self.0[position - 1].0 < key,
            "the entries of a map are sorted by key"
        );
        let mut new = Some((key, value));
        let entry = |at: usize| match at.cmp(&position) {
            Ordering::Less => self.0[at].clone(),
            Ordering::Equal => new.take().expect("each position is filled once"),
            Ordering::Greater => self.0[at - 1].clone(),
        };
        self.0 = (0..self.len() + 1).map(entry).collect();
    }

    /// Removes `key` and returns its value.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let i = self.find(key).ok()?;
        let old = self.0[i].1.clone();
        self.0 = (0..self.len() - 1).map(|at| self.0[at + usize::from(at >= i)].clone()).collect();
        Some(old)
    }
}

/// Sorts entries by key. Returns whether each key occurs once.
fn sort(entries: &mut [(Key, Value)]) -> bool {
    let is_sorted = |entries: &[(Key, Value)]| entries.is_sorted_by(|a, b| a.0 < b.0);
    is_sorted(entries) || {
        entries.sort_by_key(|entry| entry.0);
        is_sorted(entries)
    }
}

impl PartialEq for Map {
    fn eq(&self, other: &Self) -> bool {
        self.ptr_eq(other) || are_same_entries(&self.0, &other.0)
    }
}

#[inline(never)]
fn are_same_entries(a: &[(Key, Value)], b: &[(Key, Value)]) -> bool {
    a == b
}

impl FromIterator<(Key, Value)> for Map {
    fn from_iter<I: IntoIterator<Item = (Key, Value)>>(entries: I) -> Self {
        Self::from_entries(entries.into_iter().collect())
    }
}

impl<'a> IntoIterator for &'a Map {
    type Item = &'a (Key, Value);
    type IntoIter = std::slice::Iter<'a, (Key, Value)>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
