//! The cluster of one run at its start: a copy of the booted one.
//!
//! The draws of a run begin here. The first ones place the heartbeats of each node within their period.

use super::actors::{API_SERVER, ActorKind, Actors, CHAOS, RUNTIME, USER};
use super::booted::{Booted, Started};
use super::cut::Cuts;
use super::event_loop::QueuedEvent;
use super::event_recording::EventRecording;
use super::leases::Leases;
use super::machines::Machines;
use super::processes::Processes;
use super::requests::Traffic;
use super::{Cluster, ClusterConfig};
use crate::engine::{Draws, Queue};
use crate::kubelet::Kubelet;
use crate::kubelet::booted::{NodeConfig, booted_node};
use crate::object::{Object, Str};
use crate::programs::{ContainerRuntime, Hosts, Images, Program, Stage};
use crate::wire::{ActorClass, Addr, Component, Effect, History};

impl Cluster {
    /// A cluster at its start with this seed.
    pub fn new(booted: &Booted, seed: u64, programs: Vec<Program>, stage: Stage) -> Self {
        let Booted { config, server, streams, kubelets, manager, scheduler, timers, record } = booted.clone();
        let ClusterConfig { start, latency, version, nodes, images, settings: _, leases_are_seen } = config;
        let mut cluster = Self {
            queue: Queue::new(start),
            draws: Draws::roomy(seed),
            history: History { record, ..History::default() },
            server: server.with_seed(seed),
            actors: Actors::new(start),
            traffic: Traffic::new(latency, streams),
            leases: Leases::new(start, leases_are_seen),
            event_recording: EventRecording::default(),
            runtime: ContainerRuntime::new(Images::new(images), Draws::new(seed)),
            machines: Machines::default(),
            cuts: Cuts::default(),
            hosts: Hosts::new(stage),
            processes: Processes::new(programs),
            programs_may_act: false,
        };
        cluster.add_fixed_actors();
        for (node, started) in nodes.into_iter().zip(kubelets) {
            cluster.add_booted_node(node, started, &version);
        }
        cluster.add_started("kube-controller-manager", manager);
        let scheduler = Started { component: scheduler.component.drawing(Draws::new(seed)), ..scheduler };
        cluster.add_started("kube-scheduler", scheduler);
        for (time, token) in timers {
            cluster.queue.push(time, token, QueuedEvent::ServerTimer(token));
        }
        cluster
    }

    /// Adds a component that has started, and carries out what it wants.
    fn add_started(&mut self, name: impl Into<Str>, started: Started<impl Component + 'static>) -> Addr {
        let addr = self.add_component(name, started.component);
        for effect in started.effects {
            self.effect(addr, effect);
        }
        addr
    }

    /// Adds a node that exists already, with its running kubelet. A draw places the kubelet's heartbeats within their period.
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

    /// Adds the actors whose addresses are constants.
    fn add_fixed_actors(&mut self) {
        for (addr, name, class, kind) in [
            (API_SERVER, "kube-apiserver", ActorClass::System, ActorKind::Passive),
            (USER, "user", ActorClass::User, ActorKind::Passive),
            (CHAOS, "chaos", ActorClass::Chaos, ActorKind::Passive),
            (RUNTIME, "containerd", ActorClass::System, ActorKind::ContainerRuntime),
        ] {
            let added = self.add_actor(name, class, kind);
            debug_assert_eq!(added, addr, "addresses are as the constants say");
        }
    }

    /// A kubelet that registers this node when its machine boots.
    pub(super) fn new_kubelet(&mut self, node: &NodeConfig, index: u32, version: &str) -> Kubelet {
        let object = booted_node(node, index, version, self.now());
        let mut kubelet = Kubelet::new(&node.name, index).registering(Object::shared(object));
        kubelet.place_heartbeat(&mut self.draws);
        kubelet
    }
}
