//! The cluster, the images and the operators of a scenario. What they default to is here; how they behave is not.

use std::collections::BTreeMap;

use super::{Pattern, TimeRange};
use crate::object::Value;

/// The cluster before anything is applied.
#[derive(Clone, Debug, PartialEq)]
pub struct ClusterSpec {
    /// The Kubernetes version that it reports.
    pub version: String,
    /// How many API server replicas there are.
    pub api_servers: u32,
    /// The nodes.
    pub node_pools: Vec<NodePool>,
    /// Settings of the components, by their real names.
    pub flags: Vec<Flag>,
    /// What is there at the beginning.
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

/// What is there when the cluster starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Boot {
    /// Namespaces, accounts, Ready nodes, informers in step.
    #[default]
    Booted,
    /// Nothing: the components start.
    Cold,
}

/// Equal nodes, named after the pool: `node-1`, `node-2`..
#[derive(Clone, Debug, PartialEq)]
pub struct NodePool {
    /// The first part of the names.
    pub name: String,
    /// How many there are.
    pub count: u32,
    /// The values of `topology.kubernetes.io/zone`, round robin; no such label without any.
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
    /// The value as on a command line.
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
    /// When the readiness probe, or what stands for it, first answers.
    pub ready: Ready,
    /// The time from SIGTERM to the exit.
    pub stop: TimeRange,
    /// The exit by itself, if there is one.
    pub exit: Option<Exit>,
    /// How long after its start it hangs: answers neither probes nor SIGTERM.
    pub hang: Option<TimeRange>,
    /// The time that a postStart hook takes which is no `sleep`.
    pub post_start: TimeRange,
    /// The same of a preStop hook.
    pub pre_stop: TimeRange,
    /// The memory it takes, as a Kubernetes quantity.
    pub memory: Option<String>,
    /// The registered program that runs in the container.
    pub program: Option<String>,
    /// What the program is given; a map.
    pub with: Value,
}

/// The pull of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pull {
    /// It takes so long.
    Takes(TimeRange),
    /// It fails so often, then takes 1 s.
    Fails {
        /// The reason in the container's state, such as `ErrImagePull`.
        reason: String,
        /// How often on each node.
        times: u32,
    },
}

/// Readiness of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ready {
    /// So long after the start.
    After(TimeRange),
    /// Never.
    Never,
}

/// A container's exit by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit {
    /// So long after the start.
    pub after: TimeRange,
    /// The exit code.
    pub code: i32,
}

const SECOND: TimeRange = TimeRange::exactly(1000);

impl ImageRule {
    /// The rule for these images with all that is not said: pull, start and readiness take 1 s each, the exit no time.
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

    /// The rule for images that match no other.
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
    /// What the program is given; a map.
    pub with: Value,
}
