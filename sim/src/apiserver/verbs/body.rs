//! Checks of a request's object: it must exist, be of the kind, and have the namespace and name of the URL.

use std::sync::Arc;

use super::super::errors;
use super::super::kind::Kind;
use crate::object::{FieldError, Object, Value, keys};
use crate::wire::{Body, Request, Status};

/// The object of a create or update. It must be of this kind.
pub(super) fn object<'a>(kind: &Kind, request: &'a Request) -> Result<&'a Arc<Object>, Box<Status>> {
    if let Body::Undecodable(status) = &request.body {
        return Err(undecodable(kind, status));
    }
    let object = object_of_any_kind(request)?;
    of_kind(kind, object.root())?;
    Ok(object)
}

/// The object of a request.
pub(super) fn object_of_any_kind(request: &Request) -> Result<&Arc<Object>, Box<Status>> {
    match &request.body {
        Body::Object(object) => Ok(object),
        Body::Undecodable(status) => Err(status.clone()),
        Body::None | Body::Patch(..) => Err(bad("EOF")),
    }
}

/// The decoding error of the HTTP rim, completed with the kind, which the rim does not know.
fn undecodable(kind: &Kind, status: &Status) -> Box<Status> {
    if status.code != 400 {
        return Box::new(status.clone());
    }
    let (wanted, why) = (&kind.kind, &status.message);
    bad(format!("the object provided is unrecognized (must be of type {wanted}): {why}"))
}

/// Refuses an object of another kind or version. An object without kind or version is accepted.
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

/// Refuses an object whose namespace or name differs from the URL.
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

/// The Go package of a version, as in conversion errors: `v1`.
fn package(api_version: &str) -> &str {
    api_version.rsplit('/').next().unwrap_or_default()
}

/// The Go package of a group's internal types; `core` for the core group.
fn internal_package(kind: &Kind) -> &str {
    match kind.resource.group() {
        "" => "core",
        group => group.split('.').next().unwrap_or_default(),
    }
}
