//! Continue tokens: where the next page of a list begins, and at which revision.
//!
//! Opaque to clients; in the form of a real server's, base64 of a small JSON object, because operators log them.

use crate::object::Value;
use crate::value;
use crate::wire::{ObjectKey, Status};

/// The version of the token's format (apiserver `storage.encodeContinue`).
const FORMAT: &str = "meta.k8s.io/v1";
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Where a page begins.
#[derive(Debug, PartialEq)]
pub(super) struct Token {
    /// The revision of the list; none for "as it is now", which a client gets after its token expired.
    pub(super) revision: Option<u64>,
    /// The last object of the page before.
    pub(super) last: ObjectKey,
}

impl Token {
    /// The token's text. `namespace` is the one listed, or empty.
    pub(super) fn encode(&self, namespace: &str) -> String {
        let revision = self.revision.map_or(-1, |r| i64::try_from(r).unwrap_or(i64::MAX));
        let start = if namespace.is_empty() && !self.last.namespace.is_empty() {
            format!("/{}/{}\0", self.last.namespace, self.last.name)
        } else {
            format!("/{}\0", self.last.name)
        };
        let token = value!({"v": FORMAT, "rv": revision, "start": start});
        base64(token.to_json().as_bytes())
    }

    /// The token with this text.
    pub(super) fn decode(text: &str, namespace: &str, namespaced: bool) -> Result<Self, Box<Status>> {
        let bad = |why: &str| {
            let message = format!("invalid continue token: continue key is not valid: {why}");
            Box::new(Status::bad_request(message))
        };
        let bytes = unbase64(text).map_err(|at| bad(&format!("illegal base64 data at input byte {at}")))?;
        let token = Value::from_json(&bytes).map_err(|_| bad(&unexpected(&bytes)))?;
        if token.str_at(&["v"]) != Some(FORMAT) {
            let version = token.str_at(&["v"]).unwrap_or_default();
            return Err(bad(&format!("server does not recognize this encoded version {version:?}")));
        }
        let start = token.str_at(&["start"]).unwrap_or_default().trim_matches(['/', '\0']);
        let last = match start.split_once('/') {
            Some((namespace, name)) => ObjectKey::new(namespace, name),
            None if namespaced => ObjectKey::new(namespace, start),
            None => ObjectKey::new("", start),
        };
        let revision = token.i64_at(&["rv"]).and_then(|rv| u64::try_from(rv).ok());
        Ok(Self { revision, last })
    }
}

/// How Go's decoder complains about the first byte.
fn unexpected(bytes: &[u8]) -> String {
    match bytes.first() {
        None | Some(b'{') => "unexpected end of JSON input".to_owned(),
        Some(byte) => {
            let text: String = std::ascii::escape_default(*byte).map(char::from).collect();
            format!("invalid character '{text}' looking for beginning of value")
        }
    }
}

fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let mut bits = [0; 4];
        bits[1..=chunk.len()].copy_from_slice(chunk);
        let bits = u32::from_be_bytes(bits);
        for place in 0..=chunk.len() {
            text.push(char::from(BASE64[(bits >> (18 - 6 * place) & 63) as usize]));
        }
    }
    text
}

/// The bytes, or where the text stops to be base64.
fn unbase64(text: &str) -> Result<Vec<u8>, usize> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut held) = (0u32, 0);
    for (at, c) in text.bytes().enumerate() {
        let value = BASE64.iter().position(|b| *b == c).ok_or(at)?;
        bits = bits << 6 | u32::try_from(value).unwrap_or_default();
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_as_a_real_servers_and_round_trips() {
        // Recorded in the case `paging`, up to the order of keys.
        let recorded = "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6NTQyLCJzdGFydCI6Ii9hMlx1MDAwMCJ9";
        let token = Token { revision: Some(542), last: ObjectKey::new("g-paging", "a2") };
        assert_eq!(Token::decode(recorded, "g-paging", true).unwrap(), token);
        assert_eq!(Token::decode(&token.encode("g-paging"), "g-paging", true).unwrap(), token);
        assert_eq!(Token::decode(&token.encode(""), "", true).unwrap(), token);
        let now = Token { revision: None, last: ObjectKey::new("", "node-1") };
        assert_eq!(Token::decode(&now.encode(""), "", false).unwrap(), now);
    }

    #[test]
    fn garbage_is_refused_as_recorded() {
        let status = Token::decode("garbage", "", true).unwrap_err();
        assert_eq!(
            status.message,
            "invalid continue token: continue key is not valid: invalid character '\\x81' looking for beginning of value"
        );
    }
}
