//! The form in which a client sees an object: the version it asked for.
//!
//! Real: conversion between the served versions of a resource. Modelled: as far as `convert` goes. Not modelled here:
//! metadata alone and tables, which the rim makes from full objects.

use std::sync::Arc;

use super::convert;
use super::kind::Kind;
use super::server::ApiServer;
use crate::object::Object;

/// The form in which a client sees objects of one resource.
#[derive(Clone, Debug, Default)]
pub(super) struct View {
    /// The served and the stored kind, where they differ.
    versions: Option<(Arc<Kind>, Arc<Kind>)>,
}

impl View {
    /// The object in this form; itself, where it is stored so.
    pub(super) fn of(&self, object: &Arc<Object>) -> Arc<Object> {
        match &self.versions {
            Some((served, stored)) => {
                Arc::new(object.edited(|root| convert::from_storage(served, stored, root)))
            }
            None => object.clone(),
        }
    }
}

impl ApiServer {
    /// What a client sees that asked for `kind`.
    pub(super) fn view(&self, kind: &Arc<Kind>) -> View {
        let stored = (kind.resource != kind.storage).then(|| self.registry.lookup(kind.storage)).flatten();
        View { versions: stored.map(|stored| (kind.clone(), stored.clone())) }
    }
}
