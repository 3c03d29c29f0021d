//! The verbs, one per file. Each takes a request with the kind it names and answers it.
//!
//! - `get`, `list`, `watch`: reads; `page`: continue tokens; `versions`: the resourceVersion parameter
//! - `create`, `update`, `patch`, `delete`, `delete_collection`: writes
//! - `apply`: the patch that knows owners
//! - `binding`, `eviction`, `finalize`, `scale`: subresources; `budget`: what disruption budgets say to evictions
//! - `write`: what every write goes through
//! - `body`: what a request's object must be; `meta`: the fields of metadata that are the server's
//! - `dispatch`: from the request to its verb
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

/// An answer, or a failure to be answered.
pub(super) type Reply = Result<Answer, Box<Status>>;

/// A complaint about a field that may not be there.
fn forbidden(field: &str, why: &str) -> FieldError {
    FieldError::new(field, "FieldValueForbidden", format!("Forbidden: {why}"))
}

/// 422 about query parameters or delete options, if there is anything to complain about.
fn options_hold(kind: &str, errors: &[FieldError]) -> Result<(), Box<Status>> {
    if errors.is_empty() { Ok(()) } else { Err(errors::invalid("meta.k8s.io", kind, "", errors)) }
}

#[cfg(test)]
mod tests;
