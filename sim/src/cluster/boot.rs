//! The cluster at its start: the actors, and the objects that a booted cluster has.
//!
//! Real: kubeadm and the components themselves make these objects. Modelled: they are there at once. Not modelled: RBAC
//! roles, kube-proxy and DNS, static pods of the control plane, `boot: cold`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::hosting::Hosting;
use super::nodes::Machines;
use super::{API_SERVER, Cluster, Part, RUNTIME, USER};
use crate::apiserver::{ApiServer, Replies};
use crate::controllers::{Kind, Manager, Settings};
use crate::engine::{Draws, Queue, Time};
use crate::kubelet::{self, Kubelet};
use crate::object::{Object, Value};
use crate::programs::{Hosts, Image, Images, Program, Runtime, Stage};
use crate::scheduler::Scheduler;
use crate::value;
use crate::wire::{
    ActorClass, Addr, Effect, History, Input, Latency, Outbox, Resource, Streams, Verb, resource,
};

/// What a cluster is made of.
#[derive(Clone, Debug)]
pub struct ClusterConfig {
    /// The seed of all draws.
    pub seed: u64,
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
}

/// One node.
#[derive(Clone, Debug, Default)]
pub struct NodeConfig {
    /// Its name.
    pub name: String,
    /// The pool that it belongs to.
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

/// Namespaces beside `default` that the server makes itself.
const SYSTEM_NAMESPACE: &str = "kube-system";

impl Cluster {
    /// A booted cluster: nodes Ready, components at work with synced informers.
    pub fn boot(config: ClusterConfig, programs: Vec<Program>, stage: Stage) -> Self {
        let ClusterConfig { seed, start, latency, version, nodes, images, settings } = config;
        let draws = Draws::new(seed);
        let mut cluster = Self {
            queue: Queue::new(start),
            latency,
            server: ApiServer::new(seed, start),
            replies: Replies::default(),
            streams: Streams::default(),
            parts: Vec::new(),
            outbox: Outbox::new(start),
            runtime: Runtime::new(Images::new(images), draws.clone()),
            births: BTreeMap::new(),
            hosts: Hosts::new(stage),
            hosting: Hosting::new(programs),
            machines: Machines::default(),
            history: History::default(),
            desk: BTreeMap::new(),
            requests: 0,
            strikes: Vec::new(),
            effects: Vec::<Effect>::new(),
            answered: None,
            restless: false,
            draws,
        };
        cluster.add_desks();
        cluster.plant_basics();
        let nodes: Vec<Addr> =
            nodes.iter().zip(1..).map(|(node, index)| cluster.add_node(node, index, &version)).collect();
        debug_assert!(nodes.is_sorted(), "addresses follow the order of nodes");
        let kinds = cluster.watched_kinds();
        cluster.add_component("kube-controller-manager", Manager::new(kinds, &settings));
        let scheduler = Scheduler::new(cluster.draws.clone());
        cluster.add_component("kube-scheduler", scheduler);
        cluster.start_components();
        cluster
    }

    /// Starts the components. What they list and watch is answered at once and not recorded: it happened before the run.
    fn start_components(&mut self) {
        for index in 0..self.parts.len() {
            let addr = Addr(u32::try_from(index).expect("a cluster has fewer actors"));
            let mut inputs = VecDeque::from([Input::Start]);
            while let Some(input) = inputs.pop_front() {
                let Part::Component(component) = &mut self.parts[index] else { break };
                component.on(input, &mut self.outbox);
                let effects: Vec<Effect> = self.outbox.drain().collect();
                for effect in effects {
                    match effect {
                        Effect::Request(request) if matches!(request.verb, Verb::List | Verb::Watch) => {
                            inputs.push_back(self.answer_at_once(addr, request));
                        }
                        other => self.effect(addr, other),
                    }
                }
            }
        }
    }

    /// The built-in kinds that can be watched, as far as they are modelled: what the controllers learn by discovery.
    fn watched_kinds(&self) -> Vec<Kind> {
        let served = self.server.registry().iter().filter(|kind| kind.has_verb("watch") && kind.modelled);
        let kind = |k: &Arc<crate::apiserver::Kind>| Kind {
            resource: k.resource,
            followed: k.storage,
            kind: k.kind.clone(),
            namespaced: k.namespaced,
        };
        served.map(kind).collect()
    }

    fn add_desks(&mut self) {
        let server = self.add_part("kube-apiserver", ActorClass::System, Part::Desk);
        let user = self.add_part("user", ActorClass::User, Part::Desk);
        self.add_part("chaos", ActorClass::Chaos, Part::Desk);
        let runtime = self.add_part("containerd", ActorClass::System, Part::Runtime);
        debug_assert!(
            (server, user, runtime) == (API_SERVER, USER, RUNTIME),
            "addresses are as the constants say"
        );
    }

    /// The objects that any cluster has: accounts, the service of the API server, the system's priority classes.
    fn plant_basics(&mut self) {
        for namespace in ["default", "kube-node-lease", "kube-public", SYSTEM_NAMESPACE] {
            let account = value!({"metadata": {"name": "default", "namespace": namespace}});
            self.plant((*resource::SERVICE_ACCOUNTS, "kube-controller-manager"), account);
        }
        let ports = value!([{"name": "https", "port": 443, "targetPort": 6443}]);
        let service =
            value!({"metadata": {"name": "kubernetes", "namespace": "default"}, "spec": {"ports": ports}});
        self.plant((*resource::SERVICES, "kube-apiserver"), service);
        let classes = Resource::new("scheduling.k8s.io/v1/priorityclasses");
        // pkg/apis/scheduling: SystemCriticalPriority and 1000 above it.
        for (name, priority) in
            [("system-cluster-critical", 2_000_000_000), ("system-node-critical", 2_000_001_000)]
        {
            let class = value!({"metadata": {"name": name}, "value": priority});
            self.plant((classes, "kube-apiserver"), class);
        }
    }

    /// Adds a node that is Ready, with its kubelet.
    fn add_node(&mut self, node: &NodeConfig, index: u32, version: &str) -> Addr {
        let now = self.now();
        let object = self.plant((*resource::NODES, "kubelet"), node.object(index, version, now));
        let lease = kubelet::booted::booted_lease(&node.name, object.uid(), now);
        self.plant((*resource::LEASES, "kubelet"), lease);
        let kubelet = self.new_kubelet(node, index, version);
        let addr = self.add_component(format!("kubelet/{}", node.name), kubelet);
        self.machines.add(addr, node.clone(), version);
        addr
    }

    /// A kubelet that registers such a node when its machine boots.
    pub(super) fn new_kubelet(&mut self, node: &NodeConfig, index: u32, version: &str) -> Kubelet {
        let object = node.object(index, version, self.now());
        Kubelet::new(&node.name, index, &mut self.draws).registering(Object::shared(object))
    }
}

impl NodeConfig {
    /// The Node object as the kubelet registers it.
    fn object(&self, index: u32, version: &str, now: Time) -> Value {
        let booted = kubelet::booted::Node {
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
