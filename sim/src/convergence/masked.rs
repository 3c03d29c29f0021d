//! The masked state of all objects as one hash, kept from commit to commit.
//!
//! The state is a multiset, so its hash is a sum: neither order nor generated names matter. Each object keeps the hashes of its
//! fields: a write of the status hashes status and metadata again, not the spec. Commits are only noted; [`MaskedState::settle`]
//! hashes the last write to each object.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ignore::{Ignore, without_fields};
use super::mask::{field, leaves_out, reduced};
use super::pending::is_noise;
use super::scheduled::Scheduled;
use super::tokens::Tokens;
use crate::object::{Digest, Key, Object, Value};

/// The masked state. Note every commit, in order.
#[derive(Clone, Debug, Default)]
pub struct MaskedState {
    ignore: Vec<Ignore>,
    tokens: Tokens,
    scheduled: Scheduled,
    objects: BTreeMap<u64, MaskedObject>,
    /// The objects written since the last [`settle`](Self::settle), in their newest state; `None` is a deletion.
    unsettled: BTreeMap<u64, Option<Arc<Object>>>,
    sum: u64,
}

/// The hash that one object adds to the sum, and the hashes of its fields.
#[derive(Clone, Debug, Default)]
struct MaskedObject {
    hash: u64,
    fields: Vec<(Key, u64)>,
    /// The hashed object.
    hashed: Option<Arc<Object>>,
}

impl MaskedState {
    /// A state without objects.
    pub fn new(ignore: Vec<Ignore>) -> Self {
        Self { ignore, ..Self::default() }
    }

    /// The hash of the state as of the last [`settle`](Self::settle).
    pub fn hash(&self) -> u64 {
        self.sum
    }

    /// Loads existing objects, in any order.
    pub fn load<'a>(&mut self, objects: impl Iterator<Item = &'a Arc<Object>>) {
        for object in objects {
            self.note(None, Some(object));
        }
        self.settle();
    }

    /// Notes one commit: the object before it (`None`: created) and after it (`None`: deleted).
    pub fn note(&mut self, old: Option<&Arc<Object>>, new: Option<&Arc<Object>>) {
        let Some(any) = new.or(old) else { return };
        if is_noise(any) {
            return;
        }
        if let Some(new) = new {
            self.tokens.note(new);
            self.scheduled.note(new);
        }
        self.unsettled.insert(identity(any), new.cloned());
    }

    /// Hashes the noted commits. Returns whether the state changed.
    pub fn settle(&mut self) -> bool {
        let before = self.sum;
        for (id, new) in std::mem::take(&mut self.unsettled) {
            let mut entry = self.objects.remove(&id).unwrap_or_default();
            self.sum = self.sum.wrapping_sub(entry.hash);
            if let Some(new) = new.filter(|new| self.keeps(new)) {
                self.fill(&mut entry, &new);
                self.sum = self.sum.wrapping_add(entry.hash);
                entry.hashed = Some(new);
                self.objects.insert(id, entry);
            }
        }
        self.sum != before
    }

    fn keeps(&mut self, object: &Object) -> bool {
        // Noted first: an ignored Job still identifies its pods.
        let scheduled = self.scheduled.note(object);
        !scheduled && !leaves_out(object) && !self.ignore.iter().any(|entry| entry.drops(object))
    }

    fn fill(&self, entry: &mut MaskedObject, new: &Object) {
        if let Some(hash) = reduced(&self.tokens, new) {
            entry.hash = hash;
            return;
        }
        match without_fields(new, &self.ignore) {
            Some(left) => {
                entry.hashed = None; // the field hashes are those of the reduced object
                entry.fill(&self.tokens, &left);
            }
            None => entry.fill(&self.tokens, new),
        }
    }
}

impl MaskedObject {
    /// Hashes the fields that `new` does not share with the object that was hashed last.
    fn fill(&mut self, tokens: &Tokens, new: &Object) {
        let known = std::mem::take(&mut self.fields);
        let mut digest = Digest::new();
        let Some(fields) = new.root().as_map() else { return };
        let old = self.hashed.as_deref().and_then(|hashed| hashed.root().as_map());
        for (key, value) in fields {
            let shared = old.and_then(|old| old.get_key(*key)).is_some_and(|old| shares(old, value));
            let kept = || known.iter().find(|(known, _)| known == key).map(|(_, hash)| *hash);
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
        (Value::List(old), Value::List(new)) => Arc::ptr_eq(old, new),
        _ => false,
    }
}

/// The key of an object's entry: the hash of group, kind, namespace and name.
fn identity(object: &Object) -> u64 {
    let mut digest = Digest::new();
    let group = object.api_version().rsplit_once('/').map_or("", |(group, _)| group);
    [group, object.kind(), object.namespace(), object.name()]
        .iter()
        .for_each(|part| digest.bytes(part.as_bytes()));
    digest.finish()
}
