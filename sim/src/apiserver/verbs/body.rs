//! What the object of a request must be: there, of the kind, in the namespace and with the name that the URL has.

use std::sync::Arc;

use super::super::errors;
use super::super::kind::Kind;
use crate::object::{FieldError, Object, Value, keys};
use crate::wire::{Body, Request, Status};

/// The object that a create or update carries.
pub(super) fn object<'a>(kind: &Kind, request: &'a Request) -> Result<&'a Arc<Object>, Box<Status>> {
    let object = match &request.body {
        Body::Object(object) => object,
        Body::Undecodable(status) => return Err(undecodable(kind, status)),
        Body::None | Body::Patch(..) => return Err(bad("EOF")),
    };
    of_kind(kind, object.root())?;
    Ok(object)
}

/// The rim's complaint, with the kind that it could not know.
fn undecodable(kind: &Kind, status: &Status) -> Box<Status> {
    if status.code != 400 {
        return Box::new(status.clone());
    }
    let (wanted, why) = (&kind.kind, &status.message);
    bad(format!("the object provided is unrecognized (must be of type {wanted}): {why}"))
}

/// Refuses an object of another kind or version. What is absent counts as right.
pub(super) fn of_kind(kind: &Kind, root: &Value) -> Result<(), Box<Status>> {
    let text = |field| root.get_key(field).and_then(Value::as_str).unwrap_or_default();
    let (sent_kind, sent_version) = (text(keys::KIND), text(keys::API_VERSION));
    let (kind_fits, version_fits) =
        (sent_kind.is_empty() || sent_kind == kind.kind, sent_version == kind.api_version());
    if kind_fits && (version_fits || sent_version.is_empty()) {
        return Ok(());
    }
    if kind.custom && version_fits {
        let why = format!("must be {}", kind.kind);
        let error = FieldError::invalid("kind", &sent_kind.into(), why);
        let name = root.str_at(&["metadata", "name"]).unwrap_or_default();
        return Err(errors::invalid(kind.resource.group(), sent_kind, name, &[error]));
    }
    let (wanted_kind, wanted_version) = (kind.kind.as_str(), kind.api_version());
    if !version_fits && kind_fits || kind.custom {
        return Err(bad(format!(
            "the API version in the data ({sent_version}) does not match the expected API version ({wanted_version})"
        )));
    }
    Err(bad(format!(
        "{sent_kind} in version {sent_version:?} cannot be handled as a {wanted_kind}: converting \
         ({}.{sent_kind}) to ({}.{wanted_kind}): unknown conversion",
        package(sent_version),
        internal_package(kind),
    )))
}

/// Refuses an object that names another namespace or name than the URL.
pub(super) fn fits_url(request: &Request, root: &Value) -> Result<(), Box<Status>> {
    let text = |field| root.meta(field).and_then(Value::as_str).unwrap_or_default();
    let name = text(keys::NAME);
    if !request.name.is_empty() && !name.is_empty() && name != request.name {
        let url = &request.name;
        return Err(bad(format!(
            "the name of the object ({name}) does not match the name on the URL ({url})"
        )));
    }
    let namespace = text(keys::NAMESPACE);
    if !namespace.is_empty() && namespace != request.namespace {
        return Err(bad(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    Ok(())
}

fn bad(message: impl Into<String>) -> Box<Status> {
    Box::new(Status::bad_request(message))
}

/// The Go package of a version, as conversion errors print it: `v1`.
fn package(api_version: &str) -> &str {
    api_version.rsplit('/').next().unwrap_or_default()
}

/// The Go package of a built-in group's internal types: `core` for the group without a name.
fn internal_package(kind: &Kind) -> &str {
    match kind.resource.group() {
        "" => "core",
        group => group.split('.').next().unwrap_or_default(),
    }
}
