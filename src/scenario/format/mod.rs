//! The file format as data: every field, what it looks like and what it means. Files are checked against it, and the JSON
//! Schema is made from it.
//!
//! - `leaf`: durations, counts, selectors, targets and the like
//! - `steps`: the changes
//! - `faults`: the failures, and what must hold

mod faults;
mod leaf;
mod steps;

use leaf::{
    ANY, COUNT, DURATION, DURATIONS, EXIT_CODE, KIND, LABEL, POINTER, QUANTITY, READY, SEEDS, SELECTOR, TEXT,
    VERSION,
};

use super::shape::{Field, Fields, Shape, may, must};

/// A map of the format.
const fn map(what: &'static str, fields: &'static [Field]) -> Fields {
    Fields { what, fields, one_of: &[] }
}

/// The whole file.
pub(super) static SCENARIO: Fields = map(
    "a scenario",
    &[
        must("apiVersion", Shape::Word(&["wavetank.dev/v1alpha1"]), "the version of this format"),
        must("kind", Shape::Word(&["Scenario"]), "what the file is"),
        must("metadata", Shape::Fields(&METADATA), "the name"),
        must("spec", Shape::Fields(&SPEC), "all else"),
    ],
);

static METADATA: Fields = map("`metadata`", &[must("name", LABEL, "the name in reports")]);

static SPEC: Fields = map(
    "`spec`",
    &[
        may("seeds", SEEDS, "the seeds of a sweep: how many from 0, or A..B without B; 200 unless said"),
        may("namespace", LABEL, "where objects without a namespace go; `default` unless said"),
        may("cluster", Shape::Fields(&CLUSTER), "nodes, version and flags"),
        may("images", Shape::List(&Shape::Fields(&IMAGE)), "how containers behave; the first match wins"),
        may("operators", Shape::List(&Shape::Fields(&OPERATOR)), "programs beside the cluster"),
        may(
            "setup",
            Shape::List(&Shape::Fields(&steps::STEP)),
            "done without faults; must converge before t = 0",
        ),
        may("steps", Shape::List(&Shape::Fields(&steps::STEP)), "the changes, in order"),
        may("faults", Shape::List(&Shape::Fields(&faults::FAULT)), "the failures"),
        may("converge", Shape::Fields(&CONVERGE), "when the system counts as converged"),
        may("expect", faults::EXPECT, "what must hold"),
        may("oracles", Shape::Fields(&faults::ORACLES), "the built-in oracles"),
    ],
);

static CLUSTER: Fields = map(
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
        may("count", COUNT, "how many nodes; 3 unless said"),
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

static IMAGE: Fields = map(
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

static OPERATOR: Fields = map(
    "an operator",
    &[
        may("name", LABEL, "the name of its hosts; the program's unless said"),
        must("program", TEXT, "the registered program"),
        may("replicas", COUNT, "how many hosts run it; 1 unless said"),
        may("with", Shape::Map(&Shape::Tree), "what the program is given"),
    ],
);

static CONVERGE: Fields = map(
    "`converge`",
    &[
        may("within", DURATION, "the time from the end of healing; 20m unless said"),
        may("settle", DURATION, "the time it must stay converged; 10m unless said"),
        may("ignore", Shape::List(&Shape::Fields(&IGNORE)), "what does not belong to the state"),
    ],
);

static IGNORE: Fields = map(
    "an entry of `ignore`",
    &[
        must("kind", KIND, "the kind"),
        may("selector", SELECTOR, "the labels"),
        may("fields", Shape::List(&POINTER), "JSON pointers; the whole object unless said"),
    ],
);
