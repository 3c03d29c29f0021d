//! The cluster, the images and the operators of a scenario, with their defaults.

use std::collections::BTreeMap;

use super::{Pattern, TimeRange};
use crate::object::Value;

/// The cluster before setup.
#[derive(Clone, Debug, PartialEq)]
pub struct ClusterSpec {
    /// Its Kubernetes version.
    pub version: String,
    /// How many API server replicas there are.
    pub api_servers: u32,
    /// The nodes.
    pub node_pools: Vec<NodePool>,
    /// Settings of the components, by their real names.
    pub flags: Vec<Flag>,
    /// Its state at the start.
    pub boot: Boot,
}

impl Default for ClusterSpec {
    fn default() -> Self {
        Self {
            version: "v1.36.0".into(),
            api_servers: 1,
            node_pools: vec![NodePool::default()],
            flags: Vec::new(),
            boot: Boot::default(),
        }
    }
}

/// The state of the cluster at its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Boot {
    /// Namespaces, accounts, Ready nodes and synced informers exist.
    #[default]
    Booted,
    /// The components start with an empty store.
    Cold,
}

/// Equal nodes with the pool's name: `node-1`, `node-2`..
#[derive(Clone, Debug, PartialEq)]
pub struct NodePool {
    /// The first part of the names.
    pub name: String,
    /// How many there are.
    pub count: u32,
    /// The values of `topology.kubernetes.io/zone`, which the nodes take in turn; without any, nodes lack this label.
    pub zones: Vec<String>,
    /// Further labels.
    pub labels: BTreeMap<String, String>,
    /// Taints, as `core/v1` writes them.
    pub taints: Vec<Value>,
    /// Capacity by resource name, as Kubernetes quantities.
    pub capacity: BTreeMap<String, String>,
}

impl Default for NodePool {
    /// Three nodes of 4 CPUs, 16Gi and 110 pods (kubelet --max-pods).
    fn default() -> Self {
        let capacity = [("cpu", "4"), ("memory", "16Gi"), ("pods", "110")];
        Self {
            name: "node".into(),
            count: 3,
            zones: Vec::new(),
            labels: BTreeMap::new(),
            taints: Vec::new(),
            capacity: capacity.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
        }
    }
}

/// A setting of a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// The component, such as `kube-controller-manager`.
    pub component: String,
    /// The flag without dashes in front, such as `node-monitor-grace-period`.
    pub name: String,
    /// The value, as on a command line.
    pub value: String,
}

/// How the containers of an image behave.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageRule {
    /// The images.
    pub image: Pattern,
    /// The first pull on each node.
    pub pull: Pull,
    /// The time from ContainerCreating to Running.
    pub start: TimeRange,
    /// When the container becomes ready.
    pub ready: Ready,
    /// The time from SIGTERM to the exit.
    pub stop: TimeRange,
    /// When it exits by itself, if it does.
    pub exit: Option<Exit>,
    /// The time after its start from which it hangs: it answers neither probes nor SIGTERM.
    pub hang: Option<TimeRange>,
    /// How long a postStart hook takes that is not `sleep`.
    pub post_start: TimeRange,
    /// How long a preStop hook takes that is not `sleep`.
    pub pre_stop: TimeRange,
    /// The memory it takes, as a Kubernetes quantity.
    pub memory: Option<String>,
    /// The registered program that runs in the container.
    pub program: Option<String>,
    /// The program's environment variables; a map.
    pub with: Value,
}

/// The pull of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pull {
    /// It takes this time.
    Takes(TimeRange),
    /// It fails this often, then takes 1 s.
    Fails {
        /// The reason in the container's state, such as `ErrImagePull`.
        reason: String,
        /// How often on each node.
        times: u32,
    },
}

/// When a container becomes ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ready {
    /// This time after the start.
    After(TimeRange),
    /// Never.
    Never,
}

/// The exit of a container by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit {
    /// The time from the start to the exit.
    pub after: TimeRange,
    /// The exit code.
    pub code: i32,
}

const SECOND: TimeRange = TimeRange::exactly(1000);

impl ImageRule {
    /// The rule for these images with all defaults: pull, start and readiness take 1 s each, the exit no time. Our choice.
    pub fn matching(image: impl Into<Pattern>) -> Self {
        Self {
            image: image.into(),
            pull: Pull::Takes(SECOND),
            start: SECOND,
            ready: Ready::After(SECOND),
            stop: TimeRange::exactly(0),
            exit: None,
            hang: None,
            post_start: TimeRange::exactly(0),
            pre_stop: TimeRange::exactly(0),
            memory: None,
            program: None,
            with: Value::empty_map(),
        }
    }

    /// The default rule, for images that match no other.
    pub fn unmatched() -> &'static Self {
        static UNMATCHED: std::sync::LazyLock<ImageRule> =
            std::sync::LazyLock::new(|| ImageRule::matching("*"));
        &UNMATCHED
    }
}

/// A program that runs beside the cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct OperatorSpec {
    /// The name of its hosts.
    pub name: String,
    /// The registered program.
    pub program: String,
    /// How many hosts run it.
    pub replicas: u32,
    /// The program's environment variables; a map.
    pub with: Value,
}
