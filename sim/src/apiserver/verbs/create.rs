//! Create: a name, the server's metadata, the rules of the kind, and the object is stored; or the name is taken.

use std::sync::Arc;

use super::super::kind::Kind;
use super::super::rules::Generation;
use super::super::server::{ApiServer, Replies};
use super::super::{admission, defaults, errors, strategy, validation};
use super::write::{self, Decoded};
use super::{Reply, body, meta};
use crate::object::{FieldError, Key, Managed, Object, Str, Value, keys};
use crate::wire::resource::{CRDS, NAMESPACES, RESOURCE_QUOTAS, SERVICES};
use crate::wire::{Answer, Birth, ObjectKey, Request, Resource, Status};

/// How often a generated name is drawn again when it is taken (apiserver `maxNameGenerationCreateAttempts`).
const NAME_ATTEMPTS: u64 = 8;

impl ApiServer {
    pub(super) fn create(&mut self, kind: &Arc<Kind>, request: &Request, out: &mut Replies) -> Reply {
        let sent = body::object(kind, request)?;
        let decoded =
            write::decode(kind, request, sent.root(), None).map_err(|why| write::misfit(kind, &why))?;
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

    /// Adds an object that was decoded and whose owners are known.
    pub(super) fn add(
        &mut self,
        kind: &Arc<Kind>,
        request: &Request,
        decoded: Decoded,
        owners: Managed,
        out: &mut Replies,
    ) -> Reply {
        let Decoded { mut root, mut warnings, .. } = decoded;
        if kind.terminating {
            return Err(write::going(kind));
        }
        body::fits_url(request, &root)?;
        self.to_stored(kind, &mut root);
        self.namespace_takes(kind, request, &root)?;
        write::modelled(kind, &root)?;
        self.admit(kind, request, &mut root, None)?;
        let sent_version = sent(&root, keys::RESOURCE_VERSION);
        let (key, birth) = self.name(kind, request, &root)?;
        self.complete(kind, &mut root, &key, &birth);
        self.judge_new(kind, &mut root, &key)?;
        warnings.extend(write::warnings(kind, &root));
        if sent_version.parse::<u64>().is_ok_and(|version| version > 0) {
            let message = "resourceVersion should not be set on objects to be created";
            return Err(Box::new(Status::new(500, "", message)));
        }
        if let Some(there) = self.store.get(kind.storage, &key) {
            return Err(taken(kind, there));
        }
        let charged = self.charge(kind, &key, &root)?;
        let object = if request.options.dry_run {
            Arc::new(Object::with_managed(root, owners))
        } else {
            for (quota, charged) in charged {
                self.put_own_status(*RESOURCE_QUOTAS, &quota, charged, out);
            }
            self.names.born(kind.storage, &key.namespace, &birth);
            self.put(kind, key, root, owners, Some(birth), out)
        };
        Ok(Answer::Object { code: 201, object: self.view(kind).of(&object), warnings })
    }

    /// Stores an object as a server has it that has run for a while: with its status, and untouched by the admission of
    /// newcomers. For the objects of a booted cluster, which are ours and valid.
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
        self.complete(&kind, &mut root, &key, &birth);
        if let Some(status) = status {
            root.set_at(&["status"], status);
        }
        if kind.storage == *SERVICES {
            let errors = strategy::allocate(&mut root, &self.store, None);
            debug_assert!(errors.is_empty(), "a booted cluster has addresses left: {errors:?}");
        }
        self.names.born(kind.storage, &key.namespace, &birth);
        self.put(&kind, key, root, owners, Some(birth), out)
    }

    /// Refuses creates in namespaces that are absent or going (admission plugin NamespaceLifecycle).
    fn namespace_takes(&self, kind: &Kind, request: &Request, root: &Value) -> Result<(), Box<Status>> {
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
        let mut status = Status::forbidden(kind.resource, &sent(root, keys::NAME), &why);
        let cause = crate::value!({
            "reason": "NamespaceTerminating",
            "message": (format!("namespace {namespace} is being terminated")),
            "field": "metadata.namespace"
        });
        status.details.set_at(&["causes"], Value::list([cause]));
        Err(Box::new(status))
    }

    /// The quotas of the namespace as they are after the create; or which of them it would exceed.
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

    /// The key of the new object and its birth name.
    fn name(&self, kind: &Kind, request: &Request, root: &Value) -> Result<(ObjectKey, Birth), Box<Status>> {
        let namespace = &request.namespace;
        let (name, prefix) = (sent(root, keys::NAME), sent(root, keys::GENERATE_NAME));
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

    /// Fills in what is the server's, but for the resourceVersion.
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
        let metadata = meta::born(root.get_key(keys::METADATA).and_then(Value::as_map), set);
        root.set_at(&["apiVersion"], Str::new_static(kind.storage.api_version()));
        root.set_at(&["kind"], kind.kind.clone());
        root.set_at(&["metadata"], metadata);
        if kind.drops_status() {
            match kind.new_status() {
                Some(status) => root.set_at(&["status"], status.clone()),
                None => drop(root.remove_at(&["status"])),
            }
            if kind.storage == *CRDS {
                // A definition's status follows from its spec.
                defaults::apply_defaults(kind, root);
            }
        }
        strategy::on_create(kind, root, &self.timestamp());
    }

    /// Checks a new object by the rules of its kind, and gives out addresses.
    fn judge_new(&self, kind: &Kind, root: &mut Value, key: &ObjectKey) -> Result<(), Box<Status>> {
        let mut errors = validation::validate(kind, root, None, "");
        if kind.storage == *SERVICES && errors.is_empty() {
            errors = strategy::allocate(root, &self.store, None);
        }
        write::judged(kind, &key.name, &errors)
    }
}

/// A string of the metadata that was sent, or nothing.
fn sent(root: &Value, field: Key) -> Str {
    root.meta(field).and_then(Value::as_text).cloned().unwrap_or_default()
}

/// 409: the name is taken, or still taken.
fn taken(kind: &Kind, there: &Object) -> Box<Status> {
    let mut status = Status::already_exists(kind.resource, there.name());
    if there.is_terminating() {
        status.message = format!("object is being deleted: {}", status.message);
    }
    Box::new(status)
}
