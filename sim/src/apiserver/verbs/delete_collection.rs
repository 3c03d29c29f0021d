//! Delete a collection: deletes each object that a list with the same options returns, and answers with that list.

use std::sync::Arc;

use super::super::kind::Kind;
use super::super::server::{ApiServer, Replies};
use super::VerbResult;
use crate::wire::{Answer, ObjectKey, Request};

impl ApiServer {
    pub(super) fn delete_collection(
        &mut self,
        kind: &Arc<Kind>,
        request: &Request,
        out: &mut Replies,
    ) -> VerbResult {
        let list = self.list(kind, request)?;
        let Answer::List(shown) = &list else { return Ok(list) };
        for object in &shown.items {
            // The list shows objects in the client's version; deletes need the stored one.
            let Some(stored) = self.store.get(kind.storage, &ObjectKey::of(object)).cloned() else {
                continue;
            };
            self.remove_one(kind, &stored, &request.options, out)?;
        }
        Ok(list)
    }
}
