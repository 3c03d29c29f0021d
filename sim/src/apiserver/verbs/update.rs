//! Update: replaces an object or its status. An update, patch or apply that changes nothing writes nothing.
//!
//! Real: the server compares after defaults and admission, entry by entry of managedFields, without their times (apiserver
//! `IgnoreManagedFieldsTimestampsTransformer`). Modelled: all of it.
//!
//! Updates and patches share the rest of this file: which stored fields stay, validation, the generation, and the end of a
//! deletion once the last finalizer is removed.

use std::sync::Arc;

use super::super::kind::Kind;
use super::super::rules::Generation;
use super::super::server::{ApiServer, Replies};
use super::super::store::set_version;
use super::super::{errors, strategy, validation};
use super::write::{self, Decoded};
use super::{VerbResult, body, meta};
use crate::object::{BegunWrite, FieldError, Managed, Map, Object, Value, keys};
use crate::wire::resource::SERVICES;
use crate::wire::{Answer, Request, Status};

impl ApiServer {
    pub(super) fn update(&mut self, kind: &Arc<Kind>, request: &Request, out: &mut Replies) -> VerbResult {
        let sent = body::object(kind, request)?;
        body::fits_url(request, sent.root())?;
        let Some(stored) = self.store.get(kind.storage, &request.key()).cloned() else {
            if kind.rules.create_on_update && request.subresource.is_empty() {
                return self.create(kind, request, out);
            }
            return Err(errors::not_found(kind.resource, &request.name));
        };
        let decoded = write::decode(kind, request, sent.root(), Some(stored.root()))
            .map_err(|why| write::cannot_decode(kind, &why))?;
        let sent_uid = sent.uid();
        if !sent_uid.is_empty() && sent_uid != stored.uid() {
            let uid = stored.uid();
            let why =
                format!("Precondition failed: UID in precondition: {sent_uid}, UID in object meta: {uid}");
            return Err(Box::new(Status::conflict(kind.resource, &request.name, &why)));
        }
        self.replace(kind, request, &stored, decoded, None, out)
    }

    /// Replaces the stored object by a decoded tree, as far as the request may. `applied` are the field owners if they do not
    /// follow from the changes.
    pub(super) fn replace(
        &mut self,
        kind: &Arc<Kind>,
        request: &Request,
        stored: &Arc<Object>,
        mut decoded: Decoded,
        applied: Option<Managed>,
        out: &mut Replies,
    ) -> VerbResult {
        self.to_stored(kind, &mut decoded.root);
        if !is_fresh(kind, &decoded.root, stored)? {
            return Err(Box::new(Status::stale(kind.resource, &request.name)));
        }
        let mut errors = meta::update_errors(&decoded.root, stored);
        // On a real server the generic validation and that of the kind both report these errors: each cause appears twice.
        errors.extend(errors.clone());
        let by_client = match request.subresource.as_str() {
            "status" => updated_status(kind, stored, &decoded.root),
            _ => updated_object(kind, request, stored, &decoded.root),
        };
        let mut root = by_client.clone();
        let is_change = root != *stored.root();
        if is_change {
            write::refuse_unmodelled(kind, &root)?;
            self.admit(kind, request, &mut root, Some(stored.root()))?;
            strategy::on_update(kind, &mut root, stored.root(), &request.subresource, &self.timestamp());
            errors.extend(validation::validate(kind, &root, Some(stored.root()), &request.subresource));
            if kind.storage == *SERVICES && errors.is_empty() {
                errors.extend(strategy::allocate(&mut root, &self.store, Some(stored.root())));
            }
        }
        write::refuse_invalid(kind, &request.name, &errors)?;
        // A write to `/status` never raises it, even if it changes annotations (recorded in `deployment-create`).
        let may_raise = request.subresource != "status";
        if is_change && may_raise && raises_generation(kind, stored.root(), &root) {
            root.set_at(&["metadata", "generation"], stored.generation() + 1);
        }
        let update = PreparedUpdate { is_change, by_client, root, applied, decoded };
        self.commit(kind, request, stored, update, out)
    }

    /// Stores an update, unless it changes nothing or ends the object's deletion.
    fn commit(
        &mut self,
        kind: &Arc<Kind>,
        request: &Request,
        stored: &Arc<Object>,
        update: PreparedUpdate,
        out: &mut Replies,
    ) -> VerbResult {
        let PreparedUpdate { is_change, by_client, mut root, applied, mut decoded } = update;
        debug_assert_eq!(
            root.str_at(&["metadata", "uid"]).unwrap_or_default(),
            stored.uid(),
            "a uid never changes"
        );
        debug_assert!(
            root.i64_at(&["metadata", "generation"]).unwrap_or(0) >= stored.generation(),
            "a generation never falls"
        );
        let warnings = std::mem::take(&mut decoded.warnings);
        let stays = request.options.dry_run || deletion_is_complete(&root);
        let object = if is_change && !stays && applied.is_none() && root.is_shared_with(&by_client) {
            // The server adds nothing: the stored tree is the client's, from which the owners follow.
            drop(by_client);
            let owners = self.owners(kind, request, stored, &decoded, &root);
            set_version(&mut root, self.store.next_revision());
            let owners = owners.ended(&root);
            self.put_as_is(kind, request.key(), root, owners, None, out)
        } else {
            let owners = match applied {
                Some(owners) => owners,
                None if !is_change && !decoded.sent_owners() => stored.managed().clone(),
                None => self.owners(kind, request, stored, &decoded, &by_client).ended(&by_client),
            };
            if root == *stored.root() && owners.is_same_apart_from_times(stored.managed()) {
                // Also if the request carries what the server drops, such as empty labels: a new time alone is no change.
                stored.clone()
            } else if request.options.dry_run {
                Arc::new(Object::with_managed(root, owners))
            } else if deletion_is_complete(&root) {
                // As on a real server: the answer keeps the old resourceVersion, the event carries the stored object.
                self.take(kind, request.key(), stored, out);
                Arc::new(Object::with_managed(root, owners))
            } else {
                self.put(kind, request.key(), root, owners, None, out)
            }
        };
        Ok(Answer::Object { code: 200, object: self.view(kind).of(&object), warnings })
    }

    /// The field owners after a write other than apply, which leaves the tree `after`.
    fn owners(
        &mut self,
        kind: &Kind,
        request: &Request,
        stored: &Object,
        decoded: &Decoded,
        after: &Value,
    ) -> BegunWrite {
        let writer = write::writer(kind, request, self.timestamp());
        let before = decoded.owners(stored.managed());
        before.begun(writer, Some(stored.root()), after, self.stored_shape(kind))
    }
}

/// An update that is ready to be stored.
struct PreparedUpdate {
    is_change: bool,
    /// The tree with the client's changes.
    by_client: Value,
    /// The tree to store: the former with the server's changes.
    root: Value,
    /// The field owners if they do not follow from the changes.
    applied: Option<Managed>,
    decoded: Decoded,
}

/// Whether an update is based on the stored version, or does not need to be.
fn is_fresh(kind: &Kind, sent: &Value, stored: &Object) -> Result<bool, Box<Status>> {
    let version =
        |root| Value::meta(root, keys::RESOURCE_VERSION).and_then(Value::as_str).unwrap_or_default();
    let text = version(sent);
    if text == version(stored.root()) {
        return Ok(true);
    }
    let version: u64 = match text {
        "" => 0,
        text => text.parse().map_err(|_| Box::new(Status::new(500, "", errors::parse_uint(text))))?,
    };
    if version > 0 {
        return Ok(false);
    }
    if kind.rules.unconditional_update {
        return Ok(true);
    }
    let error =
        FieldError::invalid("metadata.resourceVersion", &Value::Int(0), "must be specified for an update");
    // By resource, not by kind, as recorded in `update-without-rv`.
    Err(errors::invalid(kind.resource.group(), kind.resource.plural(), stored.name(), &[error]))
}

/// The object after a write to the object itself: as sent, with the stored system metadata, and with the stored status if the
/// kind has `/status`.
fn updated_object(kind: &Kind, request: &Request, stored: &Object, sent: &Value) -> Value {
    let mut root = sent.clone();
    let sent_metadata = sent.get_key(keys::METADATA).and_then(Value::as_map);
    if !sent_metadata.is_some_and(|sent| sent.ptr_eq(metadata(stored.root()))) {
        let new = meta::for_update(sent_metadata, metadata(stored.root()), &request.name, &request.namespace);
        root.set_at(&["metadata"], new);
    }
    let status = kind.has_status().then_some(keys::STATUS);
    for field in [keys::API_VERSION, keys::KIND].into_iter().chain(status) {
        match stored.root().get_key(field) {
            was if was == sent.get_key(field) => {}
            Some(was) => root.set_at(&[field.as_str()], was.clone()),
            None => drop(root.remove_at(&[field.as_str()])),
        }
    }
    root
}

/// The object after a write to `/status`: as stored, with the sent status and the metadata that the kind accepts.
fn updated_status(kind: &Kind, stored: &Object, sent: &Value) -> Value {
    let mut root = stored.root().clone();
    match sent.get_key(keys::STATUS) {
        Some(status) if root.replace_at(&[keys::STATUS], status.clone()) => {}
        Some(status) => root.set_at(&["status"], status.clone()),
        None => drop(root.remove_at(&["status"])),
    }
    let (Some(sent), stored) =
        (sent.get_key(keys::METADATA).and_then(Value::as_map), metadata(stored.root()))
    else {
        return root;
    };
    if sent.ptr_eq(stored) {
        return root;
    }
    for field in ["annotations", "finalizers", "labels", "ownerReferences"] {
        if kind.rules.status_keeps.contains(&field) || sent.get(field) == stored.get(field) {
            continue;
        }
        match sent.get(field).filter(|v| !meta::is_empty(v)) {
            Some(value) => root.set_at(&["metadata", field], value.clone()),
            None => drop(root.remove_at(&["metadata", field])),
        }
    }
    root
}

fn metadata(root: &Value) -> &Map {
    root.get_key(keys::METADATA).and_then(Value::as_map).expect("a stored object has metadata")
}

/// Whether the change is one that raises the generation of the kind.
fn raises_generation(kind: &Kind, old: &Value, new: &Value) -> bool {
    match kind.rules.generation {
        Generation::None | Generation::One => false,
        Generation::On(paths) => paths.iter().any(|path| old.at(path) != new.at(path)),
        Generation::AllBut(fields) => {
            let counted = |root: &Value| -> Vec<_> {
                let entries = root.as_map().into_iter().flatten();
                entries.filter(|(key, _)| !fields.contains(&key.as_str())).cloned().collect()
            };
            counted(old) != counted(new)
        }
    }
}

/// Whether nothing keeps a terminating object: no finalizer, no grace period that the kubelet has to confirm, and for a
/// namespace no content.
fn deletion_is_complete(root: &Value) -> bool {
    root.meta(keys::DELETION_TIMESTAMP).is_some()
        && root.items_at(&["metadata", "finalizers"]).is_empty()
        && root.i64_at(&["metadata", "deletionGracePeriodSeconds"]).unwrap_or(0) == 0
        && (root.str_at(&["kind"]) != Some("Namespace") || root.items_at(&["spec", "finalizers"]).is_empty())
}
