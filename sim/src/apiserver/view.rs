//! The form in which a client sees an object: the version it asked for, and today's schema.
//!
//! Real: conversion between the served versions of a resource; what is stored of a custom resource is pruned and defaulted
//! by the schema of the day when it is read. Modelled: conversion as far as `convert` goes; the schema on read where it
//! has changed since objects were stored. Not modelled here: metadata alone and tables, which the rim makes from full
//! objects.

use std::sync::Arc;

use super::kind::Kind;
use super::server::ApiServer;
use super::{convert, defaults};
use crate::object::Object;

/// The form in which a client sees objects of one resource.
#[derive(Clone, Debug, Default)]
pub(super) struct View {
    /// The served and the stored kind, where they differ.
    versions: Option<(Arc<Kind>, Arc<Kind>)>,
    /// The kind whose schema is newer than some of its objects.
    redefined: Option<Arc<Kind>>,
}

impl View {
    /// The object in this form; itself, where it is stored so.
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

impl ApiServer {
    /// What a client sees that asked for `kind`.
    pub(super) fn view(&self, kind: &Arc<Kind>) -> View {
        let stored = (kind.resource != kind.storage).then(|| self.registry.lookup(kind.storage)).flatten();
        View {
            versions: stored.map(|stored| (kind.clone(), stored.clone())),
            redefined: (kind.custom && self.redefined.contains(&kind.storage)).then(|| kind.clone()),
        }
    }
}
