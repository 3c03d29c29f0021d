//! The TTL controller: annotates nodes with how long kubelets may cache Secrets and ConfigMaps, by the size of the cluster.
//!
//! Real: pkg/controller/ttl. Modelled: all of it: the annotation, and steps that overlap, so that a cluster at the edge of
//! two does not alternate between them. Our kubelets do not read the annotation.

use super::{Caches, Controller, Outcome, SyncKey, Watches};
use crate::client::Change;
use crate::engine::Time;
use crate::object::Value;
use crate::value;
use crate::wire::resource::NODES;
use crate::wire::{PatchType, Request, Resource};

/// The annotation that it writes (`v1.ObjectTTLAnnotationKey`).
pub const NODE_TTL: &str = "node.alpha.kubernetes.io/ttl";

/// Fewest and most nodes of a step, and its seconds (pkg/controller/ttl `ttlBoundaries`).
const STEPS: [(usize, usize, &str); 5] =
    [(0, 100, "0"), (90, 500, "15"), (450, 1000, "30"), (900, 2000, "60"), (1800, usize::MAX, "300")];

/// The value of the annotation in a cluster that has grown to so many nodes.
pub fn node_ttl(nodes: usize) -> &'static str {
    STEPS.iter().find(|(_, most, _)| nodes <= *most).map_or("300", |step| step.2)
}

/// The TTL controller.
#[derive(Clone, Debug, Default)]
pub(super) struct NodeTtl {
    nodes: usize,
    step: usize,
}

impl Controller for NodeTtl {
    fn name(&self) -> &'static str {
        "ttl-controller"
    }

    fn watches(&self) -> Watches {
        Watches::These(vec![*NODES])
    }

    fn keys(&mut self, resource: Resource, change: &Change, _: &Caches, out: &mut Vec<SyncKey>) {
        match (&change.old, &change.new) {
            (None, Some(_)) => self.nodes += 1,
            (Some(_), None) => self.nodes = self.nodes.saturating_sub(1),
            _ => {}
        }
        debug_assert!(
            self.step < STEPS.len(),
            "the first step has no lower bound, and the last no upper one"
        );
        if self.nodes > STEPS[self.step].1 {
            self.step += 1;
        } else if self.nodes < STEPS[self.step].0 {
            self.step -= 1;
        }
        if change.new.is_some() {
            out.push(SyncKey::of(resource, change.object()));
        }
    }

    fn reconcile(&mut self, target: &SyncKey, caches: &Caches, _: Time) -> Outcome {
        let mut out = Outcome::done();
        let ttl = STEPS[self.step].2;
        if caches.of(*NODES).get(&target.key).is_some_and(|node| node.annotation(NODE_TTL) != Some(ttl)) {
            let annotations = Value::from([(NODE_TTL, Value::from(ttl))]);
            let patch = value!({"metadata": {"annotations": annotations}});
            out.then(Request::patch(*NODES, &target.key, PatchType::Strategic, patch));
        }
        out
    }
}
