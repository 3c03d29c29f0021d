//! A stable hash of trees: equal trees have equal hashes, in any process. Not cryptographic.

use super::{Map, Value};

const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;

// Marks of changes; distinct from the first words of values.
const LIST: u64 = 16;
const MAP: u64 = 17;
const REMOVED: u64 = 18;
const END: u64 = 19;

/// A running hash, fed word by word.
#[derive(Clone, Copy, Debug)]
pub struct Digest(u64);

impl Digest {
    /// The empty digest.
    pub const fn new() -> Self {
        Self(0x2545_F491_4F6C_DD1D)
    }

    /// Feeds one word.
    pub const fn word(&mut self, word: u64) {
        let product = ((self.0 ^ word) as u128).wrapping_mul((MULTIPLIER as u128) << 1 | 1);
        self.0 = (product as u64) ^ ((product >> 64) as u64).rotate_left(23) ^ word.rotate_left(41);
    }

    /// Feeds bytes and their length.
    pub const fn bytes(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some((word, tail)) = rest.split_first_chunk() {
            self.word(u64::from_le_bytes(*word));
            rest = tail;
        }
        self.word(short_word(rest));
        self.word(bytes.len() as u64);
    }

    /// The hash of these bytes.
    pub(super) const fn of_bytes(bytes: &[u8]) -> u64 {
        let mut digest = Self::new();
        digest.bytes(bytes);
        digest.finish()
    }

    /// Feeds a tree.
    pub fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.word(1),
            Value::Bool(b) => self.word(2 + u64::from(*b)),
            Value::Int(n) => {
                self.word(4);
                self.word(n.cast_unsigned());
            }
            Value::Float(n) => {
                self.word(5);
                self.word(n.to_bits());
            }
            Value::Str(s) => {
                self.word(6);
                self.bytes(s.as_bytes());
            }
            Value::List(items) => {
                self.word(7 + ((items.len() as u64) << 8));
                items.iter().for_each(|item| self.value(item));
            }
            Value::Map(map) => {
                self.word(8 + ((map.len() as u64) << 8));
                for (key, value) in map {
                    self.word(key.digest());
                    self.value(value);
                }
            }
        }
    }

    /// Feeds the difference from `old` to `new`, and returns whether there is any. Equal branches feed nothing. Two changes of
    /// one tree have the same hash only if they lead to the same tree.
    pub fn change(&mut self, old: &Value, new: &Value) -> bool {
        match (old, new) {
            (Value::Map(old), Value::Map(new)) => self.change_of_map(old, new),
            (Value::List(old), Value::List(new)) if old.len() == new.len() => {
                let shared = std::sync::Arc::ptr_eq(old, new);
                let pairs = if shared { [].iter().zip(&[]) } else { old.iter().zip(new.iter()) };
                let before = *self;
                self.word(LIST);
                let mut changed = false;
                for (i, (old, new)) in pairs.enumerate() {
                    changed |= self.child(i as u64, old, new);
                }
                self.end(before, changed)
            }
            (old, new) if old == new => false,
            (_, new) => {
                self.value(new);
                true
            }
        }
    }

    fn change_of_map(&mut self, old: &Map, new: &Map) -> bool {
        if old.ptr_eq(new) {
            return false;
        }
        let before = *self;
        self.word(MAP);
        let mut changed = false;
        let mut left = old.iter().peekable();
        for (key, value) in new {
            while let Some((gone, _)) = left.next_if(|(old, _)| old < key) {
                self.removed(gone.digest());
                changed = true;
            }
            changed |= match left.next_if(|(old, _)| old == key) {
                Some((_, old)) => self.child(key.digest(), old, value),
                None => {
                    self.word(key.digest());
                    self.value(value);
                    true
                }
            };
        }
        for (gone, _) in left {
            self.removed(gone.digest());
            changed = true;
        }
        self.end(before, changed)
    }

    /// Feeds the difference of a child of both trees, under its name.
    #[inline]
    fn child(&mut self, name: u64, old: &Value, new: &Value) -> bool {
        // A write shares most branches that it does not change.
        if old.is_shared_with(new) {
            return false;
        }
        let before = *self;
        self.word(name);
        let changed = self.change(old, new);
        if !changed {
            *self = before;
        }
        changed
    }

    fn removed(&mut self, name: u64) {
        self.word(name);
        self.word(REMOVED);
    }

    fn end(&mut self, before: Self, changed: bool) -> bool {
        if changed {
            self.word(END);
        } else {
            *self = before;
        }
        changed
    }

    /// The hash of everything fed.
    pub const fn finish(mut self) -> u64 {
        self.word(0x5851_F42D_4C95_7F2D);
        self.0
    }
}

/// Up to eight bytes as a little-endian number. Overlapping loads cost less than a copy.
#[inline]
pub(super) const fn short_word(bytes: &[u8]) -> u64 {
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
        return first as u64 | (last as u64) << (8 * (bytes.len() - 4));
    }
    match *bytes {
        [a, b, c, ..] => a as u64 | (b as u64) << 8 | (c as u64) << 16,
        [a, b] => a as u64 | (b as u64) << 8,
        [a] => a as u64,
        [] => 0,
    }
}

impl Default for Digest {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;

    fn digest(value: &Value) -> u64 {
        let mut digest = Digest::new();
        digest.value(value);
        digest.finish()
    }

    #[test]
    fn a_change_hashes_the_difference_whatever_is_shared() {
        let old = value!({"a": {"b": [1, {"c": 2}], "d": "x"}, "e": 1});
        let change = |new: &Value| {
            let mut digest = Digest::new();
            digest.change(&old, new).then(|| digest.finish())
        };
        let copy = Value::from_json(old.to_json().as_bytes()).unwrap();
        assert_eq!((change(&old), change(&copy)), (None, None));
        let edits: [(&[&str], Value); 6] = [
            (&["a", "d"], "y".into()),
            (&["a", "d"], Value::Null),
            (&["a", "b"], value!([1, {"c": 3}])),
            (&["a", "b"], value!([1])),
            (&["e"], value!({})),
            (&["f"], 1.into()),
        ];
        let mut seen = Vec::new();
        for (path, edit) in edits {
            let (mut shared, mut copied) = (old.clone(), copy.clone());
            shared.set_at(path, edit.clone());
            copied.set_at(path, edit);
            seen.push(change(&shared));
            assert_eq!(change(&copied), change(&shared));
        }
        for path in [["a", "b"], ["a", "d"]] {
            let mut without = old.clone();
            without.remove_at(&path);
            seen.push(change(&without));
        }
        assert!(seen.iter().enumerate().all(|(i, hash)| hash.is_some() && !seen[..i].contains(hash)));
    }

    #[test]
    fn a_short_word_is_its_bytes() {
        for len in 0..=8 {
            let bytes = &b"abcdefgh"[..len];
            let mut padded = [0; 8];
            padded[..len].copy_from_slice(bytes);
            assert_eq!(short_word(bytes), u64::from_le_bytes(padded));
        }
    }

    #[test]
    fn every_change_changes_the_hash() {
        let trees = [
            value!({"a": 1}),
            value!({"a": 2}),
            value!({"a": "1"}),
            value!({"b": 1}),
            value!({"a": [1]}),
            value!({"a": {}}),
            value!({"a": []}),
            value!({"a": null}),
            value!({}),
            value!({"a": "12345678"}),
            value!({"a": "123456789"}),
        ];
        let hashes: Vec<u64> = trees.iter().map(digest).collect();
        for (i, hash) in hashes.iter().enumerate() {
            assert!(!hashes[..i].contains(hash), "{:?} has the hash of an earlier tree", trees[i]);
        }
    }
}
