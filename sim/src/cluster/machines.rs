//! The machines of the nodes: they join, lose power, come back and are taken away.
//!
//! Real: machines, and a cloud's instance groups. Modelled: power off stops the kubelet and all containers at one instant.
//! Power on starts the kubelet, which finds no running container; images stay on the disk. Not modelled: graceful
//! node shutdown (kubelet `shutdownGracePeriod`).

use std::collections::{BTreeMap, BTreeSet};

use super::Cluster;
use super::event_loop::QueuedEvent;
use crate::engine::{Millis, SECOND};
use crate::kubelet::booted::NodeConfig;
use crate::object::Str;
use crate::wire::{Addr, Input};

/// From power on to a running kubelet, in ms. Our choice: less than the controllers' `--node-monitor-grace-period`.
const BOOT_MS: Millis = 20 * SECOND;

/// All machines that there ever were, by the name of their node.
#[derive(Debug, Default)]
pub(super) struct Machines {
    by_name: BTreeMap<Str, Machine>,
    /// The kubelets whose machine has no power.
    off: BTreeSet<Addr>,
}

#[derive(Clone, Debug)]
struct Machine {
    kubelet: Addr,
    config: NodeConfig,
    version: String,
    /// Whether it has not been taken away.
    stays: bool,
}

impl Machines {
    pub(super) fn add(&mut self, kubelet: Addr, config: NodeConfig, version: &str) {
        let machine = Machine { kubelet, config, version: version.to_owned(), stays: true };
        self.by_name.insert(machine.config.name.as_str().into(), machine);
    }

    pub(super) fn is_off(&self, addr: Addr) -> bool {
        self.off.contains(&addr)
    }

    /// The number of the next machine of a pool, which its name ends with.
    fn next_of(&self, pool: &str) -> usize {
        self.by_name.values().filter(|machine| machine.config.pool == pool).count() + 1
    }

    /// The number of the next machine of all, from which its podCIDR and address come.
    fn next_index(&self) -> u32 {
        u32::try_from(self.by_name.len() + 1).expect("a cluster has fewer nodes")
    }
}

impl Cluster {
    /// The address of the kubelet of a node.
    pub fn kubelet_of(&self, node: &str) -> Option<Addr> {
        self.machines.by_name.get(node).map(|machine| machine.kubelet)
    }

    /// The nodes of a pool whose machines have not been taken away, by name.
    pub fn nodes_of(&self, pool: &str) -> Vec<Str> {
        let of_pool = |(name, machine): (&Str, &Machine)| {
            (machine.stays && machine.config.pool == pool).then(|| name.clone())
        };
        self.machines.by_name.iter().filter_map(of_pool).collect()
    }

    /// A new machine joins, like the machine of this node, with this version if one is given. Returns its node's name.
    pub fn join_like(&mut self, node: &str, version: Option<&str>) -> Option<Str> {
        let like = self.machines.by_name.get(node)?.clone();
        let name = format!("{}-{}", like.config.pool, self.machines.next_of(&like.config.pool));
        let config = NodeConfig { name: name.clone(), ..like.config };
        let index = self.machines.next_index();
        let kubelet = self.new_kubelet(&config, index, version.unwrap_or(&like.version));
        let addr = self.add_component(format!("kubelet/{name}"), kubelet);
        self.machines.add(addr, config, version.unwrap_or(&like.version));
        self.input(addr, Input::Boot);
        Some(name.into())
    }

    /// Takes the machine of this node away for good. Its Node object stays until somebody deletes it.
    pub fn remove_machine(&mut self, node: &str) {
        self.power_off(node);
        if let Some(machine) = self.machines.by_name.get_mut(node) {
            machine.stays = false;
        }
    }

    /// The machine of this node loses its power.
    pub fn power_off(&mut self, node: &str) {
        let Some(addr) = self.kubelet_of(node) else { return };
        self.end_schedule(addr);
        if self.machines.off.insert(addr) {
            self.close_watches(addr);
            self.with_runtime(|runtime, out| runtime.power_off(addr, out));
        }
    }

    /// The machine of this node gets its power back, unless it has been taken away.
    pub fn power_on(&mut self, node: &str) {
        let Some(machine) = self.machines.by_name.get(node).filter(|machine| machine.stays) else { return };
        let addr = machine.kubelet;
        self.boot_machine(addr);
    }

    /// The machine with the kubelet at this address boots, if it had no power.
    pub(super) fn boot_machine(&mut self, addr: Addr) {
        if self.machines.off.remove(&addr) {
            self.input(addr, Input::Boot);
        }
    }

    /// The machine of this node restarts.
    pub fn reboot(&mut self, node: &str) {
        let Some(addr) = self.kubelet_of(node).filter(|addr| !self.machines.is_off(*addr)) else { return };
        self.power_off(node);
        self.queue.push(self.now() + BOOT_MS, u64::from(addr.0), QueuedEvent::PowerOn(addr));
    }

    /// The kubelet's process on this node restarts. Containers run on.
    pub fn restart_kubelet(&mut self, node: &str) {
        if let Some(addr) = self.kubelet_of(node).filter(|addr| !self.machines.is_off(*addr)) {
            self.end_schedule(addr);
            self.close_watches(addr);
            self.input(addr, Input::Restart);
        }
    }

    fn close_watches(&mut self, addr: Addr) {
        let watches: Vec<_> = self.traffic.streams.of(addr).map(|(id, ..)| id).collect();
        watches.into_iter().for_each(|id| self.close_watch(addr, id));
    }
}
