//! Which volume a claim gets: the one with a reference to it, else the smallest matching one.
//!
//! Real: component-helpers `FindMatchingVolume`, `findByClaim`, `checkVolumeSatisfyClaim`. Modelled: size, access modes,
//! volume mode, class, selector; volumes with fewer access modes come first. Not modelled: node affinity, classes of
//! volume attributes.

use std::sync::Arc;

use crate::object::{LabelSelector, Object, Quantity, Str, Value};
use crate::value;
use crate::wire::ObjectKey;

/// Deprecated annotation in place of `storageClassName` (core/v1 `BetaStorageClassAnnotation`).
const BETA_CLASS: &str = "volume.beta.kubernetes.io/storage-class";

/// The class of a claim or a volume; empty for none.
pub(super) fn class_of(object: &Object) -> &str {
    let annotated = object.annotation(BETA_CLASS);
    annotated.or_else(|| object.str_at(&["spec", "storageClassName"])).unwrap_or_default()
}

/// The reference to a claim in its volume, `spec.claimRef`.
pub(super) fn reference(claim: &Object) -> Value {
    value!({
        "kind": "PersistentVolumeClaim", "namespace": (claim.namespace()), "name": (claim.name()), "uid": (claim.uid()),
        "apiVersion": "v1", "resourceVersion": (claim.meta("resourceVersion"))
    })
}

/// Key and uid in a volume's reference to its claim. An administrator's may lack the uid.
pub(super) fn claim_of(volume: &Object) -> Option<(ObjectKey, &str)> {
    let claim = volume.at(&["spec", "claimRef"])?;
    let text = |field: &str| claim.str_at(&[field]).unwrap_or_default();
    Some((ObjectKey::new(text("namespace"), text("name")), text("uid")))
}

/// Whether a volume refers to a claim (`IsVolumeBoundToClaim`).
pub(super) fn is_for(volume: &Object, claim: &Object) -> bool {
    let is_it =
        |(key, uid): (ObjectKey, &str)| key == ObjectKey::of(claim) && (uid.is_empty() || uid == claim.uid());
    claim_of(volume).is_some_and(is_it)
}

/// The volume that a claim gets; one without a reference only if `any`.
pub(super) fn best<'a>(
    claim: &Object,
    volumes: impl Iterator<Item = &'a Arc<Object>>,
    any: bool,
) -> Option<&'a Arc<Object>> {
    let selector = match claim.at(&["spec", "selector"]) {
        Some(selector) => Some(LabelSelector::from_value(selector).ok()?),
        None => None,
    };
    let fitting = volumes.filter(|volume| !volume.is_terminating() && holds(volume, claim));
    let mut fitting: Vec<&Arc<Object>> = fitting.collect();
    fitting.sort_by_key(|volume| (modes(volume).len(), modes(volume), Str::new(volume.name())));
    let is_free = |volume: &&Arc<Object>| {
        any && volume.at(&["spec", "claimRef"]).is_none()
            && volume.str_at(&["status", "phase"]) == Some("Available")
            && selector.as_ref().is_none_or(|selector| selector.matches(volume.labels()))
            && class_of(volume) == class_of(claim)
    };
    fitting.chunk_by(|a, b| modes(a) == modes(b)).find_map(|same_modes| {
        let reserved = same_modes.iter().find(|volume| is_for(volume, claim));
        let smallest =
            || same_modes.iter().filter(|volume| is_free(volume)).min_by_key(|volume| size(volume));
        reserved.or_else(smallest).copied()
    })
}

/// Whether a claim with this free volume's name gets it.
pub(super) fn satisfies(volume: &Object, claim: &Object) -> bool {
    holds(volume, claim) && class_of(volume) == class_of(claim)
}

/// Whether a volume has the size and modes that the claim wants.
fn holds(volume: &Object, claim: &Object) -> bool {
    let wanted = claim.str_at(&["spec", "resources", "requests", "storage"]);
    let wanted = wanted.and_then(|size| size.parse().ok()).unwrap_or(Quantity::ZERO);
    let mode = |object: &Object| {
        Str::new(object.str_at(&["spec", "volumeMode"]).filter(|m| !m.is_empty()).unwrap_or("Filesystem"))
    };
    let has = modes(volume);
    size(volume) >= wanted && mode(volume) == mode(claim) && modes(claim).iter().all(|m| has.contains(m))
}

fn size(volume: &Object) -> Quantity {
    let size = volume.str_at(&["spec", "capacity", "storage"]);
    size.and_then(|size| size.parse().ok()).unwrap_or(Quantity::ZERO)
}

/// The access modes, in the order of `GetAccessModesAsString`.
fn modes(object: &Object) -> Vec<Str> {
    let has = object.items_at(&["spec", "accessModes"]);
    let all = ["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"];
    all.into_iter().filter(|mode| has.contains(&Value::from(*mode))).map(Str::new_static).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn volume(name: &str, size: &str, changes: &[(&str, Value)]) -> Arc<Object> {
        let mut volume = value!({
            "metadata": {"name": name, "labels": {"of": name}},
            "spec": {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": size}},
            "status": {"phase": "Available"}
        });
        changes.iter().for_each(|(field, value)| volume.set_at(&["spec", field], value.clone()));
        Object::shared(volume)
    }

    fn found(changes: &[(&str, Value)], volumes: &[Arc<Object>], any: bool) -> Option<String> {
        let mut claim = value!({
            "metadata": {"name": "c", "namespace": "n", "uid": "u"},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "2Gi"}}}
        });
        changes.iter().for_each(|(field, value)| claim.set_at(&["spec", field], value.clone()));
        best(&Object::new(claim), volumes.iter(), any).map(|volume| volume.name().to_owned())
    }

    #[test]
    fn a_claim_gets_the_smallest_matching_volume() {
        let many = ("accessModes", value!(["ReadWriteOnce", "ReadWriteMany"]));
        let volumes = [
            volume("small", "1Gi", &[]),
            volume("large", "5Gi", &[]),
            volume("fits", "3Gi", &[]),
            volume("gold", "2Gi", &[("storageClassName", "gold".into())]),
            volume("block", "2Gi", &[("volumeMode", "Block".into())]),
            volume("many", "2Gi", std::slice::from_ref(&many)),
        ];
        let one = |changes: &[(&str, Value)]| found(changes, &volumes, true);
        assert_eq!(one(&[]).as_deref(), Some("fits"));
        assert_eq!(one(&[("storageClassName", "gold".into())]).as_deref(), Some("gold"));
        assert_eq!(one(&[("volumeMode", "Block".into())]).as_deref(), Some("block"));
        assert_eq!(one(&[many]).as_deref(), Some("many"));
        assert_eq!(one(&[("selector", value!({"matchLabels": {"of": "large"}}))]).as_deref(), Some("large"));
        assert_eq!(found(&[], &volumes, false), None);
    }

    #[test]
    fn a_volume_with_a_reference_to_the_claim_comes_first_and_one_to_another_never() {
        let meant = |uid: &str| ("claimRef", value!({"namespace": "n", "name": "c", "uid": uid}));
        let free = volume("free", "2Gi", &[]);
        assert_eq!(
            found(&[], &[free.clone(), volume("mine", "9Gi", &[meant("")])], true).as_deref(),
            Some("mine")
        );
        assert_eq!(found(&[], &[volume("mine", "9Gi", &[meant("u")])], false).as_deref(), Some("mine"));
        assert_eq!(found(&[], &[free, volume("old", "2Gi", &[meant("v")])], true).as_deref(), Some("free"));
        assert_eq!(found(&[], &[volume("mine", "1Gi", &[meant("")])], true), None, "it is too small");
    }
}
