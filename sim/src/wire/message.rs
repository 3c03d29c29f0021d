//! The messages of the wire: requests, answers and watch events, as values.
//!
//! HTTP and JSON exist only at the rim (`http`). Requests of programs, decoded there, and of components are the same type.

use std::sync::Arc;

use bytes::Bytes;

use super::{ObjectKey, Resource, Status};
use crate::object::patch::PatchType;
use crate::object::{Object, Str, Value};

/// The address of a component or host: its place in the cluster's list of actors.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash, Default)]
pub struct Addr(pub u32);

/// The number of a request, counted by its sender. The number of a watch names its stream.
pub type RequestId = u64;

/// The verb of a request.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash, Default)]
pub enum Verb {
    /// Read one object.
    #[default]
    Get,
    /// Read all objects of a resource or namespace.
    List,
    /// Follow changes.
    Watch,
    /// Create one object.
    Create,
    /// Replace one object.
    Update,
    /// Change one object by a patch or server-side apply.
    Patch,
    /// Delete one object.
    Delete,
    /// Delete all objects that a list with the same options returns.
    DeleteCollection,
    /// Read a path without a resource ([`Request::path`]): discovery, `/version`, `/healthz`.
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

/// The body of a request.
#[derive(Clone, Debug, Default)]
pub enum Body {
    /// Nothing.
    #[default]
    None,
    /// An object.
    Object(Arc<Object>),
    /// A patch.
    Patch(PatchType, Value),
    /// An undecodable body, with the failure that the server answers once it has checked the path.
    Undecodable(Box<Status>),
}

/// A request, decoded.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The sender; the wire sets it.
    pub from: Addr,
    /// The sender's number for it.
    pub id: RequestId,
    /// The verb.
    pub verb: Verb,
    /// The resource; none for [`Verb::Raw`].
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
    /// `fieldManager`, or the manager that the server derives from the user agent.
    pub field_manager: Str,
    /// `fieldValidation`: `Strict`, `Warn`, `Ignore`, or empty for the default (`Warn`).
    pub field_validation: Str,
    /// Dotted paths of duplicate keys in the body, for strict validation.
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
    /// The form of the answer.
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
        let request = Self::one(Verb::Update, resource, &ObjectKey::of(&object));
        Self { body: Body::Object(object), ..request }
    }

    /// Replaces an object's status.
    pub fn update_status(resource: Resource, object: Arc<Object>) -> Self {
        Self { subresource: "status".into(), ..Self::update(resource, object) }
    }

    /// Patches an object.
    pub fn patch(resource: Resource, key: &ObjectKey, patch_type: PatchType, patch: Value) -> Self {
        Self { body: Body::Patch(patch_type, patch), ..Self::one(Verb::Patch, resource, key) }
    }

    /// Deletes an object, with the defaults of its resource for grace and propagation.
    pub fn delete(resource: Resource, key: &ObjectKey) -> Self {
        Self::one(Verb::Delete, resource, key)
    }

    /// Lists or watches a resource in one namespace, or in all if `namespace` is empty.
    pub fn many(verb: Verb, resource: Resource, namespace: impl Into<Str>) -> Self {
        Self { verb, resource: Some(resource), namespace: namespace.into(), ..Self::default() }
    }

    /// Sets the subresource.
    #[must_use]
    pub fn subresource(mut self, subresource: &str) -> Self {
        self.subresource = subresource.into();
        self
    }

    /// Sets the options.
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
    /// A failure, or the success of a deletion.
    Status(Box<Status>),
    /// A document other than an object: discovery, version, health.
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
    /// `remainingItemCount`, where the server sends it.
    pub remaining: Option<u64>,
    /// Whether items carry apiVersion and kind (custom resources do).
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

    /// The failure, if the answer is one.
    pub fn failure(&self) -> Option<&Status> {
        if let Self::Status(status) = self { (status.code >= 400).then_some(status) } else { None }
    }
}

/// One event of a watch.
#[derive(Clone, Debug)]
pub enum WatchEvent {
    /// The object was created, or entered the selection.
    Added(Arc<Object>),
    /// The object changed.
    Modified(Arc<Object>),
    /// The object was deleted, or left the selection; its resourceVersion is that of the deletion.
    Deleted(Arc<Object>),
    /// The watch has delivered everything up to this revision.
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
    /// The object of an ADDED, MODIFIED or DELETED event.
    pub fn object(&self) -> Option<&Arc<Object>> {
        match self {
            Self::Added(object) | Self::Modified(object) | Self::Deleted(object) => Some(object),
            Self::Bookmark { .. } | Self::Error(_) => None,
        }
    }
}
