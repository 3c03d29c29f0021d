//! What a cluster is made of, as data, and the booted cluster before its first event. Each run starts from a copy of it.
//!
//! Real: kubeadm and the components create these objects. Modelled: the objects exist at once, and the informers of all
//! components are synced. The seed of a run has no influence here: the objects have the same uids in every run. Not modelled:
//! RBAC roles, kube-proxy and DNS, static pods of the control plane, `boot: cold`.

use std::collections::VecDeque;
use std::fmt;
use std::ops::RangeFrom;
use std::sync::Arc;

use super::actors::{API_SERVER, FIRST_NODE};
use crate::apiserver::{ApiServer, Kind, Replies, ServerInput};
use crate::controllers::{Manager, NODE_TTL, ServedKind, Settings, node_ttl};
use crate::engine::{Draws, Record, Time};
use crate::kubelet::Kubelet;
use crate::kubelet::booted::{NodeConfig, booted_lease, booted_node};
use crate::object::names::{DEFAULT_NAMESPACE, SYSTEM_NAMESPACES};
use crate::object::{Object, Value};
use crate::programs::Image;
use crate::scheduler::Scheduler;
use crate::value;
use crate::wire::{
    Addr, Answer, Component, Effect, Entry, Input, Latency, Outbox, Request, Resource, Streams, Verb, What,
    resource,
};

/// The seed under which the objects here get their uids.
const SEED: u64 = 0;

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

/// A cluster before its first event.
#[derive(Clone)]
pub struct Booted {
    pub(super) config: ClusterConfig,
    pub(super) server: ApiServer,
    pub(super) streams: Streams,
    pub(super) kubelets: Vec<Started<Kubelet>>,
    pub(super) manager: Started<Manager>,
    pub(super) scheduler: Started<Scheduler>,
    /// Timers of the server.
    pub(super) timers: Vec<(Time, u64)>,
    pub(super) record: Record<Entry>,
}

/// A component that has started: its informers are synced.
#[derive(Clone)]
pub(super) struct Started<C> {
    pub(super) component: C,
    /// What it wants done.
    pub(super) effects: Vec<Effect>,
}

impl Booted {
    /// Boots a cluster.
    pub fn new(config: ClusterConfig) -> Self {
        let mut boot = BootingCluster {
            now: config.start,
            server: ApiServer::new(SEED, config.start),
            streams: Streams::default(),
            replies: Replies::default(),
            record: Record::default(),
            addrs: FIRST_NODE.0..,
            ttl: node_ttl(config.nodes.len()),
        };
        boot.plant_basics();
        let kubelets: Vec<Kubelet> =
            config.nodes.iter().zip(1..).map(|(node, i)| boot.plant_node(node, i, &config.version)).collect();
        let kubelets = kubelets.into_iter().map(|kubelet| boot.start(kubelet)).collect();
        let manager = boot.start(Manager::new(watched_kinds(&boot.server), &config.settings));
        let scheduler = boot.start(Scheduler::new(Draws::new(SEED)));
        let BootingCluster { server, streams, replies, record, .. } = boot;
        Self { config, server, streams, kubelets, manager, scheduler, timers: replies.timers, record }
    }

    /// The API server, with the objects that exist from the beginning.
    pub fn server(&self) -> &ApiServer {
        &self.server
    }
}

/// A cluster while it boots.
struct BootingCluster {
    now: Time,
    server: ApiServer,
    streams: Streams,
    replies: Replies,
    record: Record<Entry>,
    /// The addresses of the components to come.
    addrs: RangeFrom<u32>,
    /// How long kubelets may cache secrets: the same annotation on all nodes.
    ttl: &'static str,
}

impl BootingCluster {
    /// The objects of every cluster: accounts, the Service of the API server, the system's priority classes.
    fn plant_basics(&mut self) {
        for namespace in SYSTEM_NAMESPACES {
            let account = value!({"metadata": {"name": "default", "namespace": namespace}});
            self.plant((*resource::SERVICE_ACCOUNTS, "kube-controller-manager"), account);
        }
        let ports = value!([{"name": "https", "port": 443, "targetPort": 6443}]);
        let metadata = value!({"name": "kubernetes", "namespace": DEFAULT_NAMESPACE});
        let service = value!({"metadata": metadata, "spec": {"ports": ports}});
        self.plant((*resource::SERVICES, "kube-apiserver"), service);
        let classes = Resource::new("scheduling.k8s.io/v1/priorityclasses");
        // pkg/apis/scheduling: `SystemCriticalPriority`, and 1000 above it.
        let critical = [("system-cluster-critical", 2_000_000_000), ("system-node-critical", 2_000_001_000)];
        for (name, priority) in critical {
            let class = value!({"metadata": {"name": name}, "value": priority});
            self.plant((classes, "kube-apiserver"), class);
        }
    }

    /// Adds a Ready node with its Lease. Returns its kubelet, which registers the node again if somebody deletes it.
    fn plant_node(&mut self, node: &NodeConfig, index: u32, version: &str) -> Kubelet {
        let registered = booted_node(node, index, version, self.now);
        let mut known = registered.clone();
        known.set_at(&["metadata", "annotations", NODE_TTL], self.ttl);
        let object = self.plant((*resource::NODES, "kubelet"), known);
        let lease = booted_lease(&node.name, object.uid(), self.now);
        self.plant((*resource::LEASES, "kubelet"), lease);
        Kubelet::new(&node.name, index).registering(Object::shared(registered))
    }

    /// Adds an object that exists before the run.
    fn plant(&mut self, of: (Resource, &'static str), root: Value) -> Arc<Object> {
        let object = self.server.plant(of, root, &mut self.replies);
        for commit in self.replies.commits.drain(..) {
            let what = What::Commit(Arc::new(commit));
            self.record.push(Entry { time: self.now, actor: API_SERVER, what });
        }
        object
    }

    /// Starts the next component, and answers its lists and watches at once. The record does not have them: they happened
    /// before the run.
    fn start<C: Component>(&mut self, mut component: C) -> Started<C> {
        let addr = Addr(self.addrs.next().expect("a cluster has fewer actors"));
        let (mut out, mut effects) = (Outbox::new(self.now), Vec::new());
        let mut inputs = VecDeque::from([Input::Start]);
        while let Some(input) = inputs.pop_front() {
            component.on(input, &mut out);
            for effect in out.drain() {
                match effect {
                    Effect::Request(request) if matches!(request.verb, Verb::List | Verb::Watch) => {
                        inputs.push_back(self.answer(addr, request));
                    }
                    other => effects.push(other),
                }
            }
        }
        Started { component, effects }
    }

    fn answer(&mut self, from: Addr, mut request: Box<Request>) -> Input {
        request.from = from;
        let (id, resource) = (request.id, request.resource);
        self.server.on(self.now, ServerInput::Request(request), &mut self.replies);
        let (_, _, answer) = self.replies.answers.pop().expect("the server answers every request");
        if matches!(answer, Answer::Watching) {
            let kind = self.server.registry().kind_name(resource).into();
            self.streams.add(from, id, resource.expect("watches are of resources"), kind).open = true;
        }
        Input::Answer(id, answer)
    }
}

/// The modelled built-in kinds that can be watched. The controllers learn them by discovery.
fn watched_kinds(server: &ApiServer) -> Vec<ServedKind> {
    let served = server.registry().iter().filter(|kind| kind.has_verb("watch") && kind.modelled);
    let kind = |k: &Arc<Kind>| ServedKind {
        resource: k.resource,
        followed: k.storage,
        kind: k.kind.clone(),
        namespaced: k.namespaced,
    };
    served.map(kind).collect()
}

impl fmt::Debug for Booted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Booted(at {}, {} nodes)", self.config.start, self.kubelets.len())
    }
}
