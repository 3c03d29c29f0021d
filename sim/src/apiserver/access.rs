//! Looks into the server without a request: for the code that wires the cluster and judges runs, never for components.

use std::sync::Arc;

use super::{ApiServer, Registry};
use crate::object::Object;
use crate::wire::Resource;

impl ApiServer {
    /// What is served.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The objects of a resource as they are, by key. Any served version of the resource will do.
    pub fn objects_of(&self, resource: Resource) -> impl Iterator<Item = &Arc<Object>> {
        let storage = self.registry.lookup(resource).map_or(resource, |kind| kind.storage);
        self.store.table(storage).into_iter().flat_map(|table| table.iter("").map(|(_, object)| object))
    }
}
