//! Interned map keys: eight bytes each, compared by address.
//!
//! Field names repeat in every object, so each distinct name is stored once for the life of the process. Names
//! that users choose (label keys, data keys) are interned too; a process sees few distinct ones.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{LazyLock, Mutex, PoisonError};

use super::Digest;
use super::hash::short_word;

/// A map key: a name interned for the life of the process.
#[derive(Clone, Copy)]
pub struct Key(&'static Interned);

struct Interned {
    /// The first eight bytes, so that most names are told apart without a look at the text.
    head: u64,
    text: Box<str>,
    digest: u64,
}

#[expect(clippy::disallowed_types, reason = "looked up only, with a fixed hash, and never iterated")]
type Table = std::collections::HashMap<&'static str, Key, BuildHasherDefault<NameHasher>>;

/// Hashes names as trees hash them: a word at a time.
#[derive(Clone, Copy, Default)]
struct NameHasher(Digest);

impl Hasher for NameHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.bytes(bytes);
    }

    /// The mark behind a text says nothing: its length is in already.
    fn write_u8(&mut self, _: u8) {}

    fn finish(&self) -> u64 {
        self.0.finish()
    }
}

/// Every name of the process. Shared, because run threads come and go.
static ALL: LazyLock<Mutex<Table>> = LazyLock::new(Mutex::default);

thread_local! {
    /// The names this thread has met: keeps the shared lock out of the parsing path.
    static MET: RefCell<Table> = RefCell::default();
}

/// The key of a name that is written in the code, looked up once.
#[macro_export]
macro_rules! key {
    ($text:literal) => {{
        static KEY: std::sync::LazyLock<$crate::object::Key> =
            std::sync::LazyLock::new(|| $crate::object::Key::new($text));
        *KEY
    }};
}

impl Key {
    /// The key with this text.
    pub fn new(text: &str) -> Self {
        MET.with_borrow_mut(|met| {
            if let Some(key) = met.get(text) {
                return *key;
            }
            let key = Self::shared(text);
            met.insert(key.as_str(), key);
            key
        })
    }

    fn shared(text: &str) -> Self {
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = all.get(text) {
            return *key;
        }
        let mut digest = Digest::new();
        digest.bytes(text.as_bytes());
        let key = Self(Box::leak(Box::new(Interned {
            head: head(text),
            text: text.into(),
            digest: digest.finish(),
        })));
        all.insert(key.as_str(), key);
        key
    }

    /// The text of the key.
    pub fn as_str(self) -> &'static str {
        &self.0.text
    }

    /// How the key compares with a text. `head_of_text` is the text's [`head`].
    pub(super) fn cmp_text(self, text: &str, head_of_text: u64) -> Ordering {
        let by_head = self.0.head.cmp(&head_of_text);
        if by_head.is_ne() { by_head } else { self.0.text[..].cmp(text) }
    }

    /// Whether the key has a text. `head_of_text` is the text's [`head`].
    #[inline]
    pub(super) fn is_text(self, text: &str, head_of_text: u64) -> bool {
        self.0.head == head_of_text && self.0.text.len() == text.len() && self.has_end(text)
    }

    /// Whether what comes after the head is the end of a text of the same length and head.
    #[inline]
    fn has_end(self, text: &str) -> bool {
        let (own, text) = (self.0.text.as_bytes(), text.as_bytes());
        match text.len() {
            0..=8 => true,
            9..=16 => own.last_chunk::<8>() == text.last_chunk::<8>(),
            _ => own[8..] == text[8..],
        }
    }

    /// Where the name is stored: equal for equal keys, of no meaning outside the process.
    pub(super) fn address(self) -> usize {
        std::ptr::from_ref(self.0).addr()
    }

    /// The stable hash of the text, made once.
    pub fn digest(self) -> u64 {
        self.0.digest
    }
}

/// The first eight bytes of a text as a number that sorts as they do.
#[inline]
pub(super) fn head(text: &str) -> u64 {
    match text.as_bytes().first_chunk() {
        Some(first) => u64::from_be_bytes(*first),
        None => short_word(text.as_bytes()).swap_bytes(),
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Eq for Key {}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        if self == other { Ordering::Equal } else { self.cmp_text(other.as_str(), other.0.head) }
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_sort_as_texts_do() {
        let texts =
            ["", "a", "aa", "ab", "abc", "abcd", "abcde", "abcdef", "abcdefg", "abcdefgh", "abcdefgi", "b"];
        assert!(texts.is_sorted_by_key(|text| head(text)));
        assert_eq!(head("abc"), u64::from_be_bytes(*b"abc\0\0\0\0\0"));
        assert_eq!(head("abcdef"), u64::from_be_bytes(*b"abcdef\0\0"));
    }

    #[test]
    fn a_key_has_its_own_text_only() {
        let texts = ["a", "abcdefgh", "abcdefghi", "abcdefghj", "abcdefghijklmnopq", "abcdefghijklmnopr"];
        for (i, key) in texts.iter().enumerate() {
            for (j, text) in texts.iter().enumerate() {
                assert_eq!(Key::new(key).is_text(text, head(text)), i == j, "{key} {text}");
            }
        }
    }
}
