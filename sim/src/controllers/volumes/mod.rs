//! Volumes: binding, provisioning and reclaiming, and protection of claims and volumes in use.
//!
//! - `binder`: binds claims and volumes, reclaims volumes whose claim is gone
//! - `matching`: which volume a claim gets
//! - `provision`: makes a volume for a claim, if `provisions_volumes` is set
//! - `protection`: removes the finalizers of claims and volumes that are not in use
//!
//! Not modelled: attaching (pkg/controller/volume/attachdetach). A pod has its volumes at once on any node. A real volume
//! stays attached to a silent node for another 6 minutes after its pod is gone (`maxWaitForUnmountDuration`), unless the
//! node has the taint `out-of-service`; so after a force delete, a pod with a volume restarts earlier here.

mod binder;
mod matching;
mod protection;
mod provision;
#[cfg(test)]
mod tests;

pub(super) use binder::Binder;
pub(super) use protection::{ClaimProtection, VolumeProtection};

use crate::object::Object;
use crate::wire::ObjectKey;

/// The claims that a pod uses, those of its ephemeral volumes included.
fn claims_of(pod: &Object) -> impl Iterator<Item = ObjectKey> {
    pod.items_at(&["spec", "volumes"]).iter().filter_map(|volume| {
        let name = match volume.str_at(&["persistentVolumeClaim", "claimName"]) {
            Some(claim) => claim.into(),
            None => {
                volume.get("ephemeral")?;
                smol_str::format_smolstr!("{}-{}", pod.name(), volume.str_at(&["name"])?)
            }
        };
        Some(ObjectKey::new(pod.namespace(), name))
    })
}
