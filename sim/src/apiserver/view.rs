//! The form in which a client sees an object: the version it asked for, and all of it or the metadata alone.
//!
//! Real: `None` conversion between the versions of a custom resource, `PartialObjectMetadata` on request. Modelled: the
//! same. Not modelled: Table, which the rim makes from full objects, and built-in kinds stored in another version,
//! which requests are refused for.

use std::sync::Arc;

use crate::object::{Object, Value};
use crate::value;

use super::kind::Kind;

/// The form in which a client sees objects of one resource.
#[derive(Clone, Debug, Default)]
pub(super) struct View {
    api_version: Option<&'static str>,
    metadata_only: bool,
}

impl View {
    /// What a client sees that asked for `kind`.
    pub(super) fn new(kind: &Kind, metadata_only: bool) -> Self {
        let api_version = (kind.resource != kind.storage).then(|| kind.api_version());
        Self { api_version, metadata_only }
    }

    /// The object in this form; itself, where it is stored so.
    pub(super) fn of(&self, object: &Arc<Object>) -> Arc<Object> {
        if self.metadata_only {
            let metadata = object.at(&["metadata"]).cloned().unwrap_or_else(Value::empty_map);
            let mut root =
                value!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": null});
            root.set_at(&["metadata"], metadata);
            return Object::shared(root);
        }
        match self.api_version {
            Some(api_version) => Arc::new(object.edited(|root| root.set_at(&["apiVersion"], api_version))),
            None => object.clone(),
        }
    }

    /// Whether only metadata is shown.
    pub(super) fn is_metadata_only(&self) -> bool {
        self.metadata_only
    }
}
