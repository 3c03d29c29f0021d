//! The format of the cluster, the images and the operators.

use wavetank_sim::scenario::PERMITTED;

use super::leaf::{
    ANY, API_SERVERS, COUNT, DURATIONS, EXIT_CODE, LABEL, QUANTITY, READY, SIZE, TEXT, VERSION,
};
use super::{map, words};
use crate::scenario::shape::{Field, Fields, Shape, may, must};

/// The cluster.
pub(super) static CLUSTER: Fields = map(
    "`cluster`",
    &[
        may("version", VERSION, "the Kubernetes version; default v1.36.0"),
        may("apiServers", API_SERVERS, "how many API server replicas; default 1"),
        may("nodePools", Shape::List(&Shape::Fields(&NODE_POOL)), "the nodes; default one pool of three"),
        may(
            "flags",
            Shape::Map(&Shape::Map(&ANY)),
            "flags of the components, by component and the flag's real name",
        ),
        may(
            "boot",
            Shape::Word(&["booted"]),
            "the cluster's state at the start: `booted`, with Ready nodes and synced controllers",
        ),
    ],
);

static NODE_POOL: Fields = map(
    "a node pool",
    &[
        must("name", LABEL, "the first part of the nodes' names: NAME-1, NAME-2.."),
        may("count", SIZE, "how many nodes; default 3"),
        may(
            "zones",
            Shape::List(&TEXT),
            "values of topology.kubernetes.io/zone, which the nodes take in turn",
        ),
        may("labels", Shape::Map(&TEXT), "labels of the nodes"),
        may("taints", Shape::List(&Shape::Fields(&TAINT)), "taints of the nodes, as core/v1 writes them"),
        may("capacity", Shape::Map(&QUANTITY), "capacity by resource; default cpu 4, memory 16Gi, pods 110"),
    ],
);

static TAINT: Fields = map(
    "a taint",
    &[
        must("key", TEXT, "the taint's key"),
        may("value", TEXT, "the taint's value"),
        must("effect", Shape::Word(&["NoSchedule", "PreferNoSchedule", "NoExecute"]), "the taint's effect"),
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
            "how long the first pull on each node takes, or how it fails; default 1s",
        ),
        may("start", DURATIONS, "the time from ContainerCreating to Running; default 1s"),
        may("ready", READY, "the time from Running to ready, or `never`; default 1s"),
        may("stop", DURATIONS, "the time from SIGTERM to the exit; default 0s"),
        may("exit", Shape::Fields(&EXIT), "the container exits by itself; default never"),
        may(
            "hang",
            DURATIONS,
            "the time after the start from which it answers neither probes nor SIGTERM; default never",
        ),
        may("postStart", DURATIONS, "how long a postStart hook by exec or httpGet takes; default 0s"),
        may("preStop", DURATIONS, "how long a preStop hook by exec or httpGet takes; default 0s"),
        may("memory", QUANTITY, "the memory that the container takes"),
        may("program", TEXT, "the registered program that runs in the container"),
        may("with", Shape::Map(&Shape::Tree), "environment variables for the program"),
        ALLOW,
        REASON,
    ],
);

static PULL: Fields = map(
    "a failing pull",
    &[
        must("error", TEXT, "the reason, such as ErrImagePull"),
        may("times", COUNT, "how many pulls fail on each node; default 1"),
    ],
);

static EXIT: Fields = map(
    "`exit`",
    &[
        must("after", DURATIONS, "the time from the start to the exit"),
        may("code", EXIT_CODE, "the exit code; default 0"),
    ],
);

/// A program beside the cluster.
pub(super) static OPERATOR: Fields = map(
    "an operator",
    &[
        may("name", LABEL, "the name of its hosts; default the program's"),
        must("program", TEXT, "the registered program"),
        may("replicas", SIZE, "how many hosts run it; default 1"),
        may("with", Shape::Map(&Shape::Tree), "environment variables for the program"),
        ALLOW,
        REASON,
    ],
);

const ALLOW: Field = may(
    "allow",
    Shape::List(&Shape::Word(&words(&PERMITTED))),
    "what the program may reach outside the run; default nothing",
);

const REASON: Field = may("reason", TEXT, "why the program has to reach it; `allow` needs it");
