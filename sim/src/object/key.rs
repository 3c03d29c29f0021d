//! Interned map keys: eight bytes each, compared by address.
//!
//! Field names repeat in every object, so a process stores each distinct name once. Names that users choose (label keys, data
//! keys) are interned too; a process sees few distinct ones. The names that our own code reads are in [`keys`](super::keys).

use std::cell::Cell;
use std::cmp::Ordering;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{LazyLock, Mutex, PoisonError};

use derive_more::Display;

use super::hash::{Digest, short_word};
use super::keys;

/// A map key: a name interned for the life of the process.
#[derive(Clone, Copy, derive_more::Debug, Display)]
#[display("{}", self.as_str())]
#[debug("{:?}", self.as_str())]
pub struct Key(&'static Interned);

/// An interned name, with what comparisons and hashes need.
pub(super) struct Interned {
    /// The first eight bytes, which distinguish most names.
    head: u64,
    text: &'static str,
    digest: u64,
    field: u8,
}

impl Interned {
    const fn new(text: &'static str) -> Self {
        Self::of_field(text, 0)
    }

    /// The name of a field with this number in `Positions`; 0 for other names.
    pub(super) const fn of_field(text: &'static str, field: u8) -> Self {
        Self { head: head(text), text, digest: Digest::of_bytes(text.as_bytes()), field }
    }
}

#[expect(clippy::disallowed_types, reason = "looked up only, with a fixed hash, and never iterated")]
type InternTable = std::collections::HashMap<&'static str, Key, BuildHasherDefault<NameHasher>>;

/// Hashes names as trees do: a word at a time.
#[derive(Clone, Copy, Default)]
struct NameHasher(Digest);

impl Hasher for NameHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.bytes(bytes);
    }

    /// Ignores the end mark of a text: the digest contains its length.
    fn write_u8(&mut self, _: u8) {}

    fn finish(&self) -> u64 {
        self.0.finish()
    }
}

/// All names of the process. Shared, because threads of runs come and go.
static ALL: LazyLock<Mutex<InternTable>> =
    LazyLock::new(|| Mutex::new(keys::ALL.iter().map(|key| (key.as_str(), *key)).collect()));

/// Up to this length, a text is compared by three words.
pub(super) const SHORT: usize = 24;

/// The size of a thread's cache of names; a power of two. Our choice: 8 KiB per thread.
const CACHED: usize = 1024;

thread_local! {
    /// The names that this thread used last, so that parsing seldom takes the shared lock.
    static CACHE: [Cell<Option<Key>>; CACHED] = const { [const { Cell::new(None) }; CACHED] };
}

impl Key {
    /// The key with this text.
    pub fn new(text: &str) -> Self {
        let head = head(text);
        CACHE.with(|cache| {
            let slot = &cache[slot(text, head)];
            match slot.get() {
                Some(key) if key.is_text(text, head) => key,
                _ => {
                    let key = Self::shared(text);
                    slot.set(Some(key));
                    key
                }
            }
        })
    }

    /// The key of a name of [`keys`], which [`ALL`] contains from the start.
    pub(super) const fn known(name: &'static Interned) -> Self {
        Self(name)
    }

    fn shared(text: &str) -> Self {
        let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = all.get(text) {
            return *key;
        }
        let text: &'static str = Box::leak(text.into());
        let key = Self(Box::leak(Box::new(Interned::new(text))));
        let earlier = all.insert(text, key);
        debug_assert!(earlier.is_none(), "a name is interned once, so that equal keys have one address");
        key
    }

    /// The text of the key.
    pub fn as_str(self) -> &'static str {
        self.0.text
    }

    /// The order of the key and a text. `head_of_text` is the text's [`head`].
    pub(super) fn cmp_text(self, text: &str, head_of_text: u64) -> Ordering {
        let by_head = self.0.head.cmp(&head_of_text);
        if by_head.is_ne() { by_head } else { self.0.text.cmp(text) }
    }

    /// Whether the key has this text. `head_of_text` is the text's [`head`].
    #[inline]
    pub(super) fn is_text(self, text: &str, head_of_text: u64) -> bool {
        self.is_short_text(text, head_of_text) && (text.len() <= SHORT || self.0.text[16..] == text[16..])
    }

    /// As [`is_text`](Self::is_text), for texts of up to [`SHORT`] bytes: without a call.
    #[inline]
    pub(super) fn is_short_text(self, text: &str, head_of_text: u64) -> bool {
        self.0.head == head_of_text
            && self.0.text.len() == text.len()
            && (text.len() <= 8 || {
                let (own, text) = (self.0.text.as_bytes(), text.as_bytes());
                let middle =
                    |bytes: &[u8]| bytes.get(8..16).and_then(|bytes| bytes.first_chunk::<8>().copied());
                own.last_chunk::<8>() == text.last_chunk()
                    && (text.len() <= 16 || middle(own) == middle(text))
            })
    }

    /// The address of the name: equal for equal keys, meaningless outside the process.
    pub(super) fn address(self) -> usize {
        std::ptr::from_ref(self.0).addr()
    }

    /// The number of the field in `Positions`; 0 for other names.
    pub(super) fn field(self) -> usize {
        usize::from(self.0.field)
    }

    /// The stable hash of the text, made once.
    pub fn digest(self) -> u64 {
        self.0.digest
    }
}

/// The first eight bytes of a text as a number that sorts as they do.
#[inline]
pub(super) const fn head(text: &str) -> u64 {
    match text.as_bytes().first_chunk() {
        Some(first) => u64::from_be_bytes(*first),
        None => short_word(text.as_bytes()).swap_bytes(),
    }
}

/// The order of two texts as of `str`, compared by whole words: most texts are short.
pub fn text_order(one: &str, other: &str) -> Ordering {
    let (mut left, mut right) = (one.as_bytes(), other.as_bytes());
    while let (Some((a, more_left)), Some((b, more_right))) =
        (left.split_first_chunk(), right.split_first_chunk())
    {
        let (a, b) = (u64::from_be_bytes(*a), u64::from_be_bytes(*b));
        if a != b {
            return a.cmp(&b);
        }
        (left, right) = (more_left, more_right);
    }
    let word = |bytes: &[u8]| short_word(&bytes[..bytes.len().min(8)]).swap_bytes();
    word(left).cmp(&word(right)).then_with(|| left.len().cmp(&right.len()))
}

/// The slot of a text in the cache.
#[inline]
fn slot(text: &str, head: u64) -> usize {
    let last = text.as_bytes().last_chunk().map_or(0, |last| u64::from_le_bytes(*last));
    let mixed = (head ^ last.rotate_left(29) ^ text.len() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed >> (64 - CACHED.ilog2())) as usize
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

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

/// The [`Key`] of a literal, interned once for each use in the code.
#[macro_export]
macro_rules! key {
    ($text:literal) => {{
        static KEY: std::sync::LazyLock<$crate::object::Key> =
            std::sync::LazyLock::new(|| $crate::object::Key::new($text));
        *KEY
    }};
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
    fn texts_sort_as_str_does() {
        let texts = "|\0|a|a\0|a\0\0\0\0\0\0\0\0b|aaaaaaaa|aaaaaaaaa|aaaaaaaab|web-1|web-12|web-7d4b9c6f5d-abcde|\
            web-7d4b9c6f5d-abcdf|ä";
        let texts: Vec<&str> = texts.split('|').collect();
        for one in &texts {
            for other in &texts {
                assert_eq!(text_order(one, other), one.cmp(other), "{one:?} {other:?}");
            }
        }
    }

    const LONG: &str = "abcdefghijklmnopqrstuvwxyz";
    const OTHER: &str = "abcdefghijklmnopqRstuvwxyz";

    #[test]
    fn a_key_has_its_own_text_only() {
        let short = "a abcdefgh abcdefghi abcdefghj abcdefghijklmnopq abcdefghijklmnopr";
        let texts: Vec<&str> = short.split(' ').chain([LONG, OTHER]).collect();
        for (i, key) in texts.iter().enumerate() {
            for (j, text) in texts.iter().enumerate() {
                assert_eq!(Key::new(key).is_text(text, head(text)), i == j, "{key} {text}");
            }
        }
    }

    #[test]
    fn a_name_of_keys_is_the_one_that_is_interned_later() {
        for key in keys::ALL {
            assert_eq!(Key::new(key.as_str()), *key);
        }
        assert_eq!(Key::new("metadata").digest(), keys::METADATA.digest());
    }
}
