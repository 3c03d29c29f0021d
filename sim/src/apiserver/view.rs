//! How a client sees a stored object: in the version that it requested, and under the current schema.
//!
//! Real: the server converts between the served versions of a resource, and on each read prunes and defaults a custom
//! resource by its current schema. Modelled: conversion as far as `convert` goes; the schema on read, for resources whose
//! schema changed after objects were stored. The HTTP rim makes metadata-only answers from whole objects.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::kind::Kind;
use super::registry::Registry;
use super::{convert, defaults};
use crate::object::Object;
use crate::wire::Resource;

/// How a client sees the objects of one resource.
#[derive(Clone, Debug, Default)]
pub(super) struct ClientView {
    /// The requested and the stored kind, where they differ.
    versions: Option<(Arc<Kind>, Arc<Kind>)>,
    /// The kind, if its schema is newer than some of its objects.
    redefined: Option<Arc<Kind>>,
}

impl ClientView {
    /// The view of a client that requests `kind`. `redefined` are the resources whose schema changed.
    pub(super) fn new(kind: &Arc<Kind>, registry: &Registry, redefined: &BTreeSet<Resource>) -> Self {
        let stored = (kind.resource != kind.storage).then(|| registry.lookup(kind.storage)).flatten();
        Self {
            versions: stored.map(|stored| (kind.clone(), stored.clone())),
            redefined: (kind.custom && redefined.contains(&kind.storage)).then(|| kind.clone()),
        }
    }

    /// The object as the client sees it: the stored one, unless it has to be converted.
    pub(super) fn of(&self, object: &Arc<Object>) -> Arc<Object> {
        if self.versions.is_none() && self.redefined.is_none() {
            return object.clone();
        }
        Arc::new(object.edited(|root| {
            if let Some((served, stored)) = &self.versions {
                convert::from_storage(served, stored, root);
            }
            if let Some(kind) = &self.redefined {
                kind.shape().prune(root);
                defaults::apply_defaults(kind, root);
            }
        }))
    }
}
