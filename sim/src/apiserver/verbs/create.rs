//! Create: a name, the server's metadata, and the object is stored; or the name is taken.

use std::sync::Arc;

use super::super::errors;
use super::super::kind::Kind;
use super::super::rules::Generation;
use super::super::server::{ApiServer, Replies};
use super::super::view::View;
use super::{Reply, body, meta};
use crate::object::{FieldError, Key, Object, Str, Value};
use crate::wire::resource::NAMESPACES;
use crate::wire::{Answer, Birth, ObjectKey, Request, Status};

/// How often a generated name is drawn again when it is taken (apiserver `maxNameGenerationCreateAttempts`).
const NAME_ATTEMPTS: u64 = 8;

impl ApiServer {
    pub(super) fn create(&mut self, kind: &Arc<Kind>, request: &Request, out: &mut Replies) -> Reply {
        let sent = body::object(kind, request)?;
        body::fits_url(request, sent.root())?;
        self.namespace_takes(kind, request, sent.name())?;
        if !matches!(sent.meta("resourceVersion"), "" | "0")
            && sent.meta("resourceVersion").parse::<u64>().is_ok()
        {
            let message = "resourceVersion should not be set on objects to be created";
            return Err(Box::new(Status::new(500, "", message)));
        }
        let (key, birth) = self.name(kind, request, sent)?;
        let root = self.newborn(kind, sent, &key, &birth);
        if let Some(there) = self.store.get(kind.storage, &key) {
            return Err(taken(kind, there));
        }
        let view = View::new(kind);
        let object = if request.options.dry_run {
            Object::shared(root)
        } else {
            self.names.born(kind.storage, &key.namespace, &birth);
            self.put(kind, key, root, Some(birth), out)
        };
        Ok(Answer::Object { code: 201, object: view.of(&object), warnings: Vec::new() })
    }

    /// Refuses creates in namespaces that are absent or going (admission plugin NamespaceLifecycle).
    fn namespace_takes(&self, kind: &Kind, request: &Request, name: &str) -> Result<(), Box<Status>> {
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
        let mut status = Status::forbidden(kind.resource, name, &why);
        let cause = crate::value!({
            "reason": "NamespaceTerminating",
            "message": (format!("namespace {namespace} is being terminated")),
            "field": "metadata.namespace"
        });
        status.details.set_at(&["causes"], Value::list([cause]));
        Err(Box::new(status))
    }

    /// The key of the new object and its birth name.
    fn name(&self, kind: &Kind, request: &Request, sent: &Object) -> Result<(ObjectKey, Birth), Box<Status>> {
        let namespace = &request.namespace;
        let (name, prefix) = (sent.name(), sent.meta("generateName"));
        if !name.is_empty() {
            let birth = self.names.birth(kind.storage, namespace, &name.into(), false);
            return Ok((ObjectKey::new(namespace.clone(), name), birth));
        }
        if prefix.is_empty() {
            let error = FieldError::required("metadata.name", "name or generateName is required");
            return Err(errors::invalid(kind.resource.group(), &kind.kind, "", &[error]));
        }
        let birth = self.names.birth(kind.storage, namespace, &prefix.into(), true);
        let mut attempts = (0..NAME_ATTEMPTS).map(|attempt| {
            ObjectKey::new(namespace.clone(), self.names.generate(kind.storage, namespace, &birth, attempt))
        });
        let key = attempts.find(|key| self.store.get(kind.storage, key).is_none());
        key.map(|key| (key, birth)).ok_or_else(|| {
            let message = format!("unable to find an unused name for the prefix {prefix:?}");
            Box::new(Status::new(500, "InternalError", message))
        })
    }

    /// The object as it is stored, but for its resourceVersion.
    fn newborn(&mut self, kind: &Kind, sent: &Object, key: &ObjectKey, birth: &Birth) -> Value {
        let uid = self.names.uid(kind.storage, &key.namespace, birth);
        let mut set: Vec<(Key, Value)> = vec![
            ("creationTimestamp".into(), self.timestamp().into()),
            ("name".into(), key.name.clone().into()),
            ("uid".into(), uid.into()),
        ];
        if !key.namespace.is_empty() {
            set.push(("namespace".into(), key.namespace.clone().into()));
        }
        if kind.rules.generation != Generation::None {
            set.push(("generation".into(), 1.into()));
        }
        let metadata = meta::born(sent.at(&["metadata"]).and_then(Value::as_map), set);
        let drop_status = kind.has_status() && !kind.rules.status_on_create;
        let mut root = sent.root().clone();
        root.set_at(&["apiVersion"], Str::new_static(kind.storage.api_version()));
        root.set_at(&["kind"], kind.kind.clone());
        root.set_at(&["metadata"], metadata);
        if drop_status {
            root.remove_at(&["status"]);
        }
        root
    }
}

/// 409: the name is taken, or still taken.
fn taken(kind: &Kind, there: &Object) -> Box<Status> {
    let mut status = Status::already_exists(kind.resource, there.name());
    if there.is_terminating() {
        status.message = format!("object is being deleted: {}", status.message);
    }
    Box::new(status)
}
