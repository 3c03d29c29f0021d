//! Names of resources, and keys of objects in them.

use std::cmp::Ordering;
use std::fmt;
use std::sync::LazyLock;

use derive_more::Display;

use crate::object::{Key, Object, Str, text_order};

/// A resource with its group and version, as in `apps/v1/deployments`; core resources have no group: `v1/pods`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, derive_more::Debug, Display)]
#[debug("{_0}")]
pub struct Resource(Key);

impl Resource {
    /// The resource with this text: `v1/pods`, `apps/v1/deployments`.
    pub fn new(text: &str) -> Self {
        Self(Key::new(text))
    }

    /// The resource of this group (empty for core), version and plural name.
    pub fn of(group: &str, version: &str, plural: &str) -> Self {
        if group.is_empty() {
            Self::new(&smol_str::format_smolstr!("{version}/{plural}"))
        } else {
            Self::new(&smol_str::format_smolstr!("{group}/{version}/{plural}"))
        }
    }

    /// The text: `v1/pods`, `apps/v1/deployments`.
    pub fn as_str(self) -> &'static str {
        self.0.as_str()
    }

    /// The apiVersion of its objects: `v1` or `apps/v1`.
    pub fn api_version(self) -> &'static str {
        last_slash(self.as_str()).map_or("", |at| &self.as_str()[..at])
    }

    /// The group; empty for core.
    pub fn group(self) -> &'static str {
        self.api_version().split_once('/').map_or("", |(group, _)| group)
    }

    /// The version.
    pub fn version(self) -> &'static str {
        self.api_version().rsplit('/').next().unwrap_or_default()
    }

    /// The plural name: `deployments`.
    pub fn plural(self) -> &'static str {
        last_slash(self.as_str()).map_or(self.as_str(), |at| &self.as_str()[at + 1..])
    }

    /// The stable hash of the text.
    pub fn digest(self) -> u64 {
        self.0.digest()
    }
}

fn last_slash(text: &str) -> Option<usize> {
    text.bytes().rposition(|b| b == b'/')
}

/// The resources that components name. Use: `*PODS`.
macro_rules! well_known {
    ($($name:ident $text:literal),* $(,)?) => {
        $(#[doc = concat!("`", $text, "`")] pub static $name: LazyLock<Resource> = LazyLock::new(|| Resource::new($text));)*
    };
}

well_known! {
    CONFIG_MAPS "v1/configmaps",
    CONTROLLER_REVISIONS "apps/v1/controllerrevisions",
    CRDS "apiextensions.k8s.io/v1/customresourcedefinitions",
    CRON_JOBS "batch/v1/cronjobs",
    DAEMON_SETS "apps/v1/daemonsets",
    DEPLOYMENTS "apps/v1/deployments",
    ENDPOINTS "v1/endpoints",
    ENDPOINT_SLICES "discovery.k8s.io/v1/endpointslices",
    EVENTS "v1/events",
    JOBS "batch/v1/jobs",
    LEASES "coordination.k8s.io/v1/leases",
    NAMESPACES "v1/namespaces",
    NODES "v1/nodes",
    PERSISTENT_VOLUMES "v1/persistentvolumes",
    PERSISTENT_VOLUME_CLAIMS "v1/persistentvolumeclaims",
    PODS "v1/pods",
    POD_DISRUPTION_BUDGETS "policy/v1/poddisruptionbudgets",
    REPLICATION_CONTROLLERS "v1/replicationcontrollers",
    REPLICA_SETS "apps/v1/replicasets",
    RESOURCE_QUOTAS "v1/resourcequotas",
    SERVICE_ACCOUNTS "v1/serviceaccounts",
    SERVICES "v1/services",
    STATEFUL_SETS "apps/v1/statefulsets",
    STORAGE_CLASSES "storage.k8s.io/v1/storageclasses",
}

/// Namespace and name of an object within its resource, in the order of the store.
#[derive(Clone, PartialEq, Eq, Default, derive_more::Debug)]
#[debug("{self}")]
pub struct ObjectKey {
    /// The namespace; empty for cluster-scoped objects.
    pub namespace: Str,
    /// The name.
    pub name: Str,
}

impl ObjectKey {
    /// The key with this namespace (empty for cluster-scoped objects) and name.
    pub fn new(namespace: impl Into<Str>, name: impl Into<Str>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }

    /// The key of this object.
    pub fn of(object: &Object) -> Self {
        let (namespace, name) = object.namespace_and_name();
        Self { namespace, name }
    }
}

/// By namespace, then by name.
impl Ord for ObjectKey {
    fn cmp(&self, other: &Self) -> Ordering {
        // Most comparisons are within one namespace.
        if self.namespace == other.namespace {
            text_order(&self.name, &other.name)
        } else {
            text_order(&self.namespace, &other.namespace)
        }
    }
}

impl PartialOrd for ObjectKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            f.write_str(&self.name)
        } else {
            write!(f, "{}/{}", self.namespace, self.name)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_names_its_parts() {
        let deployments = *DEPLOYMENTS;
        assert_eq!(
            (deployments.group(), deployments.version(), deployments.plural()),
            ("apps", "v1", "deployments")
        );
        assert_eq!(deployments.api_version(), "apps/v1");
        assert_eq!((PODS.group(), PODS.api_version(), PODS.plural()), ("", "v1", "pods"));
        assert_eq!(Resource::of("", "v1", "pods"), *PODS);
    }
}
