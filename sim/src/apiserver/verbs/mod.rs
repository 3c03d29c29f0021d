//! The verbs, one per file. Each answers a request for one kind.
//!
//! - `dispatch`: from a request to its verb
//! - `get`, `list`, `watch`: reads; `page`: continue tokens; `versions`: the resourceVersion parameter
//! - `create`, `update`, `patch`, `delete`, `delete_collection`: writes
//! - `apply`: server-side apply
//! - `binding`, `eviction`, `finalize`, `scale`: subresources; `budget`: disruption budgets on eviction
//! - `write`: the part that all writes share
//! - `body`: checks of a request's object; `meta`: the metadata fields that belong to the server
//!
//! To add a subresource: one file here and one line in `dispatch`.

mod apply;
mod binding;
mod body;
mod budget;
mod create;
mod delete;
mod delete_collection;
mod dispatch;
mod eviction;
mod finalize;
mod get;
mod list;
mod meta;
mod page;
mod patch;
mod scale;
mod update;
mod versions;
mod watch;
mod write;

use super::errors;
use crate::object::FieldError;
use crate::wire::{Answer, Status};

/// The answer of a verb, or the error to answer with.
pub(super) type VerbResult = Result<Answer, Box<Status>>;

/// 422 if query parameters or delete options have errors.
fn refuse_invalid_options(kind: &str, errors: &[FieldError]) -> Result<(), Box<Status>> {
    if errors.is_empty() { Ok(()) } else { Err(errors::invalid("meta.k8s.io", kind, "", errors)) }
}

#[cfg(test)]
mod tests;
