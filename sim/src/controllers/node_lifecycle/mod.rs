//! The node lifecycle controller: detects silent nodes, updates their status and taints, and marks their pods not ready.
//!
//! - `controller`: the [`Controller`](super::Controller): the monitor, nodes, pods and zones
//! - `health`: the last sign of life of each node
//! - `zones`: how many nodes of a zone may be evicted, and how fast
//! - `taints`: which taints a node should have
//! - `swap`: adds and removes taints, with conflicts and back-off
//! - `writes`: the requests
//!
//! Real: pkg/controller/nodelifecycle. Modelled: the monitor with its period and graces, Ready Unknown, the pods' Ready
//! condition, NoSchedule taints by condition at once, NoExecute taints through a limiter per zone, the disruption states,
//! `beta.kubernetes.io` labels. Differs: a zone's queue is served when the limiter has its next token, not every 100 ms
//! (`NodeEvictionPeriod`).

mod controller;
mod health;
mod swap;
mod taints;
mod writes;
mod zones;

pub(super) use controller::NodeLifecycle;
