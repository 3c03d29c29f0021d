//! What the garbage collector says of owners in another namespace.
//!
//! Real: `GraphBuilder.addDependentToOwners`, `reportInvalidNamespaceOwnerRef`. Modelled: owners that were there first. Not
//! modelled: one that comes after what names it.

use super::telling::Telling;
use crate::object::Object;

impl Telling<'_> {
    /// A reference that is new and names an object of another namespace; of several only the first is told.
    pub(super) fn owners_elsewhere(&mut self, old: Option<&Object>, new: Option<&Object>) {
        let Some(object) = new else { return };
        let was_there = |uid: &str| old.is_some_and(|old| old.owners().any(|owner| owner.uid == uid));
        let stray = object.owners().filter(|owner| !was_there(owner.uid)).find(|owner| {
            let space = self.known.get(owner.uid).map(|owner| owner.namespace().to_owned());
            space.is_some_and(|space| !space.is_empty() && space != object.namespace())
        });
        let Some(owner) = stray else { return };
        let space = object.namespace();
        let message = format!(
            "ownerRef [{}/{}, namespace: {space}, name: {}, uid: {}] does not exist in namespace \"{space}\"",
            owner.api_version, owner.kind, owner.name, owner.uid
        );
        let word =
            self.controller("garbage-collector-controller", object, "OwnerRefInvalidNamespace", message);
        word.warn().without_version();
    }
}
