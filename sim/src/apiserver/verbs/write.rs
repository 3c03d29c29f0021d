//! The part that all writes share, between the client's tree and the stored one.
//!
//! - `decode`: checks types, reports unknown and duplicate fields, sets defaults, and separates managedFields
//! - `admit`: runs the admission plugins
//! - `writer`: the field owner of the changes

use std::sync::Arc;

use super::super::admission::{self, Attributes};
use super::super::kind::Kind;
use super::super::server::{ApiServer, Replies};
use super::super::{convert, crd, defaults, errors, strategy};
use crate::object::{FieldError, Managed, Object, Shape, Str, Value, Writer, keys};
use crate::value;
use crate::wire::resource::CRDS;
use crate::wire::{ObjectKey, Request, Resource, Status, Verb};

/// A decoded tree of a client.
pub(super) struct Decoded {
    /// The tree with defaults, without managedFields.
    pub(super) root: Value,
    /// `metadata.managedFields` as the client sent it.
    managed_fields: Option<Value>,
    /// The warnings for the client.
    pub(super) warnings: Vec<String>,
}

/// Decodes a client's tree; an error is the message of the decoder. `old` is the stored object.
pub(super) fn decode(
    kind: &Kind,
    request: &Request,
    sent: &Value,
    old: Option<&Value>,
) -> Result<Decoded, String> {
    // Only trees of the same version share parts.
    let old = old.filter(|_| kind.resource == kind.storage);
    let mut root = sent.clone();
    let sent_owners = root.meta(keys::MANAGED_FIELDS).is_some();
    let managed_fields = sent_owners.then(|| root.remove_at(&["metadata", "managedFields"])).flatten();
    let unknown = defaults::decode(kind, &mut root, old).map_err(|e| e.to_string())?;
    let duplicates =
        request.options.duplicate_fields.iter().map(|field| format!("duplicate field {field:?}"));
    let problems = duplicates.chain(unknown.iter().map(|field| format!("unknown field {field:?}")));
    let mut warnings = Vec::new();
    match request.options.field_validation.as_str() {
        "Ignore" => (),
        "Strict" => {
            let all: Vec<String> = problems.collect();
            if !all.is_empty() {
                return Err(format!("strict decoding error: {}", all.join(", ")));
            }
        }
        _ => warnings.extend(problems),
    }
    warnings.extend(dedup_owners(&mut root));
    strategy::on_decode(kind, &mut root);
    Ok(Decoded { root, managed_fields, warnings })
}

/// Keeps the first owner reference of each uid; the warning names the others.
fn dedup_owners(root: &mut Value) -> Option<String> {
    let owners = root.meta(keys::OWNER_REFERENCES).map(Value::items).unwrap_or_default();
    if owners.len() < 2 {
        return None;
    }
    let uid = |owner: &Value| Str::new(owner.str_at(&["uid"]).unwrap_or_default());
    let mut seen: Vec<Str> = Vec::with_capacity(owners.len());
    let (mut kept, mut surplus) = (Vec::with_capacity(owners.len()), Vec::new());
    for owner in owners {
        if seen.contains(&uid(owner)) {
            surplus.push(uid(owner));
        } else {
            seen.push(uid(owner));
            kept.push(owner.clone());
        }
    }
    if surplus.is_empty() {
        return None;
    }
    root.set_at(&["metadata", "ownerReferences"], kept);
    Some(format!(
        ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may \
         reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: {}",
        surplus.join(", ")
    ))
}

impl Decoded {
    /// The field owners before this write: the stored ones, unless the client sent others.
    pub(super) fn owners(&self, stored: &Managed) -> Managed {
        match &self.managed_fields {
            Some(sent) => stored.submitted(Some(sent)),
            None => stored.clone(),
        }
    }

    /// Whether the client sent managedFields.
    pub(super) fn sent_owners(&self) -> bool {
        self.managed_fields.is_some()
    }
}

/// 400: the body is not an object of the kind.
pub(super) fn cannot_decode(kind: &Kind, why: &str) -> Box<Status> {
    let (name, version) = (&kind.kind, kind.resource.version());
    let message = format!("{name} in version {version:?} cannot be handled as a {name}: {why}");
    Box::new(Status::bad_request(message))
}

/// The owner of the fields that a request changes.
pub(super) fn writer(kind: &Kind, request: &Request, time: Str) -> Writer {
    let manager = match request.options.field_manager.as_str() {
        "" => Str::new_static("unknown"),
        _ => request.options.field_manager.clone(),
    };
    let (subresource, api_version) = (request.subresource.clone(), Str::new_static(kind.api_version()));
    Writer { manager, subresource, api_version, time }
}

impl ApiServer {
    /// Converts a decoded tree to the stored version.
    pub(super) fn to_stored(&self, kind: &Kind, root: &mut Value) {
        if kind.resource != kind.storage
            && let Some(stored) = self.registry.lookup(kind.storage)
        {
            convert::to_storage(kind, stored, root);
        }
    }

    /// The type of stored trees.
    pub(super) fn stored_shape<'a>(&'a self, kind: &'a Kind) -> &'a Arc<Shape> {
        let stored = (kind.resource != kind.storage).then(|| self.registry.lookup(kind.storage)).flatten();
        stored.map_or(kind.shape(), |stored| stored.shape())
    }

    /// Stores an object whose status the server itself wrote.
    pub(in super::super) fn put_own_status(
        &mut self,
        resource: Resource,
        stored: &Arc<Object>,
        root: Value,
        out: &mut Replies,
    ) {
        let kind = self.registry.lookup(resource).cloned().expect("the server writes only built-in kinds");
        let (manager, subresource) = (Str::new_static("kube-apiserver"), Str::new_static("status"));
        let (api_version, time) = (Str::new_static(kind.api_version()), self.timestamp());
        let writer = Writer { manager, subresource, api_version, time };
        let owners = stored.managed().updated(writer, Some(stored.root()), &root, kind.shape());
        self.put(&kind, ObjectKey::of(stored), root, owners, None, out);
    }

    /// Runs the admission plugins.
    pub(super) fn admit(
        &self,
        kind: &Kind,
        request: &Request,
        new: &mut Value,
        old: Option<&Value>,
    ) -> Result<(), Box<Status>> {
        let name = new.meta(keys::NAME).and_then(Value::as_text).cloned().unwrap_or_default();
        let write = Attributes {
            verb: if old.is_some() { Verb::Update } else { Verb::Create },
            kind,
            subresource: &request.subresource,
            namespace: &request.namespace,
            name: &name,
            plugins: self.plugins,
            store: &self.store,
        };
        admission::admit(&write, new)
    }
}

/// Warnings about an accepted object.
pub(super) fn warnings(kind: &Kind, new: &Value) -> Vec<String> {
    if kind.storage == *CRDS { crd::warnings(new) } else { Vec::new() }
}

/// 405: the definition of the kind is terminating.
pub(super) fn definition_is_terminating(kind: &Kind) -> Box<Status> {
    let message = "create not allowed while custom resource definition is terminating";
    let details = value!({"group": (kind.resource.group()), "kind": (kind.resource.plural())});
    Box::new(Status::new(405, "MethodNotAllowed", message).details(details))
}

/// 501 if a definition uses a feature that is not modelled.
pub(super) fn refuse_unmodelled(kind: &Kind, new: &Value) -> Result<(), Box<Status>> {
    match (kind.storage == *CRDS).then(|| crd::unmodelled(new)).flatten() {
        Some(what) => Err(Box::new(Status::not_modelled(what))),
        None => Ok(()),
    }
}

/// 422 if there are errors.
pub(super) fn refuse_invalid(kind: &Kind, name: &str, errors: &[FieldError]) -> Result<(), Box<Status>> {
    if errors.is_empty() {
        return Ok(());
    }
    Err(errors::invalid(kind.resource.group(), &kind.kind, name, errors))
}
