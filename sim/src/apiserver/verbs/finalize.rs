//! The finalize subresource of namespaces: the namespace controller reports that it deleted the content.
//!
//! Recorded in `namespace-terminating-api`: `spec.finalizers` can change only here, and a terminating namespace is removed
//! with its last finalizer.

use std::sync::Arc;

use super::super::kind::Kind;
use super::super::server::{ApiServer, Replies};
use super::write;
use super::{VerbResult, body};
use crate::wire::Request;

/// The field that only this subresource changes.
const FINALIZERS: &[&str] = &["spec", "finalizers"];

impl ApiServer {
    pub(super) fn finalize(&mut self, kind: &Arc<Kind>, request: &Request, out: &mut Replies) -> VerbResult {
        let sent = body::object(kind, request)?;
        body::fits_url(request, sent.root())?;
        let stored = self.stored(kind, request)?;
        let mut root = stored.root().clone();
        match sent.items_at(FINALIZERS) {
            [] => drop(root.remove_at(FINALIZERS)),
            finalizers => root.set_at(FINALIZERS, finalizers.to_vec()),
        }
        let decoded = write::decode(kind, request, &root, Some(stored.root()))
            .map_err(|why| write::cannot_decode(kind, &why))?;
        let owners = stored.managed().clone();
        self.replace(kind, request, &stored, decoded, Some(owners), out)
    }
}
