//! The `Status` object: failures, with the messages of a real API server.

use std::sync::LazyLock;

use derive_more::Display;

use super::Resource;
use crate::object::{Str, Value};
use crate::value;

/// A `Status`: why a request failed, or that a deletion succeeded.
#[derive(Clone, PartialEq, Debug, Display)]
#[display("{code} {reason}: {message}")]
pub struct Status {
    /// The HTTP code.
    pub code: u16,
    /// The machine-readable reason (`NotFound`, `Conflict`, ...), or empty.
    pub reason: &'static str,
    /// The message.
    pub message: String,
    /// `details`: a map with name, group, kind, causes, retryAfterSeconds, or null.
    pub details: Value,
    /// `metadata.continue`: the token that replaces an expired one, or empty.
    pub continue_token: Str,
}

impl Status {
    /// A failure without details.
    pub fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: Value::Null, continue_token: Str::default() }
    }

    /// Sets the details.
    #[must_use]
    pub fn details(mut self, details: Value) -> Self {
        self.details = details;
        self
    }

    /// Sets the token that replaces an expired one.
    #[must_use]
    pub fn continued(mut self, token: impl Into<Str>) -> Self {
        self.continue_token = token.into();
        self
    }

    /// The details that name an object of a resource.
    fn names(resource: Resource, name: &str) -> Value {
        let mut details = value!({"name": name, "kind": (resource.plural())});
        if !resource.group().is_empty() {
            details.set_at(&["group"], resource.group());
        }
        details
    }

    /// The resource as messages name it: `pods`, `deployments.apps`.
    fn qualified(resource: Resource) -> String {
        match resource.group() {
            "" => resource.plural().to_owned(),
            group => format!("{}.{group}", resource.plural()),
        }
    }

    /// 404: no such object.
    pub fn not_found(resource: Resource, name: &str) -> Self {
        let message = format!("{} \"{name}\" not found", Self::qualified(resource));
        Self::new(404, "NotFound", message).details(Self::names(resource, name))
    }

    /// 404: no such path or resource.
    pub fn page_not_found() -> Self {
        Self::new(404, "NotFound", "the server could not find the requested resource").details(value!({}))
    }

    /// 409: the name is taken.
    pub fn already_exists(resource: Resource, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", Self::qualified(resource));
        Self::new(409, "AlreadyExists", message).details(Self::names(resource, name))
    }

    /// 409: the write is based on an older version.
    pub fn stale(resource: Resource, name: &str) -> Self {
        Self::conflict(
            resource,
            name,
            "the object has been modified; please apply your changes to the latest version and try again",
        )
    }

    /// 409 for this reason.
    pub fn conflict(resource: Resource, name: &str, why: &str) -> Self {
        let message =
            format!("Operation cannot be fulfilled on {} \"{name}\": {why}", Self::qualified(resource));
        Self::new(409, "Conflict", message).details(Self::names(resource, name))
    }

    /// 403 for this reason.
    pub fn forbidden(resource: Resource, name: &str, why: &str) -> Self {
        let message = format!("{} \"{name}\" is forbidden: {why}", Self::qualified(resource));
        Self::new(403, "Forbidden", message).details(Self::names(resource, name))
    }

    /// 410: the history does not reach back that far.
    pub fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    /// 400.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// 501: names something that wavetank does not model. No real server answers this.
    pub fn not_modelled(what: impl AsRef<str>) -> Self {
        Self::new(501, "NotImplemented", format!("wavetank does not model {} yet", what.as_ref()))
    }

    /// The failure of a caller that takes a list or a document for an object: a bug of ours.
    pub(super) fn not_an_object() -> &'static Self {
        static STATUS: LazyLock<Status> =
            LazyLock::new(|| Status::new(500, "InternalError", "the answer is no object"));
        &STATUS
    }

    /// The `Status` object.
    pub fn to_value(&self) -> Value {
        let status = if self.code < 400 { "Success" } else { "Failure" };
        let mut root = value!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": status});
        if !self.continue_token.is_empty() {
            root.set_at(&["metadata", "continue"], self.continue_token.clone());
        }
        if !self.message.is_empty() {
            root.set_at(&["message"], self.message.as_str());
        }
        if !self.reason.is_empty() {
            root.set_at(&["reason"], self.reason);
        }
        if !self.details.is_null() {
            root.set_at(&["details"], self.details.clone());
        }
        // A plain success has no code.
        if self.code != 200 {
            root.set_at(&["code"], i64::from(self.code));
        }
        root
    }
}
