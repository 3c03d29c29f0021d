//! Continue tokens: where the next page of a list begins, and at which revision.
//!
//! Clients must not look into them. They have the form of a real server's, base64 of a small JSON object, because operators
//! log them.

use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::NO_PAD;
use base64::{Engine, alphabet};

use crate::object::Value;
use crate::value;
use crate::wire::{ObjectKey, Status};

/// The version of the token's format (apiserver `storage.EncodeContinue`).
const FORMAT: &str = "meta.k8s.io/v1";

/// As Go's `base64.RawURLEncoding`.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&alphabet::URL_SAFE, NO_PAD.with_decode_allow_trailing_bits(true));

/// Where a page begins.
#[derive(Debug, PartialEq)]
pub(super) struct ContinueToken {
    /// The revision of the list. A client whose token expired gets one without a revision: the rest as it is now.
    pub(super) revision: Option<u64>,
    /// The last object of the previous page.
    pub(super) last: ObjectKey,
}

impl ContinueToken {
    /// The token as text. `namespace` is the listed one, or empty for all.
    pub(super) fn encode(&self, namespace: &str) -> String {
        let revision = self.revision.map_or(-1, |r| i64::try_from(r).unwrap_or(i64::MAX));
        let start = if namespace.is_empty() && !self.last.namespace.is_empty() {
            format!("/{}/{}\0", self.last.namespace, self.last.name)
        } else {
            format!("/{}\0", self.last.name)
        };
        let token = value!({"v": FORMAT, "rv": revision, "start": start});
        BASE64.encode(token.to_json().as_bytes())
    }

    /// The token with this text, from a list of this namespace.
    pub(super) fn decode(text: &str, namespace: &str, namespaced: bool) -> Result<Self, Box<Status>> {
        let bad = |why: &str| {
            let message = format!("invalid continue token: continue key is not valid: {why}");
            Box::new(Status::bad_request(message))
        };
        let bytes = BASE64.decode(text).map_err(|_| {
            let is_foreign = |b: u8| !(b.is_ascii_alphanumeric() || b"-_".contains(&b));
            let at = text.bytes().position(is_foreign).unwrap_or(text.len() - 1);
            bad(&format!("illegal base64 data at input byte {at}"))
        })?;
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

/// The error of Go's JSON decoder for this first byte.
fn unexpected(bytes: &[u8]) -> String {
    match bytes.first() {
        None | Some(b'{') => "unexpected end of JSON input".to_owned(),
        Some(byte) => {
            let text: String = std::ascii::escape_default(*byte).map(char::from).collect();
            format!("invalid character '{text}' looking for beginning of value")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_the_form_of_a_real_servers_and_round_trips() {
        // Recorded in `paging`, but for the order of keys.
        let recorded = "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6NTQyLCJzdGFydCI6Ii9hMlx1MDAwMCJ9";
        let token = ContinueToken { revision: Some(542), last: ObjectKey::new("g-paging", "a2") };
        assert_eq!(ContinueToken::decode(recorded, "g-paging", true).unwrap(), token);
        assert_eq!(ContinueToken::decode(&token.encode("g-paging"), "g-paging", true).unwrap(), token);
        assert_eq!(ContinueToken::decode(&token.encode(""), "", true).unwrap(), token);
        let now = ContinueToken { revision: None, last: ObjectKey::new("", "node-1") };
        assert_eq!(ContinueToken::decode(&now.encode(""), "", false).unwrap(), now);
    }

    #[test]
    fn garbage_is_refused_as_recorded() {
        let status = ContinueToken::decode("garbage", "", true).unwrap_err();
        assert_eq!(
            status.message,
            "invalid continue token: continue key is not valid: invalid character '\\x81' looking for beginning of value"
        );
    }
}
