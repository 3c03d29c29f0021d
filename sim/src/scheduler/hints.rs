//! Whether an event may make an unschedulable pod fit.
//!
//! Real: the QueueingHints of the plugins that rejected it. Modelled: those of the plugins in `filter`, for nodes, pods,
//! claims, volumes and classes. Differs: every event that may help brings the pod back at once; in a real scheduler a pod
//! excluded by the anti-affinity of others may wait for longer.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::filter::{fits_alone, share_a_port, tolerates_cordon};
use super::placement::{NodeFacts, is_affine, is_cordoned, priority, tolerates_taints};
use super::reasons::Plugin;
use super::resources::Demand;
use super::{affinity, claims, spread};
use crate::object::Object;

/// A change in the cluster: the old and the new object.
#[derive(Clone, Copy, Debug)]
pub(super) enum ClusterEvent<'a> {
    Node(Option<&'a Arc<Object>>, Option<&'a Arc<Object>>),
    /// A pod with a node.
    Pod(Option<&'a Object>, Option<&'a Object>),
    /// The waiting pod itself.
    Own(&'a Object, &'a Object),
    /// A pod is no longer nominated to its node.
    Unnominated(&'a Object),
    Claim(Option<&'a Object>, &'a Object),
    Volume,
    Class(Option<&'a Object>, &'a Object),
}

/// Whether a pod that these plugins rejected should be tried again.
pub(super) fn helps(plugins: &BTreeSet<Plugin>, pod: &Object, event: ClusterEvent<'_>) -> bool {
    plugins.is_empty() || plugins.iter().any(|plugin| helps_with(*plugin, pod, event))
}

fn helps_with(plugin: Plugin, pod: &Object, event: ClusterEvent<'_>) -> bool {
    match event {
        ClusterEvent::Node(old, Some(new)) => by_node(plugin, pod, old, new),
        ClusterEvent::Node(old, None) => {
            plugin == Plugin::PodTopologySpread && spread::is_helped_by_node(pod, old.map(|old| &**old), None)
        }
        ClusterEvent::Pod(old, new) => by_pod(plugin, pod, old, new),
        ClusterEvent::Own(old, new) => by_itself(plugin, old, new),
        ClusterEvent::Unnominated(other) => {
            matches!(plugin, Plugin::NodeResourcesFit | Plugin::NodePorts)
                && priority(pod) <= priority(other)
                && by_pod(plugin, pod, Some(other), None)
        }
        ClusterEvent::Claim(old, new) => {
            let counts =
                plugin == Plugin::VolumeBinding || (plugin == Plugin::VolumeRestrictions && old.is_none());
            counts && claims::uses(pod, new)
        }
        ClusterEvent::Volume => plugin == Plugin::VolumeBinding,
        ClusterEvent::Class(old, new) => {
            let topologies = |class: &'_ Object| class.at(&["allowedTopologies"]).cloned();
            plugin == Plugin::VolumeBinding && old.is_none_or(|old| topologies(old) != topologies(new))
        }
    }
}

fn by_node(plugin: Plugin, pod: &Object, old: Option<&Arc<Object>>, new: &Arc<Object>) -> bool {
    let becomes = |holds: &dyn Fn(&Object) -> bool| holds(new) && !old.is_some_and(|old| holds(old));
    let changed = |path: &[&str]| old.is_none_or(|old| old.at(path) != new.at(path));
    match plugin {
        Plugin::NodeUnschedulable => becomes(&|node| !is_cordoned(node)),
        Plugin::TaintToleration => becomes(&|node| tolerates_taints(pod, node)),
        Plugin::NodeAffinity => becomes(&|node| is_affine(pod, node)),
        Plugin::NodePorts | Plugin::VolumeRestrictions => old.is_none(),
        Plugin::NodeResourcesFit => changed(&["status", "allocatable"]) && has_more_room(pod, old, new),
        Plugin::VolumeBinding => changed(&["metadata", "labels"]),
        Plugin::PodTopologySpread => spread::is_helped_by_node(pod, old.map(|old| &**old), Some(new)),
        Plugin::InterPodAffinity => affinity::is_helped_by_node(pod, old.map(|old| &**old), new),
    }
}

/// Whether the pod would fit the empty node, and the node is new or has more of what the pod requests.
fn has_more_room(pod: &Object, old: Option<&Arc<Object>>, new: &Arc<Object>) -> bool {
    let (demand, new) = (Demand::of(pod), NodeFacts::new(new.clone()));
    let grew = |old: NodeFacts| {
        new.max_pods > old.max_pods || demand.requests.any_more(&new.allocatable, &old.allocatable)
    };
    fits_alone(&demand, &new) && old.is_none_or(|old| grew(NodeFacts::new(old.clone())))
}

fn by_pod(plugin: Plugin, pod: &Object, old: Option<&Object>, new: Option<&Object>) -> bool {
    match (plugin, old, new) {
        (Plugin::NodeResourcesFit, Some(_), None) => true,
        (Plugin::NodeResourcesFit, Some(old), Some(new)) => takes_less(pod, old, new),
        (Plugin::NodePorts, Some(old), None) => share_a_port(pod, old),
        (Plugin::PodTopologySpread, ..) => spread::is_helped_by_pod(pod, old, new),
        (Plugin::InterPodAffinity, ..) => affinity::is_helped_by_pod(pod, old, new),
        _ => false,
    }
}

/// Whether `new` requests less than `old` of what the pod requests.
fn takes_less(pod: &Object, old: &Object, new: &Object) -> bool {
    old.at(&["spec"]) != new.at(&["spec"])
        && Demand::of(pod).requests.any_more(&Demand::of(old).requests, &Demand::of(new).requests)
}

fn by_itself(plugin: Plugin, old: &Object, new: &Object) -> bool {
    let tolerations = ["spec", "tolerations"];
    let tolerates_more = || old.items_at(&tolerations).len() != new.items_at(&tolerations).len();
    match plugin {
        Plugin::NodeUnschedulable => tolerates_more() && tolerates_cordon(new),
        Plugin::TaintToleration => tolerates_more(),
        Plugin::NodeResourcesFit => takes_less(old, old, new),
        Plugin::PodTopologySpread => {
            (tolerates_more() && spread::honors_taints(new))
                || spread::is_helped_by_pod(new, Some(old), Some(new))
        }
        Plugin::InterPodAffinity => old.labels() != new.labels(),
        Plugin::NodeAffinity | Plugin::NodePorts | Plugin::VolumeBinding | Plugin::VolumeRestrictions => {
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Value;
    use crate::value;

    fn node(cpu: &str, disk: &str, cordoned: bool) -> Arc<Object> {
        let taints = if disk == "old" { value!([{"key": "k", "effect": "NoSchedule"}]) } else { value!([]) };
        Object::shared(value!({
            "metadata": {"name": "n", "labels": {"disk": disk}},
            "spec": {"unschedulable": cordoned, "taints": taints},
            "status": {"allocatable": {"cpu": cpu, "pods": "10"}}
        }))
    }

    fn pod(edit: impl FnOnce(&mut Value)) -> Object {
        let mut pod = value!({
            "metadata": {"name": "p", "namespace": "default", "uid": "p"},
            "spec": {
                "nodeSelector": {"disk": "ssd"},
                "containers": [{"resources": {"requests": {"cpu": "2"}}, "ports": [{"hostPort": 80}]}]
            }
        });
        edit(&mut pod);
        Object::new(pod)
    }

    /// The plugins whose hints say that it may help.
    fn helped(event: ClusterEvent<'_>) -> Vec<Plugin> {
        use Plugin::{NodeAffinity, NodePorts, NodeResourcesFit, NodeUnschedulable, TaintToleration};
        let all = [NodeUnschedulable, TaintToleration, NodeAffinity, NodePorts, NodeResourcesFit];
        let waiting = pod(|_| ());
        all.into_iter().filter(|plugin| helps(&BTreeSet::from([*plugin]), &waiting, event)).collect()
    }

    #[test]
    fn a_node_helps_by_what_it_gains() {
        use Plugin::{NodeAffinity, NodePorts, NodeResourcesFit, NodeUnschedulable, TaintToleration};
        let update = |old: Arc<Object>, new: Arc<Object>| helped(ClusterEvent::Node(Some(&old), Some(&new)));
        assert_eq!(update(node("4", "ssd", false), node("4", "ssd", true)), []);
        assert_eq!(update(node("4", "ssd", true), node("4", "ssd", false)), [NodeUnschedulable]);
        assert_eq!(update(node("4", "hdd", true), node("4", "ssd", true)), [NodeAffinity]);
        assert_eq!(update(node("4", "old", true), node("4", "hdd", true)), [TaintToleration]);
        assert_eq!(update(node("1", "hdd", true), node("2", "hdd", true)), [NodeResourcesFit]);
        assert_eq!(update(node("500m", "hdd", true), node("1", "hdd", true)), [], "still too small");
        let new = node("4", "ssd", false);
        let all = [NodeUnschedulable, TaintToleration, NodeAffinity, NodePorts, NodeResourcesFit];
        assert_eq!(helped(ClusterEvent::Node(None, Some(&new))), all);
    }

    #[test]
    fn a_pod_helps_by_what_it_frees() {
        use Plugin::{NodePorts, NodeResourcesFit};
        let other = |cpu: &str, port: i64| {
            pod(|pod| {
                let container =
                    value!({"resources": {"requests": {"cpu": cpu}}, "ports": [{"hostPort": port}]});
                pod.set_at(&["spec", "containers"], vec![container]);
            })
        };
        assert_eq!(helped(ClusterEvent::Pod(Some(&other("1", 80)), None)), [NodePorts, NodeResourcesFit]);
        assert_eq!(helped(ClusterEvent::Pod(Some(&other("1", 81)), None)), [NodeResourcesFit]);
        assert_eq!(helped(ClusterEvent::Pod(None, Some(&other("1", 80)))), []);
        assert_eq!(
            helped(ClusterEvent::Pod(Some(&other("2", 80)), Some(&other("1", 80)))),
            [NodeResourcesFit]
        );
        assert_eq!(helped(ClusterEvent::Pod(Some(&other("1", 80)), Some(&other("2", 80)))), []);
        let important = pod(|pod| pod.set_at(&["spec", "priority"], 5));
        assert_eq!(helped(ClusterEvent::Unnominated(&important)), [NodePorts, NodeResourcesFit]);
        let unimportant = pod(|pod| pod.set_at(&["spec", "priority"], -5));
        assert_eq!(helped(ClusterEvent::Unnominated(&unimportant)), []);
    }

    #[test]
    fn a_pod_that_no_plugin_rejected_is_tried_after_any_event() {
        assert!(helps(&BTreeSet::new(), &pod(|_| ()), ClusterEvent::Volume));
        assert!(!helps(&BTreeSet::from([Plugin::NodePorts]), &pod(|_| ()), ClusterEvent::Volume));
    }
}
