//! Steps on nodes and rollouts.

use super::{held, image, node_of, played, scenario, step, wait, web};
use crate::engine::Time;
use crate::scenario::{Action, NodeChoice};
use crate::wire::resource::{DEPLOYMENTS, NODES, PODS};

#[test]
fn a_drain_moves_the_pods_and_a_cordon_keeps_new_ones_away() {
    let mut scenario = scenario();
    let nodes = NodeChoice::Named("node-1".into());
    scenario.steps = vec![step(Action::Drain { nodes, timeout_ms: 60_000 })];
    let run = held(scenario, "");
    let end = run.at(*PODS, run.end);
    assert_eq!(end.len(), 3);
    assert!(end.iter().all(|pod| node_of(pod) != "node-1"));
    let node = run.at(*NODES, run.end).into_iter().find(|node| node.name() == "node-1").unwrap();
    assert_eq!(node.items_at(&["spec", "taints"]).len(), 1, "unschedulable:NoSchedule");
}

#[test]
fn a_drain_that_takes_too_long_fails_its_step() {
    let mut scenario = scenario();
    let nodes = NodeChoice::Selected(String::new());
    scenario.steps = vec![wait(60_000), step(Action::Drain { nodes, timeout_ms: 20_000 })];
    // The kubelet of a lost node confirms no deletion.
    let run = played(scenario, "node-loss(Node/node-1)@10s+5m");
    let message = run.violation.expect("the step fails").message;
    assert!(
        message.contains("drain of node-1 timed out") && message.contains("still terminating"),
        "{message}"
    );
}

#[test]
fn an_upgrade_replaces_every_node_and_no_pod_is_missing_at_the_end() {
    for surge in [0, 1, 2] {
        let mut scenario = scenario();
        let to = "v1.36.7".into();
        scenario.steps = vec![step(Action::UpgradeNodes { to, surge, timeout_ms: 300_000 })];
        let run = held(scenario, "");
        let nodes = run.at(*NODES, run.end);
        let versions: Vec<_> = nodes
            .iter()
            .map(|node| node.str_at(&["status", "nodeInfo", "kubeletVersion"]).unwrap())
            .collect();
        assert_eq!(versions, ["v1.36.7"; 3]);
        let changes = run.commits().filter(|(at, commit)| *at >= Time::ZERO && commit.resource == *NODES);
        let sizes = changes
            .filter(|(_, c)| c.old.is_none() || c.new.is_none())
            .map(|(at, _)| run.at(*NODES, at).len());
        assert_eq!(sizes.max(), Some(3 + surge as usize), "surge {surge}");
        assert_eq!(run.at(*PODS, run.end).len(), 3);
    }
}

#[test]
fn a_stuck_rollout_is_undone() {
    let mut scenario = scenario();
    let undo = Action::RolloutUndo { target: web(), to_revision: None };
    scenario.steps = vec![image("web:bad"), wait(60_000), step(undo)];
    let run = held(scenario, "");
    assert!(run.at(*PODS, Time(59_000)).len() == 4, "one pod of the bad image beside three that serve");
    let image = |run: &crate::explore::Run| {
        let deployment = run.at(*DEPLOYMENTS, run.end).pop().unwrap();
        deployment.at(&["spec"]).and_then(|spec| spec.pointer("/template/spec/containers/0/image").cloned())
    };
    assert_eq!(image(&run), Some("web:1".into()));
}
