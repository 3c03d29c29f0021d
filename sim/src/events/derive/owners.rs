//! The garbage collector, about owners in another namespace.
//!
//! Real: `GraphBuilder.addDependentToOwners`, `reportInvalidNamespaceOwnerRef`. Modelled: owners that exist before the dependent.
//! Not modelled: owners created after it.

use super::report::Reports;
use crate::object::Object;

impl Reports<'_> {
    /// A new ownerReference to an object of another namespace; of several, only the first is reported.
    pub(super) fn owners_in_other_namespaces(&mut self, old: Option<&Object>, new: Option<&Object>) {
        let Some(object) = new else { return };
        let was_there = |uid: &str| old.is_some_and(|old| old.owners().any(|owner| owner.uid == uid));
        let stray = object.owners().filter(|owner| !was_there(owner.uid)).find(|owner| {
            let namespace = self.state.get(owner.uid).map(|owner| owner.namespace().to_owned());
            namespace.is_some_and(|namespace| !namespace.is_empty() && namespace != object.namespace())
        });
        let Some(owner) = stray else { return };
        let namespace = object.namespace();
        let message = format!(
            "ownerRef [{}/{}, namespace: {namespace}, name: {}, uid: {}] does not exist in namespace \"{namespace}\"",
            owner.api_version, owner.kind, owner.name, owner.uid
        );
        let report =
            self.by_controller("garbage-collector-controller", object, "OwnerRefInvalidNamespace", message);
        report.warn().without_version();
    }
}
