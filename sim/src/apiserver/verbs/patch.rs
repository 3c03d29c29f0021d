//! Patch: JSON, merge, strategic merge and apply, on an object or its status.
//!
//! The server applies the patch to the object as the client sees it, and handles the result as an update. Only a patch that
//! itself sets a resourceVersion can be stale.

use std::sync::Arc;

use super::super::errors;
use super::super::kind::Kind;
use super::super::server::{ApiServer, Replies};
use super::{VerbResult, body, write};
use crate::object::patch::json::{self, JsonPatchError};
use crate::object::patch::merge;
use crate::object::patch::strategic::{self, StrategicError};
use crate::object::{FieldError, Object, Value};
use crate::value;
use crate::wire::{Body, PatchType, Request, Status};

impl ApiServer {
    pub(super) fn patch(&mut self, kind: &Arc<Kind>, request: &Request, out: &mut Replies) -> VerbResult {
        let (patch_type, patch) = match &request.body {
            Body::Patch(patch_type, patch) => (*patch_type, patch),
            Body::Undecodable(status) => return Err(status.clone()),
            Body::None | Body::Object(_) => {
                return Err(Box::new(Status::bad_request("error decoding patch: EOF")));
            }
        };
        if patch_type == PatchType::Apply {
            return self.apply(kind, request, patch, out);
        }
        let stored = self.stored(kind, request)?;
        let patched = patched(kind, &self.view(kind).of(&stored), patch_type, patch)?;
        body::fits_url(request, &patched)?;
        let decoded = write::decode(kind, request, &patched, Some(stored.root()))
            .map_err(|why| invalid_patch(&patched, &why))?;
        self.replace(kind, request, &stored, decoded, None, out)
    }
}

/// The object after a patch.
fn patched(kind: &Kind, stored: &Object, patch_type: PatchType, patch: &Value) -> Result<Value, Box<Status>> {
    if patch_type == PatchType::Strategic && kind.custom {
        return Err(unsupported());
    }
    let patched = match (patch_type, patch) {
        (PatchType::Strategic, Value::Map(_)) => {
            strategic::apply(stored.root(), patch, kind.shape()).map_err(strategic_error)?
        }
        _ => patched_tree(stored, patch_type, patch)?,
    };
    body::of_kind(kind, &patched).map_err(|status| invalid_patch(&patched, &status.message))?;
    Ok(patched)
}

/// The tree after a JSON patch or a merge patch. For a type without merge keys, a strategic merge patch is a merge patch.
pub(super) fn patched_tree(
    stored: &Object,
    patch_type: PatchType,
    patch: &Value,
) -> Result<Value, Box<Status>> {
    match (patch_type, patch) {
        (PatchType::Json, _) => json::apply(&stored.full_tree(), patch).map_err(json_error),
        (_, Value::Map(_)) => Ok(merge::merge(stored.root(), patch)),
        (_, other) => Err(not_a_map(other)),
    }
}

/// 422: the patched tree is not an object of the kind.
fn invalid_patch(patched: &Value, why: &str) -> Box<Status> {
    let error = FieldError::invalid("patch", &patched.to_json().into(), why);
    errors::invalid("", "", "", &[error])
}

fn strategic_error(error: StrategicError) -> Box<Status> {
    Box::new(match error {
        StrategicError::Malformed(why) => Status::bad_request(why),
        StrategicError::Failed(why) => Status::new(500, "", why),
    })
}

fn json_error(error: JsonPatchError) -> Box<Status> {
    Box::new(match error {
        JsonPatchError::Malformed(why) => Status::bad_request(why),
        JsonPatchError::TooLarge(why) => Status::new(413, "RequestEntityTooLarge", why),
        JsonPatchError::Rejected(_) => {
            let message = "the server rejected our request due to an error in our request";
            Status::new(422, "Invalid", message).details(value!({}))
        }
    })
}

/// The error of Go's decoder for a patch that is not a map.
fn not_a_map(patch: &Value) -> Box<Status> {
    let found = match patch {
        Value::Bool(_) => "bool",
        Value::Int(_) | Value::Float(_) => "number",
        other => other.type_name(),
    };
    let why = format!("json: cannot unmarshal {found} into Go value of type map[string]interface {{}}");
    Box::new(Status::bad_request(format!("error decoding patch: {why}")))
}

/// 415: strategic merge patch of a custom resource, which has no merge keys.
fn unsupported() -> Box<Status> {
    let message = "the body of the request was in an unknown format - accepted media types include: \
                   application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml";
    Box::new(Status::new(415, "UnsupportedMediaType", message))
}
