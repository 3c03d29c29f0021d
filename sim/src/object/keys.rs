//! The names that our own code asks objects for most: [`Key`]s that need no lookup.

use super::Key;
use super::key::Interned;

macro_rules! known {
    ($($name:ident $text:literal),* $(,)?) => {
        $(
            #[doc = concat!("`", $text, "`")]
            pub const $name: Key = {
                static INTERNED: Interned = Interned::new($text);
                Key::known(&INTERNED)
            };
        )*
        /// All of them.
        pub(super) static ALL: &[Key] = &[$($name),*];
    };
}

known! {
    ANNOTATIONS "annotations",
    API_VERSION "apiVersion",
    BLOCK_OWNER_DELETION "blockOwnerDeletion",
    CONDITIONS "conditions",
    CONTROLLER "controller",
    CREATION_TIMESTAMP "creationTimestamp",
    DELETION_GRACE_PERIOD_SECONDS "deletionGracePeriodSeconds",
    DELETION_TIMESTAMP "deletionTimestamp",
    FINALIZERS "finalizers",
    GENERATE_NAME "generateName",
    GENERATION "generation",
    KIND "kind",
    LABELS "labels",
    LAST_TRANSITION_TIME "lastTransitionTime",
    MANAGED_FIELDS "managedFields",
    METADATA "metadata",
    NAME "name",
    NAMESPACE "namespace",
    NODE_NAME "nodeName",
    OWNER_REFERENCES "ownerReferences",
    RESOURCE_VERSION "resourceVersion",
    SPEC "spec",
    STATUS "status",
    TYPE "type",
    UID "uid",
}
