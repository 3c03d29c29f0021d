//! Randomness by name: a draw depends only on the seed, its name and how often that name drew before.
//!
//! With one shared stream, leaving out one fault would shift all later draws, and shrinking would compare different runs.

use std::hash::{BuildHasherDefault, Hasher};

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Room for the names of most runs. Our choice: one allocation in place of several.
const NAMES: usize = 448;

/// The draws of one run.
#[derive(Clone, Debug)]
pub struct Draws {
    seed: u64,
    drawn: Counts,
}

/// How often each key drew.
#[expect(clippy::disallowed_types, reason = "looked up only, with a fixed hash, and never iterated")]
type Counts = std::collections::HashMap<u64, u64, BuildHasherDefault<KeyHasher>>;

/// Keys are hashes already.
#[derive(Clone, Copy, Debug, Default)]
struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn write(&mut self, _: &[u8]) {
        unreachable!("keys are numbers");
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Draws {
    /// The draws of the run with this seed.
    pub fn new(seed: u64) -> Self {
        Self { seed, drawn: Counts::default() }
    }

    /// As [`new`](Self::new), with room for the names of a whole run.
    pub fn roomy(seed: u64) -> Self {
        Self { seed, drawn: Counts::with_capacity_and_hasher(NAMES, BuildHasherDefault::default()) }
    }

    /// Changes the seed and keeps the counts.
    pub fn reseed(&mut self, seed: u64) {
        self.seed = seed;
    }

    /// The next 64 bits of the draw with this name.
    pub fn next(&mut self, name: &[&str]) -> u64 {
        let key = key(name);
        let nth = self.drawn.entry(key).or_default();
        *nth += 1;
        mix(self.seed, key, *nth)
    }

    /// The next whole number in `low..=high` of the draw with this name.
    pub fn between(&mut self, name: &[&str], low: u64, high: u64) -> u64 {
        if low >= high { low } else { within(self.next(name), low, high) }
    }

    /// The `nth` 64 bits of the draw with this name. Does not count as a draw.
    pub fn nth(&self, name: &[&str], nth: u64) -> u64 {
        mix(self.seed, key(name), nth)
    }

    /// How often this name drew.
    pub fn count(&self, name: &[&str]) -> u64 {
        self.drawn.get(&key(name)).copied().unwrap_or(0)
    }
}

/// Scales 64 random bits to `low..=high`.
fn within(bits: u64, low: u64, high: u64) -> u64 {
    let span = u128::from(high - low) + 1;
    low + ((u128::from(bits) * span) >> 64) as u64
}

/// Each part is hashed under the hash of those before it, so ["ab", "c"] and ["a", "bc"] differ.
fn key(name: &[&str]) -> u64 {
    name.iter().fold(0, |hash, part| xxh3_64_with_seed(part.as_bytes(), hash))
}

fn mix(seed: u64, key: u64, nth: u64) -> u64 {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&key.to_le_bytes());
    bytes[8..].copy_from_slice(&nth.to_le_bytes());
    xxh3_64_with_seed(&bytes, seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_does_not_depend_on_other_names() {
        let (mut alone, mut among) = (Draws::new(7), Draws::new(7));
        let first = [alone.next(&["pull", "a"]), alone.next(&["pull", "a"])];
        let mut second = vec![among.next(&["pull", "a"])];
        among.next(&["pull", "b"]);
        second.push(among.next(&["pull", "a"]));
        assert_eq!(first.as_slice(), second);
        assert_ne!(first[0], first[1]);
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(Draws::new(7).next(&["ab", "c"]), Draws::new(7).next(&["a", "bc"]));
    }

    #[test]
    fn a_range_has_both_ends() {
        let mut draws = Draws::new(1);
        let drawn: std::collections::BTreeSet<u64> = (0..100).map(|_| draws.between(&["x"], 3, 5)).collect();
        assert_eq!(drawn.into_iter().collect::<Vec<_>>(), [3, 4, 5]);
    }
}
