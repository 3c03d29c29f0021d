//! The finalize subresource of namespaces: who empties a namespace says that it is done.
//!
//! Recorded in `namespace-terminating-api`: `spec.finalizers` can be changed only here, and the last one to go ends a
//! namespace that is being deleted.

use std::sync::Arc;

use super::super::kind::Kind;
use super::super::server::{ApiServer, Replies};
use super::write::{self, Decoded};
use super::{Reply, body};
use crate::wire::Request;

/// What only this subresource changes.
const FINALIZERS: &[&str] = &["spec", "finalizers"];

impl ApiServer {
    pub(super) fn finalize(&mut self, kind: &Arc<Kind>, request: &Request, out: &mut Replies) -> Reply {
        let sent = body::object(kind, request)?;
        body::fits_url(request, sent.root())?;
        let stored = self.stored(kind, request)?;
        let mut root = stored.root().clone();
        match sent.items_at(FINALIZERS) {
            [] => drop(root.remove_at(FINALIZERS)),
            finalizers => root.set_at(FINALIZERS, finalizers.to_vec()),
        }
        let decoded: Decoded = write::decode(kind, request, &root, Some(stored.root()))
            .map_err(|why| write::misfit(kind, &why))?;
        let owners = stored.managed().clone();
        self.replace(kind, request, &stored, decoded, Some(owners), out)
    }
}
