//! The form in which a client sees an object: the version it asked for.
//!
//! Real: `None` conversion between the versions of a custom resource. Modelled: the same. Not modelled here: metadata
//! alone and tables, which the rim makes from full objects; built-in kinds stored in another version, which requests are
//! refused for.

use std::sync::Arc;

use super::kind::Kind;
use crate::object::Object;

/// The form in which a client sees objects of one resource.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct View {
    api_version: Option<&'static str>,
}

impl View {
    /// What a client sees that asked for `kind`.
    pub(super) fn new(kind: &Kind) -> Self {
        Self { api_version: (kind.resource != kind.storage).then(|| kind.api_version()) }
    }

    /// The object in this form; itself, where it is stored so.
    pub(super) fn of(self, object: &Arc<Object>) -> Arc<Object> {
        match self.api_version {
            Some(api_version) => Arc::new(object.edited(|root| root.set_at(&["apiVersion"], api_version))),
            None => object.clone(),
        }
    }
}
