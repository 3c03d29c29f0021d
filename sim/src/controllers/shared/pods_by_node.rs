//! An index of the cached pods by the node they are bound to, updated at each change.

use std::collections::{BTreeMap, BTreeSet};

use crate::client::Change;
use crate::object::{Object, Str, Value, keys};
use crate::wire::ObjectKey;

/// The node that a pod is bound to; empty if it is not bound.
pub(crate) fn node_of(pod: &Object) -> &str {
    pod.spec(keys::NODE_NAME).and_then(Value::as_str).unwrap_or_default()
}

/// The index.
#[derive(Clone, Debug, Default)]
pub(crate) struct PodsByNode {
    nodes: BTreeMap<Str, BTreeSet<ObjectKey>>,
}

impl PodsByNode {
    /// Records a change of a pod. Whether its binding changed.
    pub(crate) fn note(&mut self, change: &Change) -> bool {
        let node =
            |pod: &Option<std::sync::Arc<Object>>| pod.as_ref().map_or("", |pod| node_of(pod)).to_owned();
        let same = match (&change.old, &change.new) {
            (Some(old), Some(new)) => node_of(old) == node_of(new),
            (None, Some(new)) => node_of(new).is_empty(),
            _ => false,
        };
        if same {
            return false;
        }
        let (old, new) = (node(&change.old), node(&change.new));
        let key = ObjectKey::of(change.object());
        if let Some(pods) = self.nodes.get_mut(old.as_str()) {
            pods.remove(&key);
            if pods.is_empty() {
                self.nodes.remove(old.as_str());
            }
        }
        if !new.is_empty() {
            self.nodes.entry(new.into()).or_default().insert(key);
        }
        true
    }

    /// The pods on a node, sorted by key.
    pub(crate) fn on<'a>(&'a self, node: &str) -> impl Iterator<Item = &'a ObjectKey> + use<'a> {
        self.nodes.get(node).into_iter().flatten()
    }

    /// The names of nodes that pods are bound to; such a node may not exist.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = &Str> {
        self.nodes.keys()
    }
}
