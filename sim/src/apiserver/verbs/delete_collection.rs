//! Delete a collection: each object that a list with the same options shows. The answer is that list.

use std::sync::Arc;

use super::super::kind::Kind;
use super::super::server::{ApiServer, Replies};
use super::Reply;
use crate::wire::{Answer, ObjectKey, Request};

impl ApiServer {
    pub(super) fn delete_collection(
        &mut self,
        kind: &Arc<Kind>,
        request: &Request,
        out: &mut Replies,
    ) -> Reply {
        let list = self.list(kind, request)?;
        let Answer::List(shown) = &list else { return Ok(list) };
        for object in &shown.items {
            // As stored: what the list shows may be another version or the metadata alone.
            let Some(stored) = self.store.get(kind.storage, &ObjectKey::of(object)).cloned() else {
                continue;
            };
            self.remove_one(kind, &stored, &request.options, out)?;
        }
        Ok(list)
    }
}
