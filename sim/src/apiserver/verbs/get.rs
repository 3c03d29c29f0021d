//! Get: reads one object.
//!
//! Differs: the answer is always current. With `resourceVersion=0` or an older version, a real server may answer from a stale
//! cache; a client that cannot cope with that passes here.

use std::sync::Arc;

use super::super::errors;
use super::super::kind::Kind;
use super::super::server::ApiServer;
use super::{VerbResult, versions};
use crate::object::Object;
use crate::wire::{Answer, Request, Status};

impl ApiServer {
    pub(super) fn read(&self, kind: &Arc<Kind>, request: &Request) -> VerbResult {
        let wanted = versions::of_read(request.options.resource_version.as_deref())?;
        if wanted > self.revision() {
            return Err(errors::too_large(wanted, self.revision()));
        }
        let object = self.stored(kind, request)?;
        let object = self.view(kind).of(&object);
        Ok(Answer::Object { code: 200, object, warnings: Vec::new() })
    }

    /// The stored object that a request names, or 404.
    pub(super) fn stored(&self, kind: &Kind, request: &Request) -> Result<Arc<Object>, Box<Status>> {
        let object = self.store.get(kind.storage, &request.key());
        object.cloned().ok_or_else(|| errors::not_found(kind.resource, &request.name))
    }
}
