//! uids and generated names. Each is drawn by birth name: namespace, resource, prefix, and the number of the create with
//! that prefix.
//!
//! Therefore removing one fault from a plan does not rename the objects of the others.

use crate::engine::Draws;
use crate::object::Str;
use crate::wire::{Birth, Resource};

/// The alphabet of suffixes, without vowels and without digits that look like letters (apimachinery `rand.String`).
const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
/// The length of a suffix (apiserver `names.randomLength`).
const SUFFIX_LEN: usize = 5;
/// How much of a prefix a generated name keeps (apiserver `names.MaxGeneratedNameLength`).
const MAX_PREFIX_LEN: usize = 58;

/// Draws uids and generated names.
#[derive(Clone, Debug)]
pub(super) struct Names {
    draws: Draws,
}

impl Names {
    /// The names of the run with this seed.
    pub(super) fn new(seed: u64) -> Self {
        Self { draws: Draws::new(seed) }
    }

    /// From now on draws from this seed. The counts of past creates stay.
    pub(super) fn reseed(&mut self, seed: u64) {
        self.draws.reseed(seed);
    }

    /// The birth name of the next create with this prefix. [`count`](Self::count) counts the create once it is committed.
    pub(super) fn birth(&self, resource: Resource, namespace: &str, prefix: &Str, generated: bool) -> Birth {
        let nth = self.draws.count(&["birth", resource.as_str(), namespace, prefix]) + 1;
        Birth { prefix: prefix.clone(), nth, generated }
    }

    /// Counts a committed create.
    pub(super) fn count(&mut self, resource: Resource, namespace: &str, birth: &Birth) {
        self.draws.next(&["birth", resource.as_str(), namespace, &birth.prefix]);
    }

    /// The uid of an object, as a version 4 UUID.
    pub(super) fn uid(&self, resource: Resource, namespace: &str, birth: &Birth) -> Str {
        let draw = |half| self.draws.nth(&[half, resource.as_str(), namespace, &birth.prefix], birth.nth);
        let (high, low) = (draw("uid"), draw("uid, second half"));
        let high = high & !0xf000 | 0x4000;
        let low = low & !(0b11 << 62) | 0b10 << 62;
        uuid(high, low)
    }

    /// The `attempt`-th candidate for a generated name, from 0.
    pub(super) fn generate(&self, resource: Resource, namespace: &str, birth: &Birth, attempt: u64) -> Str {
        let prefix = birth.prefix.get(..MAX_PREFIX_LEN).unwrap_or(&birth.prefix);
        let name = ["suffix", resource.as_str(), namespace, &birth.prefix];
        with_suffix(prefix, self.draws.nth(&name, birth.nth << 8 | attempt))
    }

    /// A whole number in `low..=high`, drawn by name.
    pub(super) fn between(&mut self, name: &[&str], low: u64, high: u64) -> u64 {
        self.draws.between(name, low, high)
    }
}

/// The prefix with a suffix drawn from `bits`.
pub(super) fn with_suffix(prefix: &str, mut bits: u64) -> Str {
    let mut text = String::with_capacity(prefix.len() + SUFFIX_LEN);
    text.push_str(prefix);
    for _ in 0..SUFFIX_LEN {
        text.push(char::from(ALPHABET[(bits % 27) as usize]));
        bits /= 27;
    }
    text.into()
}

/// The text of a UUID, `00000000-0000-0000-0000-000000000000`.
fn uuid(high: u64, low: u64) -> Str {
    let mut text = *b"00000000-0000-0000-0000-000000000000";
    let mut bits = u128::from(high) << 64 | u128::from(low);
    for place in text.iter_mut().rev().filter(|place| **place != b'-') {
        *place = b"0123456789abcdef"[(bits & 0xf) as usize];
        bits >>= 4;
    }
    str::from_utf8(&text).expect("hexadecimal digits are text").into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::resource::PODS;

    #[test]
    fn names_depend_on_the_birth_name_alone() {
        let (mut one, other) = (Names::new(7), Names::new(7));
        let first = one.birth(*PODS, "default", &"web-".into(), true);
        one.count(*PODS, "default", &first);
        let second = one.birth(*PODS, "default", &"web-".into(), true);
        assert_eq!((first.nth, second.nth), (1, 2));
        assert_eq!(one.uid(*PODS, "default", &first), other.uid(*PODS, "default", &first));
        assert_ne!(one.uid(*PODS, "default", &first), one.uid(*PODS, "default", &second));
        assert_ne!(one.uid(*PODS, "default", &first), one.uid(*PODS, "other", &first));
    }

    #[test]
    fn uids_are_version_4_and_suffixes_have_no_vowels() {
        assert_eq!(uuid(0x0123_4567_89ab_cdef, 0x10), "01234567-89ab-cdef-0000-000000000010");
        let names = Names::new(3);
        let birth = Birth { prefix: "a".repeat(70).into(), nth: 1, generated: true };
        let uid = names.uid(*PODS, "default", &birth);
        assert_eq!((uid.len(), &uid[14..15]), (36, "4"));
        assert!("89ab".contains(&uid[19..20]));
        let name = names.generate(*PODS, "default", &birth, 0);
        assert_eq!(name.len(), 63);
        assert!(!name[58..].contains(['a', 'e', 'i', 'o', 'u', 'y', '0', '1', '3']));
        assert_ne!(name, names.generate(*PODS, "default", &birth, 1));
    }
}
