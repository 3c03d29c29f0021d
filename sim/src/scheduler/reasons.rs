//! Why a filter rejects a node.

use crate::object::Str;

/// The plugins that reject pods.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Plugin {
    NodeUnschedulable,
    TaintToleration,
    NodeAffinity,
    NodePorts,
    NodeResourcesFit,
    VolumeRestrictions,
    VolumeBinding,
    PodTopologySpread,
    InterPodAffinity,
}

/// One reason.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct FilterReason {
    pub(super) text: Str,
    /// Whether fewer pods on the node would help.
    pub(super) by_pods: bool,
}

pub(super) const fn final_reason(text: &'static str) -> FilterReason {
    FilterReason { text: Str::new_static(text), by_pods: false }
}

pub(super) const fn reason_by_pods(text: &'static str) -> FilterReason {
    FilterReason { text: Str::new_static(text), by_pods: true }
}

/// The plugin that rejects a node, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Rejection {
    pub(super) plugin: Plugin,
    pub(super) reasons: Vec<FilterReason>,
}

impl Rejection {
    /// Whether fewer pods on the node would help.
    pub(super) fn by_pods(&self) -> bool {
        debug_assert!(!self.reasons.is_empty(), "a plugin that rejects a node says why");
        self.reasons.iter().all(|reason| reason.by_pods)
    }
}
