//! The cluster, the images and the operators.

use super::leaf::{ANY, COUNT, DURATIONS, EXIT_CODE, LABEL, QUANTITY, READY, SIZE, TEXT, VERSION};
use super::map;
use crate::scenario::shape::{Fields, Shape, may, must};

/// The cluster.
pub(super) static CLUSTER: Fields = map(
    "`cluster`",
    &[
        may("version", VERSION, "the Kubernetes version; v1.36.0 unless said"),
        may("apiServers", COUNT, "how many API server replicas; 1 unless said"),
        may("nodePools", Shape::List(&Shape::Fields(&NODE_POOL)), "the nodes; one pool of three unless said"),
        may("flags", Shape::Map(&Shape::Map(&ANY)), "settings by component and real flag name"),
        may("boot", Shape::Word(&["booted", "cold"]), "what is there at the beginning; `booted` unless said"),
    ],
);

static NODE_POOL: Fields = map(
    "a node pool",
    &[
        must("name", LABEL, "the first part of the nodes' names: NAME-1, NAME-2.."),
        may("count", SIZE, "how many nodes; 3 unless said"),
        may("zones", Shape::List(&TEXT), "topology.kubernetes.io/zone, round robin"),
        may("labels", Shape::Map(&TEXT), "labels of the nodes"),
        may("taints", Shape::List(&Shape::Fields(&TAINT)), "taints of the nodes, as in core/v1"),
        may("capacity", Shape::Map(&QUANTITY), "cpu 4, memory 16Gi and pods 110 unless said"),
    ],
);

static TAINT: Fields = map(
    "a taint",
    &[
        must("key", TEXT, "the taint's key"),
        may("value", TEXT, "the taint's value"),
        must("effect", Shape::Word(&["NoSchedule", "PreferNoSchedule", "NoExecute"]), "what it does"),
    ],
);

/// How containers of an image behave.
pub(super) static IMAGE: Fields = map(
    "an image rule",
    &[
        must("image", TEXT, "the images, as a glob"),
        may(
            "pull",
            Shape::OneOf(&[DURATIONS, Shape::Fields(&PULL)]),
            "the first pull on each node; 1s unless said",
        ),
        may("start", DURATIONS, "from ContainerCreating to Running; 1s unless said"),
        may("ready", READY, "when the readiness probe answers, or `never`; 1s unless said"),
        may("stop", DURATIONS, "from SIGTERM to the exit; 0s unless said"),
        may("exit", Shape::Fields(&EXIT), "the exit by itself"),
        may(
            "hang",
            DURATIONS,
            "so long after the start it answers neither probes nor SIGTERM; never unless said",
        ),
        may("postStart", DURATIONS, "what a postStart hook by exec or httpGet takes; 0s unless said"),
        may("preStop", DURATIONS, "what a preStop hook by exec or httpGet takes; 0s unless said"),
        may("memory", QUANTITY, "the memory that the container takes"),
        may("program", TEXT, "the registered program that runs in the container"),
        may("with", Shape::Map(&Shape::Tree), "what the program is given"),
    ],
);

static PULL: Fields = map(
    "a failing pull",
    &[
        must("error", TEXT, "the reason, such as ErrImagePull"),
        may("times", COUNT, "how often on each node; 1 unless said"),
    ],
);

static EXIT: Fields = map(
    "`exit`",
    &[
        must("after", DURATIONS, "so long after the start"),
        may("code", EXIT_CODE, "the exit code; 0 unless said"),
    ],
);

/// A program beside the cluster.
pub(super) static OPERATOR: Fields = map(
    "an operator",
    &[
        may("name", LABEL, "the name of its hosts; the program's unless said"),
        must("program", TEXT, "the registered program"),
        may("replicas", SIZE, "how many hosts run it; 1 unless said"),
        may("with", Shape::Map(&Shape::Tree), "what the program is given"),
    ],
);
