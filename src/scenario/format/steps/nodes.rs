//! Verbs that act on nodes.

use wavetank_sim::scenario::{Action, NodeChoice, Wait};

use super::Verb;
use crate::scenario::format::leaf::{COUNT, DURATION, NODE_VERSION, SELECTOR, TEXT};
use crate::scenario::format::map;
use crate::scenario::shape::{Fields, Shape, may, must};
use crate::scenario::yaml::Node;

pub(super) const VERBS: &[Verb] = &[
    Verb {
        field: may("cordon", Shape::Fields(&NODES), "make nodes unschedulable"),
        example: "{node: node-1}",
        read: |_, node| Some(Action::Cordon(nodes(node)?)),
    },
    Verb {
        field: may("uncordon", Shape::Fields(&NODES), "make nodes schedulable"),
        example: "{selector: 'zone in (a,b)'}",
        read: |_, node| Some(Action::Uncordon(nodes(node)?)),
    },
    Verb {
        field: may("drain", Shape::Fields(&DRAIN), "make nodes unschedulable and evict their pods"),
        example: "{node: node-1, timeout: 10m}",
        read: |_, node| Some(Action::Drain { nodes: nodes(node)?, timeout_ms: timeout(node) }),
    },
    Verb {
        field: may(
            "upgradeNodes",
            Shape::Fields(&UPGRADE),
            "replace all nodes with nodes of another version",
        ),
        example: "{to: v1.36.1, surge: 2}",
        read: |_, node| {
            let (to, surge) = (node.string("to")?, node.parse("surge").unwrap_or(1));
            Some(Action::UpgradeNodes { to, surge, timeout_ms: timeout(node) })
        },
    },
];

static NODES: Fields = Fields {
    what: "a choice of nodes",
    one_of: &["node", "selector"],
    fields: &[may("node", TEXT, "the node's name"), may("selector", SELECTOR, "the nodes' labels")],
};

static DRAIN: Fields = Fields {
    what: "`drain`",
    one_of: &["node", "selector"],
    fields: &[
        may("node", TEXT, "the node's name"),
        may("selector", SELECTOR, "the nodes' labels"),
        may("timeout", DURATION, "how long it may take; default 5m"),
    ],
};

static UPGRADE: Fields = map(
    "`upgradeNodes`",
    &[
        must("to", NODE_VERSION, "the Kubernetes version of the nodes"),
        may("surge", COUNT, "how many nodes join before as many leave; default 1"),
        may("timeout", DURATION, "how long each drain and each start may take; default 5m"),
    ],
);

fn nodes(node: &Node) -> Option<NodeChoice> {
    node.string("node").map(NodeChoice::Named).or_else(|| node.string("selector").map(NodeChoice::Selected))
}

fn timeout(node: &Node) -> u64 {
    node.millis("timeout").unwrap_or(Wait::TIMEOUT_MS)
}
