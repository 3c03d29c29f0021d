//! The masked state of all objects as one hash, kept commit by commit.
//!
//! Equal hashes over time are quietness; a hash that comes back is a cycle. The state is a multiset, so the
//! hash is a sum: pods that differ in generated names only are equal, and their order is nothing. Field
//! hashes are kept per object: a write that touches the status hashes the status and the metadata, not the
//! spec.

use std::collections::BTreeMap;

use super::ignore::{Ignore, without_fields};
use super::mask::{field, leaves_out, reduced};
use super::pending::is_noise;
use super::scheduled::Scheduled;
use super::tokens::Tokens;
use crate::object::{Digest, Key, Object, Value};

/// The masked state S(t). Feed it every commit, in order.
#[derive(Debug, Default)]
pub struct MaskedState {
    ignore: Vec<Ignore>,
    tokens: Tokens,
    scheduled: Scheduled,
    entries: BTreeMap<u64, Entry>,
    sum: u64,
}

/// What one object adds to the sum, and the hashes of its fields.
#[derive(Debug, Default)]
struct Entry {
    hash: u64,
    fields: Vec<(Key, u64)>,
}

impl MaskedState {
    /// The state without objects.
    pub fn new(ignore: Vec<Ignore>) -> Self {
        Self { ignore, ..Self::default() }
    }

    /// The hash of the state.
    pub fn hash(&self) -> u64 {
        self.sum
    }

    /// Takes in objects that are there already, in any order.
    pub fn load<'a>(&mut self, objects: impl Iterator<Item = &'a Object> + Clone) {
        for object in objects.clone() {
            self.tokens.note(object);
            self.scheduled.note(object);
        }
        for object in objects {
            self.update(None, Some(object));
        }
    }

    /// Takes in one commit: the object before it (`None`: created) and after it (`None`: deleted). Says
    /// whether the state changed.
    ///
    /// `old` must be the object that the last commit of this name left: what the two share is not hashed
    /// again.
    pub fn update(&mut self, old: Option<&Object>, new: Option<&Object>) -> bool {
        let Some(any) = new.or(old) else { return false };
        if is_noise(any) {
            return false;
        }
        let before = self.sum;
        let id = identity(any);
        new.into_iter().for_each(|new| self.tokens.note(new));
        match new.filter(|new| self.keeps(new)) {
            Some(new) => {
                let mut entry = self.entries.remove(&id).unwrap_or_default();
                self.sum = self.sum.wrapping_sub(entry.hash);
                self.fill(&mut entry, old, new);
                self.sum = self.sum.wrapping_add(entry.hash);
                self.entries.insert(id, entry);
            }
            None => {
                let gone = self.entries.remove(&id).unwrap_or_default();
                self.sum = self.sum.wrapping_sub(gone.hash);
            }
        }
        self.sum != before
    }

    fn keeps(&mut self, object: &Object) -> bool {
        // Noted first: the pods of a scheduled Job are known by it even where the Job itself is ignored.
        let scheduled = self.scheduled.note(object);
        !scheduled && !leaves_out(object) && !self.ignore.iter().any(|entry| entry.drops(object))
    }

    fn fill(&self, entry: &mut Entry, old: Option<&Object>, new: &Object) {
        if let Some(hash) = reduced(&self.tokens, new) {
            entry.hash = hash;
            return;
        }
        match without_fields(new, &self.ignore) {
            Some(left) => {
                entry.fill(&self.tokens, None, &left);
                entry.fields.clear(); // hashes of what is left are not those of the object's own fields
            }
            None => entry.fill(&self.tokens, old, new),
        }
    }
}

impl Entry {
    /// Hashes the fields that `new` does not share with `old`.
    fn fill(&mut self, tokens: &Tokens, old: Option<&Object>, new: &Object) {
        let known = std::mem::take(&mut self.fields);
        let mut digest = Digest::new();
        let Some(fields) = new.root().as_map() else { return };
        for (key, value) in fields {
            let kept = || known.iter().find(|(known, _)| known == key).map(|(_, hash)| *hash);
            let shared =
                old.and_then(|old| old.root().get(key.as_str())).is_some_and(|old| shares(old, value));
            let hash =
                shared.then(kept).flatten().unwrap_or_else(|| field(tokens, new.kind(), key.as_str(), value));
            self.fields.push((*key, hash));
            digest.word(hash);
        }
        self.hash = digest.finish();
    }
}

/// Whether both are one branch of a tree, by address.
fn shares(old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::Map(old), Value::Map(new)) => old.ptr_eq(new),
        (Value::List(old), Value::List(new)) => std::sync::Arc::ptr_eq(old, new),
        _ => false,
    }
}

/// Which entry is the object's: kind, namespace and name, hashed.
fn identity(object: &Object) -> u64 {
    let mut digest = Digest::new();
    let group = object.api_version().rsplit_once('/').map_or("", |(group, _)| group);
    [group, object.kind(), object.namespace(), object.name()]
        .iter()
        .for_each(|part| digest.bytes(part.as_bytes()));
    digest.finish()
}
