//! A stable hash of trees: equal trees have equal hashes, in any process. Not for defence against attackers.

use super::Value;

const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;

/// A running hash, fed word by word.
#[derive(Clone, Copy, Debug)]
pub struct Digest(u64);

impl Digest {
    /// The empty digest.
    pub const fn new() -> Self {
        Self(0x2545_F491_4F6C_DD1D)
    }

    /// Takes in one word.
    pub fn word(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word).wrapping_mul(u128::from(MULTIPLIER) << 1 | 1);
        self.0 = (product as u64) ^ ((product >> 64) as u64).rotate_left(23) ^ word.rotate_left(41);
    }

    /// Takes in bytes and their length.
    pub fn bytes(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.word(u64::from_le_bytes(*word));
        }
        self.word(short_word(rest));
        self.word(bytes.len() as u64);
    }

    /// Takes in a tree.
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

    /// The hash of all that was taken in.
    pub fn finish(mut self) -> u64 {
        self.word(0x5851_F42D_4C95_7F2D);
        self.0
    }
}

/// Up to eight bytes as a number, the first one lowest. Loads that overlap cost less than a copy.
#[inline]
pub(super) fn short_word(bytes: &[u8]) -> u64 {
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
        return u64::from(first) | u64::from(last) << (8 * (bytes.len() - 4));
    }
    match *bytes {
        [a, b, c, ..] => u64::from(a) | u64::from(b) << 8 | u64::from(c) << 16,
        [a, b] => u64::from(a) | u64::from(b) << 8,
        [a] => u64::from(a),
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
