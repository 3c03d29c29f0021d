//! Claims with a storage class of WaitForFirstConsumer: pending only while a pod uses them.

use std::collections::{BTreeMap, BTreeSet};

use super::super::pending::pending;
use super::super::reason::{Reason, Subject, Want, text};
use crate::object::{Object, Str, Value};

/// Namespace and name.
type ClaimKey = (Str, Str);

/// The storage classes, consumers and unbound claims that the rule for claims needs.
#[derive(Clone, Debug, Default)]
pub(super) struct Claims {
    /// Classes of WaitForFirstConsumer.
    late_classes: BTreeSet<Str>,
    /// How many pods use a claim.
    consumers: BTreeMap<ClaimKey, u32>,
    /// Claims that are neither bound nor terminating: their class, and the reason if they must be bound.
    unbound: BTreeMap<ClaimKey, (Str, Reason)>,
}

impl Claims {
    /// Whether the claim's class is WaitForFirstConsumer and no pod uses the claim.
    pub(super) fn may_wait(&self, claim: &Object) -> bool {
        let name = (text(claim, &["metadata", "namespace"]), text(claim, &["metadata", "name"]));
        self.waits(&name, &text(claim, &["spec", "storageClassName"]))
    }

    fn waits(&self, name: &ClaimKey, class: &Str) -> bool {
        self.late_classes.contains(class) && !self.consumers.contains_key(name)
    }

    /// Applies one commit and updates the claims in `all` that start or stop waiting for a consumer.
    pub(super) fn settle(
        &mut self,
        old: Option<&Object>,
        new: Option<&Object>,
        all: &mut BTreeMap<Subject, Reason>,
    ) {
        let Some(any) = new.or(old) else { return };
        match any.kind() {
            "PersistentVolumeClaim" => self.note_claim(any, new),
            "StorageClass" => {
                let name = text(any, &["metadata", "name"]);
                match new.and_then(|new| new.str_at(&["volumeBindingMode"])) {
                    Some("WaitForFirstConsumer") => self.late_classes.insert(name),
                    _ => self.late_classes.remove(&name),
                };
                self.unbound.keys().for_each(|claim| self.correct(claim, all));
            }
            "Pod" if old.is_none() != new.is_none() => {
                for claim in used(any) {
                    self.note_consumer(&claim, new.is_some());
                    self.correct(&claim, all);
                }
            }
            _ => (),
        }
    }

    fn note_claim(&mut self, any: &Object, new: Option<&Object>) {
        let name = (text(any, &["metadata", "namespace"]), text(any, &["metadata", "name"]));
        let reason = new.and_then(|new| pending(new, &())).filter(|r| matches!(r.want, Want::State { .. }));
        match reason {
            Some(reason) => {
                drop(self.unbound.insert(name, (text(any, &["spec", "storageClassName"]), reason)))
            }
            None => drop(self.unbound.remove(&name)),
        }
    }

    fn note_consumer(&mut self, claim: &ClaimKey, comes: bool) {
        let count = self.consumers.entry(claim.clone()).or_default();
        debug_assert!(comes || *count > 0, "a deleted pod was counted as a consumer when it was created");
        *count = if comes { *count + 1 } else { count.saturating_sub(1) };
        if *count == 0 {
            self.consumers.remove(claim);
        }
    }

    fn correct(&self, name: &ClaimKey, all: &mut BTreeMap<Subject, Reason>) {
        let Some((class, reason)) = self.unbound.get(name) else { return };
        match self.waits(name, class) {
            true => all.retain(|subject, known| *subject != reason.subject || known.want != reason.want),
            false => drop(all.entry(reason.subject.clone()).or_insert_with(|| reason.clone())),
        }
    }
}

/// The claims that a pod uses, including those of its ephemeral volumes.
fn used(pod: &Object) -> impl Iterator<Item = ClaimKey> {
    pod.items_at(&["spec", "volumes"]).iter().filter_map(|volume| {
        let claim = match volume.at(&["persistentVolumeClaim", "claimName"]) {
            Some(Value::Str(claim)) => claim.clone(),
            _ => {
                volume.get("ephemeral")?;
                smol_str::format_smolstr!("{}-{}", pod.name(), volume.str_at(&["name"])?)
            }
        };
        Some((text(pod, &["metadata", "namespace"]), claim))
    })
}
