//! Create: the server names, completes, validates and stores an object, unless the name is in use.

use std::sync::Arc;

use super::super::kind::Kind;
use super::super::rules::Generation;
use super::super::server::{ApiServer, Replies};
use super::super::{admission, defaults, errors, strategy, validation};
use super::write::{self, Decoded};
use super::{VerbResult, body, meta};
use crate::object::{FieldError, Key, Managed, Object, Str, Value, keys};
use crate::wire::resource::{CRDS, NAMESPACES, RESOURCE_QUOTAS, SERVICES};
use crate::wire::{Answer, Birth, ObjectKey, Request, Resource, Status};

/// How many generated names a create tries (apiserver `maxNameGenerationCreateAttempts`).
const NAME_ATTEMPTS: u64 = 8;

impl ApiServer {
    pub(super) fn create(&mut self, kind: &Arc<Kind>, request: &Request, out: &mut Replies) -> VerbResult {
        let sent = body::object(kind, request)?;
        let decoded = write::decode(kind, request, sent.root(), None)
            .map_err(|why| write::cannot_decode(kind, &why))?;
        let writer = write::writer(kind, request, self.timestamp());
        let mut owned = decoded.root.clone();
        if kind.drops_status() {
            owned.remove_at(&["status"]);
        }
        for field in [keys::DELETION_GRACE_PERIOD_SECONDS, keys::DELETION_TIMESTAMP] {
            if owned.meta(field).is_some() {
                owned.remove_at(&["metadata", field.as_str()]);
            }
        }
        let owners = decoded.owners(&Managed::default()).updated(writer, None, &owned, kind.shape());
        self.add(kind, request, decoded, owners, out)
    }

    /// Creates a decoded object with these field owners.
    pub(super) fn add(
        &mut self,
        kind: &Arc<Kind>,
        request: &Request,
        decoded: Decoded,
        owners: Managed,
        out: &mut Replies,
    ) -> VerbResult {
        let Decoded { mut root, mut warnings, .. } = decoded;
        if kind.terminating {
            return Err(write::definition_is_terminating(kind));
        }
        body::fits_url(request, &root)?;
        self.to_stored(kind, &mut root);
        self.check_namespace(kind, request, &root)?;
        write::refuse_unmodelled(kind, &root)?;
        self.admit(kind, request, &mut root, None)?;
        let sent_version = sent_text(&root, keys::RESOURCE_VERSION);
        let (key, birth) = self.name(kind, request, &root)?;
        self.complete(kind, &mut root, &key, &birth);
        self.validate_new(kind, &mut root, &key)?;
        warnings.extend(write::warnings(kind, &root));
        if sent_version.parse::<u64>().is_ok_and(|version| version > 0) {
            let message = "resourceVersion should not be set on objects to be created";
            return Err(Box::new(Status::new(500, "", message)));
        }
        if let Some(existing) = self.store.get(kind.storage, &key) {
            return Err(already_exists(kind, existing));
        }
        let charged = self.charge(kind, &key, &root)?;
        let object = if request.options.dry_run {
            Arc::new(Object::with_managed(root, owners))
        } else {
            for (quota, charged) in charged {
                self.put_own_status(*RESOURCE_QUOTAS, &quota, charged, out);
            }
            self.names.count(kind.storage, &key.namespace, &birth);
            self.put(kind, key, root, owners, Some(birth), out)
        };
        Ok(Answer::Object { code: 201, object: self.view(kind).of(&object), warnings })
    }

    /// Stores an object of a booted cluster: with its status, and without admission and validation. The caller ensures that the
    /// object is valid and new.
    pub fn plant(
        &mut self,
        (resource, manager): (Resource, &'static str),
        root: Value,
        out: &mut Replies,
    ) -> Arc<Object> {
        let kind = self.registry.lookup(resource).cloned().expect("planted objects are of built-in kinds");
        let mut request = Request::create(resource, Object::shared(root));
        request.options.field_manager = Str::new_static(manager);
        let sent = body::object(&kind, &request).expect("planted objects are objects");
        let Decoded { mut root, .. } =
            write::decode(&kind, &request, sent.root(), None).expect("planted objects are of their type");
        let writer = write::writer(&kind, &request, self.timestamp());
        let status = if kind.drops_status() { root.remove_at(&["status"]) } else { None };
        let owners = Managed::default().updated(writer, None, &root, kind.shape());
        let (key, birth) = self.name(&kind, &request, &root).expect("planted objects have names");
        debug_assert!(self.store.get(kind.storage, &key).is_none(), "an object of a booted cluster is new");
        self.complete(&kind, &mut root, &key, &birth);
        if let Some(status) = status {
            root.set_at(&["status"], status);
        }
        if kind.storage == *SERVICES {
            let errors = strategy::allocate(&mut root, &self.store, None);
            debug_assert!(errors.is_empty(), "a booted cluster has free addresses: {errors:?}");
        }
        self.names.count(kind.storage, &key.namespace, &birth);
        self.put(&kind, key, root, owners, Some(birth), out)
    }

    /// Refuses creates in absent and terminating namespaces (admission plugin NamespaceLifecycle).
    fn check_namespace(&self, kind: &Kind, request: &Request, root: &Value) -> Result<(), Box<Status>> {
        if !kind.namespaced {
            return Ok(());
        }
        let namespace = &request.namespace;
        let key = ObjectKey::new("", namespace.clone());
        let Some(object) = self.store.get(*NAMESPACES, &key) else {
            return Err(errors::not_found(*NAMESPACES, namespace));
        };
        if !object.is_terminating() {
            return Ok(());
        }
        let why =
            format!("unable to create new content in namespace {namespace} because it is being terminated");
        let mut status = Status::forbidden(kind.resource, &sent_text(root, keys::NAME), &why);
        let cause = crate::value!({
            "reason": "NamespaceTerminating",
            "message": (format!("namespace {namespace} is being terminated")),
            "field": "metadata.namespace"
        });
        status.details.set_at(&["causes"], Value::list([cause]));
        Err(Box::new(status))
    }

    /// The quotas of the namespace with their usage after the create; 403 if the create exceeds one.
    fn charge(
        &self,
        kind: &Kind,
        key: &ObjectKey,
        root: &Value,
    ) -> Result<Vec<(Arc<Object>, Value)>, Box<Status>> {
        let table = self.store.table(*RESOURCE_QUOTAS);
        let quotas = table.into_iter().flat_map(|table| table.iter(&key.namespace));
        let quotas: Vec<Arc<Object>> = quotas.map(|(_, quota)| quota.clone()).collect();
        if !kind.namespaced || quotas.is_empty() {
            return Ok(Vec::new());
        }
        admission::quota::charge(quotas, (kind.resource, &key.name), &Object::new(root.clone()))
    }

    /// The key and the birth name of a new object.
    fn name(&self, kind: &Kind, request: &Request, root: &Value) -> Result<(ObjectKey, Birth), Box<Status>> {
        let namespace = &request.namespace;
        let (name, prefix) = (sent_text(root, keys::NAME), sent_text(root, keys::GENERATE_NAME));
        if !name.is_empty() {
            let birth = self.names.birth(kind.storage, namespace, &name, false);
            return Ok((ObjectKey::new(namespace.clone(), name), birth));
        }
        if prefix.is_empty() {
            let error = FieldError::required("metadata.name", "name or generateName is required");
            return Err(errors::invalid(kind.resource.group(), &kind.kind, "", &[error]));
        }
        let birth = self.names.birth(kind.storage, namespace, &prefix, true);
        let mut attempts = (0..NAME_ATTEMPTS).map(|attempt| {
            ObjectKey::new(namespace.clone(), self.names.generate(kind.storage, namespace, &birth, attempt))
        });
        let key = attempts.find(|key| self.store.get(kind.storage, key).is_none());
        key.map(|key| (key, birth)).ok_or_else(|| {
            let message = format!("unable to find an unused name for the prefix {prefix:?}");
            Box::new(Status::new(500, "InternalError", message))
        })
    }

    /// Sets the fields that belong to the server, without the resourceVersion.
    fn complete(&mut self, kind: &Kind, root: &mut Value, key: &ObjectKey, birth: &Birth) {
        let uid = self.names.uid(kind.storage, &key.namespace, birth);
        let mut set: Vec<(Key, Value)> = vec![
            (keys::CREATION_TIMESTAMP, self.timestamp().into()),
            (keys::NAME, key.name.clone().into()),
            (keys::UID, uid.into()),
        ];
        if !key.namespace.is_empty() {
            set.push((keys::NAMESPACE, key.namespace.clone().into()));
        }
        if kind.rules.generation != Generation::None {
            set.push((keys::GENERATION, 1.into()));
        }
        let metadata = meta::for_create(root.get_key(keys::METADATA).and_then(Value::as_map), set);
        root.set_at(&["apiVersion"], Str::new_static(kind.storage.api_version()));
        root.set_at(&["kind"], kind.kind.clone());
        root.set_at(&["metadata"], metadata);
        if kind.drops_status() {
            match kind.new_status() {
                Some(status) => root.set_at(&["status"], status.clone()),
                None => drop(root.remove_at(&["status"])),
            }
            if kind.storage == *CRDS {
                // The status of a definition has defaults that follow from its spec.
                defaults::apply_defaults(kind, root);
            }
        }
        strategy::on_create(kind, root, &self.timestamp());
    }

    /// Validates a new object and allocates its addresses.
    fn validate_new(&self, kind: &Kind, root: &mut Value, key: &ObjectKey) -> Result<(), Box<Status>> {
        let mut errors = validation::validate(kind, root, None, "");
        if kind.storage == *SERVICES && errors.is_empty() {
            errors = strategy::allocate(root, &self.store, None);
        }
        write::refuse_invalid(kind, &key.name, &errors)
    }
}

/// A string of the sent metadata; empty if it is absent.
fn sent_text(root: &Value, field: Key) -> Str {
    root.meta(field).and_then(Value::as_text).cloned().unwrap_or_default()
}

/// 409: the name is in use.
fn already_exists(kind: &Kind, existing: &Object) -> Box<Status> {
    let mut status = Status::already_exists(kind.resource, existing.name());
    if existing.is_terminating() {
        status.message = format!("object is being deleted: {}", status.message);
    }
    Box::new(status)
}
