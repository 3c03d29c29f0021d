//! Admission: what plugins add to a write or refuse, after defaulting and before validation.
//!
//! Modelled: the plugins in the list below, in kube-apiserver's order; namespace lifecycle is the create verb's, and so is
//! `quota`, which writes. Not modelled: limit ranges, pod security, policies and webhooks. To add a plugin: one file
//! with `admit`, and one line in [`admit`].

mod default_tolerations;
mod node_taints;
mod object_in_use;
mod priority;
pub(super) mod quota;
mod service_account;
pub(super) mod topology_labels;

use std::sync::Arc;

use super::kind::Kind;
use crate::object::{Object, Value};
use crate::wire::{Resource, Status, Verb};

/// Plugins that need a controller beside the server, and so can be switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plugins {
    /// Pods get their service account, and wait for it.
    pub service_account: bool,
    /// Volumes and claims get the finalizer that the protection controllers take off.
    pub object_in_use: bool,
}

/// What the plugins see of the store.
pub trait Lookup {
    /// A stored object; the namespace is empty for cluster-scoped resources.
    fn get(&self, resource: Resource, namespace: &str, name: &str) -> Option<Arc<Object>>;
    /// All stored objects of a resource.
    fn list(&self, resource: Resource) -> Vec<Arc<Object>>;
}

/// One write, as plugins see it.
pub struct Attributes<'a> {
    /// Create or update; a patch is one of them.
    pub verb: Verb,
    /// Of which kind.
    pub kind: &'a Kind,
    /// The subresource; empty for the object itself.
    pub subresource: &'a str,
    /// The namespace of the request.
    pub namespace: &'a str,
    /// The object's name; empty where the server makes it.
    pub name: &'a str,
    /// What is stored, on update.
    pub old: Option<&'a Value>,
    /// What is switched on.
    pub plugins: Plugins,
    /// The store.
    pub lookup: &'a dyn Lookup,
}

/// Lets every plugin have its say on `new`.
pub fn admit(write: &Attributes<'_>, new: &mut Value) -> Result<(), Box<Status>> {
    if !write.subresource.is_empty() {
        return Ok(());
    }
    match (write.kind.resource.as_str(), write.verb) {
        ("v1/pods", Verb::Create) => {
            if write.plugins.service_account {
                service_account::admit(write, new)?;
            }
            priority::admit(write, new)?;
            default_tolerations::admit(new);
            topology_labels::admit(write, new);
        }
        ("v1/pods", Verb::Update) => default_tolerations::admit(new),
        ("v1/nodes", Verb::Create) => node_taints::admit(new),
        ("v1/persistentvolumes" | "v1/persistentvolumeclaims", Verb::Create)
            if write.plugins.object_in_use =>
        {
            object_in_use::admit(write.kind, new);
        }
        _ => (),
    }
    Ok(())
}

impl Attributes<'_> {
    /// 403 in the words that all plugins share.
    fn forbidden(&self, why: &str) -> Box<Status> {
        Box::new(Status::forbidden(self.kind.resource, self.name, why))
    }
}

#[cfg(test)]
mod tests;
