//! Steps of a scenario built in code.

use wavetank_sim::scenario::{Action, NodeChoice, Step, Target, Wait};

/// Sets `spec.replicas` of `kind/name`.
pub fn scale(target: &str, replicas: u32) -> Step {
    let (kind, name) = target.split_once('/').unwrap_or((target, ""));
    let target = Target::Named { kind: kind.into(), namespace: None, name: name.into() };
    Step::new(Action::Scale { target, replicas })
}

/// Makes a node unschedulable and evicts its pods.
pub fn drain(node: &str) -> Step {
    Step::new(Action::Drain { nodes: NodeChoice::Named(node.into()), timeout_ms: Wait::TIMEOUT_MS })
}

/// Replaces all nodes with nodes of this version. `surge` nodes join before as many leave.
pub fn upgrade_nodes(to: &str, surge: u32) -> Step {
    Step::new(Action::UpgradeNodes { to: to.into(), surge, timeout_ms: Wait::TIMEOUT_MS })
}
