//! Admission plugins: they change or refuse a write after defaulting and before validation.
//!
//! Modelled: the plugins below, in kube-apiserver's order. The create verb calls two of them itself: NamespaceLifecycle, and
//! ResourceQuota (`quota`), which writes. Not modelled: LimitRanger, PodSecurity, admission policies and webhooks.
//!
//! To add a plugin: one file with a function `admit`, and one line in [`admit`].

mod default_tolerations;
mod node_taints;
mod object_in_use;
mod priority;
pub(super) mod quota;
mod service_account;
pub(super) mod topology_labels;

use super::kind::Kind;
use super::store::Store;
use crate::object::Value;
use crate::wire::{Status, Verb};

/// The plugins that depend on a controller. A server without that controller runs without them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plugins {
    /// A pod gets a service account, which must exist. Depends on the service account controller.
    pub service_account: bool,
    /// Volumes and claims get a finalizer. Depends on the protection controllers, which remove it.
    pub object_in_use: bool,
}

/// One write, as plugins see it.
pub(super) struct Attributes<'a> {
    /// Create or update. A patch is one of the two.
    pub(super) verb: Verb,
    pub(super) kind: &'a Kind,
    /// The subresource; empty for the object itself.
    pub(super) subresource: &'a str,
    /// The namespace of the request.
    pub(super) namespace: &'a str,
    /// The object's name; empty if the server generates it.
    pub(super) name: &'a str,
    pub(super) plugins: Plugins,
    pub(super) store: &'a Store,
}

/// Runs the plugins of the kind on `new`. No plugin looks at subresources.
pub(super) fn admit(write: &Attributes<'_>, new: &mut Value) -> Result<(), Box<Status>> {
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
    /// 403 with the text that all plugins share.
    fn forbidden(&self, why: &str) -> Box<Status> {
        Box::new(Status::forbidden(self.kind.resource, self.name, why))
    }
}

#[cfg(test)]
mod tests;
