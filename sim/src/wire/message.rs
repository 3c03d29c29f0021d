//! What crosses the wire: requests, answers and watch events, carrying values.
//!
//! HTTP and JSON exist only at the rim (`http`); what enters there and what components send are the same requests.

use std::sync::Arc;

use bytes::Bytes;

use super::{ObjectKey, Resource, Status};
use crate::object::patch::PatchType;
use crate::object::{Object, Str, Value};

/// The address of a component or host: its place in the cluster's list of actors.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash, Default)]
pub struct Addr(pub u32);

/// A request's number, counted by its sender. A watch's number names its stream.
pub type RequestId = u64;

/// What a request asks for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Verb {
    /// Read one object.
    Get,
    /// Read many.
    List,
    /// Follow changes.
    Watch,
    /// Add one.
    Create,
    /// Replace one.
    Update,
    /// Change one by a patch or by server-side apply.
    Patch,
    /// Delete one.
    Delete,
    /// Delete all that a list with the same options would return.
    DeleteCollection,
    /// Read a path that is no resource: discovery, `/version`, `/healthz`. The path is [`Request::path`].
    Raw,
}

impl Verb {
    /// The verb as audit logs and RBAC rules write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Watch => "watch",
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::DeleteCollection => "deletecollection",
            Self::Raw => "raw",
        }
    }

    /// Whether the request may change the store.
    pub fn is_write(self) -> bool {
        matches!(self, Self::Create | Self::Update | Self::Patch | Self::Delete | Self::DeleteCollection)
    }
}

/// What a request carries.
#[derive(Clone, Debug, Default)]
pub enum Body {
    /// Nothing.
    #[default]
    None,
    /// An object.
    Object(Arc<Object>),
    /// A patch.
    Patch(PatchType, Value),
    /// Bytes that could not be decoded: the answer that the server gives after it has looked at the path.
    Undecodable(Box<Status>),
}

/// A request, decoded.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Who asks. Set by the wire.
    pub from: Addr,
    /// The sender's number for it.
    pub id: RequestId,
    /// What is asked.
    pub verb: Verb,
    /// Of which resource. Nothing for [`Verb::Raw`].
    pub resource: Option<Resource>,
    /// The subresource (`status`, `scale`, `binding`, ...); empty for the object itself.
    pub subresource: Str,
    /// The namespace; empty for cluster-scoped resources and for all namespaces.
    pub namespace: Str,
    /// The object's name; empty for lists and creates.
    pub name: Str,
    /// The body.
    pub body: Body,
    /// The query parameters and delete options.
    pub options: Options,
    /// For [`Verb::Raw`]: the path.
    pub path: Str,
}

/// Query parameters, and for deletes the body's options.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `fieldManager`, or what the server makes of the user agent.
    pub field_manager: Str,
    /// `fieldValidation`: `Strict`, `Warn`, `Ignore`, or empty for the default (`Warn`).
    pub field_validation: Str,
    /// Dotted paths of keys that the body had twice, for strict validation.
    pub duplicate_fields: Vec<Str>,
    /// `force` of apply.
    pub force: bool,
    /// `dryRun=All`.
    pub dry_run: bool,
    /// `labelSelector`, not parsed.
    pub label_selector: Str,
    /// `fieldSelector`, not parsed.
    pub field_selector: Str,
    /// `limit`; 0 for none.
    pub limit: u64,
    /// `continue`.
    pub continue_token: Str,
    /// `resourceVersion`; `None` is unset, which differs from `0`.
    pub resource_version: Option<Str>,
    /// `resourceVersionMatch`.
    pub resource_version_match: Str,
    /// `timeoutSeconds` of a watch.
    pub timeout_s: Option<u64>,
    /// `allowWatchBookmarks`.
    pub bookmarks: bool,
    /// `sendInitialEvents`.
    pub initial_events: Option<bool>,
    /// `propagationPolicy`: `Background`, `Foreground`, `Orphan`, or empty for the default.
    pub propagation: Str,
    /// `gracePeriodSeconds`.
    pub grace_s: Option<i64>,
    /// `preconditions.uid`.
    pub precondition_uid: Option<Str>,
    /// `preconditions.resourceVersion`.
    pub precondition_version: Option<Str>,
    /// In what form the client wants the answer.
    pub form: Form,
}

/// The form of an answer (`as=` in Accept).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Form {
    /// Whole objects.
    #[default]
    Full,
    /// `PartialObjectMetadata`: of an object, and of the objects in watch events.
    Metadata,
    /// `PartialObjectMetadataList`: of a list.
    MetadataList,
}

impl Default for Verb {
    /// `Get`; every sender sets the verb.
    fn default() -> Self {
        Self::Get
    }
}

impl Request {
    /// A request for one object.
    pub fn one(verb: Verb, resource: Resource, key: &ObjectKey) -> Self {
        let (namespace, name) = (key.namespace.clone(), key.name.clone());
        Self { verb, resource: Some(resource), namespace, name, ..Self::default() }
    }

    /// Reads one object.
    pub fn get(resource: Resource, key: &ObjectKey) -> Self {
        Self::one(Verb::Get, resource, key)
    }

    /// Creates an object.
    pub fn create(resource: Resource, object: Arc<Object>) -> Self {
        let namespace = object.namespace().into();
        let body = Body::Object(object);
        Self { verb: Verb::Create, resource: Some(resource), namespace, body, ..Self::default() }
    }

    /// Replaces an object.
    pub fn update(resource: Resource, object: Arc<Object>) -> Self {
        Self {
            body: Body::Object(object.clone()),
            ..Self::one(Verb::Update, resource, &ObjectKey::of(&object))
        }
    }

    /// Replaces an object's status.
    pub fn update_status(resource: Resource, object: Arc<Object>) -> Self {
        Self { subresource: "status".into(), ..Self::update(resource, object) }
    }

    /// Patches an object.
    pub fn patch(resource: Resource, key: &ObjectKey, patch_type: PatchType, patch: Value) -> Self {
        Self { body: Body::Patch(patch_type, patch), ..Self::one(Verb::Patch, resource, key) }
    }

    /// Deletes an object, with the resource's own grace and propagation.
    pub fn delete(resource: Resource, key: &ObjectKey) -> Self {
        Self::one(Verb::Delete, resource, key)
    }

    /// Lists or watches a resource in one namespace or, where it is empty, in all.
    pub fn many(verb: Verb, resource: Resource, namespace: impl Into<Str>) -> Self {
        Self { verb, resource: Some(resource), namespace: namespace.into(), ..Self::default() }
    }

    /// Of this subresource.
    #[must_use]
    pub fn subresource(mut self, subresource: &str) -> Self {
        self.subresource = subresource.into();
        self
    }

    /// With these options.
    #[must_use]
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Namespace and name.
    pub fn key(&self) -> ObjectKey {
        ObjectKey { namespace: self.namespace.clone(), name: self.name.clone() }
    }
}

/// The server's answer.
#[derive(Clone, Debug)]
pub enum Answer {
    /// One object, with the HTTP code: 200, 201 (created) or 202 (deletion accepted).
    Object {
        /// The HTTP code.
        code: u16,
        /// The object as stored or as it would be stored.
        object: Arc<Object>,
        /// Texts of `Warning` headers.
        warnings: Vec<String>,
    },
    /// Many objects.
    List(Box<List>),
    /// A watch is open: its events follow.
    Watching,
    /// A failure, or the plain success of a deletion.
    Status(Box<Status>),
    /// A document that is no object: discovery, version, health.
    Raw {
        /// The HTTP code.
        code: u16,
        /// The media type.
        content_type: &'static str,
        /// The document.
        body: Bytes,
    },
}

/// The answer to a list.
#[derive(Clone, Debug, Default)]
pub struct List {
    /// `PodList` and the like.
    pub kind: Str,
    /// The group and version of the list.
    pub api_version: Str,
    /// The objects, sorted by key.
    pub items: Vec<Arc<Object>>,
    /// The revision at which the list is consistent.
    pub revision: u64,
    /// The token for the next page; empty on the last.
    pub continue_token: Str,
    /// How many items follow this page, where the server tells.
    pub remaining: Option<u64>,
    /// Whether items carry apiVersion and kind (those of custom resources do).
    pub typed_items: bool,
}

impl Answer {
    /// The HTTP code.
    pub fn code(&self) -> u16 {
        match self {
            Self::Object { code, .. } | Self::Raw { code, .. } => *code,
            Self::Status(status) => status.code,
            Self::List(_) | Self::Watching => 200,
        }
    }

    /// The object, or the failure.
    pub fn object(&self) -> Result<&Arc<Object>, &Status> {
        match self {
            Self::Object { object, .. } => Ok(object),
            Self::Status(status) => Err(status),
            _ => Err(Status::not_an_object()),
        }
    }

    /// The failure, if it is one.
    pub fn failure(&self) -> Option<&Status> {
        if let Self::Status(status) = self { (status.code >= 400).then_some(status) } else { None }
    }
}

/// One event of a watch.
#[derive(Clone, Debug)]
pub enum WatchEvent {
    /// The object came into being or into the selection.
    Added(Arc<Object>),
    /// The object changed.
    Modified(Arc<Object>),
    /// The object went, or left the selection; its resourceVersion is the deletion's.
    Deleted(Arc<Object>),
    /// Everything up to this revision has been delivered.
    Bookmark {
        /// The revision.
        revision: u64,
        /// Whether this ends the initial events.
        initial_events_end: bool,
    },
    /// The watch failed; the stream ends.
    Error(Box<Status>),
}

impl WatchEvent {
    /// The object, for the three kinds of change.
    pub fn object(&self) -> Option<&Arc<Object>> {
        match self {
            Self::Added(object) | Self::Modified(object) | Self::Deleted(object) => Some(object),
            Self::Bookmark { .. } | Self::Error(_) => None,
        }
    }
}
