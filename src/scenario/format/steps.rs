//! Steps: the verbs and what they are done to.

use super::leaf::{
    COUNT, DURATION, KIND, KIND_AND_NAME, LABEL, NODE_VERSION, PICK, SELECTOR, TEXT, WAIT_FOR,
};
use super::{faults, map};
use crate::scenario::shape::{Fields, Shape, may, must};

/// A step, of `setup` or of `steps`.
pub(super) static STEP: Fields = Fields {
    what: "a step",
    one_of: &[
        "apply",
        "create",
        "delete",
        "patch",
        "scale",
        "setImage",
        "rolloutRestart",
        "rolloutUndo",
        "cordon",
        "uncordon",
        "drain",
        "upgradeNodes",
        "wait",
        "assert",
    ],
    fields: &[
        may("name", TEXT, "the name in reports"),
        may(
            "when",
            Shape::Fields(&faults::WHEN),
            "when it is done, once: a step with it stands outside the order (not in `setup`)",
        ),
        may(
            "apply",
            MANIFESTS,
            "server-side apply of manifests: a file, a folder, a list of these, or `inline`",
        ),
        may("create", MANIFESTS, "create what is in manifests"),
        may("delete", DELETE, "delete what is in manifests, or a target"),
        may("patch", Shape::Fields(&PATCH), "patch a target"),
        may("scale", Shape::Fields(&SCALE), "set a target's replicas"),
        may("setImage", Shape::Fields(&SET_IMAGE), "set the images of a target's containers"),
        may("rolloutRestart", Shape::Fields(&ROLLOUT), "restart a target's pods"),
        may("rolloutUndo", Shape::Fields(&UNDO), "go back to an earlier revision"),
        may("cordon", Shape::Fields(&NODES), "make nodes unschedulable"),
        may("uncordon", Shape::Fields(&NODES), "make nodes schedulable"),
        may("drain", Shape::Fields(&DRAIN), "evict a node's pods"),
        may("upgradeNodes", Shape::Fields(&UPGRADE), "drain, replace and uncordon each node"),
        may("wait", Shape::OneOf(&[DURATION, Shape::Fields(&WAIT)]), "wait for something, or so long"),
        may("assert", Shape::Fields(&faults::CHECK), "check now, once"),
    ],
};

const MANIFESTS: Shape = Shape::OneOf(&[TEXT, Shape::List(&TEXT), Shape::Fields(&INLINE)]);
static INLINE: Fields =
    map("inline manifests", &[must("inline", TEXT, "the manifests as a text (`inline: |`)")]);

const DELETE: Shape = Shape::OneOf(&[TEXT, Shape::List(&TEXT), Shape::Fields(&DELETED)]);
static DELETED: Fields = Fields {
    what: "`delete`",
    one_of: &["target", "inline"],
    fields: &[
        may("target", TARGET, "what is deleted"),
        may("inline", TEXT, "the manifests as a text (`inline: |`)"),
        may("cascade", Shape::Word(&["background", "foreground", "orphan"]), "what becomes of dependents"),
        may("gracePeriodSeconds", COUNT, "the grace period, where it is not the object's own"),
    ],
};

/// The objects of a step.
const TARGET: Shape = Shape::OneOf(&[KIND_AND_NAME, Shape::Fields(&SELECTED)]);
static SELECTED: Fields = map(
    "a target",
    &[
        must("kind", KIND, "the kind"),
        may("name", TEXT, "the name"),
        may("namespace", LABEL, "the namespace; the scenario's unless said"),
        may("selector", SELECTOR, "the labels"),
        may("pick", PICK, "how many of them; all unless said"),
    ],
);

static PATCH: Fields = map(
    "`patch`",
    &[
        must("target", TARGET, "what is patched"),
        may(
            "type",
            Shape::Word(&["merge", "json", "strategic", "apply"]),
            "how the patch is read; merge unless said",
        ),
        must("patch", Shape::OneOf(&[Shape::Map(&Shape::Tree), Shape::List(&Shape::Tree)]), "the patch"),
        may("subresource", TEXT, "the subresource, such as status"),
    ],
);

static SCALE: Fields =
    map("`scale`", &[must("target", TARGET, "what is scaled"), must("replicas", COUNT, "how many replicas")]);

static SET_IMAGE: Fields = map(
    "`setImage`",
    &[
        must("target", TARGET, "whose image is set"),
        must("containers", Shape::Map(&TEXT), "image by container name"),
    ],
);

static ROLLOUT: Fields = map("`rolloutRestart`", &[must("target", TARGET, "whose pods are restarted")]);

static UNDO: Fields = map(
    "`rolloutUndo`",
    &[
        must("target", TARGET, "what goes back"),
        may("toRevision", COUNT, "the revision; the one before unless said"),
    ],
);

static DRAIN: Fields = Fields {
    what: "`drain`",
    one_of: &["node", "selector"],
    fields: &[
        may("node", TEXT, "the node's name"),
        may("selector", SELECTOR, "the nodes' labels"),
        may("timeout", DURATION, "how long it may take; 5m unless said"),
    ],
};

static UPGRADE: Fields = map(
    "`upgradeNodes`",
    &[
        must("to", NODE_VERSION, "the Kubernetes version of the nodes"),
        may("surge", COUNT, "how many nodes join before as many leave; 1 unless said"),
        may("timeout", DURATION, "how long each drain and each start may take; 5m unless said"),
    ],
);

static NODES: Fields = Fields {
    what: "a choice of nodes",
    one_of: &["node", "selector"],
    fields: &[may("node", TEXT, "the node's name"), may("selector", SELECTOR, "the nodes' labels")],
};

static WAIT: Fields = map(
    "`wait`",
    &[
        must("for", WAIT_FOR, "converged, condition=TYPE, delete, or a duration"),
        may("target", TARGET, "whose condition or deletion"),
        may("timeout", DURATION, "how long it may take; 5m unless said"),
    ],
);
