//! Volumes: claims get one, volumes go with their claims, and neither goes while it is in use.
//!
//! - `binder`: binds claims and volumes, reclaims volumes whose claim is gone
//! - `matching`: which volume a claim gets
//! - `provision`: makes a volume for a claim, where the settings say so
//! - `protection`: takes the finalizers off that hold claims in use and volumes that are bound
//!
//! Not modelled: attaching (pkg/controller/volume/attachdetach). A volume is wherever its pod is, at once. A real one stays
//! attached to a node that fell silent for another 6 minutes after its pod is gone (`maxWaitForUnmountDuration`), unless the
//! node has the taint `out-of-service`; so a pod with a volume moves earlier here after a force delete.

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
