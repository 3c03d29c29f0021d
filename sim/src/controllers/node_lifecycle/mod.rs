//! The node lifecycle controller: finds out which nodes are alive, and says so in their status, taints and pods.
//!
//! - `controller`: the [`Controller`](super::Controller): ticks, nodes, pods and zones as targets
//! - `health`: what is known of each node between ticks: its last sign of life
//! - `zones`: how many nodes of a zone may be emptied, and how fast
//! - `taints`: which taints a node should have
//! - `swap`: taints that come and go, with conflicts and back-off
//! - `writes`: the requests
//!
//! Real: pkg/controller/nodelifecycle. Modelled: the monitor with its period and graces, Ready Unknown, the pods' Ready
//! condition, NoSchedule taints by condition at once, NoExecute taints through a limiter per zone, the disruption states,
//! `beta.kubernetes.io` labels. Not modelled: the limiter is asked when a token is due rather than every 100 ms
//! (`NodeEvictionPeriod`).

mod controller;
mod health;
mod swap;
mod taints;
mod writes;
mod zones;

pub(super) use controller::NodeLifecycle;
