//! Settings of the manager: its flags.
//!
//! Real: flags of the kube-controller-manager. Modelled: those below, and whether the cluster has a volume provisioner.
//! Not modelled: the others; a scenario that sets one is refused when it is read.

use crate::engine::{Millis, SECOND};

/// The settings; the defaults are those of Kubernetes v1.36.
#[derive(Clone, PartialEq, Debug)]
pub struct Settings {
    /// `--controllers`: `*` enables all, `name` enables one, `-name` disables one; joined by commas.
    pub controllers: String,
    /// `--node-monitor-period`.
    pub node_monitor_period_ms: Millis,
    /// `--node-monitor-grace-period`.
    pub node_monitor_grace_period_ms: Millis,
    /// `--node-startup-grace-period`.
    pub node_startup_grace_period_ms: Millis,
    /// `--node-eviction-rate`, in nodes per second.
    pub node_eviction_rate: f64,
    /// `--secondary-node-eviction-rate`, in nodes per second.
    pub secondary_node_eviction_rate: f64,
    /// `--unhealthy-zone-threshold`, a share of the nodes.
    pub unhealthy_zone_threshold: f64,
    /// `--large-cluster-size-threshold`, in nodes of a zone.
    pub large_cluster_size_threshold: usize,
    /// `--terminated-pod-gc-threshold`; 0 for no limit.
    pub terminated_pod_gc_threshold: usize,
    /// Whether a provisioner, as a cloud has one, makes volumes for claims that no volume fits. Our choice: most clusters
    /// have one; a bare control plane has none.
    pub provisions_volumes: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            controllers: "*".into(),
            node_monitor_period_ms: 5 * SECOND,
            node_monitor_grace_period_ms: 50 * SECOND,
            node_startup_grace_period_ms: 60 * SECOND,
            node_eviction_rate: 0.1,
            secondary_node_eviction_rate: 0.01,
            unhealthy_zone_threshold: 0.55,
            large_cluster_size_threshold: 50,
            terminated_pod_gc_threshold: 12_500,
            provisions_volumes: true,
        }
    }
}

impl Settings {
    /// Whether the controller with this name runs: its name takes precedence over `*`.
    pub fn runs(&self, controller: &str) -> bool {
        let listed = |wanted: &str| self.controllers.split(',').any(|name| name == wanted);
        let off = self.controllers.split(',').any(|name| name.strip_prefix('-') == Some(controller));
        listed(controller) || (!off && listed("*"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_controller_runs_unless_the_list_leaves_it_out() {
        let runs = |list: &str, name| Settings { controllers: list.into(), ..Settings::default() }.runs(name);
        assert!(runs("*", "a") && runs("*,-b", "a") && runs("a", "a"));
        assert!(!runs("*,-a", "a") && !runs("b", "a"));
    }
}
