//! Reads of the server's state without a request: for the cluster and for oracles, never for components.

use std::sync::Arc;

use super::{ApiServer, Registry};
use crate::object::Object;
use crate::wire::{ObjectKey, Resource};

impl ApiServer {
    /// The kinds that are served.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The revision of the last write.
    pub fn revision(&self) -> u64 {
        self.store.revision()
    }

    /// All stored objects, by resource and key.
    pub fn objects(&self) -> impl Iterator<Item = (Resource, &Arc<Object>)> {
        self.store.iter()
    }

    /// One stored object. `resource` is the one under which it is stored.
    pub fn get(&self, resource: Resource, key: &ObjectKey) -> Option<&Arc<Object>> {
        self.store.get(resource, key)
    }

    /// The stored objects of a resource, by key. `resource` may be any of its served versions.
    pub fn objects_of(&self, resource: Resource) -> impl Iterator<Item = &Arc<Object>> {
        let storage = self.registry.lookup(resource).map_or(resource, |kind| kind.storage);
        self.store.table(storage).into_iter().flat_map(|table| table.iter("").map(|(_, object)| object))
    }
}
