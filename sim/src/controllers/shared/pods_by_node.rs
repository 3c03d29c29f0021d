//! Which pods are bound to which node: an index over the pods' cache, kept change by change.

use std::collections::{BTreeMap, BTreeSet};

use crate::client::Change;
use crate::object::{Object, Str, Value, keys};
use crate::wire::ObjectKey;

/// The node that a pod is bound to; empty for none.
pub(crate) fn node_of(pod: &Object) -> &str {
    pod.spec(keys::NODE_NAME).and_then(Value::as_str).unwrap_or_default()
}

/// The index.
#[derive(Clone, Debug, Default)]
pub(crate) struct PodsByNode {
    nodes: BTreeMap<Str, BTreeSet<ObjectKey>>,
}

impl PodsByNode {
    /// Takes a change of a pod in. Whether the pod is bound to another node than before.
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

    /// The nodes that pods are bound to, whether these nodes exist or not.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = &Str> {
        self.nodes.keys()
    }
}
