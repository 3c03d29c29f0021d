//! The cluster of one run at its start: the actors, around what is booted already.
//!
//! Real: a cluster that has been up for a while. Modelled: a copy of the booted one; heartbeats are placed and draws begin here.

use std::collections::BTreeMap;

use super::booted::{Booted, Started};
use super::hosting::Hosting;
use super::nodes::Machines;
use super::{API_SERVER, Cluster, Event, FIRST_NODE, Part, RUNTIME, USER};
use crate::apiserver::Replies;
use crate::controllers::Settings;
use crate::engine::{Draws, Queue, Time};
use crate::kubelet::{self, Kubelet};
use crate::object::{Object, Str, Value};
use crate::programs::{Hosts, Image, Images, Program, Runtime, Stage};
use crate::wire::{ActorClass, Addr, Component, Effect, History, Latency, Outbox};

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
    /// Whether somebody may look at Leases without asking the server, so that every renewal is carried out.
    pub leases_are_seen: bool,
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

impl Cluster {
    /// A cluster at its start with this seed.
    pub fn new(booted: &Booted, seed: u64, programs: Vec<Program>, stage: Stage) -> Self {
        let Booted { config, server, streams, kubelets, manager, scheduler, timers, record } = booted.clone();
        let ClusterConfig { start, latency, version, nodes, images, settings: _, leases_are_seen } = config;
        let draws = Draws::roomy(seed);
        let mut cluster = Self {
            queue: Queue::new(start),
            latency,
            server: server.with_seed(seed),
            replies: Replies::default(),
            streams,
            parts: Vec::new(),
            outbox: Outbox::new(start),
            runtime: Runtime::new(Images::new(images), Draws::new(seed)),
            births: BTreeMap::new(),
            hosts: Hosts::new(stage),
            hosting: Hosting::new(programs),
            machines: Machines::default(),
            renewals: BTreeMap::new(),
            announced: start,
            leases_are_seen,
            history: History { actors: Vec::new(), record },
            recorder: None,
            refusals: Vec::new(),
            desk: BTreeMap::new(),
            requests: 0,
            strikes: Vec::new(),
            to_hosts: Vec::new(),
            effects: Vec::<Effect>::new(),
            answered: None,
            restless: false,
            draws,
        };
        cluster.add_desks();
        for (node, started) in nodes.into_iter().zip(kubelets) {
            cluster.add_booted_node(node, started, &version);
        }
        cluster.add_started("kube-controller-manager", manager);
        let scheduler = Started { component: scheduler.component.drawing(Draws::new(seed)), ..scheduler };
        cluster.add_started("kube-scheduler", scheduler);
        for (time, token) in timers {
            cluster.queue.push(time, token, Event::ServerTimer(token));
        }
        cluster
    }

    /// Adds a component that has started, and does what it wants.
    fn add_started(&mut self, name: impl Into<Str>, started: Started<impl Component + 'static>) -> Addr {
        let addr = self.add_component(name, started.component);
        for effect in started.effects {
            self.effect(addr, effect);
        }
        addr
    }

    /// Adds a node that is there, with its kubelet at work. When in each period that sends its heartbeats is drawn.
    fn add_booted_node(&mut self, node: NodeConfig, mut started: Started<Kubelet>, version: &str) {
        let shift = started.component.place_heartbeat(&mut self.draws);
        for effect in &mut started.effects {
            if let Effect::Timer(time, _) = effect {
                *time = *time + shift;
            }
        }
        let addr = self.add_started(format!("kubelet/{}", node.name), started);
        self.machines.add(addr, node, version);
    }

    fn add_desks(&mut self) {
        let server = self.add_part("kube-apiserver", ActorClass::System, Part::Desk);
        let user = self.add_part("user", ActorClass::User, Part::Desk);
        self.add_part("chaos", ActorClass::Chaos, Part::Desk);
        let runtime = self.add_part("containerd", ActorClass::System, Part::Runtime);
        debug_assert!(
            (server, user, runtime, self.next_addr()) == (API_SERVER, USER, RUNTIME, FIRST_NODE),
            "addresses are as the constants say"
        );
    }

    /// A kubelet that registers such a node when its machine boots.
    pub(super) fn new_kubelet(&mut self, node: &NodeConfig, index: u32, version: &str) -> Kubelet {
        let object = node.object(index, version, self.now());
        let mut kubelet = Kubelet::new(&node.name, index).registering(Object::shared(object));
        kubelet.place_heartbeat(&mut self.draws);
        kubelet
    }
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
