//! The field names that our own code reads most, as [`Key`]s that need no look-up.

use super::Key;
use super::key::Interned;

macro_rules! known {
    ($($name:ident $text:literal $(in $field:literal)?),* $(,)?) => {
        $(
            #[doc = concat!("`", $text, "`")]
            pub const $name: Key = {
                static INTERNED: Interned = Interned::of_field($text, 0 $(+ $field)?);
                Key::known(&INTERNED)
            };
        )*
        /// All of these names.
        pub(super) static ALL: &[Key] = &[$($name),*];
    };
}

// The number is the slot of `Positions` that holds the position of a field that every object has.
known! {
    ANNOTATIONS "annotations" in 4,
    API_VERSION "apiVersion",
    AVAILABLE_REPLICAS "availableReplicas",
    BLOCK_OWNER_DELETION "blockOwnerDeletion",
    CONDITIONS "conditions",
    CONTROLLER "controller",
    CREATION_TIMESTAMP "creationTimestamp",
    DELETION_GRACE_PERIOD_SECONDS "deletionGracePeriodSeconds",
    DELETION_TIMESTAMP "deletionTimestamp" in 5,
    FINALIZERS "finalizers" in 6,
    FULLY_LABELED_REPLICAS "fullyLabeledReplicas",
    GENERATE_NAME "generateName",
    GENERATION "generation" in 7,
    KIND "kind",
    LABELS "labels" in 8,
    LAST_TRANSITION_TIME "lastTransitionTime",
    MANAGED_FIELDS "managedFields",
    METADATA "metadata" in 1,
    MIN_READY_SECONDS "minReadySeconds",
    NAME "name" in 9,
    NAMESPACE "namespace" in 10,
    NODE_NAME "nodeName",
    OBSERVED_GENERATION "observedGeneration",
    OWNER_REFERENCES "ownerReferences" in 11,
    PAUSED "paused",
    PHASE "phase",
    READY_REPLICAS "readyReplicas",
    REASON "reason",
    REPLICAS "replicas",
    RESOURCE_VERSION "resourceVersion" in 12,
    SELECTOR "selector",
    SPEC "spec" in 2,
    STATUS "status" in 3,
    TERMINATING_REPLICAS "terminatingReplicas",
    TYPE "type",
    UID "uid" in 13,
    UNAVAILABLE_REPLICAS "unavailableReplicas",
    UPDATED_REPLICAS "updatedReplicas",
}
