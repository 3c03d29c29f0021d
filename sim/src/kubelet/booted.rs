//! The Node and Lease of a node that the cluster has from the start, as a healthy kubelet writes them.
//!
//! Real: the kubelet registers itself; the node IPAM controller sets podCIDR, the attach-detach controller its annotation.
//! Modelled: the result. Differs: allocatable equals capacity, as in kind. Not modelled: reserved resources, images and
//! features in the status, cloud providers.

use std::collections::BTreeMap;

use crate::engine::Time;
use crate::object::names::NODE_LEASE_NAMESPACE;
use crate::object::{Key, Str, Value};
use crate::value;

/// `spec.leaseDurationSeconds` (kubelet `nodeLeaseDurationSeconds`).
const LEASE_DURATION_S: i64 = 40;
/// The disk of a node whose pool gives none. Our choice, because no scenario fills it.
const DISK: &str = "100Gi";

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

pub(super) struct Healthy {
    pub(super) kind: &'static str,
    pub(super) status: &'static str,
    reason: &'static str,
    message: &'static str,
}

/// The conditions of a healthy node, in the kubelet's order (`pkg/kubelet/nodestatus`).
pub(super) const CONDITIONS: [Healthy; 4] = [
    healthy(
        "MemoryPressure",
        "False",
        "KubeletHasSufficientMemory",
        "kubelet has sufficient memory available",
    ),
    healthy("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    healthy("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    healthy("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
];

const fn healthy(
    kind: &'static str,
    status: &'static str,
    reason: &'static str,
    message: &'static str,
) -> Healthy {
    Healthy { kind, status, reason, message }
}

impl Healthy {
    /// The condition, reported at `now` and unchanged since `since`.
    pub(super) fn value(&self, now: Time, since: Value) -> Value {
        value!({
            "type": (self.kind),
            "status": (self.status),
            "lastHeartbeatTime": (now.rfc3339()),
            "lastTransitionTime": since,
            "reason": (self.reason),
            "message": (self.message),
        })
    }
}

/// The node's own address.
pub(super) fn host_ip(index: u32) -> Str {
    smol_str::format_smolstr!("172.18.{}.{}", index / 250, index % 250 + 1)
}

/// An address of the node's podCIDR.
pub(super) fn pod_ip(index: u32, n: u32) -> Str {
    smol_str::format_smolstr!("10.{}.{}.{n}", 244 + index / 256, index % 256)
}

/// The Node as its kubelet reported it at `now`. `index`, its number in the cluster from 1, determines addresses and podCIDR;
/// `version` is the kubelet's, such as `v1.36.0`.
pub fn booted_node(node: &NodeConfig, index: u32, version: &str, now: Time) -> Value {
    let cidr = format!("{}/24", pod_ip(index, 0));
    let mut spec = value!({"podCIDR": (cidr.as_str()), "podCIDRs": [(cidr.as_str())]});
    if !node.taints.is_empty() {
        spec.set_at(&["taints"], node.taints.clone());
    }
    value!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": (node.name.as_str()),
            "labels": (labels(node)),
            "annotations": {"volumes.kubernetes.io/controller-managed-attach-detach": "true"},
        },
        "spec": spec,
        "status": (status(node, index, version, now)),
    })
}

fn labels(node: &NodeConfig) -> Value {
    let arch = ["beta.kubernetes.io/arch", "kubernetes.io/arch"].map(|key| (key, "amd64"));
    let os = ["beta.kubernetes.io/os", "kubernetes.io/os"].map(|key| (key, "linux"));
    let own = [("kubernetes.io/hostname", node.name.as_str())];
    let zone = node.zone.as_deref().map(|zone| ("topology.kubernetes.io/zone", zone));
    let given = node.labels.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let all = arch.into_iter().chain(os).chain(own).chain(zone).chain(given);
    Value::Map(all.map(|(key, value)| (Key::new(key), Value::from(value))).collect())
}

fn status(node: &NodeConfig, index: u32, version: &str, now: Time) -> Value {
    let capacity = [("ephemeral-storage", DISK), ("hugepages-1Gi", "0"), ("hugepages-2Mi", "0")].into_iter();
    let capacity = capacity.chain(node.capacity.iter().map(|(key, amount)| (key.as_str(), amount.as_str())));
    let capacity: Value = Value::Map(capacity.map(|(key, amount)| (Key::new(key), amount.into())).collect());
    let since: Value = now.rfc3339().into();
    let id = smol_str::format_smolstr!("{:032x}", index);
    value!({
        "addresses": [
            {"type": "InternalIP", "address": (host_ip(index))},
            {"type": "Hostname", "address": (node.name.as_str())},
        ],
        "allocatable": (capacity.clone()),
        "capacity": capacity,
        "conditions": (Value::list(CONDITIONS.iter().map(|healthy| healthy.value(now, since.clone())))),
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}}, // kubelet --port
        "nodeInfo": {
            "architecture": "amd64",
            "bootID": (id.clone()),
            "containerRuntimeVersion": "containerd://2.2.0",
            "kernelVersion": "6.12.0",
            "kubeProxyVersion": "",
            "kubeletVersion": version,
            "machineID": (id.clone()),
            "operatingSystem": "linux",
            "osImage": "Debian GNU/Linux 13 (trixie)",
            "systemUUID": id,
        },
    })
}

/// The Lease of the node with this name and uid, renewed at `now`.
///
/// Without a uid (the kubelet has not seen its Node yet) it has no owner, as in `newLease`.
pub fn booted_lease(node: &str, node_uid: &str, now: Time) -> Value {
    let mut metadata = value!({"name": node, "namespace": NODE_LEASE_NAMESPACE});
    if !node_uid.is_empty() {
        let owner = value!({"apiVersion": "v1", "kind": "Node", "name": node, "uid": node_uid});
        metadata.set_at(&["ownerReferences"], vec![owner]);
    }
    value!({
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": metadata,
        "spec": {
            "holderIdentity": node,
            "leaseDurationSeconds": LEASE_DURATION_S,
            "renewTime": (now.rfc3339_micro()),
        },
    })
}
