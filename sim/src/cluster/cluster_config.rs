//! What a cluster is made of: settings and nodes, as data.

use std::collections::BTreeMap;

use crate::controllers::Settings;
use crate::engine::Time;
use crate::kubelet;
use crate::object::Value;
use crate::programs::Image;
use crate::wire::Latency;

/// What a cluster is made of.
#[derive(Clone, Debug)]
pub struct ClusterConfig {
    /// When it starts; before t = 0.
    pub start: Time,
    /// How long messages take.
    pub latency: Latency,
    /// The Kubernetes version of nodes.
    pub version: String,
    /// The nodes.
    pub nodes: Vec<NodeConfig>,
    /// How containers behave.
    pub images: Vec<Image>,
    /// Settings of the controllers.
    pub settings: Settings,
    /// Whether something may read Leases from the store without a request. If so, kubelets write every renewal.
    pub leases_are_seen: bool,
}

/// One node.
#[derive(Clone, Debug, Default)]
pub struct NodeConfig {
    /// Its name.
    pub name: String,
    /// Its node pool.
    pub pool: String,
    /// `topology.kubernetes.io/zone`, if it has one.
    pub zone: Option<String>,
    /// Further labels.
    pub labels: BTreeMap<String, String>,
    /// Taints, as `core/v1` writes them.
    pub taints: Vec<Value>,
    /// Capacity by resource name, as quantities.
    pub capacity: BTreeMap<String, String>,
}

impl NodeConfig {
    /// The Node object as the kubelet registers it.
    pub(super) fn object(&self, index: u32, version: &str, now: Time) -> Value {
        let booted = kubelet::booted::BootedNode {
            name: &self.name,
            index,
            zone: self.zone.as_deref(),
            labels: &self.labels,
            taints: &self.taints,
            capacity: &self.capacity,
            version,
        };
        kubelet::booted::booted_node(&booted, now)
    }
}
