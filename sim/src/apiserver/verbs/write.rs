//! What every write goes through between the client's tree and the stored one: decoding, defaults, admission.
//!
//! - `decode`: types, unknown and duplicate fields, the form of the type, defaults; and managedFields set apart
//! - `admit`: plugins
//! - `writer`: who is named as the owner of what changed

use std::sync::Arc;

use super::super::admission::{self, Attributes};
use super::super::kind::Kind;
use super::super::server::{ApiServer, Replies};
use super::super::{convert, crd, defaults, errors, strategy};
use crate::object::{FieldError, Managed, Object, Shape, Str, Value, Writer, keys};
use crate::value;
use crate::wire::resource::CRDS;
use crate::wire::{ObjectKey, Request, Resource, Status, Verb};

/// A client's tree, decoded.
pub(super) struct Decoded {
    /// The tree with defaults, without managedFields.
    pub(super) root: Value,
    /// `metadata.managedFields` as sent.
    managed_fields: Option<Value>,
    /// What the client is warned of.
    pub(super) warnings: Vec<String>,
}

/// Decodes what a client sent; a failure is in the decoder's words. `old` is what is stored.
pub(super) fn decode(
    kind: &Kind,
    request: &Request,
    sent: &Value,
    old: Option<&Value>,
) -> Result<Decoded, String> {
    // Only trees of one version share branches.
    let old = old.filter(|_| kind.resource == kind.storage);
    let mut root = sent.clone();
    let sent_owners = root.meta(keys::MANAGED_FIELDS).is_some();
    let managed_fields = sent_owners.then(|| root.remove_at(&["metadata", "managedFields"])).flatten();
    let unknown = defaults::decode(kind, &mut root, old).map_err(|e| e.to_string())?;
    let duplicates =
        request.options.duplicate_fields.iter().map(|field| format!("duplicate field {field:?}"));
    let complaints = duplicates.chain(unknown.iter().map(|field| format!("unknown field {field:?}")));
    let mut warnings = Vec::new();
    match request.options.field_validation.as_str() {
        "Ignore" => (),
        "Strict" => {
            let all: Vec<String> = complaints.collect();
            if !all.is_empty() {
                return Err(format!("strict decoding error: {}", all.join(", ")));
            }
        }
        _ => warnings.extend(complaints),
    }
    warnings.extend(dedup_owners(&mut root));
    strategy::converted(kind, &mut root);
    Ok(Decoded { root, managed_fields, warnings })
}

/// Leaves the first owner reference of each uid, and warns of the others.
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
    /// The owners that count before this write: the stored ones, unless the client sent others.
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

/// 400: the body is no object of the kind.
pub(super) fn misfit(kind: &Kind, why: &str) -> Box<Status> {
    let (name, version) = (&kind.kind, kind.resource.version());
    let message = format!("{name} in version {version:?} cannot be handled as a {name}: {why}");
    Box::new(Status::bad_request(message))
}

/// Who a request names as the owner of what it changes.
pub(super) fn writer(kind: &Kind, request: &Request, time: Str) -> Writer {
    let manager = match request.options.field_manager.as_str() {
        "" => Str::new_static("unknown"),
        _ => request.options.field_manager.clone(),
    };
    let (subresource, api_version) = (request.subresource.clone(), Str::new_static(kind.api_version()));
    Writer { manager, subresource, api_version, time }
}

impl ApiServer {
    /// Turns a decoded tree into the stored version, where that is another one.
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

    /// Stores what the server itself writes into an object's status.
    pub(super) fn put_own_status(
        &mut self,
        resource: Resource,
        stored: &Arc<Object>,
        root: Value,
        out: &mut Replies,
    ) {
        let kind = self.registry.lookup(resource).cloned().expect("the server has built-in kinds");
        let (manager, subresource) = (Str::new_static("kube-apiserver"), Str::new_static("status"));
        let (api_version, time) = (Str::new_static(kind.api_version()), self.timestamp());
        let writer = Writer { manager, subresource, api_version, time };
        let owners = stored.managed().updated(writer, Some(stored.root()), &root, kind.shape());
        self.put(&kind, ObjectKey::of(stored), root, owners, None, out);
    }

    /// Lets the admission plugins have their say.
    pub(super) fn admit(
        &self,
        kind: &Kind,
        request: &Request,
        new: &mut Value,
        old: Option<&Value>,
    ) -> Result<(), Box<Status>> {
        if !request.subresource.is_empty() {
            return Ok(()); // no plugin looks at one
        }
        let name = new.meta(keys::NAME).and_then(Value::as_text).cloned().unwrap_or_default();
        let write = Attributes {
            verb: if old.is_some() { Verb::Update } else { Verb::Create },
            kind,
            subresource: &request.subresource,
            namespace: &request.namespace,
            name: &name,
            old,
            plugins: self.plugins,
            lookup: &self.store,
        };
        admission::admit(&write, new)
    }
}

/// What is allowed but unwise.
pub(super) fn warnings(kind: &Kind, new: &Value) -> Vec<String> {
    if kind.storage == *CRDS { crd::warnings(new) } else { Vec::new() }
}

/// 405: the definition of the kind is being deleted.
pub(super) fn going(kind: &Kind) -> Box<Status> {
    let message = "create not allowed while custom resource definition is terminating";
    let details = value!({"group": (kind.resource.group()), "kind": (kind.resource.plural())});
    Box::new(Status::new(405, "MethodNotAllowed", message).details(details))
}

/// 501, if a definition asks for what is not modelled.
pub(super) fn modelled(kind: &Kind, new: &Value) -> Result<(), Box<Status>> {
    match (kind.storage == *CRDS).then(|| crd::unmodelled(new)).flatten() {
        Some(what) => Err(Box::new(Status::not_modelled(what))),
        None => Ok(()),
    }
}

/// 422, if there is anything to complain about.
pub(super) fn judged(kind: &Kind, name: &str, errors: &[FieldError]) -> Result<(), Box<Status>> {
    if errors.is_empty() {
        return Ok(());
    }
    Err(errors::invalid(kind.resource.group(), &kind.kind, name, errors))
}
