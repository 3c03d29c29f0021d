//! Strings without what differs between equal states: tokens replace uids, times, addresses, generated names and node names
//! before a string is hashed.
//!
//! Uids and RFC 3339 times are recognised by their shape, names and addresses if an object has had them so far: a text that
//! names one earlier keeps its hash until it is written again. A token has no letter or digit next to it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::ops::Bound;

use super::reason::text;
use crate::object::{Digest, Object, Str, Value};

/// What a digest gets for a token. Our choice, because any constants will do that ordinary text does not produce.
mod word {
    pub(super) const TEXT: u64 = 0x746f_6b65_6e00_0001;
    pub(super) const UID: u64 = 0x746f_6b65_6e00_0002;
    pub(super) const TIME: u64 = 0x746f_6b65_6e00_0003;
    pub(super) const ADDRESS: u64 = 0x746f_6b65_6e00_0004;
    pub(super) const NODE: u64 = 0x746f_6b65_6e00_0005;
    pub(super) const GENERATED: u64 = 0x746f_6b65_6e00_0006;
}

/// The ServiceAccount admission plugin names volumes by this and five random characters.
const TOKEN_VOLUME: &str = "kube-api-access-";

/// The meaning of a name.
#[derive(Clone, Copy, Debug)]
enum NameKind {
    Node,
    Address,
    /// A generated name, with the length of its prefix, which is hashed.
    Generated(usize),
}

/// The names and addresses of all objects so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Tokens {
    names: BTreeMap<Str, NameKind>,
    addresses: BTreeSet<u32>,
    /// The first segments of names: a filter before the search in `names`.
    firsts: [u64; 16],
}

impl Tokens {
    /// Notes the names and addresses of `object`.
    pub(super) fn note(&mut self, object: &Object) {
        let name = object.name();
        let kind = if object.api_version() == "v1" { object.kind() } else { "" };
        match kind {
            "Node" => {
                self.note_name(text(object, &["metadata", "name"]), NameKind::Node);
                let addresses = object.items_at(&["status", "addresses"]).iter();
                self.note_addresses(addresses.filter_map(|a| a.get("address")));
            }
            "Pod" => {
                let addresses = object.items_at(&["status", "podIPs"]).iter().filter_map(|ip| ip.get("ip"));
                self.note_addresses(addresses.chain(object.at(&["status", "podIP"])));
                self.note_addresses(object.at(&["status", "hostIP"]).into_iter());
            }
            "Service" => {
                let addresses = object.items_at(&["spec", "clusterIPs"]).iter();
                self.note_addresses(addresses.chain(object.at(&["spec", "clusterIP"])));
            }
            _ => (),
        }
        if let Some(prefix) =
            object.str_at(&["metadata", "generateName"]).filter(|prefix| name.starts_with(prefix))
        {
            self.note_name(text(object, &["metadata", "name"]), NameKind::Generated(prefix.len()));
        }
    }

    fn note_name(&mut self, name: Str, what: NameKind) {
        let first = name.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        if first.is_empty() || self.names.contains_key(&name) {
            return;
        }
        let (i, bit) = bit_of(first.as_bytes());
        self.firsts[i] |= bit;
        self.names.insert(name, what);
    }

    fn note_addresses<'a>(&mut self, addresses: impl Iterator<Item = &'a Value>) {
        for address in addresses {
            let Value::Str(address) = address else { continue };
            match address.parse::<Ipv4Addr>() {
                Ok(v4) => drop(self.addresses.insert(v4.to_bits())),
                Err(_) if address.contains(':') => self.note_name(address.clone(), NameKind::Address),
                Err(_) => (), // a host name, or `None` for a headless service
            }
        }
    }

    /// Hashes `text` with its tokens replaced.
    pub(super) fn hash(&self, text: &str, digest: &mut Digest) {
        let bytes = text.as_bytes();
        let (mut plain, mut i) = (0, 0);
        while i < bytes.len() {
            let end = segment_end(bytes, i);
            if let Some(token) = self.token(text, i, end) {
                digest.bytes(&bytes[plain..i]);
                digest.word(token.word);
                if token.keep > 0 {
                    digest.bytes(&bytes[i..i + token.keep]);
                }
                (plain, i) = (i + token.len, i + token.len);
            } else {
                i = end + 1;
            }
        }
        digest.word(word::TEXT);
        digest.bytes(&bytes[plain..]);
    }

    /// The token that starts at `start`, in the segment of letters and digits that ends at `end`.
    fn token(&self, text: &str, start: usize, end: usize) -> Option<Token> {
        let rest = &text.as_bytes()[start..];
        let first = &rest[..end - start];
        let ends_at = |len: usize| !rest.get(len).is_some_and(u8::is_ascii_alphanumeric);
        if first.len() == 8 && is_uid(rest) && ends_at(36) {
            return Some(Token { len: 36, keep: 0, word: word::UID });
        }
        if first.first()?.is_ascii_digit() && first.len() <= 4 {
            let time = time_len(rest).map(|len| Token { len, keep: 0, word: word::TIME });
            if time.is_some() {
                return time;
            }
            let address = || ipv4(rest).filter(|(len, bits)| ends_at(*len) && self.addresses.contains(bits));
            if let Some((len, _)) = (!self.addresses.is_empty()).then(address).flatten() {
                return Some(Token { len, keep: 0, word: word::ADDRESS });
            }
        }
        if first == b"kube" && rest.starts_with(TOKEN_VOLUME.as_bytes()) && rest.len() > TOKEN_VOLUME.len() {
            let len = segment_end(rest, TOKEN_VOLUME.len());
            return Some(Token { len, keep: TOKEN_VOLUME.len(), word: word::GENERATED });
        }
        let (i, bit) = bit_of(first);
        if self.firsts[i] & bit == 0 {
            return None;
        }
        self.known_name(text, start)
    }

    /// The longest known name at `start`.
    fn known_name(&self, text: &str, start: usize) -> Option<Token> {
        let mut rest = text.get(start..)?;
        let ends = |len: usize| !text.as_bytes().get(start + len).is_some_and(u8::is_ascii_alphanumeric);
        loop {
            let (name, what) =
                self.names.range::<str, _>((Bound::Unbounded, Bound::Included(rest))).next_back()?;
            let common = name.bytes().zip(rest.bytes()).take_while(|(a, b)| a == b).count();
            if common == name.len() && ends(common) {
                let (keep, word) = match what {
                    NameKind::Node => (0, word::NODE),
                    NameKind::Address => (0, word::ADDRESS),
                    NameKind::Generated(prefix) => (*prefix, word::GENERATED),
                };
                return Some(Token { len: common, keep, word });
            }
            // A shorter name is a prefix of the common part.
            let shorter = common.min(rest.len() - 1);
            rest = rest.get(..shorter).filter(|rest| !rest.is_empty())?;
        }
    }
}

/// A token in a text: its length, the length of the part that is hashed, and its word.
struct Token {
    len: usize,
    keep: usize,
    word: u64,
}

/// The end of the run of letters and digits that starts at `start`.
fn segment_end(bytes: &[u8], start: usize) -> usize {
    bytes[start..].iter().position(|b| !b.is_ascii_alphanumeric()).map_or(bytes.len(), |n| start + n)
}

/// The bit of a first segment in `firsts`.
fn bit_of(first: &[u8]) -> (usize, u64) {
    let [a, .., z] = first else { return (0, 1 << (first.first().unwrap_or(&0) & 63)) };
    let bits = usize::from(*a).wrapping_mul(31) ^ usize::from(*z).wrapping_mul(7) ^ (first.len() << 5);
    ((bits >> 6) & 15, 1 << (bits & 63))
}

/// Whether `bytes` start with the 36 characters of a uid.
fn is_uid(bytes: &[u8]) -> bool {
    bytes.len() >= 36
        && bytes[..36].iter().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => *b == b'-',
            _ => b.is_ascii_hexdigit() && !b.is_ascii_uppercase(),
        })
}

/// The length of the RFC 3339 time at the start of `bytes`.
fn time_len(bytes: &[u8]) -> Option<usize> {
    let shape = |at: usize, shape: &[u8]| {
        let part = bytes.get(at..at + shape.len())?;
        let fits = part.iter().zip(shape).all(|(b, s)| if *s == b'0' { b.is_ascii_digit() } else { b == s });
        fits.then_some(at + shape.len())
    };
    let mut end = shape(0, b"0000-00-00T00:00:00")?;
    if bytes.get(end) == Some(&b'.') {
        end += 1 + bytes[end + 1..].iter().take_while(|b| b.is_ascii_digit()).count();
    }
    shape(end, b"Z").or_else(|| shape(end, b"+00:00")).or_else(|| shape(end, b"-00:00"))
}

/// The IPv4 address at the start of `bytes`, with its length.
fn ipv4(bytes: &[u8]) -> Option<(usize, u32)> {
    let (mut bits, mut at) = (0, 0);
    for part in 0..4 {
        let digits = bytes[at..].iter().take(3).take_while(|b| b.is_ascii_digit());
        let (len, number) = digits.fold((0, 0), |(len, n), b| (len + 1, n * 10 + u32::from(b - b'0')));
        if len == 0 || number > 255 {
            return None;
        }
        (bits, at) = (bits << 8 | number, at + len);
        if part < 3 {
            (*bytes.get(at)? == b'.').then(|| at += 1)?;
        }
    }
    Some((at, bits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value;

    fn known() -> Tokens {
        let mut tokens = Tokens::default();
        let pod = |name: &str, ip: &str| {
            let prefix = &name[..4];
            Object::new(
                value!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "generateName": prefix},
                "status": {"podIPs": [{"ip": ip}]}}),
            )
        };
        tokens.note(&pod("web-abcde", "10.0.0.5"));
        tokens.note(&pod("web-fghij", "10.0.0.6"));
        tokens.note(&pod("app-abcde", "fd00::1"));
        for name in ["node-1", "node-10", "node-2"] {
            tokens
                .note(&Object::new(value!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}})));
        }
        tokens
    }

    fn hash(tokens: &Tokens, text: &str) -> u64 {
        let mut digest = Digest::new();
        tokens.hash(text, &mut digest);
        digest.finish()
    }

    #[test]
    fn texts_that_differ_in_tokens_only_have_one_hash() {
        let tokens = known();
        for (one, other) in [
            ("web-abcde", "web-fghij"),
            ("http://web-abcde.default.svc:80", "http://web-fghij.default.svc:80"),
            ("data-web-abcde", "data-web-fghij"),
            ("10.0.0.5:2380,10.0.0.6:2380", "10.0.0.6:2380,10.0.0.6:2380"),
            ("fd00::1", "10.0.0.5"),
            ("on node-1", "on node-10"),
            ("pvc-d79fe4e8-fef2-432d-a6ed-072868f30f7a", "pvc-a27fa69b-96a7-4d4c-a866-ba9d39a68b12"),
            ("at 2026-11-23T15:35:07Z", "at 2026-11-23T15:35:07.123456+02:00"),
            ("kube-api-access-rngpt", "kube-api-access-zzzzz"),
        ] {
            assert_eq!(hash(&tokens, one), hash(&tokens, other), "{one} and {other}");
        }
    }

    #[test]
    fn texts_that_differ_elsewhere_have_different_hashes() {
        let tokens = known();
        for (one, other) in [
            ("web-abcde", "web-zzzzz"),
            ("web-abcde", "web-abcdef"),
            ("web-abcde", "web-abcde-2"),
            ("web-abcde", "node-1"),
            ("10.0.0.5", "10.0.0.7"),
            ("110.0.0.5", "110.0.0.6"),
            ("10.0.0.50", "10.0.0.60"),
            ("node-1", "node-3"),
            ("xnode-1", "xnode-2"),
            ("2026-11-23", "2026-11-24"),
            ("d79fe4e8-fef2-432d-a6ed-072868f30f7", "a27fa69b-96a7-4d4c-a866-ba9d39a68b1"),
            ("web-abcde a", "web-abcde b"),
            ("a web-abcde", "b web-abcde"),
            ("é web-zzzzz", "é web-yyyyy"),
        ] {
            assert_ne!(hash(&tokens, one), hash(&tokens, other), "{one} and {other}");
        }
    }
}
