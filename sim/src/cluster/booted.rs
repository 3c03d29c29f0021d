//! A booted cluster before its first event: what all runs of a scenario have in common, made once and copied by each.
//!
//! Real: kubeadm and the components themselves make these objects. Modelled: they are there at once, and the controllers'
//! informers are synced. The seed of a run comes in later: it places the heartbeats of nodes, decides latencies, and names
//! all that is created from then on; uids of what is here are the same in every run. Not modelled: RBAC roles, kube-proxy
//! and DNS, static pods of the control plane, `boot: cold`.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use super::boot::ClusterConfig;
use super::{API_SERVER, FIRST_NODE};
use crate::apiserver::{ApiServer, Replies, ServerInput};
use crate::controllers::{Kind, Manager};
use crate::engine::{Record, Time};
use crate::kubelet;
use crate::object::{Object, Value};
use crate::value;
use crate::wire::{
    Addr, Answer, Component, Effect, Entry, Input, Outbox, Resource, Streams, Verb, What, resource,
};

/// Names uids of what is there from the beginning.
const SEED: u64 = 0;
/// Namespaces beside `default` that the server makes itself.
const SYSTEM_NAMESPACE: &str = "kube-system";

/// A cluster before its first event.
#[derive(Clone)]
pub struct Booted {
    pub(super) config: ClusterConfig,
    pub(super) server: ApiServer,
    pub(super) streams: Streams,
    pub(super) manager: Manager,
    /// What the manager wants done first.
    pub(super) effects: Vec<Effect>,
    /// Timers of the server.
    pub(super) timers: Vec<(Time, u64)>,
    pub(super) record: Record<Entry>,
    /// The Nodes as their kubelets register them.
    pub(super) nodes: Vec<Arc<Object>>,
}

impl Booted {
    /// Boots such a cluster.
    pub fn new(config: ClusterConfig) -> Self {
        let manager =
            Addr(FIRST_NODE.0 + u32::try_from(config.nodes.len()).expect("a cluster has fewer nodes"));
        let mut booted = Self {
            server: ApiServer::new(SEED, config.start),
            streams: Streams::default(),
            manager: Manager::new(Vec::new(), &config.settings),
            effects: Vec::new(),
            timers: Vec::new(),
            record: Record::default(),
            nodes: Vec::new(),
            config,
        };
        booted.plant_basics();
        booted.plant_nodes();
        booted.start_manager(manager);
        booted
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

    /// The nodes, Ready, with their leases.
    fn plant_nodes(&mut self) {
        let now = self.config.start;
        for (node, index) in self.config.nodes.clone().iter().zip(1..) {
            let registered = node.object(index, &self.config.version, now);
            let object = self.plant((*resource::NODES, "kubelet"), registered.clone());
            let lease = kubelet::booted::booted_lease(&node.name, object.uid(), now);
            self.plant((*resource::LEASES, "kubelet"), lease);
            self.nodes.push(Object::shared(registered));
        }
    }

    /// Adds an object that was there before the run.
    fn plant(&mut self, of: (Resource, &'static str), root: Value) -> Arc<Object> {
        let mut replies = Replies::default();
        let object = self.server.plant(of, root, &mut replies);
        for commit in replies.commits {
            let what = What::Commit(Arc::new(commit));
            self.record.push(Entry { time: self.config.start, actor: API_SERVER, what });
        }
        self.timers.append(&mut replies.timers);
        object
    }

    fn start_manager(&mut self, addr: Addr) {
        self.manager = Manager::new(watched_kinds(&self.server), &self.config.settings);
        let started = start(&mut self.manager, addr, self.config.start, &mut self.server, &mut self.streams);
        self.effects = started.effects;
        self.timers.extend(started.timers);
    }
}

/// What follows from the start of a component.
pub(super) struct Started {
    /// What it wants done.
    pub(super) effects: Vec<Effect>,
    /// Timers of the server.
    pub(super) timers: Vec<(Time, u64)>,
}

/// Starts a component. What it lists and watches is answered at once and not recorded: it happened before the run.
pub(super) fn start(
    component: &mut dyn Component,
    addr: Addr,
    now: Time,
    server: &mut ApiServer,
    streams: &mut Streams,
) -> Started {
    let (mut replies, mut out) = (Replies::default(), Outbox::new(now));
    let mut effects = Vec::new();
    let mut inputs = VecDeque::from([Input::Start]);
    while let Some(input) = inputs.pop_front() {
        component.on(input, &mut out);
        for effect in out.drain() {
            match effect {
                Effect::Request(mut request) if matches!(request.verb, Verb::List | Verb::Watch) => {
                    request.from = addr;
                    let (id, resource) = (request.id, request.resource);
                    server.on(now, ServerInput::Request(request), &mut replies);
                    let (_, _, answer) = replies.answers.pop().expect("the server answers every request");
                    if matches!(answer, Answer::Watching) {
                        streams.add(addr, id, resource.expect("watches are of resources")).open = true;
                    }
                    inputs.push_back(Input::Answer(id, answer));
                }
                other => effects.push(other),
            }
        }
    }
    Started { effects, timers: replies.timers }
}

/// The built-in kinds that can be watched, as far as they are modelled: what the controllers learn by discovery.
fn watched_kinds(server: &ApiServer) -> Vec<Kind> {
    let served = server.registry().iter().filter(|kind| kind.has_verb("watch") && kind.modelled);
    let kind = |k: &Arc<crate::apiserver::Kind>| Kind {
        resource: k.resource,
        followed: k.storage,
        kind: k.kind.clone(),
        namespaced: k.namespaced,
    };
    served.map(kind).collect()
}

impl fmt::Debug for Booted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Booted(at {}, {} nodes)", self.config.start, self.nodes.len())
    }
}
